//! What only NVIDIA takes.

use trunkline_core::Json;

trunkline_core::options! {
    /// What only NVIDIA takes, beside the settings that all providers share.
    ///
    /// ```
    /// use trunkline_core::EmbedRequest;
    /// use trunkline_nvidia::Options;
    ///
    /// let request = EmbedRequest::new(["a long text"]).option(Options::new().truncate("END"));
    /// assert_eq!(request.options["nvidia"].get(), r#"{"truncate":"END"}"#);
    /// ```
    pub struct Options for "nvidia" {
        /// Settings of the model's template: `enable_thinking`, `thinking`. Each model has its own.
        ///
        /// <https://build.nvidia.com/nvidia/nemotron-3-ultra-550b-a55b>,
        /// <https://build.nvidia.com/deepseek-ai/deepseek-v4-flash>
        chat_template_kwargs: Json,
        /// Of embeddings, which end of a text that is too long is cut: `NONE`, `START` or `END`.
        ///
        /// <https://docs.api.nvidia.com/nim/reference/nvidia-nv-embedqa-e5-v5-infer>
        truncate: String,
    }
}
