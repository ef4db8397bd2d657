//! The providers' own formats, each in a file.

use super::format::Format;

mod gemini_content;

/// One line for each.
pub(crate) const FORMATS: &[&Format] = &[&gemini_content::FORMAT];
