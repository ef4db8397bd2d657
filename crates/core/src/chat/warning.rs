//! What was lost between a request and the wire.

use serde::{Deserialize, Serialize};

use super::{Content, Part};

/// Something that a request asked for and that the wire does not carry as asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// The provider cannot do this; it was left out.
    Unsupported {
        /// What was left out: `top_k`.
        feature: Box<str>,
    },
    /// A value was changed to one that the provider takes.
    Coerced {
        /// Of what.
        feature: Box<str>,
        /// From.
        from: Box<str>,
        /// To.
        to: Box<str>,
    },
    /// Another provider's or model's state was left out.
    StateDropped {
        /// The state's kind: `anthropic.signature`.
        kind: Box<str>,
    },
    /// A message was moved to where the provider takes instructions.
    Hoisted {
        /// Its place in the request, counted from 0.
        message: usize,
    },
    /// Messages of one role were joined.
    Merged {
        /// The place of the later one, counted from 0.
        message: usize,
    },
    /// Something else.
    Other {
        /// In words.
        message: Box<str>,
    },
}

impl Warning {
    /// The provider cannot do `feature`; it was left out.
    pub fn unsupported(feature: impl Into<Box<str>>) -> Self {
        Self::Unsupported {
            feature: feature.into(),
        }
    }

    /// A value was changed.
    pub fn coerced(
        feature: impl Into<Box<str>>,
        from: impl Into<Box<str>>,
        to: impl Into<Box<str>>,
    ) -> Self {
        Self::Coerced {
            feature: feature.into(),
            from: from.into(),
            to: to.into(),
        }
    }

    /// What it is about, for an error under `strict`.
    pub(crate) fn subject(&self) -> String {
        match self {
            Self::Unsupported { feature } => format!("`{feature}` cannot be sent"),
            Self::Coerced { feature, from, to } => {
                format!("`{feature}` would be sent as {to} and not as {from}")
            }
            Self::StateDropped { kind } => {
                format!("the state `{kind}` of another model would be left out")
            }
            Self::Hoisted { message } => format!("message {message} would be moved"),
            Self::Merged { message } => {
                format!("message {message} would be joined with the one before it")
            }
            Self::Other { message } => message.clone().into_string(),
        }
    }
}

/// The warnings of one request, as its encoder finds them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warnings(Vec<Warning>);

impl Warnings {
    /// Adds one, unless it is there: what is lost several times is told once.
    pub fn push(&mut self, warning: Warning) {
        if !self.0.contains(&warning) {
            self.0.push(warning);
        }
    }

    /// Adds an [`Warning::Unsupported`] if the request has the setting at all.
    pub fn unsupported_if(&mut self, asked: bool, feature: &'static str) {
        if asked {
            self.push(Warning::unsupported(feature));
        }
    }

    /// Records that the state of a part stays behind, if it has any.
    pub fn state_dropped(&mut self, part: &Part) {
        if let Some(state) = &part.state {
            let kind = state.kind.clone();
            self.push(Warning::StateDropped { kind });
        }
    }

    /// Records that a tool's result will lose what is no text in it, if there is any.
    pub fn media_dropped(&mut self, part: &Part) {
        let is_media = |part: &Part| !matches!(part.content, Content::Text(_));
        if let Content::ToolResult(result) = &part.content {
            self.unsupported_if(result.output.iter().any(is_media), "tool_result.media");
        }
    }

    /// Records that a part of a message was left out, or what of it was: for protocols that have no
    /// word for it.
    pub fn left_out(&mut self, part: &Part) {
        self.push(match &part.content {
            Content::Opaque(opaque) => Warning::StateDropped {
                kind: opaque.kind.clone(),
            },
            Content::Media(media) => Warning::unsupported(match media.media_type.top_level() {
                "image" => "image_in",
                "audio" => "audio_in",
                "video" => "video_in",
                _ => "document_in",
            }),
            Content::Text(_) => Warning::unsupported("text"),
            Content::Reasoning(_) => Warning::unsupported("reasoning"),
            Content::Refusal(_) => Warning::unsupported("refusal"),
            Content::ToolCall(_) => Warning::unsupported("tool_call"),
            Content::ToolResult(_) => Warning::unsupported("tool_result"),
            Content::Approval(_) => Warning::unsupported("approval"),
            Content::Source(_) => Warning::unsupported("source"),
            Content::CachePoint(_) => Warning::unsupported("cache_point"),
        });
    }

    /// The first one, if any.
    pub fn first(&self) -> Option<&Warning> {
        self.0.first()
    }

    /// All of them.
    pub fn into_vec(self) -> Vec<Warning> {
        self.0
    }
}
