#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Backend, HttpClient, Model, ProviderDef, Result, Secret, account::Builder,
};
use trunkline_openai_compat::{Dialect, OpenAiCompat};

mod options;

pub use options::{Options, Verbosity};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// OpenAI, as data.
///
/// <https://platform.openai.com/docs/api-reference>
pub const PROVIDER: ProviderDef = ProviderDef::new("openai", "OPENAI", |config, http| {
    Ok(OpenAi::builder()
        .config(config)
        .client(http)
        .build()?
        .into())
})
.base_url("https://api.openai.com/v1")
.default_model("gpt-4.1-mini")
.models(&[
    "gpt-*",
    "chatgpt-*",
    "o1*",
    "o3*",
    "o4*",
    "text-embedding-*",
])
// <https://platform.openai.com/docs/guides/reasoning>; `gpt-5-chat-*` does not think, so the others
// of its family are named one by one.
.reasoning_models(&[
    "o1*",
    "o3*",
    "o4*",
    "gpt-5",
    "gpt-5-20*",
    "gpt-5-mini*",
    "gpt-5-nano*",
    "gpt-5-pro*",
    "gpt-5-codex*",
    "gpt-5.*",
])
.capabilities(DIALECT.capabilities);

/// Chat completions at their origin.
///
/// <https://platform.openai.com/docs/api-reference/chat/create>
pub const DIALECT: Dialect = Dialect::OPENAI;

/// An OpenAI account. Cloning it is two reference counts.
#[derive(Clone, Debug)]
pub struct OpenAi(Account);

impl OpenAi {
    /// With the key in `OPENAI_API_KEY`; see [`env`](trunkline_core::env) for the other variables.
    ///
    /// # Errors
    ///
    /// [`Config`](trunkline_core::ErrorKind::Config), naming the variable that is missing or wrong.
    #[cfg(feature = "hyper")]
    pub fn from_env() -> Result<Self> {
        Self::from_vars(&|name| std::env::var(name).ok())
    }

    /// The same from any variables: those of a test, of a tenant.
    ///
    /// # Errors
    ///
    /// As [`from_env`](Self::from_env).
    #[cfg(feature = "hyper")]
    pub fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self> {
        Self::builder()
            .client(HttpClient::from_vars(vars)?)
            .vars(vars)?
            .build()
    }

    /// With this key. Reads nothing of the environment.
    ///
    /// # Errors
    ///
    /// [`Config`](trunkline_core::ErrorKind::Config): the key cannot be sent.
    #[cfg(feature = "hyper")]
    pub fn new(key: impl Into<Secret>) -> Result<Self> {
        Self::builder()
            .key(key)
            .client(HttpClient::shared())
            .build()
    }

    /// With this key, elsewhere and over another client.
    ///
    /// # Errors
    ///
    /// [`Config`](trunkline_core::ErrorKind::Config): the key cannot be sent, or the base URL is none.
    pub fn with(
        key: impl Into<Secret>,
        base_url: impl Into<String>,
        client: HttpClient,
    ) -> Result<Self> {
        Self::builder()
            .key(key)
            .endpoint(base_url)
            .client(client)
            .build()
    }

    /// Everything else that can be set.
    pub fn builder() -> Builder<Self> {
        Builder::new(&PROVIDER, OpenAiCompat(DIALECT), Self)
    }

    /// A model by its name.
    pub fn model(&self, name: &str) -> Model {
        self.0.model(name)
    }

    /// The model that `OPENAI_MODEL` or the builder named, or `gpt-4.1-mini`.
    ///
    /// # Errors
    ///
    /// None here: OpenAI has a default.
    pub fn default_model(&self) -> Result<Model> {
        self.0.default_model()
    }

    /// The backend without retries and deadline, for a pool.
    pub fn bare(&self) -> Backend {
        self.0.bare().clone()
    }
}

impl From<OpenAi> for Backend {
    fn from(openai: OpenAi) -> Self {
        openai.0.backend().clone()
    }
}
