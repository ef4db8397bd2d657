//! What only Moonshot AI takes.

trunkline_core::options! {
    /// What only Moonshot AI takes, beside the settings that all providers share.
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_moonshot::Options;
    ///
    /// let request = ChatRequest::from("Hello").option(Options::new().prompt_cache_key("talk-7"));
    /// assert_eq!(request.options["moonshot"].get(), r#"{"prompt_cache_key":"talk-7"}"#);
    /// ```
    pub struct Options for "moonshot" {
        /// A name for the conversation: its turns go to the same cache.
        ///
        /// <https://platform.kimi.ai/docs/api/chat>
        prompt_cache_key: String,
    }
}
