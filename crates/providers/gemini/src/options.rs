//! What only Gemini takes.

use trunkline_core::chat::ProviderOptions;
use trunkline_gemini_content::{SafetySetting, Settings, ToolSettings};

trunkline_gemini_content::settings! {
    /// What only Gemini takes, beside the settings that all providers share.
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_gemini::{Harm, Options, SafetySetting, Threshold};
    ///
    /// let strict = SafetySetting::new(Harm::Harassment, Threshold::BlockLowAndAbove);
    /// let request = ChatRequest::from("Why is the sky blue?")
    ///     .option(Options::new().safety_settings([strict]));
    /// assert_eq!(
    ///     request.options["gemini"].get(),
    ///     r#"{"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_LOW_AND_ABOVE"}]}"#,
    /// );
    /// ```
    pub struct Options {
        /// From which degree on content is blocked, for each kind of harm.
        safety_settings: Vec<SafetySetting>,
        /// The name of content that the provider has cached: `cachedContents/…`. What is cached is
        /// not to be said again: not its contents, instructions or tools.
        ///
        /// <https://ai.google.dev/gemini-api/docs/caching>
        cached_content: String,
        /// How the answer is made.
        generation_config: Settings,
        /// How tools are used.
        tool_config: ToolSettings,
    }
}

impl ProviderOptions for Options {
    const PROVIDER: &'static str = "gemini";
}
