//! What only Azure OpenAI takes.

use trunkline_core::Json;

trunkline_core::options! {
    /// What only Azure OpenAI takes, beside the settings that all providers share.
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_azure::Options;
    ///
    /// let request = ChatRequest::from("Why is the sky blue?").option(Options::new().verbosity("low"));
    /// assert_eq!(request.options["azure"].get(), r#"{"verbosity":"low"}"#);
    /// ```
    pub struct Options for "azure" {
        /// How long GPT-5's answers are: `low`, `medium` or `high`.
        ///
        /// <https://learn.microsoft.com/azure/foundry/openai/how-to/reasoning>
        verbosity: String,
        /// What requests with the same beginning have in common.
        ///
        /// <https://learn.microsoft.com/azure/foundry/openai/how-to/prompt-caching>
        prompt_cache_key: String,
        /// Your own data, for answers from it: a list of `{"type":…,"parameters":{…}}`.
        ///
        /// <https://learn.microsoft.com/azure/foundry/openai/latest>
        data_sources: Json,
        /// What the answer will mostly be: `{"type":"content","content":"…"}`.
        ///
        /// <https://learn.microsoft.com/azure/foundry/openai/how-to/predicted-outputs>
        prediction: Json,
    }
}
