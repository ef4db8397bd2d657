//! Documents in the order of what they say about a query.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Error, Json, Result,
    chat::{Meta, Usage, Warning},
    request::request_setters,
};

/// A request to put documents in the order of what they say about a query.
///
/// ```
/// use trunkline_core::RerankRequest;
///
/// let request = RerankRequest::new("What do otters eat?", ["Fish.", "Otters sleep afloat."])
///     .model("rerank-v3.5")
///     .top_n(1);
/// assert_eq!(request.documents.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RerankRequest {
    /// Which model; empty takes the one that the call is made on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// What is looked for.
    pub query: String,
    /// Where it is looked for.
    pub documents: Vec<RerankDocument>,
    /// How many of them shall come back, the best ones; `None` asks for all. A wire that has no
    /// place for it leaves a warning, and all come back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_n: Option<u32>,
    /// What only one provider takes, by its id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, Json>,
    /// A JSON merge patch over the encoded body, last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<Json>,
    /// Refuse, before sending, what the wire cannot carry as asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

/// One document to be ranked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RerankDocument {
    /// Words.
    Text(String),
    /// A JSON object of fields, `{"title": …, "text": …}`, for the models that read those. A wire
    /// that knows only words gets its text, and the answer a warning.
    Fields(Json),
}

impl RerankDocument {
    /// Its words: those of a text, or the JSON of its fields, for a wire that knows only words.
    pub fn as_text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Fields(fields) => fields.get(),
        }
    }
}

/// The documents in the order of what they say about the query, the best first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RerankResponse {
    /// The provider's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The model, as the provider calls it; empty where it does not say.
    pub model: String,
    /// The documents, the best first.
    pub results: Vec<Ranked>,
    /// What it cost. Where searches and no tokens are billed, in [`Usage::billed`].
    pub usage: Usage,
    /// What of the request was not carried as asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// The HTTP side of it. Not stored.
    #[serde(skip)]
    pub meta: Meta,
}

/// One document's place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ranked {
    /// Which of the request's documents, from 0.
    pub index: usize,
    /// How much it says about the query: more is better. The scale is the model's own; many go from
    /// 0 to 1, some give logits below 0. Scores of two models cannot be compared.
    pub score: f64,
    /// The document itself, where the provider sends it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<RerankDocument>,
}

impl Ranked {
    /// The request's document `index`, from 0, and its score.
    pub fn new(index: usize, score: f64) -> Self {
        Self {
            index,
            score,
            document: None,
        }
    }

    /// Sets the document as it came back.
    #[must_use]
    pub fn document(mut self, document: impl Into<RerankDocument>) -> Self {
        self.document = Some(document.into());
        self
    }
}

impl RerankResponse {
    /// These places, the highest score first whatever their order. Equal scores keep theirs.
    pub fn new(model: impl Into<String>, mut results: Vec<Ranked>) -> Self {
        results.sort_by(|one, other| other.score.total_cmp(&one.score));
        Self {
            model: model.into(),
            results,
            ..Self::default()
        }
    }

    /// The same, as the answer to `request`: for a protocol, which reads what somebody else wrote.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::ErrorKind::Decode): a place is of a document that the request does not
    /// have, or two are of the same one.
    ///
    /// ```
    /// use trunkline_core::{RerankRequest, RerankResponse, rerank::Ranked};
    ///
    /// let request = RerankRequest::new("otters", ["a", "b"]);
    /// let places = vec![Ranked::new(0, 0.1), Ranked::new(1, 0.9)];
    /// let answer = RerankResponse::of(&request, "m", places)?;
    /// assert_eq!(answer.results[0].index, 1);
    /// assert!(RerankResponse::of(&request, "m", vec![Ranked::new(2, 0.5)]).is_err());
    /// # Ok::<(), trunkline_core::Error>(())
    /// ```
    pub fn of(
        request: &RerankRequest,
        model: impl Into<String>,
        results: Vec<Ranked>,
    ) -> Result<Self> {
        let mut seen = vec![false; request.documents.len()];
        for place in &results {
            let index = place.index;
            let Some(seen) = seen.get_mut(index) else {
                let documents = request.documents.len();
                return Err(Error::decode(format!(
                    "document {index} is ranked, and there are {documents}, from 0"
                )));
            };
            if std::mem::replace(seen, true) {
                return Err(Error::decode(format!("document {index} is ranked twice")));
            }
        }
        Ok(Self::new(model, results))
    }
}

impl RerankRequest {
    /// A request for the order of `documents` by what they say about `query`.
    pub fn new<D: Into<RerankDocument>>(
        query: impl Into<String>,
        documents: impl IntoIterator<Item = D>,
    ) -> Self {
        Self {
            query: query.into(),
            documents: documents.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Sets how many documents shall come back, the best ones.
    #[must_use]
    pub fn top_n(mut self, documents: u32) -> Self {
        self.top_n = Some(documents);
        self
    }
}

request_setters!(RerankRequest: model, option, body_patch, strict);

impl From<&str> for RerankDocument {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for RerankDocument {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for RerankDocument {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Json> for RerankDocument {
    fn from(fields: Json) -> Self {
        Self::Fields(fields)
    }
}
