//! The tokens of a conversation, as the model's template makes them.
//!
//! <https://docs.vllm.ai/en/latest/serving/openai_compatible_server/#tokenizer-api>

use std::sync::Arc;

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use trunkline_core::{
    ChatRequest, Class, Error, ErrorKind, Json, Op, Operation, Result, TokenCount,
    chat::Warnings,
    protocol::{Fields, Protocol, Target, read},
    raw::RawRequest,
    tokenize::Token,
};

use crate::{COMPAT, PROVIDER, tokenize};

/// What of a chat's body the prompt is made of; `TokenizeChatRequest` in
/// `vllm/entrypoints/serve/tokenize/protocol.py`.
const OF_PROMPT: [&str; 10] = [
    "model",
    "messages",
    "tools",
    "add_generation_prompt",
    "continue_final_message",
    "add_special_tokens",
    "chat_template",
    "chat_template_kwargs",
    "media_io_kwargs",
    "mm_processor_kwargs",
];

/// The body of a request for the tokens of `chat`.
pub(crate) fn body(chat: Op, target: &Target, warnings: &mut Warnings) -> Result<Vec<u8>> {
    let whole = COMPAT.encode(&chat, target, warnings)?.into_body();
    let Fields(mut fields) = read::<Fields<&RawValue>>(&whole)?;
    let kwargs = template_kwargs(&fields)?;
    fields.retain(|(name, _)| OF_PROMPT.contains(&&**name));
    if let Some(kwargs) = &kwargs {
        fields.retain(|(name, _)| name != KWARGS);
        fields.push((KWARGS.to_owned(), read(kwargs.as_bytes())?));
    }
    Ok(Json::of(&Fields(fields))?.get().as_bytes().to_vec())
}

const KWARGS: &str = "chat_template_kwargs";

/// What a chat gives its template beside the messages, by `build_chat_params` of
/// `ChatCompletionRequest`: here it must be given as values for the template, or a prompt with
/// thoughts turned off has another length than the one that is counted.
fn template_kwargs(fields: &[(String, &RawValue)]) -> Result<Option<String>> {
    let of = |wanted: &str| {
        let mut fields = fields.iter();
        let value = fields.find(|(name, _)| name == wanted)?.1.get();
        (value != "null").then_some(value)
    };
    let own = of(KWARGS).unwrap_or("{}");
    let Fields(names) = read::<Fields<&RawValue>>(own.as_bytes())?;
    let mut given = Vec::new();
    if let Some(documents) = of("documents") {
        given.push(format!(r#""documents":{documents}"#));
    }
    if let Some(effort) = of("reasoning_effort") {
        given.push(format!(r#""reasoning_effort":{effort}"#));
        if names.iter().all(|(name, _)| name != "enable_thinking") {
            let thinks = effort != r#""none""#;
            given.push(format!(r#""enable_thinking":{thinks}"#));
        }
    }
    if given.is_empty() {
        return Ok(None);
    }
    let given = Json::parse(format!("{{{}}}", given.join(",")));
    let merged = given.and_then(|given| given.merge_into(own));
    merged.map(Some).map_err(|cause| {
        let what = "the values for the template are no object";
        Error::new(ErrorKind::InvalidRequest, what).with_source(cause)
    })
}

pub(crate) fn response(request: &ChatRequest, body: &[u8]) -> Result<TokenCount> {
    let answer: tokenize::Answer = read(body)?;
    let counted = u64::try_from(answer.tokens.len()).unwrap_or(u64::MAX);
    // The answer does not name its model.
    let mut count = TokenCount::new(request.model.as_str(), answer.count.unwrap_or(counted));
    if let Some(limit) = answer.max_model_len {
        let limit = Json::parse(format!(r#"{{"max_model_len":{limit}}}"#));
        if let Ok(limit) = limit {
            count.ext.insert(PROVIDER.id, limit);
        }
    }
    Ok(count)
}

/// Asks for the tokens of a conversation, with what the model's template puts around its messages and
/// tools. How many they are is also what [`count_tokens`](trunkline_core::Model::count_tokens) says.
///
/// What of the request makes no part of the prompt, a temperature say, is left out.
///
/// <https://docs.vllm.ai/en/latest/serving/openai_compatible_server/#tokenizer-api>
///
/// ```no_run
/// use trunkline_vllm::{TokenizeChat, Vllm, prelude::*};
///
/// # async fn tokens() -> Result<()> {
/// let vllm = Vllm::from_env()?;
/// let chat = ChatRequest::from("Why is the sky blue?").model("Qwen/Qwen3-0.6B");
/// let prompt = vllm.backend().ask(TokenizeChat::new(chat)).await?;
/// println!("{} of {:?} tokens", prompt.tokens.len(), prompt.max_model_len);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TokenizeChat {
    /// The conversation, and what of the [options](crate::Options) the template reads.
    pub request: Arc<ChatRequest>,
}

impl TokenizeChat {
    /// The tokens of this conversation.
    pub fn new(request: impl Into<Arc<ChatRequest>>) -> Self {
        let request = request.into();
        Self { request }
    }
}

/// The tokens of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChatTokens {
    /// The tokens, with the vocabulary's own spelling of each where the server gives it.
    pub tokens: Vec<Token>,
    /// How many tokens fit into the model, question and answer together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_model_len: Option<u64>,
}

impl Operation for TokenizeChat {
    type Output = ChatTokens;
    const NAME: &'static str = "tokenize_chat";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        // Where it goes is the account's to say: of this one only the body is taken.
        let nowhere = Target::parse("http://127.0.0.1")?;
        let chat = Op::Chat(self.request.clone());
        let body = body(chat, &nowhere, &mut Warnings::default())?;
        let Fields(mut fields) = read::<Fields<Json>>(&body)?;
        fields.push(("return_token_strs".to_owned(), Json::of(&true)?));
        Ok(RawRequest::post("/tokenize", &Json::of(&Fields(fields))?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<ChatTokens> {
        let answer: tokenize::Answer = read(&body)?;
        Ok(ChatTokens {
            max_model_len: answer.max_model_len,
            tokens: answer.into_tokens(),
        })
    }
}
