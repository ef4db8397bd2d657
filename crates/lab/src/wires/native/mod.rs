//! The providers' own formats, each in a file.

mod anthropic;
mod cohere;
mod ollama;
mod openai_responses;

use super::format::Format;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[
    &anthropic::FORMAT,
    &cohere::FORMAT,
    &ollama::FORMAT,
    &openai_responses::FORMAT,
];
