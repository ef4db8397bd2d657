//! What only OpenRouter takes.

use trunkline_core::Json;

trunkline_core::options! {
    /// What only OpenRouter takes, beside the settings that all providers share.
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_openrouter::{Options, Routing};
    ///
    /// let strict = Routing::new().require_parameters(true).data_collection("deny");
    /// let request = ChatRequest::from("Why is the sky blue?").option(Options::new().provider(strict));
    /// let sent = r#"{"provider":{"require_parameters":true,"data_collection":"deny"}}"#;
    /// assert_eq!(request.options["openrouter"].get(), sent);
    /// ```
    pub struct Options for "openrouter" {
        /// Which upstreams may answer, and in which order.
        provider: Routing,
        /// Models to try in turn where the first one fails.
        ///
        /// <https://openrouter.ai/docs/guides/routing/model-fallbacks>
        models: Vec<String>,
        /// What is done to the request or the answer: `{"id":"file-parser",…}`, say.
        ///
        /// <https://openrouter.ai/docs/guides/features/plugins>
        plugins: Vec<Json>,
        /// How long the answer is to be: `low`, `medium`, `high`, `xhigh` or `max`.
        ///
        /// <https://openrouter.ai/docs/api_reference/parameters>
        verbosity: String,
        /// Requests of one name go to the same upstream, for its cache.
        ///
        /// <https://openrouter.ai/docs/guides/best-practices/prompt-caching>
        session_id: String,
    }
}

trunkline_core::options! {
    /// Which upstreams may answer.
    ///
    /// <https://openrouter.ai/docs/guides/routing/provider-selection>
    pub struct Routing {
        /// The upstreams to ask first, in this order.
        order: Vec<String>,
        /// The only ones that may be asked.
        only: Vec<String>,
        /// Those that may not.
        ignore: Vec<String>,
        /// Whether others may be asked where these fail; they may, unless told otherwise.
        allow_fallbacks: bool,
        /// Whether only those are asked that know every setting of the request.
        require_parameters: bool,
        /// Whether they may keep what they are sent: `allow` or `deny`.
        data_collection: String,
        /// Whether only those are asked that keep nothing at all.
        zdr: bool,
        /// By what to choose: `price`, `throughput` or `latency`.
        sort: String,
    }
}
