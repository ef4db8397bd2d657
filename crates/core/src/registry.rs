//! Backends by name, and models by `backend/model`, by what backends declare and by what they list.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Backend, Capabilities, Error, Model, Result};

mod catalog;
mod config;
mod describe;
mod discover;

pub use catalog::{Catalog, Listed};
pub use describe::Described;

/// Backends by name. A value: what is not added is not linked.
///
/// ```
/// # fn demo(groq: trunkline_core::Backend) -> trunkline_core::Result<()> {
/// use trunkline_core::{Capabilities, Registry};
///
/// let models = Registry::new().with(groq).alias("default", "groq/llama-3.3-70b-versatile");
///
/// let named = models.model("groq/openai/gpt-oss-120b")?;
/// let declared = models.find_compatible("llama-3.3-70b-versatile")?;
/// for (name, backend) in models.capable_of(Capabilities::NONE.tools().image_in()) {
///     println!("{name}, by default with {:?}", backend.default_model());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry {
    backends: BTreeMap<Arc<str>, Backend>,
    aliases: BTreeMap<Arc<str>, Arc<str>>,
}

impl Registry {
    /// No backends.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a backend under its own name, in place of the one that had it.
    #[must_use]
    pub fn with(self, backend: impl Into<Backend>) -> Self {
        let backend = backend.into();
        let name = backend.info().name.clone();
        self.with_as(name, backend)
    }

    /// Adds a backend under another name, in place of the one that had it. [`model`](Self::model)
    /// leads to no name with a slash in it.
    #[must_use]
    pub fn with_as(mut self, name: impl Into<Arc<str>>, backend: impl Into<Backend>) -> Self {
        self.backends.insert(name.into(), backend.into());
        self
    }

    /// Lets `alias` stand for `path`, a `backend/model`.
    #[must_use]
    pub fn alias(mut self, alias: impl Into<Arc<str>>, path: impl Into<Arc<str>>) -> Self {
        self.aliases.insert(alias.into(), path.into());
        self
    }

    /// The backend of this name.
    pub fn backend(&self, name: &str) -> Option<&Backend> {
        self.backends.get(name)
    }

    /// All backends with their names here, by name.
    pub fn backends(&self) -> impl Iterator<Item = (&str, &Backend)> {
        self.backends
            .iter()
            .map(|(name, backend)| (&**name, backend))
    }

    /// The backends that declare all that is needed:
    /// `registry.capable_of(Capabilities::NONE.tools().schema())`.
    pub fn capable_of(&self, needs: Capabilities) -> impl Iterator<Item = (&str, &Backend)> {
        self.backends()
            .filter(move |(_, backend)| backend.info().capabilities.includes(needs))
    }

    /// The backends that declare models of this name, by their providers' patterns. Nothing is
    /// asked over the network; see [`models`](Self::models) for that.
    pub fn matches<'a>(&'a self, model: &'a str) -> impl Iterator<Item = (&'a str, &'a Backend)> {
        self.backends()
            .filter(move |(_, backend)| backend.is_compatible_model(model))
    }

    /// The model that `path` names: an alias, or `backend/model`, where everything after the
    /// first slash is the model.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), listing what there is. Nothing is routed by a silent
    /// default.
    pub fn model(&self, path: &str) -> Result<Model> {
        let path = self.aliases.get(path).map_or(path, |path| path);
        let (backend, model) = path
            .split_once('/')
            .filter(|(_, model)| !model.is_empty())
            .ok_or_else(|| {
                Error::config(format!(
                    "`{path}` is no alias and not `backend/model`; {}",
                    self.names()
                ))
            })?;
        let found = self.backends.get(backend).ok_or_else(|| {
            Error::config(format!("there is no backend `{backend}`; {}", self.names()))
        })?;
        Ok(found.model(model))
    }

    /// The model of this name on the one backend that declares it, by its provider's patterns.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), listing the candidates, where no backend declares it
    /// or several do. Nothing is routed by a silent default.
    pub fn find_compatible(&self, model: &str) -> Result<Model> {
        only(model, "declare", self.matches(model), || {
            format!(
                "no backend declares a model `{model}`; {}; {NAME_IT}",
                self.names()
            )
        })
    }

    fn names(&self) -> String {
        if self.backends.is_empty() {
            return "there are no backends".to_owned();
        }
        let names: Vec<&str> = self.backends().map(|(name, _)| name).collect();
        format!("there are: {}", names.join(", "))
    }
}

const NAME_IT: &str = "name one by `backend/model`";

/// The model on the only backend there is.
fn only<'a>(
    model: &str,
    verb: &str,
    mut found: impl Iterator<Item = (&'a str, &'a Backend)>,
    none: impl FnOnce() -> String,
) -> Result<Model> {
    let Some((name, backend)) = found.next() else {
        return Err(Error::config(none()));
    };
    let others: Vec<&str> = found.map(|(name, _)| name).collect();
    if others.is_empty() {
        return Ok(backend.model(model));
    }
    let paths: Vec<String> = [name]
        .into_iter()
        .chain(others)
        .map(|name| format!("{name}/{model}"))
        .collect();
    Err(Error::config(format!(
        "several backends {verb} a model `{model}`; name one of: {}",
        paths.join(", ")
    )))
}
