//! Documents: Cohere has them beside the messages, in one list, and cites them by their ids.
//!
//! <https://docs.cohere.com/v2/docs/retrieval-augmented-generation-rag>

use std::{borrow::Cow, collections::BTreeMap};

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{
    ChatRequest, Content, Json, Part, Role,
    chat::{Media, MediaType, Source},
};

use crate::{
    PROVIDER,
    wire::{Document, Fields, Listed},
};

type Options = BTreeMap<String, Json>;

/// The document that a part is: words, or fields where it is a JSON object. `None` for other media:
/// Cohere reads no pages.
pub(super) fn of<'a>(part: &'a Part, media: &'a Media) -> Option<Document<'a>> {
    let text = match &media.source {
        _ if matches!(media.media_type.top_level(), "image" | "audio" | "video") => return None,
        Source::Text(text) => text.as_str(),
        Source::Bytes(bytes) if is_text(&media.media_type) => std::str::from_utf8(bytes).ok()?,
        _ => return None,
    };
    let is_json = media.media_type.subtype().ends_with("json");
    let own = serde_json::from_str::<&RawValue>(text).ok();
    let own = own.filter(|own| is_json && own.get().starts_with('{'));
    let title = media.filename.as_deref();
    Some(Document {
        id: part.id.as_deref(),
        data: own.map_or(Fields::Text { title, text }, Fields::Own),
    })
}

fn is_text(media_type: &MediaType) -> bool {
    let subtype = media_type.subtype();
    let formats = ["json", "xml", "yaml"];
    media_type.top_level() == "text" || formats.iter().any(|format| subtype.ends_with(format))
}

/// Those of the messages and, after them, those of the options; and the options without theirs.
pub(super) fn joined<'a>(
    request: &'a ChatRequest,
    ours: Vec<Document<'a>>,
) -> (Vec<Listed<'a>>, Cow<'a, Options>) {
    if ours.is_empty() {
        // Then those of the options are written as all options are.
        return (Vec::new(), Cow::Borrowed(&request.options));
    }
    let mut listed: Vec<_> = ours.into_iter().map(Listed::Ours).collect();
    let given = given(request);
    if given.is_empty() {
        return (listed, Cow::Borrowed(&request.options));
    }
    listed.extend(given.into_iter().map(Listed::Given));
    let mut options = request.options.clone();
    if let Some(own) = options.get_mut(PROVIDER.id)
        && let Some(rest) = without_documents(own)
    {
        *own = rest;
    }
    (listed, Cow::Owned(options))
}

fn without_documents(options: &Json) -> Option<Json> {
    let taken = Json::parse(r#"{"documents":null}"#).ok()?;
    Json::parse(taken.merge_into(options.get()).ok()?).ok()
}

fn given(request: &ChatRequest) -> Vec<&RawValue> {
    #[derive(Deserialize)]
    struct Given<'a> {
        #[serde(borrow)]
        documents: Option<Vec<&'a RawValue>>,
    }
    let options = request.options.get(PROVIDER.id);
    let given = options.and_then(|own| serde_json::from_str::<Given<'_>>(own.get()).ok());
    given.and_then(|given| given.documents).unwrap_or_default()
}

/// What Cohere calls the documents of a request: by their ids, or `doc:` and their place.
pub(crate) fn ids(request: &ChatRequest) -> Vec<String> {
    #[derive(Deserialize)]
    struct Named {
        id: Option<String>,
    }
    let users = request.messages.iter().filter(|it| it.role == Role::User);
    let ours = users.flat_map(|message| &message.parts).filter_map(|part| {
        let Content::Media(media) = &part.content else {
            return None;
        };
        of(part, media).map(|document| document.id.map(str::to_owned))
    });
    let given = given(request).into_iter().map(|raw| {
        let named: Option<Named> = serde_json::from_str(raw.get()).ok();
        named.and_then(|named| named.id)
    });
    let all = ours.chain(given).enumerate();
    all.map(|(place, id)| id.unwrap_or_else(|| format!("doc:{place}")))
        .collect()
}
