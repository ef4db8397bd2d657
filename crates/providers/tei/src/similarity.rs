//! How alike sentences are.
//!
//! `/similarity` of <https://huggingface.github.io/text-embeddings-inference/>

use bytes::Bytes;
use http::response::Parts;
use serde::Serialize;
use trunkline_core::{Class, Operation, Result, raw::RawRequest};

use crate::{
    embed::numbers,
    many::{Beside, beside, pieces, post},
};

/// How like one sentence each of others is: `backend.ask(Similarity::new("otter", ["crab"]))`, a
/// cosine from -1 to 1 for each, in their order. The sentence counts as one more input of the
/// request.
///
/// ```no_run
/// use trunkline_tei::{Similarity, Tei, prelude::*};
///
/// # async fn alike() -> Result<()> {
/// let tei = Tei::from_env()?;
/// let alike = Similarity::new("Otters sleep afloat.", ["They drift asleep.", "Six o'clock."]);
/// println!("{:?}", tei.backend().ask(alike).await?);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Similarity {
    source: String,
    sentences: Vec<String>,
    beside: Beside,
}

impl Similarity {
    /// Of `source` to each of `sentences`.
    pub fn new<T: Into<String>>(
        source: impl Into<String>,
        sentences: impl IntoIterator<Item = T>,
    ) -> Self {
        Self {
            source: source.into(),
            sentences: sentences.into_iter().map(Into::into).collect(),
            beside: Beside::default(),
        }
    }

    /// The same in pieces of at most so many inputs, the sentence that others are compared with
    /// among them, in order: what comes of each goes behind what came before.
    pub fn pieces(mut self, most: usize) -> impl Iterator<Item = Self> {
        let sentences = std::mem::take(&mut self.sentences);
        pieces(sentences, most.saturating_sub(1)).map(move |sentences| Self {
            sentences,
            ..self.clone()
        })
    }
}

beside!(Similarity);

#[derive(Serialize)]
struct Ask<'a> {
    inputs: Inputs<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Beside>,
}

#[derive(Serialize)]
struct Inputs<'a> {
    source_sentence: &'a str,
    sentences: &'a [String],
}

impl Operation for Similarity {
    type Output = Vec<f32>;
    const NAME: &'static str = "tei.similarity";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        let ask = Ask {
            inputs: Inputs {
                source_sentence: &self.source,
                sentences: &self.sentences,
            },
            parameters: (self.beside != Beside::default()).then_some(&self.beside),
        };
        post("/similarity", &ask, self.sentences.len())
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Vec<f32>> {
        numbers(&body, self.sentences.len(), "cosines")
    }
}
