//! What most programs need, in one `use`. Every provider crate re-exports it, so that one provider
//! crate is enough for a program; what is not here is in its modules, which come along.

pub use crate::{
    Account, Backend, BackendInfo, Body, Call, Capabilities, ChatRequest, ChatResponse, ChatStream,
    Check, Content, Delta, EmbedRequest, EmbedResponse, End, Error, ErrorKind, HttpClient,
    InferRequest, InferResponse, Json, Message, Model, Observe, Op, Part, Prime, Priority,
    Recovery, Registry, Reply, RerankRequest, RerankResponse, Result, Role, Secret, Serve,
    StreamChunk, TokenCount, Tool, ToolCall, Usage, Warning,
    chat::{self, Effort, FinishKind, Format, Media, ReasoningSetting, ToolChoice},
    embed, health, infer,
    middleware::{self, Deadline, Retry, Stack},
    models, object,
    protocol::{self, Limits, Timers},
    raw, rerank, stream, tokenize,
};
