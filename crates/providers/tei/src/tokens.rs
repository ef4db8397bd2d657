//! Texts as the model's tokens, and back: one by the operations that all have, many by those of this
//! server.
//!
//! `/tokenize` and `/decode` of <https://huggingface.github.io/text-embeddings-inference/>

use std::collections::BTreeMap;

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    Class, DetokenizeRequest, DetokenizeResponse, Error, Operation, Result, TokenizeRequest,
    TokenizeResponse, protocol::write, raw::RawRequest, tokenize::Token,
};

use crate::{
    PROVIDER,
    embed::counted,
    many::{pieces, post},
};

#[derive(Serialize)]
struct Ask<'a> {
    inputs: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_special_tokens: Option<bool>,
}

/// The server leaves special tokens out unless told not to; callers think of them being shown.
#[derive(Serialize)]
struct AskBack<'a> {
    ids: &'a [u32],
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_special_tokens: Option<bool>,
}

#[derive(Deserialize)]
struct Simple {
    id: u32,
    text: Option<String>,
    special: Option<bool>,
    /// Where it stands, in what the tokenizer counts: null for one that is not of the text.
    start: Option<u64>,
    stop: Option<u64>,
}

pub(crate) fn ask(request: &TokenizeRequest) -> Result<Vec<u8>> {
    let ask = Ask {
        inputs: &request.text,
        add_special_tokens: request.special,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

pub(crate) fn ask_back(request: &DetokenizeRequest) -> Result<Vec<u8>> {
    let ask = AskBack {
        ids: &request.tokens,
        skip_special_tokens: request.special.map(|shown| !shown),
    };
    write(&ask, PROVIDER.id, &BTreeMap::new(), 0)
}

pub(crate) fn response(body: &[u8]) -> Result<TokenizeResponse> {
    let tokens = sole(counted(body, 1, "lists of tokens")?)?;
    Ok(TokenizeResponse::new(all(tokens)))
}

pub(crate) fn text(body: &[u8]) -> Result<DetokenizeResponse> {
    let text: String = sole(counted(body, 1, "texts")?)?;
    Ok(DetokenizeResponse::new(text))
}

fn sole<T>(all: Vec<T>) -> Result<T> {
    let mut all = all.into_iter();
    all.next().ok_or_else(|| Error::decode("nothing came"))
}

fn all(tokens: Vec<Simple>) -> Vec<Token> {
    let token = |simple: Simple| {
        let mut token = Token::new(simple.id);
        token.text = simple.text;
        token.special = simple.special;
        token.span = simple.start.zip(simple.stop).map(|(from, to)| from..to);
        token
    };
    tokens.into_iter().map(token).collect()
}

/// The tokens of many texts: `backend.ask(TokenizeMany::new(["otter", "crab"]))`, a list for each,
/// in their order. No more texts than the server takes in one request, or in
/// [`pieces`](Self::pieces).
///
/// ```no_run
/// use trunkline_tei::{Tei, TokenizeMany, prelude::*};
///
/// # async fn count() -> Result<()> {
/// let tei = Tei::from_env()?;
/// for tokens in tei.backend().ask(TokenizeMany::new(["otter", "crab"])).await? {
///     println!("{}", tokens.len());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenizeMany {
    inputs: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    add_special_tokens: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_name: Option<String>,
}

impl TokenizeMany {
    /// Of these texts.
    pub fn new<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Self {
        Self {
            inputs: texts.into_iter().map(Into::into).collect(),
            add_special_tokens: None,
            prompt_name: None,
        }
    }

    /// Sets whether the tokens that the tokenizer puts around a text are wanted; they are unless
    /// set.
    #[must_use]
    pub fn special(mut self, wanted: bool) -> Self {
        self.add_special_tokens = Some(wanted);
        self
    }

    /// Sets which of the model's own prompts goes before each text.
    #[must_use]
    pub fn prompt_name(mut self, name: impl Into<String>) -> Self {
        self.prompt_name = Some(name.into());
        self
    }

    /// The same in pieces of at most so many texts, in order: what comes of each goes behind what
    /// came before.
    pub fn pieces(mut self, most: usize) -> impl Iterator<Item = Self> {
        let inputs = std::mem::take(&mut self.inputs);
        pieces(inputs, most).map(move |inputs| Self {
            inputs,
            ..self.clone()
        })
    }
}

impl Operation for TokenizeMany {
    type Output = Vec<Vec<Token>>;
    const NAME: &'static str = "tei.tokenize";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        post("/tokenize", self, self.inputs.len())
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Self::Output> {
        let lists = counted(&body, self.inputs.len(), "lists of tokens")?;
        Ok(lists.into_iter().map(all).collect())
    }
}

/// The texts of many lists of tokens: `backend.ask(DecodeMany::new([vec![101, 102]]))`, in their
/// order. No more lists than the server takes in one request, or in [`pieces`](Self::pieces).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DecodeMany {
    ids: Vec<Vec<u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skip_special_tokens: Option<bool>,
}

impl DecodeMany {
    /// Of these tokens, by their numbers.
    pub fn new<T: Into<Vec<u32>>>(lists: impl IntoIterator<Item = T>) -> Self {
        Self {
            ids: lists.into_iter().map(Into::into).collect(),
            skip_special_tokens: None,
        }
    }

    /// Sets whether special tokens are shown in the texts; they are not unless set.
    #[must_use]
    pub fn special(mut self, shown: bool) -> Self {
        self.skip_special_tokens = Some(!shown);
        self
    }

    /// The same in pieces of at most so many lists, in order: what comes of each goes behind what
    /// came before.
    pub fn pieces(mut self, most: usize) -> impl Iterator<Item = Self> {
        let ids = std::mem::take(&mut self.ids);
        pieces(ids, most).map(move |ids| Self {
            ids,
            ..self.clone()
        })
    }
}

impl Operation for DecodeMany {
    type Output = Vec<String>;
    const NAME: &'static str = "tei.decode";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        post("/decode", self, self.ids.len())
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Vec<String>> {
        counted(&body, self.ids.len(), "texts")
    }
}
