//! What a provider crate says of its provider.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;

use crate::{Backend, Capabilities, HttpClient, Json, Result, Secret, protocol::AuthScheme};

/// A provider, as data: for registries, configuration files and discovery.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct ProviderDef {
    /// Its id: `groq`.
    pub id: &'static str,
    /// The prefix of its environment variables: `GROQ`.
    pub env: &'static str,
    /// The base URL of its public endpoint; `None` where every user has another.
    pub base_url: Option<&'static str>,
    /// How it takes its key.
    pub auth: AuthScheme,
    /// Whether it serves without a key.
    pub key_optional: bool,
    /// The model that is used when none is named.
    pub default_model: Option<&'static str>,
    /// The names of models that it serves, as patterns with `*`.
    pub models: &'static [&'static str],
    /// What it can do.
    pub capabilities: Capabilities,
    /// The ports where it usually listens when run at home.
    pub local_ports: &'static [u16],
    /// Makes a backend, with the default stack, of a configuration.
    pub build: fn(AccountConfig, HttpClient) -> Result<Backend>,
}

impl ProviderDef {
    /// A provider with a key as bearer token.
    pub const fn new(
        id: &'static str,
        env: &'static str,
        build: fn(AccountConfig, HttpClient) -> Result<Backend>,
    ) -> Self {
        Self {
            id,
            env,
            base_url: None,
            auth: AuthScheme::Bearer,
            key_optional: false,
            default_model: None,
            models: &[],
            capabilities: Capabilities::NONE,
            local_ports: &[],
            build,
        }
    }

    /// Sets the base URL of its public endpoint.
    #[must_use]
    pub const fn base_url(mut self, base_url: &'static str) -> Self {
        self.base_url = Some(base_url);
        self
    }

    /// Sets how it takes its key.
    #[must_use]
    pub const fn auth(mut self, auth: AuthScheme) -> Self {
        self.auth = auth;
        self
    }

    /// Says that it serves without a key.
    #[must_use]
    pub const fn key_optional(mut self) -> Self {
        self.key_optional = true;
        self
    }

    /// Sets the model that is used when none is named.
    #[must_use]
    pub const fn default_model(mut self, model: &'static str) -> Self {
        self.default_model = Some(model);
        self
    }

    /// Sets the patterns of the models that it serves.
    #[must_use]
    pub const fn models(mut self, patterns: &'static [&'static str]) -> Self {
        self.models = patterns;
        self
    }

    /// Sets what it can do.
    #[must_use]
    pub const fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Sets the ports where it usually listens when run at home.
    #[must_use]
    pub const fn local_ports(mut self, ports: &'static [u16]) -> Self {
        self.local_ports = ports;
        self
    }
}

impl fmt::Debug for ProviderDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderDef")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// An account, as a configuration file says it. It can be read, and not written: it holds keys.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
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

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}
