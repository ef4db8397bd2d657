//! Rankings: `[{"index":1,"score":0.9}, …]`, the best first.
//!
//! `/rerank` of <https://huggingface.github.io/text-embeddings-inference/>

use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    Capabilities, RerankRequest, RerankResponse, Result, Warning,
    chat::Warnings,
    protocol::{check_rerank, read, write},
    rerank::{Ranked, RerankDocument},
};

use crate::{PROVIDER, usage};

#[derive(Serialize)]
struct Ask<'a> {
    query: &'a str,
    texts: Vec<&'a str>,
}

#[derive(Deserialize)]
struct Place {
    index: usize,
    score: f64,
    text: Option<String>,
}

pub(crate) fn body(
    can: Capabilities,
    request: &RerankRequest,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    check_rerank(can, request)?;
    // Every text gets its score.
    warnings.unsupported_if(request.top_n.is_some(), "top_n");
    let fields = |document: &RerankDocument| matches!(document, RerankDocument::Fields(_));
    if request.documents.iter().any(fields) {
        warnings.push(Warning::coerced(
            "documents",
            "fields",
            "their JSON as text",
        ));
    }
    let texts = request.documents.iter().map(RerankDocument::as_text);
    let ask = Ask {
        query: &request.query,
        texts: texts.collect(),
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

pub(crate) fn response(
    request: &RerankRequest,
    head: &Parts,
    body: &[u8],
) -> Result<RerankResponse> {
    let places: Vec<Place> = read(body)?;
    let places = places.into_iter().map(|place| {
        let ranked = Ranked::new(place.index, place.score);
        match place.text {
            Some(text) => ranked.document(text),
            None => ranked,
        }
    });
    // The answer does not name its model.
    let mut response = RerankResponse::of(request, request.model.as_str(), places.collect())?;
    response.usage = usage::of_head(head);
    Ok(response)
}
