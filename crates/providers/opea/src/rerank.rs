//! Rankings: documents in the order of what they say about a query. The microservice answers with the
//! texts, not with their numbers.
//!
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/rerankings/src/README_tei.md>

use serde::{Deserialize, Serialize};
use trunkline_core::{
    Error, RerankRequest, RerankResponse, Result, Warning,
    chat::Warnings,
    protocol::{check_rerank, read, write},
    rerank::{Ranked, RerankDocument},
};

use crate::PROVIDER;

/// `RerankingRequest`. Without `top_n` one document comes back.
#[derive(Serialize)]
struct Ask<'a> {
    input: &'a str,
    retrieved_docs: Vec<Document<'a>>,
    top_n: u32,
}

#[derive(Serialize)]
struct Document<'a> {
    text: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    reranked_docs: Option<Vec<Place>>,
}

#[derive(Deserialize)]
struct Place {
    text: String,
    score: Option<f64>,
}

pub(crate) fn body(request: &RerankRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    check_rerank(PROVIDER.capabilities, request)?;
    let fields = |document: &RerankDocument| matches!(document, RerankDocument::Fields(_));
    if request.documents.iter().any(fields) {
        warnings.push(Warning::coerced(
            "documents",
            "fields",
            "their JSON as text",
        ));
    }
    let documents = request.documents.iter();
    let ask = Ask {
        input: &request.query,
        retrieved_docs: documents
            .map(|document| Document {
                text: document.as_text(),
            })
            .collect(),
        top_n: request
            .top_n
            .unwrap_or_else(|| u32::try_from(request.documents.len()).unwrap_or(u32::MAX)),
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

pub(crate) fn response(request: &RerankRequest, body: &[u8]) -> Result<RerankResponse> {
    let answer: Answer = read(body)?;
    let places = answer
        .reranked_docs
        .ok_or_else(|| Error::decode("the answer has no documents in it"))?;
    let mut left: Vec<Option<&str>> = request
        .documents
        .iter()
        .map(|document| Some(document.as_text()))
        .collect();
    let mut ranked = Vec::with_capacity(places.len().min(left.len()));
    for place in places {
        // Of documents that are the same, each is found once.
        let is_it = |document: &Option<&str>| *document == Some(place.text.as_str());
        let index = left.iter().position(is_it);
        let index = index.ok_or_else(|| {
            Error::decode("a document came back that the request does not have, or not so often")
        })?;
        if let Some(found) = left.get_mut(index) {
            *found = None;
        }
        // Some backends order and do not score: equal scores keep their order.
        ranked.push(Ranked::new(index, place.score.unwrap_or(0.0)));
    }
    RerankResponse::of(request, request.model.as_str(), ranked)
}
