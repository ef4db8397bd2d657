//! Rankings: documents in the order of what they say about a query.
//!
//! <https://docs.cohere.com/reference/rerank>

use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    Json, RerankRequest, RerankResponse, Result, Warning,
    chat::Warnings,
    protocol::{check_rerank, read, write},
    rerank::{Ranked, RerankDocument},
};

use crate::{PROVIDER, usage};

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
        // Cohere asks for fields as YAML, which JSON is.
        warnings.push(Warning::coerced(
            "documents",
            "fields",
            "their JSON as text",
        ));
    }
    let documents = request.documents.iter().map(RerankDocument::as_text);
    let ask = Ask {
        model: &request.model,
        query: &request.query,
        documents: documents.collect(),
        top_n: request.top_n,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

#[derive(Deserialize)]
struct Answer {
    id: Option<String>,
    results: Vec<Place>,
    meta: Option<Json>,
}

#[derive(Deserialize)]
struct Place {
    index: usize,
    relevance_score: f64,
}

pub(crate) fn response(
    request: &RerankRequest,
    head: &Parts,
    body: &[u8],
) -> Result<RerankResponse> {
    let answer: Answer = read(body)?;
    let places = answer.results.into_iter();
    let places = places.map(|place| Ranked::new(place.index, place.relevance_score));
    // The answer does not name its model.
    let mut response = RerankResponse::of(request, request.model.as_str(), places.collect())?;
    response.id = answer.id;
    response.warnings = usage::warnings(head, answer.meta.as_ref());
    response.usage = answer.meta.and_then(usage::read).unwrap_or_default();
    Ok(response)
}
