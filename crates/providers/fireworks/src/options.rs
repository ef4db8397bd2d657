//! What only Fireworks takes.

trunkline_core::options! {
    /// What only Fireworks takes, beside the settings that all providers share.
    ///
    /// <https://docs.fireworks.ai/api-reference/post-chatcompletions>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_fireworks::Options;
    ///
    /// let request = ChatRequest::from("Hello").option(Options::new().prompt_cache_key("talk-1"));
    /// assert_eq!(request.options["fireworks"].get(), r#"{"prompt_cache_key":"talk-1"}"#);
    /// ```
    pub struct Options for "fireworks" {
        /// Which earlier thoughts the model sees: `disabled`, `interleaved` or `preserved`.
        ///
        /// <https://docs.fireworks.ai/guides/reasoning>
        reasoning_history: String,
        /// What happens where prompt and limit exceed the context: `truncate` the limit, or `error`.
        context_length_exceeded_behavior: String,
        /// Cuts the prompt to so many tokens.
        prompt_truncate_len: u32,
        /// Keeps requests that belong together on one replica, where their cache is.
        ///
        /// <https://docs.fireworks.ai/guides/prompt-caching>
        prompt_cache_key: String,
        /// Keeps the caches of one's customers apart.
        ///
        /// <https://docs.fireworks.ai/guides/prompt-caching>
        prompt_cache_isolation_key: String,
        /// Above 1 it discourages repetition.
        repetition_penalty: f64,
        /// Whether the answer tells its timings.
        perf_metrics_in_response: bool,
    }
}
