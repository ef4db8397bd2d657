//! What most programs need, in one `use`. Every provider crate re-exports it.

pub use crate::{
    Backend, BackendInfo, Call, Capabilities, ChatRequest, ChatResponse, ChatStream, Check,
    Content, Delta, EmbedRequest, EmbedResponse, Error, ErrorKind, Json, Message, Model, Observe,
    Op, Part, Prime, Recovery, Registry, Reply, Result, Role, Secret, Serve, StreamChunk, Tool,
    ToolCall, Usage,
};
