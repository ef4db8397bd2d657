//! Settings that only the llama.cpp server has.

use serde::{Serialize, Serializer};
use trunkline_core::{ChatRequest, Json};

use crate::prefill;

with_sampling! {
    /// What only the llama.cpp server takes in chats, beside the settings that all providers share.
    ///
    /// <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_llamacpp::Options;
    ///
    /// let request = ChatRequest::from("Is the sky blue?")
    ///     .option(Options::new().grammar(r#"root ::= "yes" | "no""#).id_slot(1_u32));
    /// assert_eq!(
    ///     request.options["llamacpp"].get(),
    ///     r#"{"grammar":"root ::= \"yes\" | \"no\"","id_slot":1}"#
    /// );
    /// ```
    pub struct Options for "llamacpp" {
        /// Where the model's thoughts go.
        reasoning_format: ReasoningFormat,
        /// What is given to the chat template: `{"enable_thinking":false}`.
        chat_template_kwargs: Json,
        /// Whether the template opens the model's turn; it does unless the last message is the
        /// model's own.
        add_generation_prompt: bool,
        /// With what of the last message, which is the model's, it goes on; with whatever that ends
        /// with unless told otherwise.
        continue_final_message: Continue,
        /// What the model says to itself when its thoughts are at their limit.
        reasoning_budget_message: String,
        /// Whether the thoughts can be [ended](crate::EndReasoning) while they go on.
        reasoning_control: bool,
        /// Whether calls of tools are read out of the answer; they are where tools are given.
        parse_tool_calls: bool,
    }
}

/// Where a model's thoughts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ReasoningFormat {
    /// Where the server thinks best: apart, for most models.
    Auto,
    /// Nowhere: they stay in the text as the model wrote them.
    None,
    /// Apart from the text, which is how Trunkline tells them from it.
    #[serde(rename = "deepseek")]
    DeepSeek,
    /// Both, in the text of streams and apart at their end.
    #[serde(rename = "deepseek-legacy")]
    DeepSeekLegacy,
}

/// With what of a last message the model goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Continue {
    /// With whatever it ends with.
    Auto,
    /// With its thoughts.
    Reasoning,
    /// With its text.
    Content,
}

impl Serialize for Continue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_bool(true),
            Self::Reasoning => serializer.serialize_str("reasoning_content"),
            Self::Content => serializer.serialize_str("content"),
        }
    }
}

trunkline_core::options! {
    /// What only the llama.cpp server takes for embeddings.
    ///
    /// ```
    /// use trunkline_core::EmbedRequest;
    /// use trunkline_llamacpp::EmbedOptions;
    ///
    /// let request = EmbedRequest::new(["an otter"]).option(EmbedOptions::new().embd_normalize(-1));
    /// assert_eq!(request.options["llamacpp"].get(), r#"{"embd_normalize":-1}"#);
    /// ```
    pub struct EmbedOptions for "llamacpp" {
        /// How vectors are normalized: -1 not at all, 0 by the largest number, 1 by the sum, 2 by
        /// their length, more by that norm.
        embd_normalize: i32,
    }
}

trunkline_core::options! {
    /// What only the llama.cpp server takes for the tokens of a text.
    pub struct TokenizeOptions for "llamacpp" {
        /// Whether what looks like a special token is one; it is unless told otherwise. `false` is
        /// for the words of strangers.
        parse_special: bool,
        /// Whether the text of each token is told; we ask for it unless told otherwise.
        with_pieces: bool,
    }
}

/// What no field of the dialect says. Asked for the likelihood of what was chosen, the server tells
/// that of twenty others as well unless it is given a number, and 0 turns it off.
pub(crate) fn patch(request: &ChatRequest) -> Option<Json> {
    let alone = (request.logprobs == Some(0)).then_some(r#""top_logprobs":1"#);
    let fields = [alone, prefill::patch(request)];
    let fields: Vec<&str> = fields.into_iter().flatten().collect();
    (!fields.is_empty())
        .then(|| Json::parse(format!("{{{}}}", fields.join(","))).ok())
        .flatten()
}
