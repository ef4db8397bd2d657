//! Rankings: documents in the order of what they say about a query.
//!
//! <https://docs.vllm.ai/en/latest/models/pooling_models/scoring/>

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use trunkline_core::{
    Json, RerankRequest, RerankResponse, Result, Usage, Warning,
    chat::{Completeness, Warnings},
    protocol::{check_rerank, read, write},
    rerank::{Ranked, RerankDocument},
};

use crate::PROVIDER;

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    query: &'a str,
    documents: Vec<Input<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_n: Option<u32>,
}

/// One text, or pieces of content: `{"content":[{"type":"image_url",…}]}`.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Input<'a> {
    Text(&'a str),
    Pieces(&'a Json),
}

impl<'a> Input<'a> {
    pub(crate) fn of(document: &'a RerankDocument) -> Self {
        match document {
            RerankDocument::Fields(fields) if is_content(fields) => Self::Pieces(fields),
            other => Self::Text(other.as_text()),
        }
    }
}

/// Whether the fields are the server's own form of pictures, films and texts.
fn is_content(fields: &Json) -> bool {
    #[derive(Deserialize)]
    struct Pieces {
        #[allow(dead_code, reason = "it is asked for its form only")]
        content: Vec<serde::de::IgnoredAny>,
    }
    fields.read::<Pieces>().is_ok()
}

pub(crate) fn body(request: &RerankRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    check_rerank(PROVIDER.capabilities, request)?;
    let fields = |document: &RerankDocument| match document {
        RerankDocument::Fields(fields) => !is_content(fields),
        _ => false,
    };
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
        documents: request.documents.iter().map(Input::of).collect(),
        top_n: request.top_n,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

#[derive(Deserialize)]
struct Answer<'a> {
    id: Option<String>,
    model: Option<String>,
    #[serde(borrow)]
    results: Vec<Place<'a>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Place<'a> {
    index: usize,
    relevance_score: f64,
    #[serde(borrow)]
    document: Option<&'a RawValue>,
}

/// A document as it came back; what a gateway sends in another form is none.
fn document(raw: &RawValue) -> Option<RerankDocument> {
    #[derive(Deserialize)]
    struct Wire {
        text: Option<String>,
        multi_modal: Option<Json>,
    }
    let wire: Wire = serde_json::from_str(raw.get()).ok()?;
    let pieces = |pieces: Json| {
        let fields = Json::parse(format!(r#"{{"content":{}}}"#, pieces.get()));
        fields.ok().map(RerankDocument::from)
    };
    let text = wire.text.map(RerankDocument::from);
    text.or_else(|| wire.multi_modal.and_then(pieces))
}

pub(crate) fn response(request: &RerankRequest, body: &[u8]) -> Result<RerankResponse> {
    let answer: Answer<'_> = read(body)?;
    let places = answer.results.into_iter().map(|place| {
        let mut ranked = Ranked::new(place.index, place.relevance_score);
        ranked.document = place.document.and_then(document);
        ranked
    });
    let model = answer.model.unwrap_or_else(|| request.model.clone());
    let mut response = RerankResponse::of(request, model, places.collect())?;
    response.id = answer.id;
    response.usage = answer.usage.map(usage).unwrap_or_default();
    Ok(response)
}

fn usage(raw: &RawValue) -> Usage {
    let mut usage = Usage::default();
    usage.input.total = prompt_tokens(raw);
    if usage.input.total.is_some() {
        usage.completeness = Completeness::Final;
    }
    usage.raw = Some(raw.into());
    usage
}

/// What went in, as all that is no chat tells it.
pub(crate) fn prompt_tokens(raw: &RawValue) -> Option<u64> {
    #[derive(Deserialize)]
    struct Wire {
        prompt_tokens: Option<u64>,
        total_tokens: Option<u64>,
    }
    let wire: Wire = serde_json::from_str(raw.get()).ok()?;
    wire.prompt_tokens.or(wire.total_tokens)
}
