//! Messages and their parts.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::value::RawValue;
use trunkline_core::{
    Content, Message, Part, Role, ToolCall,
    chat::{Detail, Media, Source, ToolKind, ToolResult},
};

use super::{
    List, Object,
    survey::{file_of, is_ours},
};
use crate::Dialect;

pub(super) struct Messages<'a> {
    pub(super) dialect: Dialect,
    pub(super) messages: &'a [Message],
}

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let dialect = self.dialect;
        let mut list = serializer.serialize_seq(None)?;
        for message in self.messages {
            // The wire has one message for each result of a tool.
            let mut has_results = false;
            for part in &message.parts {
                if let Content::ToolResult(result) = &part.content {
                    has_results = true;
                    list.serialize_element(&Answer(result))?;
                }
            }
            let has_others = message
                .parts
                .iter()
                .any(|part| !matches!(part.content, Content::ToolResult(_)));
            if has_others || !has_results {
                list.serialize_element(&Turn { dialect, message })?;
            }
        }
        list.end()
    }
}

/// About how many bytes a part takes.
pub(super) fn size_of(part: &Part) -> usize {
    match &part.content {
        Content::Text(text) => text.text.len() + text.text.len() / 16 + 32,
        Content::Media(media) => match &media.source {
            Source::Bytes(bytes) => bytes.len() * 4 / 3 + 128,
            Source::Url(text) | Source::Text(text) => text.len() + 128,
            _ => 128,
        },
        Content::ToolCall(call) => call.arguments().len() * 9 / 8 + call.name.len() + 128,
        Content::ToolResult(result) => result.output.iter().map(size_of).sum::<usize>() + 128,
        _ => 64,
    }
}

/// What a tool answered.
struct Answer<'a>(&'a ToolResult);

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ToolResult {
            call, output, json, ..
        } = self.0;
        let mut body = serializer.serialize_map(Some(3))?;
        body.serialize_entry("role", "tool")?;
        body.serialize_entry("tool_call_id", call.as_str())?;
        match (output.as_slice(), json) {
            ([], Some(json)) => body.serialize_entry("content", json.get())?,
            ([one], _) => body.serialize_entry("content", one.as_text().unwrap_or_default())?,
            (parts, _) => {
                let texts = parts.iter().filter_map(Part::as_text);
                body.serialize_entry("content", &List(texts.map(TextPiece::new)))?;
            }
        }
        body.end()
    }
}

/// What anybody else says.
struct Turn<'a> {
    dialect: Dialect,
    message: &'a Message,
}

impl Serialize for Turn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { dialect, message } = self;
        let mut body = serializer.serialize_map(None)?;
        let role = match message.role {
            Role::Developer if !dialect.developer_role => Role::System,
            role => role,
        };
        body.serialize_entry("role", role.as_str())?;
        if let Some(name) = &message.name {
            body.serialize_entry("name", name)?;
        }
        let pieces = || {
            message
                .parts
                .iter()
                .filter(|part| is_piece(*dialect, message.role, part))
        };
        match (pieces().count(), pieces().next().and_then(Part::as_text)) {
            // An assistant that only calls tools says nothing.
            (0, _) if message.role == Role::Assistant => body.serialize_entry("content", &())?,
            (0, _) => body.serialize_entry("content", "")?,
            (1, Some(text)) => body.serialize_entry("content", text)?,
            _ => body.serialize_entry(
                "content",
                &List(pieces().map(|part| Piece {
                    dialect: *dialect,
                    part,
                })),
            )?,
        }
        if message.role == Role::Assistant {
            self.assistant(&mut body)?;
        }
        body.end()
    }
}

impl Turn<'_> {
    /// What only the model's turns have.
    fn assistant<M: SerializeMap>(&self, body: &mut M) -> Result<(), M::Error> {
        let Self { dialect, message } = self;
        let mut calls = message.tool_calls().peekable();
        if calls.peek().is_some() {
            let calls = message
                .parts
                .iter()
                .filter(|part| part.as_tool_call().is_some());
            body.serialize_entry(
                "tool_calls",
                &List(calls.map(|part| Call {
                    dialect: *dialect,
                    part,
                })),
            )?;
        }
        for part in &message.parts {
            match &part.content {
                Content::Refusal(refusal) => body.serialize_entry("refusal", &refusal.text)?,
                Content::Reasoning(reasoning) => {
                    if let (Some(field), Some(text)) = (dialect.reasoning_replay, &reasoning.text) {
                        body.serialize_entry(field, text)?;
                    }
                    let details = part
                        .state
                        .as_ref()
                        .filter(|state| is_ours(*dialect, &state.kind, state.replay));
                    if let Some(details) =
                        details.filter(|state| state.kind.ends_with(".reasoning_details"))
                    {
                        if let Ok(raw) = serde_json::from_str::<&RawValue>(&details.data) {
                            body.serialize_entry("reasoning_details", raw)?;
                        }
                    }
                }
                // Spoken answers are named, not repeated.
                Content::Media(media) if media.media_type.is_audio() => {
                    if let Some(id) = &part.id {
                        body.serialize_entry("audio", &Object([("id", id)]))?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

struct Call<'a> {
    dialect: Dialect,
    part: &'a Part,
}

impl Serialize for Call<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Content::ToolCall(call) = &self.part.content else {
            return serializer.serialize_none();
        };
        let ToolCall { id, name, kind, .. } = call;
        let mut body = serializer.serialize_map(None)?;
        body.serialize_entry("id", id.as_str())?;
        if *kind == ToolKind::Custom {
            body.serialize_entry("type", "custom")?;
            body.serialize_entry(
                "custom",
                &Object([("name", name.as_str()), ("input", call.arguments())]),
            )?;
        } else {
            body.serialize_entry("type", "function")?;
            body.serialize_entry(
                "function",
                &Object([("name", name.as_str()), ("arguments", call.arguments())]),
            )?;
        }
        let state = self
            .part
            .state
            .as_ref()
            .filter(|state| is_ours(self.dialect, &state.kind, state.replay));
        if let Some(extra) = state.filter(|state| state.kind.ends_with(".extra_content")) {
            if let Ok(raw) = serde_json::from_str::<&RawValue>(&extra.data) {
                body.serialize_entry("extra_content", raw)?;
            }
        }
        body.end()
    }
}

/// Whether a part goes into `content`.
fn is_piece(dialect: Dialect, role: Role, part: &Part) -> bool {
    match &part.content {
        Content::Text(_) => true,
        Content::Media(media) => {
            unsendable(dialect, role, media).is_none() && role != Role::Assistant
        }
        Content::Opaque(opaque) => is_ours(dialect, &opaque.kind, opaque.replay),
        _ => false,
    }
}

/// The capability that is missing to send such media; `None` if it can be sent.
pub(super) fn unsendable(dialect: Dialect, role: Role, media: &Media) -> Option<&'static str> {
    let can = &dialect.capabilities;
    let foreign_file =
        matches!(media.source, Source::File(_)) && file_of(dialect, &media.source).is_none();
    if foreign_file {
        return Some("file of another provider");
    }
    // A model's own media are named by id, which needs no capability.
    if role == Role::Assistant {
        return None;
    }
    let is_url = matches!(media.source, Source::Url(_));
    match media.media_type.top_level() {
        "image" if can.image_in => None,
        "image" => Some("image_in"),
        "audio" if can.audio_in && !is_url => None,
        "audio" if can.audio_in => Some("audio_in.url"),
        "audio" => Some("audio_in"),
        "video" if can.video_in => None,
        "video" => Some("video_in"),
        _ if can.document_in && !is_url => None,
        _ if can.document_in => Some("document_in.url"),
        _ => Some("document_in"),
    }
}

#[derive(Serialize)]
struct TextPiece<'a> {
    r#type: &'static str,
    text: &'a str,
}

impl<'a> TextPiece<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            r#type: "text",
            text,
        }
    }
}

/// One piece of `content`.
struct Piece<'a> {
    dialect: Dialect,
    part: &'a Part,
}

impl Serialize for Piece<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.part.content {
            Content::Text(text) => TextPiece::new(&text.text).serialize(serializer),
            Content::Media(media) => self.media(media, serializer),
            Content::Opaque(opaque) => opaque.payload.serialize(serializer),
            _ => serializer.serialize_none(),
        }
    }
}

impl Piece<'_> {
    /// <https://platform.openai.com/docs/guides/images>, …/guides/audio, …/guides/pdf-files
    fn media<S: Serializer>(&self, media: &Media, serializer: S) -> Result<S::Ok, S::Error> {
        let mut body = serializer.serialize_map(Some(2))?;
        match media.media_type.top_level() {
            kind @ ("image" | "video") => {
                #[derive(Serialize)]
                struct Address<'a> {
                    url: &'a str,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    detail: Option<&'static str>,
                }
                let inline = media.data_url();
                let url = match &media.source {
                    Source::Url(url) | Source::Text(url) => url,
                    source => inline
                        .as_deref()
                        .or_else(|| file_of(self.dialect, source))
                        .unwrap_or_default(),
                };
                let field = if kind == "image" {
                    "image_url"
                } else {
                    "video_url"
                };
                body.serialize_entry("type", field)?;
                body.serialize_entry(
                    field,
                    &Address {
                        url,
                        detail: media.detail.map(Detail::as_str),
                    },
                )?;
            }
            "audio" => {
                let format = match media.media_type.subtype() {
                    "mpeg" => "mp3",
                    "x-wav" | "wave" => "wav",
                    other => other,
                };
                let data = match &media.source {
                    Source::Bytes(bytes) => STANDARD.encode(bytes),
                    _ => String::new(),
                };
                body.serialize_entry("type", "input_audio")?;
                body.serialize_entry(
                    "input_audio",
                    &Object([("data", data.as_str()), ("format", format)]),
                )?;
            }
            _ => {
                #[derive(Serialize)]
                struct File<'a> {
                    #[serde(skip_serializing_if = "Option::is_none")]
                    filename: Option<&'a str>,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    file_data: Option<String>,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    file_id: Option<&'a str>,
                }
                let file_data = match &media.source {
                    Source::Text(text) => Some(format!(
                        "data:{};base64,{}",
                        media.media_type,
                        STANDARD.encode(text)
                    )),
                    _ => media.data_url(),
                };
                let file_id = file_of(self.dialect, &media.source);
                body.serialize_entry("type", "file")?;
                body.serialize_entry(
                    "file",
                    &File {
                        filename: media.filename.as_deref(),
                        file_data,
                        file_id,
                    },
                )?;
            }
        }
        body.end()
    }
}
