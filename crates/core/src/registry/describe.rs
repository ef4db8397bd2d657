//! What there is, as a table.

use serde::Serialize;

use super::Registry;

/// What a registry knows of one backend, for a table or a status page. It holds no URL and no key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Described {
    /// What the registry calls it.
    pub name: String,
    /// The provider's id.
    pub provider: &'static str,
    /// The model that is used when none is named.
    pub default_model: Option<String>,
    /// The names of models that the provider serves, as patterns with `*`.
    pub models: &'static [&'static str],
    /// What the provider can do, by the names of [`Capabilities`](crate::Capabilities).
    pub capabilities: Vec<&'static str>,
}

impl Registry {
    /// What there is, by name. Nothing is asked over the network.
    pub fn describe(&self) -> Vec<Described> {
        self.backends()
            .map(|(name, backend)| {
                let info = backend.info();
                let declared = info.capabilities.flags().filter(|(_, has)| *has);
                Described {
                    name: name.to_owned(),
                    provider: info.provider,
                    default_model: info.default_model.as_deref().map(str::to_owned),
                    models: info.models,
                    capabilities: declared.map(|(flag, _)| flag).collect(),
                }
            })
            .collect()
    }
}
