//! What only vLLM takes.

use serde::Serialize;
use trunkline_core::Json;

use crate::StructuredOutputs;

trunkline_core::options! {
    /// What only vLLM's chat takes, beside the settings that all providers share.
    ///
    /// <https://docs.vllm.ai/en/latest/serving/openai_compatible_server/#chat-api>; the newest names
    /// are those of `ChatCompletionRequest` in `vllm/entrypoints/openai/chat_completion/protocol.py`.
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_vllm::Options;
    ///
    /// let request = ChatRequest::from("Why is the sky blue?")
    ///     .option(Options::new().repetition_penalty(1.1).priority(-1));
    /// assert_eq!(request.options["vllm"].get(), r#"{"repetition_penalty":1.1,"priority":-1}"#);
    /// ```
    pub struct Options for "vllm" {
        /// What the answer is held to: a regular expression, a choice, a grammar.
        structured_outputs: StructuredOutputs,
        /// The schema that the answer is held to, for servers before 0.12. Later ones do not read
        /// it, and say nothing; without `structured_outputs` beside it that is a warning.
        guided_json: Json,
        /// The same for a regular expression.
        guided_regex: String,
        /// The same for a choice.
        guided_choice: Vec<String>,
        /// The same for a grammar.
        guided_grammar: String,
        /// How much less likely what was said before is, the prompt included; above 1 for less.
        repetition_penalty: f64,
        /// Ends an answer that says the same again and again.
        repetition_detection: RepetitionDetection,
        /// Looks for the likeliest answer in several beams, as many as there are candidates.
        use_beam_search: bool,
        /// How much beams are judged by their length; 1 unless set.
        length_penalty: f64,
        /// How many tokens an answer has at least.
        min_tokens: u32,
        /// Tokens that end the answer, by their numbers.
        stop_token_ids: Vec<u32>,
        /// Whether the stop sequence that ended the answer is part of it.
        include_stop_str_in_output: bool,
        /// Goes on after the model has said that it is done, up to the limit on output.
        ignore_eos: bool,
        /// Words that do not come.
        bad_words: Vec<String>,
        /// The only tokens that come, by their numbers.
        allowed_token_ids: Vec<u32>,
        /// Whether special tokens are left out of the text; they are unless told otherwise.
        skip_special_tokens: bool,
        /// Whether blanks stand between special tokens.
        spaces_between_special_tokens: bool,
        /// How many tokens of the prompt are read at most; -1 for as many as the model takes.
        truncate_prompt_tokens: i64,
        /// Which side of a prompt is cut that is longer.
        truncation_side: TruncationSide,
        /// How likely the prompt's tokens were, and that many others at each place; only of whole
        /// answers. They come in [`Extras`](crate::Extras).
        prompt_logprobs: i32,
        /// Of which tokens the likelihood is told at each place, beside the one that came. Wants
        /// `logprobs` of the request.
        logprob_token_ids: Vec<u32>,
        /// Shows tokens in `logprobs` by their numbers, as `token_id:7`.
        return_tokens_as_token_ids: bool,
        /// Tells the tokens of prompt and answer by their numbers, in [`Extras`](crate::Extras).
        return_token_ids: bool,
        /// Tells the prompt as the template made it, in [`Extras`](crate::Extras).
        return_prompt_text: bool,
        /// Whether the last message stands before the answer, if it is of the same role.
        echo: bool,
        /// Whether the template opens the assistant's turn; it does unless told otherwise.
        add_generation_prompt: bool,
        /// Whether the last message is gone on with. A last message of the assistant says it by
        /// itself.
        continue_final_message: bool,
        /// Whether tokens such as that of the beginning are added to those of the template.
        add_special_tokens: bool,
        /// Documents for templates that know them: objects with `title` and `text`.
        documents: Vec<Json>,
        /// Another template than the model's, in Jinja. Servers take it with
        /// `--trust-request-chat-template` only.
        chat_template: String,
        /// Values for the template: `{"enable_thinking":false}`.
        chat_template_kwargs: Json,
        /// How media are read, by kind. Servers take it with `--trust-request-mm-kwargs` only.
        media_io_kwargs: Json,
        /// Values for the model's processor of media, as above.
        mm_processor_kwargs: Json,
        /// Whether thoughts are told; they are unless told otherwise.
        include_reasoning: bool,
        /// How early the request is served: the lower, the earlier; 0 unless set. Another number is
        /// an error where the server was not started with `--scheduling-policy priority`.
        priority: i64,
        /// The id of the request in the server's logs.
        request_id: String,
        /// What requests of one conversation or agent have in common.
        session_id: String,
        /// Keeps the cache of prompts apart from those of other salts, so that nobody guesses by
        /// time what others asked. Up to 128 characters, none of them `@`, `/` or `\`.
        cache_salt: String,
        /// How many tokens come in one event of a stream.
        stream_interval: u32,
        /// Whether the text is marked, where the server can.
        watermarking: bool,
        /// For servers that fill and read a cache apart.
        kv_transfer_params: Json,
        /// The same for the cache of an encoder.
        ec_transfer_params: Json,
        /// Values for the operator's own extensions.
        vllm_xargs: Json,
    }
}

trunkline_core::options! {
    /// What only vLLM's embeddings take, and [`Pool`](crate::Pool) and [`Classify`](crate::Classify)
    /// with them.
    ///
    /// <https://docs.vllm.ai/en/latest/models/pooling_models/>
    ///
    /// ```
    /// use trunkline_core::EmbedRequest;
    /// use trunkline_vllm::EmbedOptions;
    ///
    /// let request = EmbedRequest::new(["a cat"]).option(EmbedOptions::new().truncate_prompt_tokens(-1));
    /// assert_eq!(request.options["vllm"].get(), r#"{"truncate_prompt_tokens":-1}"#);
    /// ```
    pub struct EmbedOptions for "vllm" {
        /// How many tokens of an input are read; -1 for as many as the model takes. A longer one is
        /// an error without it.
        truncate_prompt_tokens: i64,
        /// Which side of an input is cut that is longer.
        truncation_side: TruncationSide,
        /// Whether the model's own last step is made: its vectors have the length 1, its classes are
        /// shares of 1. Most do unless told otherwise.
        use_activation: bool,
        /// Whether special tokens stand around each input.
        add_special_tokens: bool,
        /// How inputs are filled up: `max_length` or `do_not_pad`.
        padding: String,
        /// How early the request is served: the lower, the earlier.
        priority: i64,
        /// The id of the request in the server's logs.
        request_id: String,
        /// Keeps the cache of prompts apart from those of other salts.
        cache_salt: String,
        /// Values for the model's processor of media.
        mm_processor_kwargs: Json,
    }
}

trunkline_core::options! {
    /// What only vLLM's rankings take, and [`Score`](crate::Score) with them.
    ///
    /// <https://docs.vllm.ai/en/latest/models/pooling_models/scoring/>
    ///
    /// ```
    /// use trunkline_core::RerankRequest;
    /// use trunkline_vllm::RerankOptions;
    ///
    /// let request = RerankRequest::new("high water", ["Six o'clock."])
    ///     .option(RerankOptions::new().max_tokens_per_doc(512_u32));
    /// assert_eq!(request.options["vllm"].get(), r#"{"max_tokens_per_doc":512}"#);
    /// ```
    pub struct RerankOptions for "vllm" {
        /// How many tokens of a query are read; all without it.
        max_tokens_per_query: u32,
        /// How many tokens of a document are read; all without it.
        max_tokens_per_doc: u32,
        /// How many tokens of a query and its document together are read; -1 for as many as the
        /// model takes.
        truncate_prompt_tokens: i64,
        /// Which side of them is cut.
        truncation_side: TruncationSide,
        /// Whether scores are brought between 0 and 1, where the model can.
        use_activation: bool,
        /// What the model shall judge by, for templates that know it.
        instruction: String,
        /// Values for the model's template.
        chat_template_kwargs: Json,
        /// How early the request is served: the lower, the earlier.
        priority: i64,
        /// The id of the request in the server's logs.
        request_id: String,
        /// Values for the model's processor of media.
        mm_processor_kwargs: Json,
    }
}

trunkline_core::options! {
    /// What counts as saying the same again and again.
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_vllm::{Options, RepetitionDetection};
    ///
    /// let twice = RepetitionDetection::new().max_pattern_size(16_u32).min_count(4_u32);
    /// let request = ChatRequest::from("Go on.").option(Options::new().repetition_detection(twice));
    /// # assert!(request.options["vllm"].get().contains(r#"{"max_pattern_size":16,"min_count":4}"#));
    /// ```
    pub struct RepetitionDetection {
        /// How many tokens are repeated at most.
        max_pattern_size: u32,
        /// How many at least; 1 unless set.
        min_pattern_size: u32,
        /// How often; 2 or more.
        min_count: u32,
    }
}

/// Which side of a text is cut that is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TruncationSide {
    /// Its beginning.
    Left,
    /// Its end.
    Right,
}
