//! The providers' own formats, each in a file.

mod anthropic;
mod cohere;
mod gemini_content;

use super::format::Format;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[
    &anthropic::FORMAT,
    &cohere::FORMAT,
    &gemini_content::FORMAT,
    &gemini_content::CLAUDE,
];
