//! What only Vertex AI takes.

use trunkline_core::{Json, chat::ProviderOptions};
use trunkline_gemini_content::{SafetySetting, Settings, ToolSettings};

trunkline_gemini_content::settings! {
    /// What only Vertex AI takes for models of Google, beside the settings that all providers share.
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_vertex::Options;
    ///
    /// let request = ChatRequest::from("Why is the sky blue?")
    ///     .option(Options::new().cached_content("projects/p/locations/global/cachedContents/1"));
    /// assert_eq!(
    ///     request.options["vertex"].get(),
    ///     r#"{"cachedContent":"projects/p/locations/global/cachedContents/1"}"#,
    /// );
    /// ```
    pub struct Options {
        /// From which degree on content is blocked, for each kind of harm.
        safety_settings: Vec<SafetySetting>,
        /// The full name of content that the provider has cached.
        ///
        /// <https://cloud.google.com/vertex-ai/generative-ai/docs/context-cache/context-cache-overview>
        cached_content: String,
        /// How the answer is made.
        generation_config: Settings,
        /// How tools are used.
        tool_config: ToolSettings,
        /// Which templates of Model Armor look over the request and the answer.
        ///
        /// <https://cloud.google.com/security-command-center/docs/model-armor-vertex-integration>
        model_armor_config: Json,
    }
}

impl ProviderOptions for Options {
    const PROVIDER: &'static str = "vertex";
}
