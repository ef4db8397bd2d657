//! Messages and their parts.

use std::borrow::Cow;

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use trunkline_core::{
    Content, Message, Part, Role, ToolCall,
    chat::{Executor, Media, Opaque, Source, ToolKind, ToolResult},
};

use super::{
    List, Object,
    piece::{Piece, TextPiece},
    survey::{file_of, is_from_here, state_of},
};
use crate::{Dialect, DocumentParam, ReasoningReplay};

pub(super) struct Messages<'a> {
    pub(super) dialect: Dialect,
    pub(super) messages: &'a [Message],
}

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let dialect = self.dialect;
        let mut list = serializer.serialize_seq(None)?;
        let last = self.messages.last();
        for message in self.messages {
            // The wire has one message for each result of a tool.
            let mut has_results = false;
            for part in &message.parts {
                if let Content::ToolResult(result) = &part.content {
                    has_results = true;
                    list.serialize_element(&Answer { dialect, result })?;
                }
            }
            let has_others = message
                .parts
                .iter()
                .any(|part| !matches!(part.content, Content::ToolResult(_)));
            if (has_others || !has_results) && !is_emptied(dialect, message) {
                // Two may be equal: it is the place that counts.
                let is_last = last.is_some_and(|last| std::ptr::eq(last, message));
                list.serialize_element(&Turn {
                    dialect,
                    message,
                    is_last,
                })?;
            }
        }
        list.end()
    }
}

/// What a tool answered.
struct Answer<'a> {
    dialect: Dialect,
    result: &'a ToolResult,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ToolResult {
            call, output, json, ..
        } = self.result;
        let mut body = serializer.serialize_map(Some(3))?;
        body.serialize_entry("role", "tool")?;
        let id = (self.dialect.call_id)(call.as_str());
        body.serialize_entry("tool_call_id", &id)?;
        match (output.as_slice(), json) {
            ([], Some(json)) => body.serialize_entry("content", json.get())?,
            // An empty list is refused by some, an empty text by nobody.
            ([], None) => body.serialize_entry("content", "")?,
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
    is_last: bool,
}

impl Serialize for Turn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            dialect, message, ..
        } = self;
        let mut body = serializer.serialize_map(None)?;
        let role = match message.role {
            Role::Developer if !dialect.developer_role => Role::System,
            role => role,
        };
        body.serialize_entry("role", role.as_str())?;
        if let Some(name) = message.name.as_ref().filter(|_| dialect.names) {
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
            (0, _) if self.is_silent() => body.serialize_entry("content", &())?,
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
    /// Whether it says something elsewhere than in its content.
    fn is_silent(&self) -> bool {
        let elsewhere = |part: &Part| match &part.content {
            Content::Refusal(_) => true,
            Content::Media(media) => media.media_type.is_audio() && part.id.is_some(),
            _ => is_call(part),
        };
        self.message.role == Role::Assistant && self.message.parts.iter().any(elsewhere)
    }

    /// What only the model's turns have. Each field once, however many parts it comes from.
    fn assistant<M: SerializeMap>(&self, body: &mut M) -> Result<(), M::Error> {
        let Self {
            dialect, message, ..
        } = self;
        let parts = || message.parts.iter();
        if parts().any(is_call) {
            let calls = parts().filter(|part| is_call(part));
            body.serialize_entry(
                "tool_calls",
                &List(calls.map(|part| Call {
                    dialect: *dialect,
                    part,
                })),
            )?;
        }
        let refusals = parts().filter_map(|part| match &part.content {
            Content::Refusal(refusal) => Some(refusal.text.as_str()),
            _ => None,
        });
        if let Some(refusal) = joined(refusals, "") {
            body.serialize_entry("refusal", &refusal)?;
        }
        let states = || parts().filter(|part| !is_call(part));
        let mut details = states().filter_map(|part| state_of(*dialect, part, "reasoning_details"));
        let details = details.next();
        // Details say the same, and more.
        if let Some(ReasoningReplay::Field(field)) = dialect.reasoning_replay
            && details.is_none()
        {
            let thoughts = parts().filter_map(|part| match &part.content {
                Content::Reasoning(reasoning) if is_from_here(*dialect, part) => {
                    reasoning.text.as_deref()
                }
                _ => None,
            });
            let wanted = dialect.reasoning_replay_always && parts().any(is_call);
            let thoughts = joined(thoughts, "\n\n").or(wanted.then_some(Cow::Borrowed("")));
            if let Some(thoughts) = thoughts {
                body.serialize_entry(field, &thoughts)?;
            }
        }
        if let Some(details) = details {
            body.serialize_entry("reasoning_details", details)?;
        }
        let mut extras = states().filter_map(|part| state_of(*dialect, part, "extra_content"));
        if let Some(extra) = extras.next() {
            body.serialize_entry("extra_content", extra)?;
        }
        let annotations = parts().filter_map(|part| match &part.content {
            Content::Opaque(opaque) if is_annotation(*dialect, opaque) => Some(&opaque.payload),
            _ => None,
        });
        if annotations.clone().next().is_some() {
            body.serialize_entry("annotations", &List(annotations))?;
        }
        if let Some(field) = dialect.prefill
            && self.is_last
            && dialect.capabilities.prefill
        {
            body.serialize_entry(field, &true)?;
        }
        // Spoken answers are named, not repeated.
        let mut spoken = parts().filter(|part| is_spoken(part));
        if let Some(id) = spoken.find_map(|part| part.id.as_deref()) {
            body.serialize_entry("audio", &Object([("id", id)]))?;
        }
        Ok(())
    }
}

/// Whether the model said something, and nothing of it can be told here: what only another provider
/// understands. An empty turn is refused by some.
fn is_emptied(dialect: Dialect, message: &Message) -> bool {
    let is_told = |part: &Part| match &part.content {
        Content::Refusal(_) => true,
        Content::Opaque(opaque) => opaque.is_of(dialect.provider),
        Content::Reasoning(reasoning) => {
            let fields = ["reasoning_details", "extra_content"];
            let mut states = fields.iter().filter_map(|it| state_of(dialect, part, it));
            let has_text = reasoning.text.is_some() && dialect.reasoning_replay.is_some();
            states.next().is_some() || (has_text && is_from_here(dialect, part))
        }
        _ => is_call(part) || is_spoken(part) || is_piece(dialect, message.role, part),
    };
    message.role == Role::Assistant
        && !message.parts.is_empty()
        && !message.parts.iter().any(is_told)
}

/// A call that the application runs; what the provider ran itself it knows.
fn is_call(part: &Part) -> bool {
    part.as_tool_call()
        .is_some_and(|call| call.executor == Executor::Client)
}

/// A sound that the provider keeps under its id.
pub(super) fn is_spoken(part: &Part) -> bool {
    matches!(&part.content, Content::Media(media) if media.media_type.is_audio())
        && part.id.is_some()
}

/// What the provider noted beside an answer, and reads in later requests.
fn is_annotation(dialect: Dialect, opaque: &Opaque) -> bool {
    opaque.is_of(dialect.provider) && opaque.kind.ends_with(".annotation")
}

/// All of them as one; `None` if there are none.
fn joined<'a>(texts: impl Iterator<Item = &'a str>, between: &str) -> Option<Cow<'a, str>> {
    texts
        .map(Cow::Borrowed)
        .reduce(|all, text| Cow::Owned([&*all, between, &*text].concat()))
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
        body.serialize_entry("id", &(self.dialect.call_id)(id.as_str()))?;
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
        if let Some(extra) = state_of(self.dialect, self.part, "extra_content") {
            body.serialize_entry("extra_content", extra)?;
        }
        body.end()
    }
}

/// Whether a part goes into `content`.
fn is_piece(dialect: Dialect, role: Role, part: &Part) -> bool {
    match &part.content {
        Content::Text(_) => true,
        Content::Reasoning(reasoning) => {
            dialect.reasoning_replay == Some(ReasoningReplay::Piece)
                && reasoning.text.is_some()
                && is_from_here(dialect, part)
        }
        Content::Media(media) => unsendable(dialect, role, media).is_none(),
        Content::Opaque(opaque) => {
            opaque.is_of(dialect.provider) && !is_annotation(dialect, opaque)
        }
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
    let is_url = matches!(media.source, Source::Url(_));
    let is_far = matches!(&media.source, Source::Url(url) if !url.starts_with(dialect.image_urls));
    let is_file = matches!(media.source, Source::File(_));
    match media.media_type.top_level() {
        // A sound of its own is named by its id; other media of a model have no place.
        _ if role == Role::Assistant => Some("media of the assistant"),
        "image" if can.image_in && is_far => Some("image_in.url"),
        "image" if can.image_in => None,
        "image" => Some("image_in"),
        "audio" if can.audio_in && (is_file || matches!(media.source, Source::Bytes(_))) => None,
        "audio" if can.audio_in && is_url && dialect.plain_audio => None,
        "audio" if can.audio_in => Some("audio_in.url"),
        "audio" => Some("audio_in"),
        "video" if can.video_in && is_far => Some("video_in.url"),
        "video" if can.video_in => None,
        "video" => Some("video_in"),
        _ if !can.document_in => Some("document_in"),
        _ => match dialect.documents {
            DocumentParam::File if is_url && !dialect.document_urls => Some("document_in.url"),
            DocumentParam::FileUrl if is_file => Some("document_in.file"),
            _ => None,
        },
    }
}
