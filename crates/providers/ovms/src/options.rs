//! What only the OpenVINO Model Server takes.

use trunkline_core::Json;
use trunkline_open_inference::Encoding;

trunkline_core::options! {
    /// What only the OpenVINO Model Server takes in a chat, beside the settings that all providers
    /// share.
    ///
    /// <https://docs.openvino.ai/2026/model-server/ovms_docs_rest_api_chat.html>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_ovms::Options;
    ///
    /// let options = Options::new().repetition_penalty(1.1).ignore_eos(true);
    /// let request = ChatRequest::from("Why is the sky blue?").option(options);
    /// assert_eq!(request.options["ovms"].get(), r#"{"repetition_penalty":1.1,"ignore_eos":true}"#);
    /// ```
    pub struct Options for "ovms" {
        /// How much a token is held back that is in the text already; 1 for not at all.
        repetition_penalty: f64,
        /// How many beams are searched for the best answer; not in a stream.
        best_of: u32,
        /// How much long answers are favoured among beams; below 0, short ones.
        length_penalty: f64,
        /// Whether to go on after the model's end.
        ignore_eos: bool,
        /// Whether the words that stopped it are part of the answer.
        include_stop_str_in_output: bool,
        /// Whether special tokens are left out of the text.
        skip_special_tokens: bool,
        /// Whether to tell how likely each token was; not in a stream.
        logprobs: bool,
        /// What the template of the chat is given: `{"enable_thinking":false}`.
        chat_template_kwargs: Json,
        /// How many tokens are guessed ahead, with a draft model or from the prompt.
        num_assistant_tokens: u32,
        /// How sure a draft model has to be to guess on; not together with the number.
        assistant_confidence_threshold: f64,
        /// The longest run of words that is looked up in the prompt.
        max_ngram_size: u32,
    }
}

trunkline_core::options! {
    /// How the tensors of an inference go.
    ///
    /// ```
    /// use trunkline_core::InferRequest;
    /// use trunkline_ovms::{Encoding, InferOptions};
    ///
    /// let request = InferRequest::new([]).option(InferOptions::new().encoding(Encoding::Json));
    /// assert_eq!(request.options["ovms"].get(), r#"{"encoding":"json"}"#);
    /// ```
    pub struct InferOptions for "ovms" {
        /// How tensors go; that of the account unless set.
        encoding: Encoding,
        /// How the outputs come; as the inputs went unless set.
        output_encoding: Encoding,
    }
}

trunkline_core::options! {
    /// What only the OpenVINO Model Server takes for the tokens of a text.
    ///
    /// <https://docs.openvino.ai/2026/model-server/ovms_docs_rest_api_tokenize.html>
    pub struct TokenizeOptions for "ovms" {
        /// How many tokens at most; the rest is cut off.
        max_length: u32,
        /// Whether to fill up to that length.
        pad_to_max_length: bool,
        /// On which side: `left` or `right`.
        padding_side: String,
    }
}
