//! How well texts go together.

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{Class, Operation, Result, raw::RawRequest, rerank::RerankDocument};

use crate::{
    RerankOptions,
    pooling::{post, told},
    rerank::Input,
};

/// Asks how well texts go together, pair by pair: of a cross-encoder, or of two vectors' closeness.
/// [`rerank`](trunkline_core::Model::rerank) asks the same and puts it in order.
///
/// <https://docs.vllm.ai/en/latest/models/pooling_models/scoring/>
///
/// ```no_run
/// use trunkline_vllm::{Score, Vllm, prelude::*};
///
/// # async fn scores() -> Result<()> {
/// let vllm = Vllm::from_env()?;
/// let question = Score::new("BAAI/bge-reranker-v2-m3", ["What do otters eat?"], ["Fish.", "Sand."]);
/// let answer = vllm.backend().ask(question).await?;
/// assert!(answer.scores[0] > answer.scores[1]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Score {
    /// Which model.
    pub model: String,
    /// One text, which goes with each of the others, or as many as there are others. A
    /// [`Fields`](RerankDocument::Fields) with `content` has pictures in it.
    pub queries: Vec<RerankDocument>,
    /// The others.
    pub documents: Vec<RerankDocument>,
    /// What else it takes.
    pub options: RerankOptions,
}

impl Score {
    /// How well `queries` go with `documents`.
    pub fn new<Q: Into<RerankDocument>, D: Into<RerankDocument>>(
        model: impl Into<String>,
        queries: impl IntoIterator<Item = Q>,
        documents: impl IntoIterator<Item = D>,
    ) -> Self {
        Self {
            model: model.into(),
            queries: queries.into_iter().map(Into::into).collect(),
            documents: documents.into_iter().map(Into::into).collect(),
            options: RerankOptions::new(),
        }
    }

    /// Sets what else it takes.
    #[must_use]
    pub fn options(mut self, options: RerankOptions) -> Self {
        self.options = options;
        self
    }
}

/// How well texts go together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Scores {
    /// The server's id of it.
    pub id: Option<String>,
    /// The model, as the server calls it.
    pub model: String,
    /// Of each pair, in their order; more is better.
    pub scores: Vec<f64>,
    /// How many tokens went in.
    pub prompt_tokens: Option<u64>,
}

impl Operation for Score {
    type Output = Scores;
    const NAME: &'static str = "score";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        /// By the names that servers of every version know.
        #[derive(Serialize)]
        struct Ask<'a> {
            model: &'a str,
            text_1: Vec<Input<'a>>,
            text_2: Vec<Input<'a>>,
        }
        let ask = Ask {
            model: &self.model,
            text_1: self.queries.iter().map(Input::of).collect(),
            text_2: self.documents.iter().map(Input::of).collect(),
        };
        post("/score", &ask, &self.options)
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Scores> {
        #[derive(Deserialize)]
        struct Item {
            score: f64,
        }
        let asked = self.queries.len().max(self.documents.len());
        let told = told::<Item>(&body, asked)?;
        Ok(Scores {
            id: told.id,
            model: told.model,
            scores: told.items.into_iter().map(|item| item.score).collect(),
            prompt_tokens: told.prompt_tokens,
        })
    }
}
