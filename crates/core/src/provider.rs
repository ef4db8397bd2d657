//! What a provider crate says of its provider.

use std::fmt;

use crate::{
    Backend, Capabilities, HttpClient, Result,
    account::{self, Provider},
    protocol::AuthScheme,
};

mod config;

pub use config::AccountConfig;
pub(crate) use config::Vars;

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
    /// Those models that think before they speak, as patterns with `*`.
    pub reasoning_models: &'static [&'static str],
    /// Headers of every request, such as the version of its API.
    pub headers: &'static [(&'static str, &'static str)],
    /// Headers of its answers that say what others say by another name: its name, the usual one.
    pub response_headers: &'static [(&'static str, &'static str)],
    /// The header in which it takes a key that makes repeating a request harmless.
    pub idempotency: Option<&'static str>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// What it wants to know of an account beside keys, base URLs and a model: `api_version`.
    pub settings: &'static [&'static str],
    /// What its own documentation calls the variables: `("API_KEY", "HF_TOKEN")`.
    pub variables: &'static [(&'static str, &'static str)],
    /// The ports where it usually listens when run at home.
    pub local_ports: &'static [u16],
    /// What its servers alone answer: a path from the root, and words of the answer.
    pub local_mark: Option<(&'static str, &'static str)>,
    /// What a base URL may end with, and need not: `/v1`.
    pub optional_path: Option<&'static str>,
    /// Makes a backend, with the default stack, of a configuration.
    pub build: fn(AccountConfig, HttpClient) -> Result<Backend>,
}

impl ProviderDef {
    /// A provider with a key as bearer token, whose accounts are [`Account<P>`](crate::Account).
    pub const fn of<P: Provider>(id: &'static str, env: &'static str) -> Self {
        Self::new(id, env, account::of_config::<P>)
    }

    /// A provider with a key as bearer token, whose accounts are built by hand.
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
            reasoning_models: &[],
            headers: &[],
            response_headers: &[],
            idempotency: None,
            capabilities: Capabilities::NONE,
            settings: &[],
            variables: &[],
            local_ports: &[],
            local_mark: None,
            optional_path: None,
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

    /// Sets the patterns of those models that think before they speak: their first word is worth a
    /// longer wait.
    #[must_use]
    pub const fn reasoning_models(mut self, patterns: &'static [&'static str]) -> Self {
        self.reasoning_models = patterns;
        self
    }

    /// Sets headers of every request, raw ones included: `("example-version", "2026-06-01")`.
    #[must_use]
    pub const fn headers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        self.headers = headers;
        self
    }

    /// Says which headers of its answers are others under another name: `("example-trace",
    /// "x-request-id")`, `("example-wait-ms", "retry-after-ms")`. They are then read as those are.
    #[must_use]
    pub const fn response_headers(
        mut self,
        names: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.response_headers = names;
        self
    }

    /// Sets the header in which it takes a key that makes repeating a request harmless, as its
    /// documentation says.
    #[must_use]
    pub const fn idempotency(mut self, header: &'static str) -> Self {
        self.idempotency = Some(header);
        self
    }

    /// Sets what it can do.
    #[must_use]
    pub const fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Sets what it wants to know of an account beside keys, base URLs and a model. Each is a
    /// [setting](crate::account::Builder::setting), a field of a configuration's `extra`, and a
    /// variable: `api_version` is `X_API_VERSION`.
    #[must_use]
    pub const fn settings(mut self, names: &'static [&'static str]) -> Self {
        self.settings = names;
        self
    }

    /// Sets what its own documentation calls the variables that we read: pairs of our name after the
    /// prefix, `API_KEY`, `BASE_URL`, `MODEL` or a setting's, and theirs, `HF_TOKEN`. Theirs is read
    /// where ours is not set, the first of several that is; it holds one key and one base URL.
    #[must_use]
    pub const fn variables(mut self, names: &'static [(&'static str, &'static str)]) -> Self {
        self.variables = names;
        self
    }

    /// Sets the ports where it usually listens when run at home.
    #[must_use]
    pub const fn local_ports(mut self, ports: &'static [u16]) -> Self {
        self.local_ports = ports;
        self
    }

    /// Sets how its servers are told from others at the same port that list models in the same way: to a
    /// GET of this path, from the server's root, they answer with a success in whose first 64 KiB these
    /// words stand: `("/version", "\"version\"")`.
    #[must_use]
    pub const fn local_mark(mut self, path: &'static str, words: &'static str) -> Self {
        self.local_mark = Some((path, words));
        self
    }

    /// Sets what a base URL may end with, and need not: a server with paths at its root and below
    /// `/v1` is often given with `/v1`, as other clients want it, and is cut back to its root.
    #[must_use]
    pub const fn optional_path(mut self, path: &'static str) -> Self {
        self.optional_path = Some(path);
        self
    }

    /// `base_url` without what it need not end with.
    pub(crate) fn root<'a>(&self, base_url: &'a str) -> &'a str {
        let bare = base_url.trim_end().trim_end_matches('/');
        let root = self.optional_path.and_then(|path| bare.strip_suffix(path));
        // A host may be called like the path.
        root.filter(|root| !root.ends_with('/')).unwrap_or(base_url)
    }
}

impl fmt::Debug for ProviderDef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderDef")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_cut_back_to_its_root() {
        const SERVER: ProviderDef = ProviderDef::new("x", "X", |_, _| unreachable!());
        let cut = SERVER.optional_path("/v1");
        for (given, root) in [
            ("http://a:80", "http://a:80"),
            ("http://a:80/v1", "http://a:80"),
            ("http://a:80/v1//", "http://a:80"),
            ("http://a/b/v1/", "http://a/b"),
            ("http://a/xv1", "http://a/xv1"),
            ("http://v1", "http://v1"),
        ] {
            assert_eq!(cut.root(given), root, "{given}");
            assert_eq!(SERVER.root(given), given);
        }
    }
}
