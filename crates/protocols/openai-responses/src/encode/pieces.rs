//! The pieces of a message: words, pictures, documents.

use trunkline_core::{
    Content, Part,
    chat::{Base64, Media, Source, Warnings},
};

use crate::{
    Dialect,
    wire::{Breakpoint, Piece, Place, What},
};

impl<'a> From<What<'a>> for Piece<'a> {
    fn from(what: What<'a>) -> Self {
        Self {
            what,
            prompt_cache_breakpoint: None,
        }
    }
}

impl Piece<'_> {
    /// What comes up to here may be cached.
    pub(super) fn cached(&mut self) {
        self.prompt_cache_breakpoint = Some(Breakpoint { mode: "explicit" });
    }
}

/// What somebody but the model says; `None`, with a warning, for what has no word on this wire.
pub(super) fn input<'a>(
    dialect: Dialect,
    part: &'a Part,
    warnings: &mut Warnings,
) -> Option<Piece<'a>> {
    let what = match &part.content {
        Content::Text(text) => Some(What::InputText { text: &text.text }),
        Content::Media(media) => self::media(dialect, media),
        _ => None,
    };
    if what.is_none() {
        warnings.left_out(part);
    }
    what.map(Piece::from)
}

/// What the model said: words with their citations as they came, or a refusal.
pub(super) fn output(dialect: Dialect, part: &Part) -> Option<Piece<'_>> {
    let what = match &part.content {
        Content::Text(text) => What::OutputText {
            text: &text.text,
            annotations: text
                .annotations
                .iter()
                .filter_map(|citation| citation.ext.get(dialect.provider))
                .collect(),
        },
        Content::Refusal(refusal) => What::Refusal {
            refusal: &refusal.text,
        },
        _ => return None,
    };
    Some(what.into())
}

fn media(dialect: Dialect, media: &Media) -> Option<What<'_>> {
    let kind = media.media_type.as_str();
    let (mut place, mut url, mut id) = (None, None, None);
    match &media.source {
        Source::Bytes(bytes) => place = Some(Place::Bytes(kind, Base64(bytes))),
        Source::Text(text) => place = Some(Place::Bytes(kind, Base64(text.as_bytes()))),
        Source::Url(address) => url = Some(address.as_str()),
        Source::File(ids) => id = Some(ids.get(dialect.provider)?.as_str()),
        _ => return None,
    }
    match media.media_type.top_level() {
        "image" if dialect.capabilities.image_in => Some(What::InputImage {
            image_url: place.or(url.map(Place::Url)),
            file_id: id,
            detail: media.detail.map_or("auto", |detail| detail.as_str()),
        }),
        "audio" | "video" | "image" => None,
        _ if !dialect.capabilities.document_in => None,
        _ => Some(What::InputFile {
            // Bytes without a name are refused.
            filename: media
                .filename
                .as_deref()
                .or(place.is_some().then_some("document")),
            file_data: place,
            file_url: url,
            file_id: id,
        }),
    }
}
