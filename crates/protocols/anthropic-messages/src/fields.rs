//! The fields of an object that came in: in their order, each as it came.

use serde::{Deserialize, Serialize};
use trunkline_core::{Json, protocol};

/// The fields of an object.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct Fields(protocol::Fields<Json>);

impl Fields {
    /// Takes a field out. `null` is none.
    pub(crate) fn take(&mut self, name: &str) -> Option<Json> {
        let at = self.0.0.iter().position(|(field, _)| field == name)?;
        let (_, value) = self.0.0.remove(at);
        Some(value).filter(|value| value.get() != "null")
    }

    /// Takes a field out that is text.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        self.take(name)?.read().ok()
    }

    /// Sets a field, in its place where it is there already.
    pub(crate) fn set(&mut self, name: String, value: Json) {
        match self.0.0.iter_mut().find(|(field, _)| *field == name) {
            Some((_, ours)) => *ours = value,
            None => self.0.0.push((name, value)),
        }
    }

    /// Sets every field of `later` that says something.
    pub(crate) fn update(&mut self, later: Self) {
        for (name, value) in later.0.0 {
            if value.get() != "null" {
                self.set(name, value);
            }
        }
    }

    /// Takes all fields out but these.
    pub(crate) fn keep(&mut self, names: &[&str]) {
        self.0.0.retain(|(name, _)| names.contains(&name.as_str()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.0.is_empty()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.0.iter().any(|(field, _)| field == name)
    }

    /// The object again.
    pub(crate) fn to_json(&self) -> Json {
        // Names are text and values are JSON: it can be written.
        Json::of(self).unwrap_or_else(|_| Json::empty_object())
    }
}
