//! What only OpenAI takes.

use serde::Serialize;
use trunkline_core::{Json, ProviderOptions};

/// What only OpenAI's chat completions take, beside the settings that all providers share.
///
/// <https://platform.openai.com/docs/api-reference/chat/create>
///
/// ```
/// use trunkline_core::ChatRequest;
/// use trunkline_openai::{Options, Verbosity};
///
/// let request = ChatRequest::from("Why is the sky blue?")
///     .option(Options::new().verbosity(Verbosity::Low).prompt_cache_key("tenant-7"));
/// # let _ = request;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Options {
    /// How much the model says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verbosity: Option<Verbosity>,
    /// Whether OpenAI stores the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<bool>,
    /// Requests with the same key are sent where their common beginning is cached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_cache_key: Option<String>,
    /// A stable pseudonym of the end user, for abuse detection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub safety_identifier: Option<String>,
    /// What the answer will look like, mostly, so that it comes faster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction: Option<Json>,
    /// Voice and format of a spoken answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audio: Option<Json>,
    /// Search the web first; for the search models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_search_options: Option<Json>,
}

/// How much the model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verbosity {
    /// Little.
    Low,
    /// The usual.
    Medium,
    /// Much.
    High,
}

impl ProviderOptions for Options {
    const PROVIDER: &'static str = crate::PROVIDER.id;
}

macro_rules! setters {
    ($($(#[$doc:meta])+ $name:ident: $type:ty,)+) => {
        $($(#[$doc])+
        #[must_use]
        pub fn $name(mut self, $name: impl Into<$type>) -> Self {
            self.$name = Some($name.into());
            self
        })+
    };
}

impl Options {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets how much the model says.
        verbosity: Verbosity,
        /// Sets whether OpenAI stores the answer.
        store: bool,
        /// Sets the key of the prompt cache.
        prompt_cache_key: String,
        /// Sets the end user's pseudonym.
        safety_identifier: String,
        /// Sets what the answer will look like: `{"type":"content","content":"…"}`.
        prediction: Json,
        /// Sets voice and format: `{"voice":"alloy","format":"wav"}`.
        audio: Json,
        /// Lets the search models search: `{}` for the defaults.
        web_search_options: Json,
    }
}
