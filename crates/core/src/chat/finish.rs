//! Why an answer ended.

use serde::{Deserialize, Serialize};

/// Why an answer ended, in our words and in the provider's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Finish {
    /// In our words.
    pub kind: FinishKind,
    /// In the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<Box<str>>,
    /// What the provider says beyond.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<str>>,
}

impl Finish {
    /// A finish of this kind.
    pub const fn new(kind: FinishKind) -> Self {
        Self {
            kind,
            raw: None,
            detail: None,
        }
    }

    /// Sets the provider's word.
    #[must_use]
    pub fn raw(mut self, raw: impl Into<Box<str>>) -> Self {
        self.raw = Some(raw.into());
        self
    }

    /// Sets what the provider says beyond.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<Box<str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishKind {
    /// The model had said what it wanted.
    Stop,
    /// It came to one of the request's stop sequences; which, where the provider tells.
    StopSequence(Option<String>),
    /// It came to the limit on output tokens: the answer is cut.
    MaxTokens,
    /// It came to the end of its context: the answer is cut.
    ContextWindow,
    /// It wants tools to be called.
    ToolCalls,
    /// The provider cut the answer for its content.
    ContentFilter(Category),
    /// The model declined.
    Refusal,
    /// It began to recite what it was trained on.
    Recitation,
    /// It is not done: the caller must continue the turn.
    Paused,
    /// The conversation was compacted.
    Compacted,
    /// The model tried to call a tool and failed at the form.
    BadToolCall,
    /// Somebody cancelled it.
    Cancelled,
    /// The provider failed in the midst.
    Error,
    /// A model was loaded or unloaded; there is no answer.
    Load,
    /// Anything else; see [`Finish::raw`].
    Other,
}

/// What a content filter took exception to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Category {
    /// The provider does not tell.
    #[default]
    Unspecified,
    /// Hate.
    Hate,
    /// Harassment.
    Harassment,
    /// Sexual content.
    Sexual,
    /// Violence.
    Violence,
    /// Harm to oneself.
    SelfHarm,
    /// Danger to others: weapons, drugs.
    Dangerous,
    /// Personal data.
    PersonalData,
    /// Terms on a list.
    Blocklist,
    /// An attempt to get round the rules.
    Jailbreak,
    /// Protected works.
    Copyright,
    /// A guardrail that the customer set up.
    Guardrail,
    /// The image.
    Image,
    /// Prohibited, without further word.
    Prohibited,
    /// The provider's own word.
    Other(Box<str>),
}

/// The few classes that everybody shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FinishClass {
    /// Done.
    Stop,
    /// Cut by a limit.
    Length,
    /// Cut for its content.
    ContentFilter,
    /// Wants tools.
    ToolCalls,
    /// Failed.
    Error,
    /// None of these.
    Other,
}

impl FinishKind {
    /// The shared class, as OpenTelemetry and OpenAI name it.
    pub const fn class(&self) -> FinishClass {
        match self {
            Self::Stop | Self::StopSequence(_) => FinishClass::Stop,
            Self::MaxTokens | Self::ContextWindow => FinishClass::Length,
            Self::ContentFilter(_) | Self::Refusal | Self::Recitation => FinishClass::ContentFilter,
            Self::ToolCalls => FinishClass::ToolCalls,
            Self::Error | Self::BadToolCall | Self::Cancelled => FinishClass::Error,
            Self::Paused | Self::Compacted | Self::Load | Self::Other => FinishClass::Other,
        }
    }
}

impl FinishClass {
    /// Its usual name: `tool_calls`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::ToolCalls => "tool_calls",
            Self::Error => "error",
            Self::Other => "other",
        }
    }
}
