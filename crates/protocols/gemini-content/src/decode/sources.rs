//! What an answer stands on: grounding, citations, pages that were read. What is tied to words is a
//! citation of them, all else a source; the provider's own form stays with the answer.
//!
//! <https://ai.google.dev/api/generate-content#GroundingMetadata>. Places in the answer are bytes of
//! all its words, thoughts not among them.

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{
    Ext, Json,
    chat::{Citation, Locator, SourceRef},
};

use super::added::Added;

/// What was found.
pub(super) struct Found {
    /// Citations, each with the place in the answer where it begins.
    pub(super) cited: Vec<(u64, Citation)>,
    pub(super) rest: Vec<SourceRef>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Grounding {
    grounding_chunks: Vec<Chunk>,
    grounding_supports: Vec<Support>,
}

/// One of several kinds; the field says which.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Chunk {
    web: Option<Place>,
    retrieved_context: Option<Place>,
    maps: Option<Place>,
    image: Option<Place>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Place {
    uri: Option<String>,
    source_uri: Option<String>,
    title: Option<String>,
    text: Option<String>,
    document_name: Option<String>,
    file_search_store: Option<String>,
    place_id: Option<String>,
    page_number: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Support {
    segment: Segment,
    grounding_chunk_indices: Vec<u64>,
    confidence_scores: Vec<Json>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Segment {
    start_index: u64,
    end_index: u64,
}

/// Vertex calls the list otherwise.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Citations {
    #[serde(alias = "citations")]
    citation_sources: Vec<Cited>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Cited {
    start_index: u64,
    end_index: u64,
    uri: Option<String>,
    title: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Pages {
    url_metadata: Vec<Page>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Page {
    retrieved_url: Option<String>,
    url_retrieval_status: Option<String>,
}

/// <https://ai.google.dev/api/generate-content#UrlRetrievalStatus>
const UNREAD: [&str; 4] = [
    "URL_RETRIEVAL_STATUS_UNSPECIFIED",
    "URL_RETRIEVAL_STATUS_ERROR",
    "URL_RETRIEVAL_STATUS_PAYWALL",
    "URL_RETRIEVAL_STATUS_UNSAFE",
];

/// How many citations one answer may have: each support names some, and a page of them is enough.
const MAX_CITATIONS: usize = 4_096;
/// How many sources are told that no words stand on. Each is a part of the answer; more of them stay
/// with the answer as they came.
const MAX_SOURCES: usize = 1_024;

pub(super) fn of(added: &Added, provider: &'static str) -> Found {
    let grounding: Grounding = parsed(added.grounding.as_deref());
    let (mut cited, mut used) = (Vec::new(), Vec::new());
    for support in &grounding.grounding_supports {
        let mut scores = support.confidence_scores.iter();
        for &index in &support.grounding_chunk_indices {
            let score = scores.next();
            let at = usize::try_from(index).unwrap_or(usize::MAX);
            let place = grounding.grounding_chunks.get(at).and_then(Chunk::place);
            let Some(place) = place.filter(|_| cited.len() < MAX_CITATIONS) else {
                continue;
            };
            let citation = place.citation(index, &support.segment, score, provider);
            cited.push((support.segment.start_index, citation));
            used.push(at);
        }
    }
    let chunks = grounding
        .grounding_chunks
        .iter()
        .take(MAX_SOURCES)
        .enumerate();
    let unused = chunks.filter(|(at, _)| !used.contains(at));
    let mut rest: Vec<_> = unused
        .filter_map(|(_, chunk)| chunk.place().map(Place::source))
        .collect();
    let citations: Citations = parsed(added.citations.as_deref());
    let room = MAX_CITATIONS.saturating_sub(cited.len());
    for source in citations.citation_sources.into_iter().take(room) {
        let mut citation = Citation::default().span(source.start_index..source.end_index);
        citation.source.url = source.uri;
        citation.source.title = source.title;
        cited.push((source.start_index, citation));
    }
    let pages: Pages = parsed(added.pages.as_deref());
    let is_known = |url: &str| {
        let is_it = |known: &Option<String>| known.as_deref() == Some(url);
        cited
            .iter()
            .any(|(_, citation)| is_it(&citation.source.url))
            || rest.iter().any(|source| is_it(&source.url))
    };
    // Of a status that nobody knows yet it cannot be said that the page was not read.
    let read = |page: &Page| {
        let status = page.url_retrieval_status.as_deref();
        !status.is_some_and(|status| UNREAD.contains(&status))
    };
    let room = MAX_SOURCES.saturating_sub(rest.len());
    let pages = pages.url_metadata.into_iter().take(room).filter(read);
    let pages: Vec<_> = pages
        .filter_map(|page| page.retrieved_url.filter(|url| !is_known(url)))
        .collect();
    rest.extend(pages.into_iter().map(|url| {
        let mut source = SourceRef::default();
        source.url = Some(url);
        source
    }));
    Found { cited, rest }
}

/// What cannot be read stays with the answer as it came, and is not read.
fn parsed<T: Default + for<'a> Deserialize<'a>>(raw: Option<&RawValue>) -> T {
    let parsed = raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
    parsed.unwrap_or_default()
}

/// A citation of words that are not there.
pub(super) fn alone(citation: Citation) -> SourceRef {
    let mut source = SourceRef::default();
    source.url = citation.source.url;
    source.title = citation.source.title;
    source.document = citation.source.id;
    source
}

impl Chunk {
    fn place(&self) -> Option<&Place> {
        let places = [&self.web, &self.retrieved_context, &self.maps, &self.image];
        places.into_iter().find_map(Option::as_ref)
    }
}

impl Place {
    fn url(&self) -> Option<String> {
        self.uri.clone().or_else(|| self.source_uri.clone())
    }

    fn document(&self) -> Option<String> {
        let names = [&self.document_name, &self.file_search_store, &self.place_id];
        names.into_iter().find_map(Clone::clone)
    }

    fn source(&self) -> SourceRef {
        let mut source = SourceRef::default();
        source.url = self.url();
        source.title.clone_from(&self.title);
        source.document = self.document();
        source
    }

    fn citation(
        &self,
        index: u64,
        segment: &Segment,
        score: Option<&Json>,
        provider: &'static str,
    ) -> Citation {
        let mut citation = Citation::default().span(segment.start_index..segment.end_index);
        citation.source.url = self.url();
        citation.source.title.clone_from(&self.title);
        citation.source.id = self.document();
        citation.cited_text.clone_from(&self.text);
        citation.locator = Some(match self.page_number {
            Some(page) => Locator::Page {
                start: page,
                end: page.saturating_add(1),
            },
            None => Locator::SearchResult {
                index,
                start: None,
                end: None,
            },
        });
        if let Some(score) = score
            && let Ok(json) = Json::parse(format!("{{\"confidenceScore\":{score}}}"))
        {
            let mut ext = Ext::default();
            ext.insert(provider, json);
            citation.ext = ext;
        }
        citation
    }
}

/// The likelihood of tokens: each that was chosen, with the others that could have been.
///
/// <https://ai.google.dev/api/generate-content#LogprobsResult>
pub(super) fn logprobs(raw: &RawValue) -> Option<Json> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Result<'a> {
        #[serde(borrow, default)]
        chosen_candidates: Vec<&'a RawValue>,
        #[serde(borrow, default)]
        top_candidates: Vec<Top<'a>>,
    }
    #[derive(Deserialize)]
    struct Top<'a> {
        #[serde(borrow)]
        candidates: Option<&'a RawValue>,
    }
    let result: Result<'_> = serde_json::from_str(raw.get()).ok()?;
    let mut tops = result.top_candidates.iter();
    let entries = result.chosen_candidates.iter().map(|chosen| {
        let others = tops.next().and_then(|top| top.candidates);
        match (chosen.get().trim_end().strip_suffix('}'), others) {
            (Some(fields), Some(others)) => format!("{fields},\"topCandidates\":{others}}}"),
            _ => chosen.get().to_owned(),
        }
    });
    let entries: Vec<_> = entries.collect();
    let list = (!entries.is_empty()).then(|| format!("[{}]", entries.join(",")))?;
    Json::parse(list).ok()
}
