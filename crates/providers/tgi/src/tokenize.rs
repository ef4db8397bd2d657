//! Texts and conversations as the model's tokens.
//!
//! <https://huggingface.co/docs/text-generation-inference/reference/api_reference>, and
//! `router/src/server.rs` of its source.

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    ChatRequest, Class, Json, Op, Operation, Result, TokenCount, TokenizeRequest, TokenizeResponse,
    Warning,
    chat::Warnings,
    protocol::{Target, read, write},
    raw::RawRequest,
    tokenize::Token,
};

use crate::{PROVIDER, protocol::chat};

/// A token, and where in the text it stands, in bytes. Both ends are 0 for those that the tokenizer
/// put there, and for all tokens of a tokenizer that tells no places.
#[derive(Deserialize)]
struct Placed {
    id: u32,
    text: Option<String>,
    start: Option<u64>,
    stop: Option<u64>,
}

impl Placed {
    fn token(self) -> Token {
        let mut token = Token::new(self.id);
        let span = self.start.zip(self.stop);
        let span = span.filter(|(start, stop)| start < stop);
        token.span = span.map(|(start, stop)| start..stop);
        token.text = self.text.filter(|text| !text.is_empty());
        token
    }
}

/// The body of a request for the tokens of a text. The server always adds those that its tokenizer
/// puts around one.
pub(crate) fn body(request: &TokenizeRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    #[derive(Serialize)]
    struct Ask<'a> {
        inputs: &'a str,
    }
    warnings.unsupported_if(request.special == Some(false), "special");
    let ask = Ask {
        inputs: &request.text,
    };
    write(&ask, PROVIDER.id, &request.options, request.text.len() + 32)
}

pub(crate) fn response(body: &[u8]) -> Result<TokenizeResponse> {
    let tokens: Vec<Placed> = read(body)?;
    Ok(TokenizeResponse::new(
        tokens.into_iter().map(Placed::token).collect(),
    ))
}

#[derive(Deserialize)]
struct Templated {
    tokenize_response: Vec<Placed>,
    templated_text: Option<String>,
}

/// How many tokens a conversation is.
pub(crate) fn count(body: &[u8]) -> Result<TokenCount> {
    let templated: Templated = read(body)?;
    let count = u64::try_from(templated.tokenize_response.len()).unwrap_or(u64::MAX);
    Ok(TokenCount::new("", count))
}

/// Asks what a conversation looks like to the model: the text that its template makes, and the tokens
/// of that. How many they are is [`Model::count_tokens`](trunkline_core::Model::count_tokens) too.
///
/// ```no_run
/// use trunkline_tgi::{ChatTokenize, Tgi, prelude::*};
///
/// # async fn of(tgi: &Tgi) -> Result<()> {
/// let asked = ChatTokenize::new(ChatRequest::from("Why is the sky blue?"));
/// println!("{}", tgi.backend().ask(asked).await?.text);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ChatTokenize(ChatRequest);

impl ChatTokenize {
    /// Of this request, which need not name a model.
    pub fn new(request: impl Into<ChatRequest>) -> Self {
        let mut request = request.into();
        if request.model.is_empty() {
            PROVIDER
                .default_model
                .unwrap_or_default()
                .clone_into(&mut request.model);
        }
        Self(request)
    }

    /// The body, and what of the request is not in it.
    fn body(&self) -> Result<(Bytes, Warnings)> {
        let mut warnings = Warnings::default();
        let op = Op::Chat(self.0.clone().into());
        // Only the body is of use.
        let nowhere = Target::parse("http://localhost")?;
        let asked = chat(&op, &nowhere, &mut warnings)?;
        Ok((asked.into_body(), warnings))
    }
}

/// What a conversation looks like to the model.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChatTokens {
    /// What the model's template makes of it.
    pub text: String,
    /// The tokens of that.
    pub tokens: Vec<Token>,
    /// What of the request was not carried as asked.
    pub warnings: Vec<Warning>,
}

impl Operation for ChatTokenize {
    type Output = ChatTokens;
    const NAME: &'static str = "tgi.chat_tokenize";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        let (body, _) = self.body()?;
        let body: Json = read(&body)?;
        Ok(RawRequest::post("/chat_tokenize", &body))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<ChatTokens> {
        let templated: Templated = read(&body)?;
        let (_, warnings) = self.body()?;
        let tokens = templated.tokenize_response.into_iter();
        Ok(ChatTokens {
            text: templated.templated_text.unwrap_or_default(),
            tokens: tokens.map(Placed::token).collect(),
            warnings: warnings.into_vec(),
        })
    }
}
