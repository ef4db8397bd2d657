//! What only Cerebras takes.

use trunkline_core::Json;

trunkline_core::options! {
    /// What only Cerebras takes, beside the settings that all providers share.
    ///
    /// <https://inference-docs.cerebras.ai/api-reference/chat-completions>
    ///
    /// ```
    /// use trunkline_cerebras::Options;
    /// use trunkline_core::ChatRequest;
    ///
    /// let request = ChatRequest::from("19 * 14?").option(Options::new().reasoning_format("hidden"));
    /// assert_eq!(request.options["cerebras"].get(), r#"{"reasoning_format":"hidden"}"#);
    /// ```
    pub struct Options for "cerebras" {
        /// Where thoughts go: `parsed`, `text_parsed`, `raw`, `hidden` or `none`.
        ///
        /// <https://inference-docs.cerebras.ai/capabilities/reasoning>
        reasoning_format: String,
        /// Whether GLM forgets the thoughts of earlier turns, which it does unless this is `false`.
        ///
        /// <https://inference-docs.cerebras.ai/capabilities/reasoning>
        clear_thinking: bool,
        /// Text that the answer is expected to repeat: `{"type":"content","content":"…"}`.
        prediction: Json,
        /// The least tokens that the answer may have.
        min_completion_tokens: u32,
    }
}
