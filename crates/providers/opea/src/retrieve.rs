//! Documents that are near a vector: what the retriever's microservice finds.
//!
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/retrievers/src/README_redis.md>

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    Class, Json, Operation, Result, embed::Embedding, protocol::read, raw::RawRequest,
};

trunkline_core::options! {
    /// How documents are looked for.
    pub struct RetrieveOptions {
        /// `similarity`, which is the default, `similarity_distance_threshold`,
        /// `similarity_score_threshold` or `mmr`.
        search_type: String,
        /// How many are found; 4 by default.
        k: u32,
        /// How far away one may be, for `similarity_distance_threshold`.
        distance_threshold: f64,
        /// How many `mmr` chooses from; 20 by default.
        fetch_k: u32,
        /// How much `mmr` cares that they are not alike, from 0 to 1, which is not at all; 0.5 by
        /// default.
        lambda_mult: f64,
        /// How well one has to fit, for `similarity_score_threshold`; 0.2 by default.
        score_threshold: f64,
        /// In which index.
        index_name: String,
        /// What holds of them, as the store behind the service has it.
        constraints: Json,
    }
}

/// Looks for documents that are near the vector of a text, which an embedding of the store's own model
/// made.
///
/// ```no_run
/// use trunkline_opea::{Opea, Retrieve, RetrieveOptions, prelude::*};
///
/// # async fn retrieve(embedding: &Opea, retriever: &Opea) -> Result<()> {
/// let question = "When is high water?";
/// let embedded = embedding.model("embedding").embed([question]).await?;
/// let near = Retrieve::new(question, &embedded.vectors[0]).options(RetrieveOptions::new().k(8_u32));
/// for document in retriever.backend().ask(near).await? {
///     println!("{}", document.text);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Retrieve {
    /// What is looked for.
    pub text: String,
    /// Its vector.
    pub embedding: Vec<f32>,
    /// How.
    #[serde(flatten)]
    pub options: RetrieveOptions,
    /// Where the service is, below the base URL; `/v1/retrieval` by default.
    #[serde(skip)]
    pub path: Option<String>,
}

/// A document that was found.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Retrieved {
    /// Its id.
    pub id: Option<String>,
    /// What it says.
    pub text: String,
    /// What the store knows of it, where it says so of each.
    pub metadata: Option<Json>,
}

impl Retrieve {
    /// What is near this text's vector.
    pub fn new(text: impl Into<String>, vector: &Embedding) -> Self {
        Self {
            text: text.into(),
            embedding: vector.as_slice().to_vec(),
            options: RetrieveOptions::new(),
            path: None,
        }
    }

    /// Sets how documents are looked for.
    #[must_use]
    pub fn options(mut self, options: RetrieveOptions) -> Self {
        self.options = options;
        self
    }

    /// Sets where the service is, below the base URL.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

/// `SearchedDoc`, with the metadata apart, or `RetrievalResponse`, with it inside.
#[derive(Deserialize)]
struct Answer {
    retrieved_docs: Vec<Document>,
    metadata: Option<Vec<Json>>,
}

#[derive(Deserialize)]
struct Document {
    id: Option<String>,
    text: Option<String>,
    metadata: Option<Json>,
}

impl Operation for Retrieve {
    type Output = Vec<Retrieved>;
    const NAME: &'static str = "opea.retrieve";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        let path = self.path.as_deref().unwrap_or("/v1/retrieval");
        Ok(RawRequest::post(path, &Json::of(self)?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Vec<Retrieved>> {
        let answer: Answer = read(&body)?;
        let documents = answer.retrieved_docs;
        // Those without any are passed over there: then nobody knows whose is whose.
        let apart = answer.metadata.unwrap_or_default();
        let apart = if apart.len() == documents.len() {
            apart.into_iter().map(Some).collect()
        } else {
            vec![None; documents.len()]
        };
        let found = documents.into_iter().zip(apart);
        Ok(found
            .map(|(document, apart)| Retrieved {
                id: document.id,
                text: document.text.unwrap_or_default(),
                metadata: document.metadata.or(apart),
            })
            .collect())
    }
}
