//! Where words are from.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Citation.html>

use serde::Deserialize;
use trunkline_core::{
    Ext, Json,
    chat::{Citation, Locator},
};

use crate::{PROVIDER, said::Words};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cited {
    title: Option<String>,
    source: Option<String>,
    source_content: Option<Vec<Words>>,
    location: Option<Location>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    web: Option<Web>,
    document_char: Option<Span>,
    document_page: Option<Span>,
    document_chunk: Option<Span>,
    search_result_location: Option<Span>,
}

#[derive(Deserialize)]
struct Web {
    url: Option<String>,
    domain: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Span {
    #[serde(alias = "searchResultIndex")]
    document_index: Option<u64>,
    start: Option<u64>,
    end: Option<u64>,
}

/// A citation, with Bedrock's own words in its `ext`, which go back as they came.
pub(crate) fn citation(raw: &Json) -> Citation {
    let cited: Cited = raw.read().unwrap_or_default();
    let mut citation = Citation::default();
    citation.source.title = cited.title;
    match cited.source {
        Some(source) if source.starts_with("http") => citation.source.url = Some(source),
        source => citation.source.id = source,
    }
    let words = cited.source_content.into_iter().flatten();
    let words: String = words.filter_map(|words| words.text).collect();
    citation.cited_text = Some(words).filter(|words| !words.is_empty());
    if let Some(at) = cited.location {
        if let Some(web) = at.web {
            citation.source.url = web.url;
            citation.source.title = citation.source.title.or(web.domain);
        }
        let spans = [
            at.document_char,
            at.document_page,
            at.document_chunk,
            at.search_result_location,
        ];
        let span = spans
            .into_iter()
            .zip(0..)
            .find_map(|(span, kind)| Some((span?, kind)));
        if let Some((span, kind)) = span {
            citation.source.index = span.document_index;
            citation.locator = locator(&span, kind);
        }
    }
    let mut ext = Ext::default();
    ext.insert(PROVIDER.id, raw.clone());
    citation.ext = ext;
    citation
}

fn locator(span: &Span, kind: u8) -> Option<Locator> {
    let (start, end) = (span.start?, span.end?);
    Some(match kind {
        0 => Locator::CharRange { start, end },
        1 => Locator::Page { start, end },
        2 => Locator::Block { start, end },
        _ => Locator::SearchResult {
            index: span.document_index?,
            start: Some(start),
            end: Some(end),
        },
    })
}
