#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Backend, Capabilities, ErrorKind, HttpClient, Model, ProviderDef, Result, Secret,
    account::Builder,
};
use trunkline_openai_compat::{Dialect, ErrorDetail, OpenAiCompat};

mod options;

pub use options::{Options, ReasoningFormat};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Groq, as data.
///
/// <https://console.groq.com/docs/openai>
pub const PROVIDER: ProviderDef = ProviderDef::new("groq", "GROQ", |config, http| {
    Ok(Groq::builder().config(config).client(http).build()?.into())
})
.base_url("https://api.groq.com/openai/v1")
.default_model("llama-3.3-70b-versatile")
.models(&[
    "llama-*",
    "meta-llama/*",
    "openai/gpt-oss-*",
    "moonshotai/kimi-*",
    "qwen/*",
    "groq/compound*",
])
// <https://console.groq.com/docs/reasoning>; compound systems think and search with the first.
.reasoning_models(&["openai/gpt-oss-*", "qwen/qwen3*", "groq/compound*"])
.capabilities(
    Capabilities::NONE
        .chat()
        .stream()
        .tools()
        .tool_choice()
        .parallel_tools()
        .json()
        .schema()
        .image_in()
        .temperature()
        .top_p()
        .seed()
        .stop()
        .reasoning()
        .service_tier()
        .user()
        .list_models(),
);

/// What Groq does its own way.
///
/// <https://console.groq.com/docs/api-reference#chat-create>,
/// <https://console.groq.com/docs/errors>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .max_tokens("max_completion_tokens")
    .reasoning_replay("reasoning")
    .classify(classify);

fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    match &*error.code {
        // The model wrote a tool call that is none; another attempt may succeed.
        "tool_use_failed" => Some(ErrorKind::Server),
        "request_too_large" => Some(ErrorKind::ContextLength),
        "model_terms_required" => Some(ErrorKind::Permission),
        _ => None,
    }
}

/// A Groq account. Cloning it is two reference counts.
#[derive(Clone, Debug)]
pub struct Groq(Account);

impl Groq {
    /// With the key in `GROQ_API_KEY`; see [`env`](trunkline_core::env) for the other variables.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), naming the variable that is missing or wrong.
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
    /// [`Config`](ErrorKind::Config): the key cannot be sent.
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
    /// [`Config`](ErrorKind::Config): the key cannot be sent, or the base URL is none.
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

    /// The model that `GROQ_MODEL` or the builder named, or `llama-3.3-70b-versatile`.
    ///
    /// # Errors
    ///
    /// None here: Groq has a default.
    pub fn default_model(&self) -> Result<Model> {
        self.0.default_model()
    }

    /// The backend without retries and deadline, for a pool.
    pub fn bare(&self) -> Backend {
        self.0.bare().clone()
    }
}

impl From<Groq> for Backend {
    fn from(groq: Groq) -> Self {
        groq.0.backend().clone()
    }
}
