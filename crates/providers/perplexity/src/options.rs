//! What only Perplexity takes.

use trunkline_core::Json;

trunkline_core::options! {
    /// What only Perplexity takes, beside the settings that all providers share.
    ///
    /// <https://docs.perplexity.ai/docs/sonar/openai-compatibility>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_perplexity::Options;
    ///
    /// let request = ChatRequest::from("When is high water at Dover?")
    ///     .option(Options::new().search_mode("web").return_images(true));
    /// assert_eq!(
    ///     request.options["perplexity"].get(),
    ///     r#"{"search_mode":"web","return_images":true}"#
    /// );
    /// ```
    pub struct Options for "perplexity" {
        /// Where to search: `web`, `academic` or `sec`.
        search_mode: String,
        /// The sites to search; those with `-` before them are left out.
        search_domain_filter: Vec<String>,
        /// How new results are: `hour`, `day`, `week`, `month` or `year`.
        search_recency_filter: String,
        /// How much is read, and where the user is.
        web_search_options: Json,
        /// Whether images come as well.
        return_images: bool,
        /// Whether questions come that could be asked next.
        return_related_questions: bool,
        /// Whether nothing is searched for.
        disable_search: bool,
        /// `full`, or `concise` with the steps of the search.
        ///
        /// <https://docs.perplexity.ai/docs/sonar/pro-search/stream-mode>
        stream_mode: String,
    }
}
