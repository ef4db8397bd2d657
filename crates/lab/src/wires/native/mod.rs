//! The providers' own formats, each in a file.

use super::format::Format;

mod ollama;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[&ollama::FORMAT];
