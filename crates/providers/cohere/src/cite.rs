//! Citations: which words of an answer stand on which documents or tool results.
//!
//! Several sources of one passage become as many citations of ours, with the same span. The first
//! of them keeps Cohere's own, which goes back with the text in the next request.
//!
//! <https://docs.cohere.com/v2/docs/rag-citations>, <https://docs.cohere.com/v2/docs/tool-use-citations>

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::chat::Citation;

use crate::PROVIDER;

/// A citation, read.
pub(crate) struct Cited {
    /// The block of the answer's text that it is about; `None` if it is about thoughts or a plan.
    pub(crate) block: Option<u64>,
    pub(crate) citations: Vec<Citation>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    start: Option<u64>,
    end: Option<u64>,
    content_index: Option<u64>,
    #[serde(borrow)]
    sources: Option<Vec<Source<'a>>>,
}

#[derive(Default, Deserialize)]
struct Source<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    #[serde(borrow)]
    document: Option<About<'a>>,
    #[serde(borrow)]
    tool_output: Option<About<'a>>,
}

/// The fields of a source are the application's own: of any names, and of any types.
#[derive(Deserialize)]
struct About<'a> {
    #[serde(borrow)]
    title: Option<&'a RawValue>,
    #[serde(borrow)]
    url: Option<&'a RawValue>,
}

/// Reads a citation of an answer to a request with `documents`; `None` if it has another form than
/// documented.
pub(crate) fn read(raw: &RawValue, documents: &[String]) -> Option<Cited> {
    let wire: Wire<'_> = serde_json::from_str(raw.get()).ok()?;
    let span = wire.start.zip(wire.end).map(|(start, end)| start..end);
    let mut sources = wire.sources.unwrap_or_default();
    if sources.is_empty() {
        sources.push(Source::default());
    }
    let mut citations = Vec::with_capacity(sources.len());
    for source in sources {
        let mut citation = Citation::default();
        citation.span_in_output.clone_from(&span);
        let about = source.document.or(source.tool_output);
        let told = |field: fn(&About<'_>) -> Option<String>| about.as_ref().and_then(field);
        citation.source.title = told(|about| words(about.title));
        citation.source.url = told(|about| words(about.url));
        if source.kind.as_deref() == Some("document") {
            let place = documents
                .iter()
                .position(|id| Some(id) == source.id.as_ref());
            citation.source.index = place.and_then(|place| u64::try_from(place).ok());
        }
        citation.source.id = source.id;
        if citations.is_empty() {
            citation.ext.insert(PROVIDER.id, raw.into());
        }
        citations.push(citation);
    }
    let is_text = wire
        .kind
        .as_deref()
        .is_none_or(|kind| kind == "TEXT_CONTENT");
    Some(Cited {
        block: is_text.then(|| wire.content_index.unwrap_or(0)),
        citations,
    })
}

fn words(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}
