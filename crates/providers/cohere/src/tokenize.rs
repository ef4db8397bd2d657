//! Texts as a model's tokens, and back: what only Cohere has, so it is asked by
//! [`Backend::ask`](trunkline_core::Backend::ask).

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{Class, Json, Operation, Result, protocol::read, raw::RawRequest};

/// Asks for the tokens of a text, of up to 65,536 characters.
///
/// <https://docs.cohere.com/reference/tokenize>
///
/// ```no_run
/// use trunkline_cohere::{Cohere, Tokenize, prelude::*};
///
/// # async fn count() -> Result<usize> {
/// let cohere = Cohere::from_env()?;
/// let tokens = cohere.backend().ask(Tokenize::new("command-a-03-2025", "High water.")).await?;
/// # Ok(tokens.tokens.len())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Tokenize {
    /// Whose tokens.
    pub model: String,
    /// Of what.
    pub text: String,
}

impl Tokenize {
    /// The tokens of `text` as `model` sees them.
    pub fn new(model: impl Into<String>, text: impl Into<String>) -> Self {
        let (model, text) = (model.into(), text.into());
        Self { model, text }
    }
}

/// The tokens of a text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Tokens {
    /// Their numbers.
    pub tokens: Vec<u32>,
    /// What each stands for.
    #[serde(default)]
    pub token_strings: Vec<String>,
}

impl Operation for Tokenize {
    type Output = Tokens;
    const NAME: &'static str = "tokenize";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::post("/v1/tokenize", &Json::of(self)?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Tokens> {
        read(&body)
    }
}

/// Asks for the text that tokens are, up to 65,536 of them.
///
/// <https://docs.cohere.com/reference/detokenize>
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Detokenize {
    /// Whose tokens.
    pub model: String,
    /// Which.
    pub tokens: Vec<u32>,
}

impl Detokenize {
    /// The text that `tokens` of `model` are.
    pub fn new(model: impl Into<String>, tokens: impl Into<Vec<u32>>) -> Self {
        let (model, tokens) = (model.into(), tokens.into());
        Self { model, tokens }
    }
}

impl Operation for Detokenize {
    type Output = String;
    const NAME: &'static str = "detokenize";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::post("/v1/detokenize", &Json::of(self)?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<String> {
        #[derive(Deserialize)]
        struct Answer {
            text: String,
        }
        read::<Answer>(&body).map(|answer| answer.text)
    }
}
