//! What only OPEA takes.

trunkline_core::options! {
    /// What only OPEA's gateways take, beside the settings that all providers share. Each service reads
    /// those that are its own.
    ///
    /// <https://github.com/opea-project/GenAIComps/blob/main/comps/cores/proto/api_protocol.py>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_opea::Options;
    ///
    /// let request = ChatRequest::from("When is high water?")
    ///     .option(Options::new().search_type("mmr").k(8_u32).top_n(3_u32));
    /// assert_eq!(
    ///     request.options["opea"].get(),
    ///     r#"{"search_type":"mmr","k":8,"top_n":3}"#
    /// );
    /// ```
    pub struct Options for "opea" {
        /// How documents are looked for: `similarity`, which is the default,
        /// `similarity_distance_threshold`, `similarity_score_threshold` or `mmr`. ChatQnA.
        search_type: String,
        /// How many documents are found; 4 by default. ChatQnA.
        k: u32,
        /// How far away a document may be that is found, for `similarity_distance_threshold`.
        distance_threshold: f64,
        /// How many documents `mmr` chooses from; 20 by default.
        fetch_k: u32,
        /// How much `mmr` cares that documents are not alike, from 0 to 1, which is not at all; 0.5 by
        /// default.
        lambda_mult: f64,
        /// How well a document has to fit, for `similarity_score_threshold`; 0.2 by default.
        score_threshold: f64,
        /// How many of the documents found are shown to the model; 1 by default. ChatQnA.
        top_n: u32,
        /// How question and documents become a prompt, with `{question}` and, if documents shall be in
        /// it, `{context}`. ChatQnA.
        chat_template: String,
        /// In which index documents are looked for; without it CodeGen looks for none.
        index_name: String,
        /// Whether the model judges the documents found before it answers. CodeGen, with an
        /// [index](Self::index_name).
        agents_flag: bool,
        /// The language of a summary: `auto`, `en` or `zh`. DocSum.
        language: String,
        /// How a text is summed up that is too long for the model: `auto`, `stuff`, `truncate`,
        /// `map_reduce` or `refine`. DocSum.
        summary_type: String,
        /// How many tokens a piece of a long text has at most. DocSum.
        chunk_size: i32,
        /// How many tokens two pieces have in common. DocSum.
        chunk_overlap: i32,
        /// What words cost that were said already, from 1, which is nothing.
        repetition_penalty: f64,
        /// The model behind the gateway, where it has several.
        model: String,
    }
}
