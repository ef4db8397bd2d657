//! What only Parley takes.

trunkline_core::options! {
    /// What only Parley takes, beside the settings that all providers share.
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_parley::Options;
    ///
    /// let request = ChatRequest::from("Why is the sky blue?").option(Options::new().safe_mode(true));
    /// assert_eq!(request.options["parley"].get(), r#"{"safe_mode":true}"#);
    /// ```
    pub struct Options for "parley" {
        /// Whether Parley looks over the answer before it sends it.
        safe_mode: bool,
    }
}
