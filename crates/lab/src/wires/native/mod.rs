//! The providers' own formats, each in a file.

mod anthropic;
mod bedrock;
mod cohere;

use super::format::Format;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[&anthropic::FORMAT, &cohere::FORMAT, &bedrock::FORMAT];
