//! What only one provider wants to know of an account.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

use super::builder::Builder;
use crate::{Error, Json, Result};

/// The settings of an account that only its provider knows, such as Azure's `api_version`.
///
/// They come from [`Builder::setting`], from the `extra` of a configuration, or from the
/// environment, and only those that the provider [declares](crate::ProviderDef::settings) come.
#[derive(Clone, Default)]
pub struct Settings(BTreeMap<&'static str, String>);

/// Names only: a setting may be a secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Settings {
    /// A setting, if it was set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<P> Builder<P> {
    /// What was set by name and in a configuration; the former goes first.
    pub(super) fn settings(&self) -> Result<Settings> {
        let mut settings = BTreeMap::new();
        let extra = match &self.extra {
            Some(extra) => values(extra).ok_or_else(|| {
                Error::config("`extra` has to be an object of strings and numbers")
            })?,
            None => BTreeMap::new(),
        };
        let set = self.settings.iter().map(|(name, value)| (name, value));
        for (name, value) in extra.iter().chain(set) {
            let known = self.provider.settings;
            let Some(name) = known.iter().find(|known| *known == name) else {
                return Err(unknown(name, known));
            };
            settings.insert(*name, value.clone());
        }
        Ok(Settings(settings))
    }
}

/// The fields of an object, each as text.
fn values(extra: &Json) -> Option<BTreeMap<String, String>> {
    let fields: BTreeMap<String, Value> = extra.read().ok()?;
    let text = |(name, value): (String, Value)| match value {
        Value::String(text) => Some((name, text)),
        Value::Number(_) | Value::Bool(_) => Some((name, value.to_string())),
        _ => None,
    };
    fields.into_iter().map(text).collect()
}

fn unknown(name: &str, known: &[&str]) -> Error {
    // Who mistakes a value for its name shall not find it in a log.
    let usual = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
    let name = if name.len() <= 40 && name.chars().all(usual) {
        format!("`{name}`")
    } else {
        "one that is not shown".to_owned()
    };
    Error::config(match known {
        [] => format!("there is no setting {name}: this provider has none of its own; remove it"),
        known => format!(
            "there is no setting {name}; there are: {}",
            known.join(", ")
        ),
    })
}
