//! What only Text Embeddings Inference takes.

use serde::Serialize;

trunkline_core::options! {
    /// What only its embeddings take.
    ///
    /// `EmbedRequest` of <https://huggingface.github.io/text-embeddings-inference/>
    ///
    /// ```
    /// use trunkline_core::EmbedRequest;
    /// use trunkline_tei::EmbedOptions;
    ///
    /// let request = EmbedRequest::new(["otter"]).option(EmbedOptions::new().prompt_name("query"));
    /// assert_eq!(request.options["tei"].get(), r#"{"prompt_name":"query"}"#);
    /// ```
    pub struct EmbedOptions for "tei" {
        /// Whether vectors are made 1 long; the server does unless told not to. Models with SPLADE
        /// pooling can only be asked without.
        normalize: bool,
        /// Whether inputs longer than the model takes are cut, and not refused; unless set, what the
        /// server was started with (`--auto-truncate`).
        truncate: bool,
        /// Which end is cut; the right one unless set.
        truncation_direction: TruncationDirection,
        /// Which of the model's own prompts goes before each input, by its name in the model's
        /// configuration: often `query` for what is searched with, `document` or `passage` for what
        /// is to be found. A name that the model does not have is refused.
        prompt_name: String,
    }
}

trunkline_core::options! {
    /// What only its rankings take.
    ///
    /// `RerankRequest` of <https://huggingface.github.io/text-embeddings-inference/>
    ///
    /// ```
    /// use trunkline_core::RerankRequest;
    /// use trunkline_tei::RerankOptions;
    ///
    /// let request = RerankRequest::new("otters", ["Fish."]).option(RerankOptions::new().raw_scores(true));
    /// assert_eq!(request.options["tei"].get(), r#"{"raw_scores":true}"#);
    /// ```
    pub struct RerankOptions for "tei" {
        /// Whether scores are the model's own numbers, and not brought to between 0 and 1.
        raw_scores: bool,
        /// Whether documents come back with their scores.
        return_text: bool,
        /// Whether query and document are cut where they are longer than the model takes, and not
        /// refused.
        truncate: bool,
        /// Which end is cut; the right one unless set.
        truncation_direction: TruncationDirection,
    }
}

trunkline_core::options! {
    /// What only its tokenizer takes.
    ///
    /// `TokenizeRequest` of <https://huggingface.github.io/text-embeddings-inference/>
    ///
    /// ```
    /// use trunkline_core::TokenizeRequest;
    /// use trunkline_tei::TokenizeOptions;
    ///
    /// let request = TokenizeRequest::new("otter").option(TokenizeOptions::new().prompt_name("query"));
    /// assert_eq!(request.options["tei"].get(), r#"{"prompt_name":"query"}"#);
    /// ```
    pub struct TokenizeOptions for "tei" {
        /// Which of the model's own prompts goes before the text.
        prompt_name: String,
    }
}

/// Which end of an input is cut that is longer than the model takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum TruncationDirection {
    /// Its beginning.
    Left,
    /// Its end.
    Right,
}
