//! Vectors that are no embedding as others have it: one for each token, and sparse ones.
//!
//! `/embed_all` and `/embed_sparse` of <https://huggingface.github.io/text-embeddings-inference/>

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    Class, Error, ErrorKind, Json, Operation, Result, embed::EmbedInput, raw::RawRequest,
};

use crate::{
    TruncationDirection,
    embed::{Input, inputs, numbers},
};

/// A POST of `body`, which has `count` inputs.
pub(crate) fn post(path: &str, body: &impl Serialize, count: usize) -> Result<RawRequest> {
    if count == 0 {
        let what = format!("there is nothing to ask {path} for");
        return Err(Error::new(ErrorKind::InvalidRequest, what));
    }
    Ok(RawRequest::post(path, &Json::of(body)?))
}

/// So many at a time, in order; one at least.
pub(crate) fn pieces<T>(mut all: Vec<T>, most: usize) -> impl Iterator<Item = Vec<T>> {
    std::iter::from_fn(move || {
        let rest = all.split_off(all.len().min(most.max(1)));
        let piece = std::mem::replace(&mut all, rest);
        (!piece.is_empty()).then_some(piece)
    })
}

/// What inputs longer than the model takes come to, and which prompt goes before them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Beside {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) truncate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) truncation_direction: Option<TruncationDirection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_name: Option<String>,
}

#[derive(Serialize)]
struct Ask<'a> {
    inputs: Vec<Input<'a>>,
    #[serde(flatten)]
    beside: &'a Beside,
}

macro_rules! beside {
    ($operation:ident) => {
        impl $operation {
            /// Sets whether inputs longer than the model takes are cut, and not refused; unless set,
            /// what the server was started with.
            #[must_use]
            pub fn truncate(mut self, cut: bool) -> Self {
                self.beside.truncate = Some(cut);
                self
            }

            /// Sets which end is cut; the right one unless set.
            #[must_use]
            pub fn truncation_direction(mut self, direction: crate::TruncationDirection) -> Self {
                self.beside.truncation_direction = Some(direction);
                self
            }

            /// Sets which of the model's own prompts goes before each input.
            #[must_use]
            pub fn prompt_name(mut self, name: impl Into<String>) -> Self {
                self.beside.prompt_name = Some(name.into());
                self
            }
        }
    };
}
pub(crate) use beside;

macro_rules! embeds {
    ($(#[$doc:meta])+ $operation:ident, $name:literal, $path:literal, $output:ty) => {
        $(#[$doc])+
        #[derive(Clone, Debug, PartialEq)]
        pub struct $operation {
            inputs: Vec<EmbedInput>,
            beside: Beside,
        }

        impl $operation {
            /// Of these texts, or tokens.
            pub fn new<I: Into<EmbedInput>>(inputs: impl IntoIterator<Item = I>) -> Self {
                Self {
                    inputs: inputs.into_iter().map(Into::into).collect(),
                    beside: Beside::default(),
                }
            }

            /// The same in pieces of at most so many inputs, in order: what comes of each goes behind
            /// what came before.
            pub fn pieces(mut self, most: usize) -> impl Iterator<Item = Self> {
                let inputs = std::mem::take(&mut self.inputs);
                pieces(inputs, most).map(move |inputs| Self { inputs, ..self.clone() })
            }
        }

        beside!($operation);

        impl Operation for $operation {
            type Output = Vec<$output>;
            const NAME: &'static str = $name;
            const CLASS: Class = Class::Billed;

            fn encode(&self) -> Result<RawRequest> {
                let ask = Ask {
                    inputs: inputs(&self.inputs)?,
                    beside: &self.beside,
                };
                post($path, &ask, self.inputs.len())
            }

            fn decode(&self, _head: &Parts, body: Bytes) -> Result<Self::Output> {
                numbers(&body, self.inputs.len(), "embeddings")
            }
        }
    };
}

embeds! {
    /// A vector for each token of each input, as the model gives them before they are pooled:
    /// `backend.ask(EmbedAll::new(["otter"]))`. For models that compare token by token; those with
    /// SPLADE pooling are [`Unsupported`](trunkline_core::ErrorKind::Unsupported).
    ///
    /// ```no_run
    /// use trunkline_tei::{EmbedAll, MAX_BATCH, Tei, prelude::*};
    ///
    /// # async fn all(pages: Vec<String>) -> Result<()> {
    /// let tei = Tei::from_env()?;
    /// let mut embedded = Vec::new();
    /// for piece in EmbedAll::new(pages).truncate(true).pieces(MAX_BATCH) {
    ///     embedded.extend(tei.backend().ask(piece).await?);
    /// }
    /// # Ok(()) }
    /// ```
    EmbedAll, "tei.embed_all", "/embed_all", Vec<Vec<f32>>
}

embeds! {
    /// Vectors of which only what is not 0 is told: `backend.ask(EmbedSparse::new(["otter"]))`. For
    /// models with SPLADE pooling (`--pooling splade`).
    ///
    /// ```no_run
    /// use trunkline_tei::{EmbedSparse, Tei, prelude::*};
    ///
    /// # async fn sparse() -> Result<()> {
    /// let tei = Tei::from_env()?;
    /// for words in tei.backend().ask(EmbedSparse::new(["otter"])).await? {
    ///     println!("{words:?}");
    /// }
    /// # Ok(()) }
    /// ```
    EmbedSparse, "tei.embed_sparse", "/embed_sparse", Vec<SparseValue>
}

/// One place of a sparse vector.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct SparseValue {
    /// Which place: a token's number in the model's vocabulary.
    pub index: usize,
    /// What stands there.
    pub value: f32,
}
