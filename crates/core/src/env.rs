//! One rule for all providers' environment variables.
//!
//! `X_API_KEY` or `X_API_KEYS`, `X_BASE_URL` or `X_BASE_URLS` (the plural ones comma-separated),
//! and `X_MODEL`, where `X` is the provider's prefix: `GROQ_API_KEY`. What only one provider wants to
//! know has its name after the prefix: `AZURE_OPENAI_API_VERSION`. Where none of these is set, the
//! names of the provider's own documentation count as well: `HF_TOKEN`. A variable that is set and
//! empty is an error: it is a mistake more often than a wish.

use std::fmt;

use crate::{Error, ProviderDef, Result, Secret};

/// What the environment says of an account.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Settings {
    /// The keys.
    pub keys: Vec<Secret>,
    /// The base URLs.
    pub base_urls: Vec<String>,
    /// The default model.
    pub model: Option<String>,
}

/// A base URL that was not checked yet may hold a secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("keys", &self.keys)
            .field("base_urls", &self.base_urls.len())
            .field("model", &self.model)
            .finish()
    }
}

/// Reads the variables that begin with `prefix` through `vars`.
///
/// # Errors
///
/// [`Config`](crate::ErrorKind::Config), naming the variable: it is empty, or it is set in the
/// singular and in the plural.
///
/// ```
/// let vars = |name: &str| (name == "GROQ_API_KEYS").then(|| "a, b".to_owned());
/// let settings = trunkline_core::env::read("GROQ", &vars)?;
/// assert_eq!(settings.keys.len(), 2);
/// # Ok::<(), trunkline_core::Error>(())
/// ```
pub fn read(prefix: &str, vars: &dyn Fn(&str) -> Option<String>) -> Result<Settings> {
    let names = Names {
        prefix,
        others: &[],
    };
    names.read(vars)
}

/// Reads the variables of a provider, under our names or its own.
pub(crate) fn of_provider(
    provider: &ProviderDef,
    vars: &dyn Fn(&str) -> Option<String>,
) -> Result<Settings> {
    Names::of(provider).read(vars)
}

/// Reads a setting of the provider's own: `api_version` from `AZURE_OPENAI_API_VERSION`.
pub(crate) fn setting(
    provider: &ProviderDef,
    setting: &str,
    vars: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<String>> {
    Names::of(provider).one(&setting.to_ascii_uppercase(), vars)
}

/// All names of a variable, for a person: `HF_API_KEY or HF_TOKEN`.
pub(crate) fn names(provider: &ProviderDef, what: &str) -> String {
    let names = Names::of(provider);
    let ours = format!("{}_{what}", provider.env);
    let theirs: Vec<&str> = names.others_of(what).collect();
    match theirs.split_last() {
        None => ours,
        Some((last, [])) => format!("{ours} or {last}"),
        Some((last, first)) => format!("{ours}, {} or {last}", first.join(", ")),
    }
}

/// What the variables of one provider are called.
#[derive(Clone, Copy)]
struct Names<'a> {
    prefix: &'a str,
    others: &'a [(&'static str, &'static str)],
}

impl<'a> Names<'a> {
    fn of(provider: &'a ProviderDef) -> Self {
        Self {
            prefix: provider.env,
            others: provider.variables,
        }
    }

    fn read(self, vars: &dyn Fn(&str) -> Option<String>) -> Result<Settings> {
        let keys = self.list("API_KEY", vars)?;
        Ok(Settings {
            keys: keys.into_iter().map(Secret::from).collect(),
            base_urls: self.list("BASE_URL", vars)?,
            model: self.one("MODEL", vars)?,
        })
    }

    fn one(self, what: &str, vars: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>> {
        match one(&format!("{}_{what}", self.prefix), vars)? {
            Some(value) => Ok(Some(value)),
            None => self.other(what, vars),
        }
    }

    fn list(self, what: &str, vars: &dyn Fn(&str) -> Option<String>) -> Result<Vec<String>> {
        let ours = list(self.prefix, what, vars)?;
        if ours.is_empty() {
            return Ok(self.other(what, vars)?.into_iter().collect());
        }
        Ok(ours)
    }

    /// The first that is set of the provider's own names.
    fn other(self, what: &str, vars: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>> {
        self.others_of(what)
            .find_map(|name| one(name, vars).transpose())
            .transpose()
    }

    fn others_of(self, what: &str) -> impl Iterator<Item = &'static str> {
        let of_it = self.others.iter().filter(move |(ours, _)| *ours == what);
        of_it.map(|(_, theirs)| *theirs)
    }
}

fn list(prefix: &str, what: &str, vars: &dyn Fn(&str) -> Option<String>) -> Result<Vec<String>> {
    let (singular, plural) = (format!("{prefix}_{what}"), format!("{prefix}_{what}S"));
    match (one(&singular, vars)?, one(&plural, vars)?) {
        (Some(_), Some(_)) => Err(Error::config(format!(
            "both {singular} and {plural} are set; unset one of them"
        ))),
        (Some(value), None) => Ok(vec![value]),
        (None, Some(values)) => {
            let values: Vec<String> = values
                .split(',')
                .map(|value| value.trim().to_owned())
                .collect();
            if values.iter().any(String::is_empty) {
                return Err(Error::config(format!(
                    "{plural} has an empty entry; remove the extra comma"
                )));
            }
            Ok(values)
        }
        (None, None) => Ok(Vec::new()),
    }
}

fn one(name: &str, vars: &dyn Fn(&str) -> Option<String>) -> Result<Option<String>> {
    match vars(name) {
        Some(value) if value.trim().is_empty() => Err(Error::config(format!(
            "{name} is set and empty; give it a value or unset it"
        ))),
        value => Ok(value),
    }
}
