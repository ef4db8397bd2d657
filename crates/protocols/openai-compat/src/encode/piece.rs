//! The pieces of a message's content.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Serialize, Serializer, ser::SerializeMap};
use trunkline_core::{
    Content, Part,
    chat::{Detail, Media, Source},
};

use super::{
    Object,
    survey::{file_of, signature_of},
};
use crate::{Dialect, DocumentParam};

#[derive(Serialize)]
pub(super) struct TextPiece<'a> {
    r#type: &'static str,
    text: &'a str,
}

impl<'a> TextPiece<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            r#type: "text",
            text,
        }
    }
}

/// One piece of `content`.
pub(super) struct Piece<'a> {
    pub(super) dialect: Dialect,
    pub(super) part: &'a Part,
}

impl Serialize for Piece<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.part.content {
            Content::Text(text) => TextPiece::new(&text.text).serialize(serializer),
            Content::Reasoning(reasoning) => {
                let text = reasoning.text.as_deref().unwrap_or_default();
                self.thought(text, serializer)
            }
            Content::Media(media) => self.media(media, serializer),
            Content::Opaque(opaque) => opaque.payload.serialize(serializer),
            _ => serializer.serialize_none(),
        }
    }
}

impl Piece<'_> {
    /// <https://docs.mistral.ai/studio/conversations/reasoning>
    fn thought<S: Serializer>(&self, text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("type", "thinking")?;
        body.serialize_entry("thinking", &[TextPiece::new(text)])?;
        if let Some(signature) = signature_of(self.dialect, self.part) {
            body.serialize_entry("signature", signature)?;
        }
        body.end()
    }

    /// <https://platform.openai.com/docs/guides/images>, …/guides/audio, …/guides/pdf-files
    fn media<S: Serializer>(&self, media: &Media, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(Some(2))?;
        let file_id = file_of(self.dialect, &media.source);
        match media.media_type.top_level() {
            kind @ ("image" | "video") if file_id.is_none() => {
                #[derive(Serialize)]
                struct Address<'a> {
                    url: Cow<'a, str>,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    detail: Option<&'static str>,
                }
                let field = if kind == "image" {
                    "image_url"
                } else {
                    "video_url"
                };
                let url = match &media.source {
                    Source::Url(url) => Cow::Borrowed(url.as_str()),
                    _ => inline(media).unwrap_or_default().into(),
                };
                let detail = media.detail.map(Detail::as_str);
                body.serialize_entry("type", field)?;
                body.serialize_entry(field, &Address { url, detail })?;
            }
            "audio" if file_id.is_none() && self.dialect.plain_audio => {
                let sound = match &media.source {
                    Source::Url(url) => Cow::Borrowed(url.as_str()),
                    source => base64_of(source).into(),
                };
                body.serialize_entry("type", "input_audio")?;
                body.serialize_entry("input_audio", &sound)?;
            }
            "audio" if file_id.is_none() => {
                let format = match media.media_type.subtype() {
                    "mpeg" => "mp3",
                    "x-wav" | "wave" | "vnd.wave" => "wav",
                    other => other,
                };
                let data = base64_of(&media.source);
                body.serialize_entry("type", "input_audio")?;
                body.serialize_entry(
                    "input_audio",
                    &Object([("data", data.as_str()), ("format", format)]),
                )?;
            }
            _ if self.dialect.documents == DocumentParam::FileUrl => {
                let url = match &media.source {
                    Source::Url(url) => Cow::Borrowed(url.as_str()),
                    source => base64_of(source).into(),
                };
                body.serialize_entry("type", "file_url")?;
                body.serialize_entry("file_url", &Object([("url", url)]))?;
                if let Some(name) = &media.filename {
                    body.serialize_entry("file_name", name)?;
                }
            }
            _ if self.dialect.documents == DocumentParam::DocumentUrl => match file_id {
                Some(id) => {
                    body.serialize_entry("type", "file")?;
                    body.serialize_entry("file_id", id)?;
                }
                None => {
                    let url = match &media.source {
                        Source::Url(url) => Cow::Borrowed(url.as_str()),
                        _ => inline(media).unwrap_or_default().into(),
                    };
                    body.serialize_entry("type", "document_url")?;
                    body.serialize_entry("document_url", &url)?;
                    if let Some(name) = &media.filename {
                        body.serialize_entry("document_name", name)?;
                    }
                }
            },
            _ => {
                #[derive(Serialize)]
                struct File<'a> {
                    #[serde(skip_serializing_if = "Option::is_none")]
                    filename: Option<&'a str>,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    file_data: Option<Cow<'a, str>>,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    file_id: Option<&'a str>,
                }
                let file = File {
                    filename: media.filename.as_deref(),
                    file_data: match &media.source {
                        Source::Url(url) => Some(url.into()),
                        _ => inline(media).map(Cow::Owned),
                    },
                    file_id,
                };
                body.serialize_entry("type", "file")?;
                body.serialize_entry("file", &file)?;
            }
        }
        body.end()
    }
}

/// What is here and not elsewhere, as bare base64.
fn base64_of(source: &Source) -> String {
    match source {
        Source::Bytes(bytes) => STANDARD.encode(bytes),
        Source::Text(text) => STANDARD.encode(text),
        _ => String::new(),
    }
}

/// What is here and not elsewhere, as a `data:` URL.
fn inline(media: &Media) -> Option<String> {
    match &media.source {
        Source::Text(text) => {
            let mut url = format!("data:{};base64,", media.media_type);
            STANDARD.encode_string(text, &mut url);
            Some(url)
        }
        _ => media.data_url(),
    }
}
