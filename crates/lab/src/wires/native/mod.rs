//! The providers' own formats, each in a file.

mod openai_responses;

use super::format::Format;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[&openai_responses::FORMAT];
