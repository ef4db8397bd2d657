//! Rankings, by a server that was started with `--reranking`. Scores are the model's logits, and may
//! be below 0.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use serde::{Deserialize, Serialize};
use trunkline_core::{
    Json, RerankRequest, RerankResponse, Result, Warning,
    chat::{Completeness, Usage, Warnings},
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
        let sent = "their JSON as text";
        warnings.push(Warning::coerced("documents", "fields", sent));
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
    model: Option<String>,
    results: Vec<Place>,
    usage: Option<Json>,
}

#[derive(Deserialize)]
struct Place {
    index: usize,
    relevance_score: f64,
}

#[derive(Deserialize)]
struct Tokens {
    prompt_tokens: Option<u64>,
}

pub(crate) fn response(request: &RerankRequest, body: &[u8]) -> Result<RerankResponse> {
    let answer: Answer = read(body)?;
    let places = answer.results.into_iter();
    let places = places.map(|place| Ranked::new(place.index, place.relevance_score));
    let model = answer.model.unwrap_or_default();
    let mut response = RerankResponse::of(request, model, places.collect())?;
    response.usage = answer.usage.and_then(usage).unwrap_or_default();
    Ok(response)
}

fn usage(raw: Json) -> Option<Usage> {
    let tokens = raw.read::<Tokens>().ok()?.prompt_tokens?;
    let mut usage = Usage::default();
    usage.input.total = Some(tokens);
    usage.completeness = Completeness::Final;
    usage.raw = Some(raw);
    Some(usage)
}
