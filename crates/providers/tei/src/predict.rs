//! Classes of texts, and of pairs of them.
//!
//! `/predict` of <https://huggingface.github.io/text-embeddings-inference/>

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize, Serializer};
use trunkline_core::{Class, Operation, Result, raw::RawRequest};

use crate::{
    TruncationDirection,
    embed::counted,
    many::{pieces, post},
};

/// What a classifier says of texts or pairs: `backend.ask(Predict::new(["I like otters."]))`, a list
/// for each, the likeliest label first.
///
/// ```no_run
/// use trunkline_tei::{Predict, Tei, prelude::*};
///
/// # async fn classes() -> Result<()> {
/// let tei = Tei::from_env()?;
/// let pair = Predict::new([("An otter swims.", "An animal is in the water.")]);
/// for label in tei.backend().ask(pair).await?.concat() {
///     println!("{:.2} {}", label.score, label.label);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Predict {
    inputs: Vec<Sequence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncation_direction: Option<TruncationDirection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_scores: Option<bool>,
}

impl Predict {
    /// Of these texts, or pairs.
    pub fn new<S: Into<Sequence>>(inputs: impl IntoIterator<Item = S>) -> Self {
        Self {
            inputs: inputs.into_iter().map(Into::into).collect(),
            truncate: None,
            truncation_direction: None,
            raw_scores: None,
        }
    }

    /// Sets whether inputs longer than the model takes are cut, and not refused; unless set, what
    /// the server was started with.
    #[must_use]
    pub fn truncate(mut self, cut: bool) -> Self {
        self.truncate = Some(cut);
        self
    }

    /// Sets which end is cut; the right one unless set.
    #[must_use]
    pub fn truncation_direction(mut self, direction: TruncationDirection) -> Self {
        self.truncation_direction = Some(direction);
        self
    }

    /// Sets whether scores are the model's own numbers, and not likelihoods.
    #[must_use]
    pub fn raw_scores(mut self, raw: bool) -> Self {
        self.raw_scores = Some(raw);
        self
    }

    /// The same in pieces of at most so many inputs, in order: what comes of each goes behind what
    /// came before.
    pub fn pieces(mut self, most: usize) -> impl Iterator<Item = Self> {
        let inputs = std::mem::take(&mut self.inputs);
        pieces(inputs, most).map(move |inputs| Self {
            inputs,
            ..self.clone()
        })
    }
}

/// What is classified.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sequence {
    /// A text.
    Single(String),
    /// Two texts, by how they stand to each other.
    Pair(String, String),
}

/// A list of one or two, as the wire has it among others.
impl Serialize for Sequence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Single(text) => [text].serialize(serializer),
            Self::Pair(one, other) => [one, other].serialize(serializer),
        }
    }
}

impl From<&str> for Sequence {
    fn from(text: &str) -> Self {
        Self::Single(text.to_owned())
    }
}

impl From<String> for Sequence {
    fn from(text: String) -> Self {
        Self::Single(text)
    }
}

impl<A: Into<String>, B: Into<String>> From<(A, B)> for Sequence {
    fn from((one, other): (A, B)) -> Self {
        Self::Pair(one.into(), other.into())
    }
}

/// One label, and how much it fits.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Prediction {
    /// How much: a likelihood from 0 to 1, or the model's own number.
    pub score: f32,
    /// The label, as the model's configuration calls it.
    pub label: String,
}

impl Operation for Predict {
    type Output = Vec<Vec<Prediction>>;
    const NAME: &'static str = "tei.predict";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        post("/predict", self, self.inputs.len())
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Self::Output> {
        counted(&body, self.inputs.len(), "lists of labels")
    }
}
