//! The providers' own formats, each in a file.

mod anthropic;
mod bedrock;
mod cohere;
mod gemini_content;
mod ollama;
mod openai_responses;
pub(crate) mod tgi;

use super::format::Format;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[
    &anthropic::FORMAT,
    &bedrock::FORMAT,
    &cohere::FORMAT,
    &gemini_content::CLAUDE,
    &gemini_content::FORMAT,
    &ollama::FORMAT,
    &openai_responses::FORMAT,
];
