//! Backends by name, and models by `backend/model`.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Backend, Error, ErrorKind, Model, Result};

/// Backends by name. A value: what is not added is not linked.
///
/// ```
/// # fn demo(groq: trunkline_core::Backend) -> trunkline_core::Result<()> {
/// use trunkline_core::Registry;
///
/// let models = Registry::new().with(groq).alias("default", "groq/llama-3.3-70b-versatile");
/// let model = models.model("groq/openai/gpt-oss-120b")?;
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

    /// Adds a backend under its own name.
    #[must_use]
    pub fn with(self, backend: impl Into<Backend>) -> Self {
        let backend = backend.into();
        let name = backend.info().name.clone();
        self.with_as(name, backend)
    }

    /// Adds a backend under another name.
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

    /// The model that `path` names: an alias, or `backend/model`, where everything after the
    /// first slash is the model.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), listing what there is. Nothing is routed by a silent
    /// default.
    pub fn model(&self, path: &str) -> Result<Model> {
        let path = self.aliases.get(path).map_or(path, |path| path);
        let names = || {
            self.backends
                .keys()
                .map(|name| &**name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let (backend, model) = path
            .split_once('/')
            .filter(|(_, model)| !model.is_empty())
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::Config,
                    format!(
                        "`{path}` is no alias and not `backend/model`; there are: {}",
                        names()
                    ),
                )
            })?;
        let found = self.backends.get(backend).ok_or_else(|| {
            Error::new(
                ErrorKind::Config,
                format!("there is no backend `{backend}`; there are: {}", names()),
            )
        })?;
        Ok(found.model(model))
    }
}
