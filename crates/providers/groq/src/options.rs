//! What only Groq takes.

use serde::Serialize;
use trunkline_core::ProviderOptions;

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
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Options {
    /// `on_demand`, `flex`, `performance` or `auto`.
    ///
    /// <https://console.groq.com/docs/service-tiers>
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// Where the model's thoughts go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_format: Option<ReasoningFormat>,
    /// Whether thoughts are told at all; not together with the format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub include_reasoning: Option<bool>,
    /// Whether the model may cite what it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub citation_options: Option<String>,
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

impl ProviderOptions for Options {
    const PROVIDER: &'static str = crate::PROVIDER.id;
}

impl Options {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the class of service.
    #[must_use]
    pub fn service_tier(mut self, tier: impl Into<String>) -> Self {
        self.service_tier = Some(tier.into());
        self
    }

    /// Sets where thoughts go.
    #[must_use]
    pub fn reasoning_format(mut self, format: ReasoningFormat) -> Self {
        self.reasoning_format = Some(format);
        self
    }

    /// Sets whether thoughts are told.
    #[must_use]
    pub fn include_reasoning(mut self, include: bool) -> Self {
        self.include_reasoning = Some(include);
        self
    }

    /// Sets whether the model cites: `enabled` or `disabled`.
    #[must_use]
    pub fn citation_options(mut self, options: impl Into<String>) -> Self {
        self.citation_options = Some(options.into());
        self
    }
}
