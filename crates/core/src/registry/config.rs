//! Registries from configurations and from the environment.

use std::{collections::BTreeMap, fmt, fs::File, io::Read, path::Path, sync::Arc};

use serde_json::value::RawValue;

use super::Registry;
use crate::{AccountConfig, Error, HttpClient, Json, ProviderDef, Result, env, provider::Vars};

/// The largest configuration that is read, in bytes.
const MAX_FILE: u64 = 1 << 20;

impl Registry {
    /// The accounts that `json` lists, an array of [`AccountConfig`]s. A key may be given as
    /// `{"env": "NAME"}`, which is looked up in `vars`; nothing else reads variables.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), saying in which entry, by its number, name and line:
    /// a setting or a provider that does not exist, with those that do; a value of the wrong form;
    /// two backends of one name; a variable that is not set; whatever the provider refuses. No
    /// message quotes a value that may be a key.
    ///
    /// ```
    /// # fn demo(groq: trunkline_core::ProviderDef, client: trunkline_core::HttpClient)
    /// # -> trunkline_core::Result<()> {
    /// use trunkline_core::Registry;
    ///
    /// let json = r#"[
    ///     { "provider": "groq", "keys": [{ "env": "GROQ_API_KEY" }] },
    ///     { "provider": "groq", "name": "night", "keys": [{ "env": "NIGHT_KEY" }] }
    /// ]"#;
    /// let models = Registry::from_config(json, &[groq], &|name| std::env::var(name).ok(), client)?;
    /// let model = models.model("night/llama-3.3-70b-versatile")?;
    /// # Ok(()) }
    /// ```
    pub fn from_config(
        json: &str,
        providers: &[ProviderDef],
        vars: &dyn Fn(&str) -> Option<String>,
        client: HttpClient,
    ) -> Result<Self> {
        let mut registry = Self::new();
        for entry in entries(json)? {
            let added = registry.add_entry(entry.json, providers, vars, client.clone());
            added.map_err(|error| at(entry, &error))?;
        }
        Ok(registry)
    }

    /// The accounts that a file lists; see [`from_config`](Self::from_config). It waits for the
    /// file: call it before serving, or where a thread may block.
    ///
    /// # Errors
    ///
    /// As [`from_config`](Self::from_config), and where the file cannot be read or has more than
    /// 1 MiB. The message names the file.
    pub fn from_file(
        path: impl AsRef<Path>,
        providers: &[ProviderDef],
        vars: &dyn Fn(&str) -> Option<String>,
        client: HttpClient,
    ) -> Result<Self> {
        let path = path.as_ref();
        read(path)
            .and_then(|json| Self::from_config(&json, providers, vars, client))
            .map_err(|error| at(path.display(), &error))
    }

    /// An account of every provider of which a variable is set; see [`mod@env`] for their names.
    /// It is empty where none is.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), naming the variable that is wrong, or missing beside
    /// another of its provider.
    ///
    /// ```
    /// # fn demo(groq: trunkline_core::ProviderDef, client: trunkline_core::HttpClient)
    /// # -> trunkline_core::Result<()> {
    /// use trunkline_core::Registry;
    ///
    /// let models = Registry::from_env(&[groq], &|name| std::env::var(name).ok(), client)?;
    /// # Ok(()) }
    /// ```
    pub fn from_env(
        providers: &[ProviderDef],
        vars: &dyn Fn(&str) -> Option<String>,
        client: HttpClient,
    ) -> Result<Self> {
        let mut registry = Self::new();
        for provider in providers {
            let settings = env::of_provider(provider, vars)
                .map_err(|error| error.with_provider(provider.id))?;
            let config = AccountConfig {
                provider: provider.id.to_owned(),
                keys: settings.keys,
                base_urls: settings.base_urls,
                model: settings.model,
                ..AccountConfig::default()
            };
            let is_set = !config.keys.is_empty() || !config.base_urls.is_empty();
            if is_set || config.model.is_some() {
                registry.add(provider, config, client.clone())?;
            }
        }
        Ok(registry)
    }

    fn add_entry(
        &mut self,
        json: &RawValue,
        providers: &[ProviderDef],
        vars: Vars<'_>,
        client: HttpClient,
    ) -> Result<()> {
        let config = AccountConfig::read(json, Some(vars)).map_err(Error::config)?;
        let mut known = providers.iter();
        match known.find(|provider| provider.id == config.provider) {
            Some(provider) => self.add(provider, config, client),
            None => {
                let ids: Vec<&str> = providers.iter().map(|provider| provider.id).collect();
                let there_are = format!("there are: {}", ids.join(", "));
                Err(Error::config(if config.provider.is_empty() {
                    format!("`provider` is not set; {there_are}")
                } else {
                    format!("there is no provider `{}`; {there_are}", config.provider)
                }))
            }
        }
    }

    /// Adds an account whose name is new.
    fn add(
        &mut self,
        provider: &ProviderDef,
        config: AccountConfig,
        client: HttpClient,
    ) -> Result<()> {
        let name: Arc<str> = config.name.as_deref().unwrap_or(provider.id).into();
        if name.is_empty() || name.contains('/') {
            return Err(Error::config(
                "`name` is empty or has a slash; models are called `name/model`",
            ));
        }
        if self.backends.contains_key(&name) {
            return Err(Error::config(format!(
                "there is a backend `{name}` already; give one of them another `name`"
            )));
        }
        let backend = (provider.build)(config, client)?;
        self.backends.insert(name, backend);
        Ok(())
    }
}

/// One account of a list, and where it stands.
struct Entry<'a> {
    json: &'a RawValue,
    /// From 1.
    number: usize,
    /// From 1.
    line: usize,
}

impl fmt::Display for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}", self.number)?;
        // What it calls itself, where that much of it can be read.
        let fields: BTreeMap<String, Json> =
            serde_json::from_str(self.json.get()).unwrap_or_default();
        let called = fields.get("name").or_else(|| fields.get("provider"));
        if let Some(Ok(name)) = called.map(Json::read::<String>) {
            write!(f, " `{name}`")?;
        }
        write!(f, ", line {}", self.line)
    }
}

fn entries(json: &str) -> Result<Vec<Entry<'_>>> {
    let whole: &RawValue = serde_json::from_str(json).map_err(|cause| {
        let (line, column) = (cause.line(), cause.column());
        Error::config(format!(
            "the configuration is no JSON from line {line}, column {column} on"
        ))
        .with_source(cause)
    })?;
    let list: Vec<&RawValue> = serde_json::from_str(whole.get()).map_err(|_| {
        Error::config("the configuration has to be a list of accounts, in brackets")
    })?;
    // The entries are slices of the text, so their addresses say where they stand.
    let line = |entry: &RawValue| {
        let offset = entry
            .get()
            .as_ptr()
            .addr()
            .saturating_sub(json.as_ptr().addr());
        let before = json.as_bytes().iter().take(offset);
        1 + before.filter(|byte| **byte == b'\n').count()
    };
    let numbered = (1..).zip(list);
    Ok(numbered
        .map(|(number, json)| Entry {
            json,
            number,
            line: line(json),
        })
        .collect())
}

fn read(path: &Path) -> Result<String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|cause| Error::config(format!("the configuration cannot be read: {cause}")))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(Error::config(
            "the configuration is larger than 1 MiB; is it the right file?",
        ));
    }
    String::from_utf8(bytes).map_err(|_| Error::config("the configuration is no UTF-8"))
}

/// The same error, with the place before its message.
fn at(place: impl fmt::Display, error: &Error) -> Error {
    let placed = Error::new(error.kind(), format!("{place}: {}", error.message()));
    match error.provider() {
        "" => placed,
        provider => placed.with_provider(provider),
    }
}
