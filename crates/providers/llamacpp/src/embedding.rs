//! Vectors in the server's own form: one for each token, where the server pools none.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{Class, Error, Json, Operation, Result, protocol::read, raw::RawRequest};

use crate::Prompt;

/// Asks for the vectors of inputs. With `--pooling none` each token has one, and they are not
/// normalized; else each input has one, as [`Model::embed`](trunkline_core::Model::embed) gives it.
///
/// ```no_run
/// # async fn of(backend: trunkline_core::Backend) -> trunkline_core::Result<()> {
/// use trunkline_llamacpp::EmbedTokens;
///
/// let inputs = backend.ask(EmbedTokens::new(["an otter", "a stoat"])).await?;
/// println!("{} vectors of {} numbers", inputs[0].vectors.len(), inputs[0].vectors[0].len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EmbedTokens {
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    content: Vec<Prompt>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embd_normalize: Option<i32>,
}

impl EmbedTokens {
    /// The vectors of these inputs.
    pub fn new<P: Into<Prompt>>(inputs: impl IntoIterator<Item = P>) -> Self {
        Self {
            model: None,
            content: inputs.into_iter().map(Into::into).collect(),
            embd_normalize: None,
        }
    }

    /// Sets which model: a router has several.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Sets how pooled vectors are normalized: -1 not at all, 0 by the largest number, 1 by the sum,
    /// 2 by their length, more by that norm.
    #[must_use]
    pub fn normalize(mut self, by: i32) -> Self {
        self.embd_normalize = Some(by);
        self
    }
}

/// The vectors of one input.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TokenVectors {
    /// Which input, from 0.
    pub index: usize,
    /// One vector for each of its tokens, or one for all of them.
    #[serde(rename = "embedding")]
    pub vectors: Vec<Vec<f32>>,
}

impl Operation for EmbedTokens {
    type Output = Vec<TokenVectors>;
    const NAME: &'static str = "llamacpp.embedding";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::post("/embedding", &Json::of(self)?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Vec<TokenVectors>> {
        let mut inputs: Vec<TokenVectors> = read(&body)?;
        inputs.sort_by_key(|input| input.index);
        let in_place = |(at, input): (usize, &TokenVectors)| input.index == at;
        if inputs.len() != self.content.len() || !inputs.iter().enumerate().all(in_place) {
            return Err(Error::decode("the vectors are not those of the inputs"));
        }
        Ok(inputs)
    }
}
