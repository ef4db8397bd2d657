#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod account;
mod backend;
mod call;
pub mod chat;
pub mod embed;
pub mod env;
mod error;
pub mod health;
pub mod infer;
mod json;
pub mod middleware;
mod model;
pub mod models;
pub mod object;
pub mod prelude;
pub mod protocol;
mod provider;
pub mod raw;
pub mod registry;
mod request;
pub mod rerank;
mod secret;
pub mod stats;
pub mod stream;
mod sync;
pub mod tokenize;
mod trail;

pub use account::Account;
pub use backend::{Backend, BackendInfo, Capabilities, Check, Checked, Serve};
pub use call::{Call, Class, Op, Priority, Reply};
#[doc(no_inline)]
pub use chat::{
    ChatRequest, ChatResponse, Content, Message, Part, ProviderOptions, Role, TokenCount, Tool,
    ToolCall, Usage, Warning,
};
#[doc(no_inline)]
pub use embed::{EmbedRequest, EmbedResponse};
pub use error::{Attempt, Delivery, Error, ErrorKind, Limit, Phase, Recovery, Result, Scope};
#[doc(no_inline)]
pub use infer::{InferRequest, InferResponse};
pub use json::{Ext, Json};
pub use model::{ChatCall, CountTokensCall, EmbedCall, InferCall, Model, RerankCall, TokenizeCall};
#[doc(no_inline)]
pub use models::ModelInfo;
#[doc(no_inline)]
pub use object::{ObjectReply, ObjectRequest};
pub use provider::{AccountConfig, ProviderDef};
pub use raw::{Endpoint, Followed, Operation, Pace, StreamOperation};
pub use registry::Registry;
#[doc(no_inline)]
pub use rerank::{RerankRequest, RerankResponse};
pub use secret::Secret;
#[doc(no_inline)]
pub use stats::Stats;
#[doc(no_inline)]
pub use stream::{ChatStream, Delta, End, Observe, Prime, StreamChunk};
#[doc(no_inline)]
pub use tokenize::{DetokenizeRequest, DetokenizeResponse, TokenizeRequest, TokenizeResponse};

/// What the macros of this crate write. No part of the interface.
#[doc(hidden)]
pub mod __private {
    pub use serde;
}

/// The transport below, for those who bring their own client.
pub use trunkline_http as http_transport;
pub use trunkline_http::{Body, BoxError, HttpClient};
