//! The pieces that an answer comes in.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    Ext, Json,
    chat::{Citation, Content, Finish, OpaqueState, Part, Usage, Warning},
};

/// One piece of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StreamChunk {
    /// The answer begins. Always the first chunk, once.
    Start {
        /// What of the request was not carried as asked.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<Warning>,
    },
    /// What is known of the answer as a whole. May come again with more.
    Meta(Box<ChunkMeta>),
    /// A part begins.
    PartStart {
        /// The part's number: from 0, without gaps.
        ix: u32,
        /// Which answer it belongs to.
        #[serde(default)]
        candidate: u32,
        /// The part, as far as it is known.
        part: Box<Part>,
    },
    /// An open part grows.
    Delta {
        /// The part's number.
        ix: u32,
        /// By what.
        delta: Delta,
    },
    /// A part is whole.
    PartEnd {
        /// The part's number.
        ix: u32,
        /// The part itself, where the wire repeats it; it then stands over what was folded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        part: Option<Box<Part>>,
    },
    /// The provider tells what it is doing.
    Progress {
        /// The part it is doing it for.
        ix: u32,
        /// In the provider's word: `web_search.searching`.
        phase: Cow<'static, str>,
    },
    /// What the answer costs so far: cumulative, the last one counts.
    Usage(Box<Usage>),
    /// An answer is whole. No delta of the same candidate follows.
    Finish {
        /// Which answer.
        #[serde(default)]
        candidate: u32,
        /// Why.
        reason: Finish,
        /// What it cost, where the wire says so here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Box<Usage>>,
        /// What the provider adds.
        #[serde(default, skip_serializing_if = "Ext::is_empty")]
        ext: Ext,
    },
    /// The connection is alive, nothing else.
    KeepAlive,
    /// The frame that the next chunks were read from, where the call asked for it.
    #[serde(
        serialize_with = "crate::chat::bytes_to_base64",
        deserialize_with = "crate::chat::bytes_from_base64"
    )]
    Raw(Bytes),
}

/// What is known of an answer as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChunkMeta {
    /// The provider's id of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The model that answers, as the provider calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// When, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// Which class of service it is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// What the provider adds.
    #[serde(skip_serializing_if = "Ext::is_empty")]
    pub ext: Ext,
}

impl ChunkMeta {
    /// An answer's id and the model that gives it.
    pub fn new(id: Option<String>, model: Option<String>) -> Self {
        Self {
            id,
            model,
            ..Self::default()
        }
    }
}

/// What a part grows by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Delta {
    /// Words of a text.
    Text(String),
    /// Words of reasoning.
    Reasoning(String),
    /// Words of a summary of reasoning.
    ReasoningSummary {
        /// Which summary, from 0.
        index: u32,
        /// The words.
        text: String,
    },
    /// State that only the provider understands; its data is appended to what came of the same
    /// kind.
    State(OpaqueState),
    /// A piece of a tool call's arguments.
    ToolInput(String),
    /// Words of a refusal.
    Refusal(String),
    /// A citation of a text.
    Citation(Box<Citation>),
    /// Bytes of media.
    #[serde(
        serialize_with = "crate::chat::bytes_to_base64",
        deserialize_with = "crate::chat::bytes_from_base64"
    )]
    Media(Bytes),
    /// Words of what is said in media.
    Transcript(String),
    /// The likelihood of tokens: a JSON array, one entry each.
    Logprobs(Json),
    /// What the provider adds to the part.
    Ext(Ext),
}

impl StreamChunk {
    /// Words of part `ix`.
    pub fn text(ix: u32, text: impl Into<String>) -> Self {
        Self::Delta {
            ix,
            delta: Delta::Text(text.into()),
        }
    }

    /// Whether this is content: once the caller has seen such a chunk, nothing is retried.
    pub fn is_output(&self) -> bool {
        match self {
            Self::Delta { delta, .. } => !delta.is_empty(),
            Self::PartStart { part, .. } => matches!(part.content, Content::ToolCall(_)),
            Self::PartEnd { part, .. } => part.is_some(),
            Self::Finish { .. } => true,
            _ => false,
        }
    }

    /// Whether this shows that the model is at work; a sign of life alone does not.
    pub fn is_progress(&self) -> bool {
        !matches!(self, Self::KeepAlive | Self::Raw(_) | Self::Start { .. })
    }
}

impl Delta {
    /// Whether it adds nothing.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text)
            | Self::Reasoning(text)
            | Self::ReasoningSummary { text, .. }
            | Self::ToolInput(text)
            | Self::Refusal(text)
            | Self::Transcript(text) => text.is_empty(),
            Self::State(state) => state.data.is_empty(),
            Self::Media(bytes) => bytes.is_empty(),
            Self::Ext(ext) => ext.is_empty(),
            Self::Citation(_) | Self::Logprobs(_) => false,
        }
    }
}
