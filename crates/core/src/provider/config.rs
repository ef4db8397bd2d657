//! An account, as a configuration says it.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::value::RawValue;

use crate::{Json, Secret, json::Fields};

/// An account, as a configuration file says it. It can be read, and not written: it holds keys.
///
/// It is read by `serde_json` only, from an object with these fields, all of them optional but
/// `provider`. What is wrong in it is told by the field's name and never by its value, which may be
/// a key.
///
/// In what [`Registry::from_config`](crate::Registry::from_config) reads, a key may also be
/// `{"env": "NAME"}`, the name of a variable, so that a file holds no secret.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct AccountConfig {
    /// The provider's id.
    pub provider: String,
    /// What the backend shall be called; the provider's id unless set.
    pub name: Option<String>,
    /// The keys.
    pub keys: Vec<Secret>,
    /// The base URLs.
    pub base_urls: Vec<String>,
    /// The default model.
    pub model: Option<String>,
    /// Headers of every request.
    pub headers: BTreeMap<String, String>,
    /// What only this provider wants to know.
    pub extra: Option<Json>,
}

/// Looks a variable up.
pub(crate) type Vars<'a> = &'a dyn Fn(&str) -> Option<String>;

impl AccountConfig {
    /// Reads an account, and its keys from `vars` where it names variables. The error says what is
    /// wrong; serde's own words would quote what stands there.
    pub(crate) fn read(json: &RawValue, vars: Option<Vars<'_>>) -> Result<Self, String> {
        let Fields(fields): Fields<Box<RawValue>> =
            fit(json, "a JSON object").map_err(|what| format!("an account {what}"))?;
        let mut config = Self::default();
        let mut seen = Vec::new();
        for (name, value) in fields {
            if seen.contains(&name) {
                return Err(format!("`{name}` is set twice"));
            }
            config
                .set(&name, &value, vars)
                .map_err(|what| format!("`{name}` {what}"))?;
            seen.push(name);
        }
        Ok(config)
    }

    fn set(&mut self, name: &str, value: &RawValue, vars: Option<Vars<'_>>) -> Result<(), String> {
        match name {
            "provider" => self.provider = fit(value, "a string")?,
            "name" => self.name = fit(value, "a string")?,
            "keys" => self.keys = keys(value, vars)?,
            "base_urls" => self.base_urls = fit(value, "a list of strings")?,
            "model" => self.model = fit(value, "a string")?,
            "headers" => self.headers = fit(value, "an object of strings")?,
            "extra" => self.extra = fit(value, "JSON")?,
            _ => {
                return Err(
                    "is no setting; there are: provider, name, keys, base_urls, model, headers, extra"
                        .to_owned(),
                );
            }
        }
        Ok(())
    }
}

/// Names only: a header or a URL of a configuration that was not checked yet may hold a secret.
impl fmt::Debug for AccountConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountConfig")
            .field("provider", &self.provider)
            .field("name", &self.name)
            .field("keys", &self.keys)
            .field("base_urls", &self.base_urls.len())
            .field("model", &self.model)
            .field("headers", &self.headers.keys())
            .finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for AccountConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <Box<RawValue>>::deserialize(deserializer)?;
        Self::read(&json, None).map_err(D::Error::custom)
    }
}

/// A value as `T`, or what it has to be.
fn fit<T: DeserializeOwned>(value: &RawValue, form: &str) -> Result<T, String> {
    serde_json::from_str(value.get()).map_err(|_| format!("has to be {form}"))
}

/// A key, or where it is to be found.
#[derive(Deserialize)]
#[serde(untagged)]
enum Key {
    Itself(String),
    Elsewhere(Place),
}

// An enum, since a struct would be read from a list as well.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Place {
    Env(String),
}

fn keys(value: &RawValue, vars: Option<Vars<'_>>) -> Result<Vec<Secret>, String> {
    let keys: Vec<Key> = fit(value, r#"a list of keys, each a string or {"env": "NAME"}"#)?;
    keys.into_iter()
        .map(|key| match key {
            Key::Itself(key) => Ok(key.into()),
            Key::Elsewhere(Place::Env(name)) => variable(&name, vars),
        })
        .collect()
}

fn variable(name: &str, vars: Option<Vars<'_>>) -> Result<Secret, String> {
    let vars = vars
        .ok_or("names a variable, and nothing reads variables here; use `Registry::from_config`")?;
    let trouble = match vars(name) {
        Some(value) if !value.trim().is_empty() => return Ok(value.into()),
        Some(_) => "is set and empty; give it a value",
        None => "is not set; set it",
    };
    // Who mistakes the key for its name is not to find it in a log.
    let usual = |char: char| char.is_ascii_uppercase() || char.is_ascii_digit() || char == '_';
    Err(if name.chars().all(usual) {
        format!("names the variable {name}, which {trouble}")
    } else {
        format!("names a variable (not shown: not of A–Z, 0–9 and _ alone), which {trouble}")
    })
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Serde's own error would quote what stands there instead.
        let secret = String::deserialize(deserializer)
            .map_err(|_| D::Error::custom("a secret has to be a string"))?;
        Ok(secret.into())
    }
}
