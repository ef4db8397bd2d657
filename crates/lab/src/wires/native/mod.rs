//! The providers' own formats, each in a file.

mod bedrock;

use super::format::Format;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[&bedrock::FORMAT];
