//! Rankings, in the shape of Cohere's.
//!
//! <https://docs.openvino.ai/2026/model-server/ovms_docs_rest_api_rerank.html>

use serde::{Deserialize, Serialize};
use trunkline_core::{
    RerankRequest, RerankResponse, Result, Warning,
    chat::Warnings,
    protocol::{check_rerank, read, write},
    rerank::{Ranked, RerankDocument},
};

use crate::PROVIDER;

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    query: &'a str,
    documents: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_n: Option<u32>,
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
    let ask = Ask {
        model: &request.model,
        query: &request.query,
        documents: request
            .documents
            .iter()
            .map(RerankDocument::as_text)
            .collect(),
        top_n: request.top_n,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

#[derive(Deserialize)]
struct Answer {
    results: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    index: usize,
    relevance_score: f64,
}

pub(crate) fn response(request: &RerankRequest, body: &[u8]) -> Result<RerankResponse> {
    let answer: Answer = read(body)?;
    let places = answer.results.into_iter();
    let places = places.map(|place| Ranked::new(place.index, place.relevance_score));
    // Neither the model is named, nor what it cost.
    RerankResponse::of(request, request.model.as_str(), places.collect())
}
