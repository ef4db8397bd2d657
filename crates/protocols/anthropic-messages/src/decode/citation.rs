//! Citations: five kinds of places.
//!
//! <https://platform.claude.com/docs/en/build-with-claude/citations>,
//! <https://platform.claude.com/docs/en/build-with-claude/search-results>

use trunkline_core::{
    Ext, Json, Result,
    chat::{Citation, CitedSource, Locator},
    protocol::read,
};

use crate::{ORIGIN, wire::Cited};

/// A citation. All of it is kept as it came, since the model wants it back with its text.
pub(super) fn of(raw: Json) -> Result<Citation> {
    let cited: Cited = read(raw.get().as_bytes())?;
    let mut citation = Citation::default();
    citation.locator = locator(&cited);
    citation.cited_text = cited.cited_text;
    citation.source = source(cited.url, cited.source);
    citation.source.title = cited.document_title.or(cited.title);
    citation.source.index = cited.document_index;
    citation.source.id = citation.source.id.or(cited.file_id);
    let mut ext = Ext::default();
    ext.insert(ORIGIN, raw);
    citation.ext = ext;
    Ok(citation)
}

/// A page on the web, or what the application called the source of a search result.
fn source(url: Option<String>, source: Option<String>) -> CitedSource {
    let mut cited = CitedSource::default();
    match source {
        Some(address) if address.contains("://") => cited.url = url.or(Some(address)),
        other => (cited.url, cited.id) = (url, other),
    }
    cited
}

fn locator(cited: &Cited) -> Option<Locator> {
    Some(match cited.kind.as_deref()? {
        "char_location" => Locator::CharRange {
            start: cited.start_char_index?,
            end: cited.end_char_index?,
        },
        "page_location" => Locator::Page {
            start: cited.start_page_number?,
            end: cited.end_page_number?,
        },
        "content_block_location" => Locator::Block {
            start: cited.start_block_index?,
            end: cited.end_block_index?,
        },
        "search_result_location" => Locator::SearchResult {
            index: cited.search_result_index?,
            start: cited.start_block_index,
            end: cited.end_block_index,
        },
        _ => return None,
    })
}
