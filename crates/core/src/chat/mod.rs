//! Requests and answers of a conversation, without loss.
//!
//! Content is an ordered list of [`Part`]s. What a provider sends that has no name here is kept as
//! [`Content::Opaque`]; what only it understands, such as a reasoning signature, travels in
//! [`Part::state`] and goes back to it unchanged. Counts that are absent are `None`, not zero.
//!
//! Everything here can be stored: [`Message`], [`ChatRequest`], [`ChatResponse`] and
//! [`StreamChunk`](crate::StreamChunk) serialize to JSON and back without loss. Use `serde_json`:
//! raw JSON inside them is kept as text, which other formats cannot hold.

mod citation;
mod content;
mod finish;
mod media;
mod message;
pub(crate) mod options;
mod request;
mod response;
pub mod schema;
#[cfg(feature = "schemars")]
mod schema_of;
mod tokens;
mod tool;
mod usage;
mod warning;

pub use citation::{Citation, CitedSource, Locator};
pub use content::{
    Approval, ApprovalRequest, ApprovalResponse, CachePoint, Content, Opaque, OpaqueState, Origin,
    Part, Reasoning, Refusal, Replay, SourceRef, Text, Ttl,
};
pub use finish::{Category, Finish, FinishClass, FinishKind};
pub use media::{Base64, Detail, Media, MediaType, Source};
pub(crate) use media::{bytes_from_base64, bytes_to_base64};
pub use message::{Message, Role};
pub use options::ProviderOptions;
pub use request::{ChatRequest, Effort, Format, Modality, ReasoningSetting, ToolChoice};
pub use response::{Candidate, ChatResponse, Meta};
pub use tokens::TokenCount;
pub use tool::{CallId, Executor, Tool, ToolCall, ToolInput, ToolKind, ToolResult, ToolStatus};
pub use usage::{Billed, Completeness, InTokens, OutTokens, Timing, Usage, UsageIteration};
pub use warning::{Warning, Warnings};
