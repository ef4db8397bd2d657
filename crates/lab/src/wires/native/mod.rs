//! The providers' own formats, each in a file.

mod anthropic;
mod bedrock;
mod cohere;
mod ollama;
mod openai_responses;

use super::format::Format;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[
    &anthropic::FORMAT,
    &bedrock::FORMAT,
    &cohere::FORMAT,
    &ollama::FORMAT,
    &openai_responses::FORMAT,
];
