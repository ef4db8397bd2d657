//! Names that others choose, as values of attributes: each new value costs memory for ever.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

use crate::middleware::semconv::Escaped;

/// How many names are told apart.
const MOST: usize = 256;

/// What all further names are.
const OTHER: &str = "_OTHER";

/// The names that have been seen, up to a bound.
#[derive(Debug, Default)]
pub(super) struct Names(Mutex<HashSet<Arc<str>>>);

impl Names {
    /// `name` as the value of an attribute; `None` if it is empty.
    pub(super) fn of(&self, name: &str) -> Option<Arc<str>> {
        if name.is_empty() {
            return None;
        }
        // Nothing here panics while it holds the lock, so a poisoned one is sound.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(name) {
            return Some(known.clone());
        }
        let shown = Escaped(name).to_string();
        if let Some(known) = known.get(shown.as_str()) {
            return Some(known.clone());
        }
        if known.len() >= MOST {
            return Some(OTHER.into());
        }
        let shown: Arc<str> = shown.into();
        known.insert(shown.clone());
        Some(shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_after_256_names_is_one() {
        let names = Names::default();
        for number in 0..1_000 {
            names.of(&format!("model-{number}"));
        }

        assert_eq!(names.of("model-255").as_deref(), Some("model-255"));
        assert_eq!(names.of("model-256").as_deref(), Some(OTHER));
        assert_eq!(names.of(""), None);
    }

    #[test]
    fn f132_a_long_or_forged_name_is_cut_and_escaped_once() {
        let names = Names::default();
        for _ in 0..2 {
            assert_eq!(names.of("a\nb").as_deref(), Some(r"a\nb"));
            assert!(
                names
                    .of(&"x".repeat(4_000))
                    .is_some_and(|name| name.len() < 140)
            );
        }
        assert_eq!(names.0.lock().map_or(0, |names| names.len()), 2);
    }
}
