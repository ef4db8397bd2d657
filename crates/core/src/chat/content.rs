//! What a message is made of.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Citation, Media, MediaType, Source, ToolCall, ToolResult};
use crate::{Ext, Json, json::tagged};

/// One piece of a message, with its identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Part {
    /// What it says.
    pub content: Content,
    /// The provider's id of this item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Box<str>>,
    /// Who made it; `None` for what the application wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What only its maker understands and wants back: a signature, encrypted reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<OpaqueState>,
    /// What the provider adds beyond the vocabulary.
    #[serde(default, skip_serializing_if = "Ext::is_empty")]
    pub ext: Ext,
}

tagged! {
    /// What a [`Part`] says.
    #[derive(Clone, Debug, PartialEq)]
    #[non_exhaustive]
    pub enum Content {
        /// Words.
        "text" => Text(Text),
        /// An image, a sound, a video, a document; in or out.
        "media" => Media(Media),
        /// What the model thought.
        "reasoning" => Reasoning(Reasoning),
        /// The model declines, in words.
        "refusal" => Refusal(Refusal),
        /// The model calls a tool.
        "tool_call" => ToolCall(ToolCall),
        /// What a tool answered.
        "tool_result" => ToolResult(ToolResult),
        /// A tool wants to run, or was allowed to.
        "approval" => Approval(Approval),
        /// What the answer stands on, not tied to a span of text.
        "source" => Source(SourceRef),
        /// What comes before this may be cached by the provider.
        "cache_point" => CachePoint(CachePoint),
        /// What has no name here.
        "opaque" => Opaque(Opaque),
    }
}

/// Words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Text {
    /// The words.
    pub text: String,
    /// Where they come from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub annotations: Vec<Citation>,
}

/// What the model thought. All of it may be absent: a signature alone is legal and lies in
/// [`Part::state`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reasoning {
    /// The thoughts, where the provider shows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Summaries of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub summary: Vec<String>,
    /// Pictures among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Part>,
    /// The provider hides them and gave a token in their place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
}

/// The model declines.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Refusal {
    /// Its words.
    pub text: String,
}

tagged! {
    // Not by `type`, which says already that it is an approval.
    by "kind"
    /// A tool wants to run, or was allowed to.
    #[derive(Clone, Debug, PartialEq)]
    #[non_exhaustive]
    pub enum Approval {
        /// The provider asks.
        "request" => Request(ApprovalRequest),
        /// The application answers.
        "response" => Response(ApprovalResponse),
    }
}

/// The provider asks whether a tool may run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApprovalRequest {
    /// To be named in the answer.
    pub id: Box<str>,
    /// What would run.
    pub call: ToolCall,
}

impl ApprovalRequest {
    /// The question `id`: may `call` run?
    pub fn new(id: impl Into<Box<str>>, call: ToolCall) -> Self {
        Self {
            id: id.into(),
            call,
        }
    }
}

/// The application's answer to an [`ApprovalRequest`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApprovalResponse {
    /// The id of the request.
    pub id: Box<str>,
    /// Whether it may run.
    pub approve: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl ApprovalResponse {
    /// The answer to the question `id`.
    pub fn new(id: impl Into<Box<str>>, approve: bool) -> Self {
        Self {
            id: id.into(),
            approve,
            reason: None,
        }
    }
}

/// What an answer stands on, not tied to a span of its text.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SourceRef {
    /// Where it is on the web.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Which document it is, in the provider's terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What kind of document it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
}

/// What comes before this may be cached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CachePoint {
    /// For how long; `None` is the provider's usual time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<Ttl>,
}

/// How long a cached prefix lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Ttl {
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// One hour.
    #[serde(rename = "1h")]
    OneHour,
    /// A day.
    #[serde(rename = "24h")]
    OneDay,
}

/// A wire item that has no name here, kept as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Opaque {
    /// Provider and item: `openai.compaction`.
    pub kind: Box<str>,
    /// The item.
    pub payload: Json,
    /// To whom it may go back.
    pub replay: Replay,
}

impl Opaque {
    /// An item that goes back to nobody but the provider that sent it.
    pub fn new(kind: impl Into<Box<str>>, payload: Json) -> Self {
        Self {
            kind: kind.into(),
            payload,
            replay: Replay::SameProvider,
        }
    }

    /// Sets to whom it may go back.
    #[must_use]
    pub fn replay(mut self, replay: Replay) -> Self {
        self.replay = replay;
        self
    }

    /// Whether it came from this provider and may go back there.
    pub fn is_of(&self, provider: &str) -> bool {
        let rest = self.kind.strip_prefix(provider);
        self.replay != Replay::Never && rest.is_some_and(|rest| rest.starts_with('.'))
    }
}

/// To whom an opaque item may go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Replay {
    /// To nobody.
    Never,
    /// To any model of the same provider.
    SameProvider,
    /// To the same model only.
    SameModel,
}

/// Who made a part. Shared by all parts of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Origin {
    /// The provider's id: `groq`.
    pub provider: Arc<str>,
    /// The model's name, as the answer gave it.
    pub model: Arc<str>,
}

impl Origin {
    /// `model` at `provider`.
    pub fn new(provider: impl Into<Arc<str>>, model: impl Into<Arc<str>>) -> Self {
        Self {
            provider: provider.into(),
            model: model.into(),
        }
    }
}

/// What only a part's maker understands, and wants back unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpaqueState {
    /// Provider and item: `anthropic.signature`.
    pub kind: Box<str>,
    /// The token, or JSON text where the provider's state is an object.
    pub data: String,
    /// To whom it may go back.
    pub replay: Replay,
}

impl OpaqueState {
    /// State that goes back to nobody but the provider that made it.
    pub fn new(kind: impl Into<Box<str>>, data: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            data: data.into(),
            replay: Replay::SameProvider,
        }
    }

    /// Sets to whom it may go back.
    #[must_use]
    pub fn replay(mut self, replay: Replay) -> Self {
        self.replay = replay;
        self
    }
}

impl Part {
    /// The state of this part that this provider made, of the kind `provider.item`, if it may go
    /// back there.
    pub fn state_of(&self, provider: &str, item: &str) -> Option<&str> {
        let state = self
            .state
            .as_ref()
            .filter(|state| state.replay != Replay::Never)?;
        let rest = state.kind.strip_prefix(provider)?.strip_prefix('.')?;
        (rest == item).then_some(state.data.as_str())
    }

    /// A part that the application wrote.
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            id: None,
            origin: None,
            state: None,
            ext: Ext::default(),
        }
    }

    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Text::new(text))
    }

    /// An image on the web, or in a `data:` URL. The provider fetches it, not this library.
    pub fn image_url(url: impl Into<String>) -> Self {
        Self::new(Media::new(MediaType::ANY_IMAGE, Source::Url(url.into())))
    }

    /// An image, sent along: its bytes as they are in the file, not base64, and its whole media
    /// type, [`MediaType::PNG`] or `"image/png"`.
    pub fn image(media_type: impl Into<MediaType>, bytes: impl Into<Bytes>) -> Self {
        Self::new(Media::new(media_type, Source::Bytes(bytes.into())))
    }

    /// A sound, sent along: its bytes as they are in the file, and its whole media type.
    pub fn audio(media_type: impl Into<MediaType>, bytes: impl Into<Bytes>) -> Self {
        Self::new(Media::new(media_type, Source::Bytes(bytes.into())))
    }

    /// A document, sent along: a PDF, say.
    pub fn document(
        media_type: impl Into<MediaType>,
        filename: impl Into<String>,
        bytes: impl Into<Bytes>,
    ) -> Self {
        Self::new(Media::new(media_type, Source::Bytes(bytes.into())).filename(filename))
    }

    /// What comes before this may be cached.
    pub fn cache_point() -> Self {
        Self::new(Content::CachePoint(CachePoint::default()))
    }

    /// Sets the provider's id of this item.
    #[must_use]
    pub fn id(mut self, id: impl Into<Box<str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets who made it.
    #[must_use]
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Sets what only its maker understands.
    #[must_use]
    pub fn state(mut self, state: OpaqueState) -> Self {
        self.state = Some(state);
        self
    }

    /// The words, if these are words.
    pub fn as_text(&self) -> Option<&str> {
        match &self.content {
            Content::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    /// The tool call, if it is one.
    pub fn as_tool_call(&self) -> Option<&ToolCall> {
        match &self.content {
            Content::ToolCall(call) => Some(call),
            _ => None,
        }
    }
}

impl Text {
    /// Words without citations.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            annotations: Vec::new(),
        }
    }
}

impl Reasoning {
    /// Thoughts.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }
}

impl Refusal {
    /// A refusal in these words.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }
}

macro_rules! content_from {
    ($($variant:ident($inner:ty)),+ $(,)?) => {
        $(impl From<$inner> for Content {
            fn from(inner: $inner) -> Self {
                Self::$variant(inner)
            }
        })+
    };
}

content_from! {
    Text(Text),
    Media(Media),
    Reasoning(Reasoning),
    Refusal(Refusal),
    ToolCall(ToolCall),
    ToolResult(ToolResult),
    Approval(Approval),
    Source(SourceRef),
    CachePoint(CachePoint),
    Opaque(Opaque),
}
