//! The providers' own formats, each in a file.

use super::format::Format;

mod anthropic;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[&anthropic::FORMAT];
