//! What only Together takes.

use trunkline_core::Json;

trunkline_core::options! {
    /// What only Together takes, beside the settings that all providers share.
    ///
    /// <https://docs.together.ai/reference/chat-completions>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_together::Options;
    ///
    /// let request = ChatRequest::from("Hello").option(Options::new().repetition_penalty(1.1));
    /// assert_eq!(request.options["together"].get(), r#"{"repetition_penalty":1.1}"#);
    /// ```
    pub struct Options for "together" {
        /// Above 1 it discourages repetition.
        repetition_penalty: f64,
        /// What happens where prompt and limit exceed the context: `error`, or `truncate` the limit.
        context_length_exceeded_behavior: String,
        /// Switches of the model's template: `thinking`, `clear_thinking`.
        ///
        /// <https://docs.together.ai/docs/inference/chat/reasoning>
        chat_template_kwargs: Json,
    }
}
