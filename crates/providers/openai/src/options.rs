//! What only OpenAI takes.

use serde::Serialize;
use trunkline_core::Json;

trunkline_core::options! {
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
    pub struct Options for "openai" {
        /// How much the model says.
        verbosity: Verbosity,
        /// Whether OpenAI stores the answer.
        store: bool,
        /// Requests with the same key are sent where their common beginning is cached.
        prompt_cache_key: String,
        /// A stable pseudonym of the end user, for abuse detection.
        safety_identifier: String,
        /// What the answer will look like, mostly, so that it comes faster:
        /// `{"type":"content","content":"…"}`.
        prediction: Json,
        /// Voice and format of a spoken answer: `{"voice":"alloy","format":"wav"}`.
        audio: Json,
        /// Search the web first, for the search models: `{}` for the defaults.
        web_search_options: Json,
    }
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
