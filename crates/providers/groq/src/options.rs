//! What only Groq takes.

use serde::Serialize;

trunkline_core::options! {
    /// What only Groq takes, beside the settings that all providers share.
    ///
    /// <https://console.groq.com/docs/api-reference#chat-create>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_groq::{Options, ReasoningFormat};
    ///
    /// let request = ChatRequest::from("Why is the sky blue?")
    ///     .option(Options::new().service_tier("flex").reasoning_format(ReasoningFormat::Parsed));
    /// # let _ = request;
    /// ```
    pub struct Options for "groq" {
        /// The class of service: `on_demand`, `flex`, `performance` or `auto`.
        ///
        /// <https://console.groq.com/docs/service-tiers>
        service_tier: String,
        /// Where the model's thoughts go.
        reasoning_format: ReasoningFormat,
        /// Whether thoughts are told at all; not together with the format.
        include_reasoning: bool,
        /// Whether the model may cite what it was given: `enabled` or `disabled`.
        citation_options: String,
    }
}

/// Where the model's thoughts go.
///
/// <https://console.groq.com/docs/reasoning>
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReasoningFormat {
    /// Into a field of their own.
    Parsed,
    /// Into the text, between `<think>` and `</think>`.
    Raw,
    /// Nowhere.
    Hidden,
}
