//! What only Mistral takes.

trunkline_core::options! {
    /// What only Mistral takes, beside the settings that all providers share.
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_mistral::Options;
    ///
    /// let request = ChatRequest::from("Why is the sky blue?")
    ///     .option(Options::new().prompt_cache_key("sky"));
    /// assert_eq!(request.options["mistral"].get(), r#"{"prompt_cache_key":"sky"}"#);
    /// ```
    pub struct Options for "mistral" {
        /// What requests with the same beginning have in common.
        ///
        /// <https://docs.mistral.ai/studio/conversations/advanced/prompt-caching>
        prompt_cache_key: String,
        /// What is looked for in the prompt before the model sees it.
        ///
        /// <https://docs.mistral.ai/studio/safety-moderation>
        guardrails: trunkline_core::Json,
    }
}
