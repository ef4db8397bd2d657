//! What only SambaNova takes.

use trunkline_core::Json;

trunkline_core::options! {
    /// What only SambaNova takes, beside the settings that all providers share.
    ///
    /// <https://docs.sambanova.ai/docs/en/features/openai-compatibility.md>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_sambanova::Options;
    ///
    /// let request = ChatRequest::from("Hello").option(Options::new().do_sample(false));
    /// assert_eq!(request.options["sambanova"].get(), r#"{"do_sample":false}"#);
    /// ```
    pub struct Options for "sambanova" {
        /// Whether tokens are drawn; `false` takes the likeliest one always.
        do_sample: bool,
        /// Switches of the model's template: `enable_thinking`.
        ///
        /// <https://docs.sambanova.ai/docs/en/models/sambacloud-models.md>
        chat_template_kwargs: Json,
    }
}
