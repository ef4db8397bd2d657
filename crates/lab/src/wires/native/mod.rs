//! The providers' own formats, each in a file.

use super::format::Format;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[];
