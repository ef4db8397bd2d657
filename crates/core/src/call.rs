//! One operation type, one reply type: what every layer sees.

use std::{sync::Arc, time::Duration};

use http::{Extensions, HeaderMap};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{
    Body, ChatRequest, ChatResponse, ChatStream, EmbedRequest, EmbedResponse, End, Error,
    ErrorKind, Observe, Prime, RerankRequest, RerankResponse, Result, Secret, TokenCount,
    chat::Meta,
    json::tagged,
    models::{ModelsPage, ModelsRequest},
    raw::{self, RawRequest},
    trail::Trail,
};

/// One call on a backend: the operation, and what travels with it. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// What is asked for.
    pub op: Op,
    /// When the caller stops caring.
    pub deadline: Option<Instant>,
    /// How many attempts came before this one.
    pub attempt: u32,
    /// Whose turn it is where calls wait in line.
    pub priority: Priority,
    /// For whom the call is made, where several share a backend: their turns in a queue are fair,
    /// and keys may be reserved for them.
    pub tenant: Option<Arc<str>>,
    /// Endpoints that failed this call already, by authority.
    pub avoid: Vec<Arc<str>>,
    /// The same on every attempt, different for every call: an idempotency key.
    pub id: u128,
    /// When a stream is handed over; [`Prime::Complete`] asks for a chat whose wire is a stream.
    pub prime: Prime,
    /// How long to wait for first content, where a fallback stands by.
    pub first_content: Option<Duration>,
    /// Headers of this call, after ours.
    pub headers: HeaderMap,
    /// The credential of this call, instead of the account's. The host stays the account's.
    pub key: Option<Secret>,
    /// Keep the body and the frames as they came.
    pub keep_raw: bool,
    /// What layers tell each other.
    pub extensions: Extensions,
    /// The tries so far.
    pub(crate) trail: Trail,
}

impl Call {
    /// A call with nothing beside its operation.
    pub fn new(op: impl Into<Op>) -> Self {
        Self {
            op: op.into(),
            deadline: None,
            attempt: 0,
            priority: Priority::Normal,
            tenant: None,
            avoid: Vec::new(),
            id: fastrand::u128(..),
            prime: Prime::default(),
            first_content: None,
            headers: HeaderMap::new(),
            key: None,
            keep_raw: false,
            extensions: Extensions::new(),
            trail: Trail::default(),
        }
    }

    /// Sets how long the caller cares, from now.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadline = Some(deadline_in(timeout));
        self
    }

    /// The same call for another model.
    #[must_use]
    pub fn with_model(mut self, model: &str) -> Self {
        self.op = self.op.with_model(model);
        self
    }
}

/// When `timeout` is over. One beyond what a clock can hold is as good as none, and not the same as
/// none: that would be the account's own.
pub(crate) fn deadline_in(timeout: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(86_400 * 365);
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or(now + YEAR)
}

/// Whose turn it is where calls wait in line.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Priority {
    /// When nobody else waits: batches, evaluations.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// Before the others: somebody watches.
    High,
}

/// What repeating an operation would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Nothing (R0): it only reads.
    Read,
    /// Cost money (R1), and no other harm.
    Billed,
    /// Do it twice (R2): it creates, stores or runs something.
    Effect,
}

tagged! {
    /// What is asked for. Payloads are shared, so that a retry clones a pointer.
    #[derive(Clone, Debug, PartialEq)]
    #[non_exhaustive]
    pub enum Op {
        /// An answer, whole.
        "chat" => Chat(Arc<ChatRequest>),
        /// An answer as it is generated.
        "chat_stream" => ChatStream(Arc<ChatRequest>),
        /// Vectors that stand for texts.
        "embed" => Embed(Arc<EmbedRequest>),
        /// Documents in the order of what they say about a query.
        "rerank" => Rerank(Arc<RerankRequest>),
        /// How many tokens a request is. No answer is made.
        "count_tokens" => CountTokens(Arc<ChatRequest>),
        /// The models that there are.
        "models" => Models(Arc<ModelsRequest>),
        /// Any request of the provider's own.
        "raw" => Raw(Arc<RawRequest>),
    }
}

impl Op {
    /// Its name: `chat`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Chat(_) => "chat",
            Self::ChatStream(_) => "chat_stream",
            Self::Embed(_) => "embed",
            Self::Rerank(_) => "rerank",
            Self::CountTokens(_) => "count_tokens",
            Self::Models(_) => "models",
            Self::Raw(request) => request.name,
        }
    }

    /// The model it asks; empty where it asks none.
    pub fn model(&self) -> &str {
        match self {
            Self::Chat(request) | Self::ChatStream(request) | Self::CountTokens(request) => {
                &request.model
            }
            Self::Embed(request) => &request.model,
            Self::Rerank(request) => &request.model,
            Self::Models(_) | Self::Raw(_) => "",
        }
    }

    /// What repeating it would do.
    pub fn class(&self) -> Class {
        match self {
            Self::Models(_) | Self::CountTokens(_) => Class::Read,
            Self::Chat(request) | Self::ChatStream(request) if request.effect => Class::Effect,
            Self::Chat(_) | Self::ChatStream(_) | Self::Embed(_) | Self::Rerank(_) => Class::Billed,
            Self::Raw(request) => request.class,
        }
    }

    fn with_model(self, model: &str) -> Self {
        let chat = |mut request: Arc<ChatRequest>| {
            Arc::make_mut(&mut request).model = model.to_owned();
            request
        };
        match self {
            Self::Chat(request) => Self::Chat(chat(request)),
            Self::ChatStream(request) => Self::ChatStream(chat(request)),
            Self::Embed(mut request) => {
                Arc::make_mut(&mut request).model = model.to_owned();
                Self::Embed(request)
            }
            Self::Rerank(mut request) => {
                Arc::make_mut(&mut request).model = model.to_owned();
                Self::Rerank(request)
            }
            Self::CountTokens(request) => Self::CountTokens(chat(request)),
            other @ (Self::Models(_) | Self::Raw(_)) => other,
        }
    }
}

/// What came back. Of the same operation as the call.
#[derive(Debug)]
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "a reply is moved a few times a call; a box would cost more"
)]
pub enum Reply {
    /// An answer, whole.
    Chat(ChatResponse),
    /// An answer as it is generated.
    ChatStream(ChatStream),
    /// Vectors.
    Embed(EmbedResponse),
    /// Documents in order.
    Rerank(RerankResponse),
    /// How many tokens the request is.
    CountTokens(TokenCount),
    /// Models.
    Models(ModelsPage),
    /// The provider's own answer, its body unread.
    Raw(http::Response<Body>),
}

impl Reply {
    /// Tells `observer` when this reply is over: now, or when its stream ends or is dropped.
    #[must_use]
    pub fn observe(mut self, observer: impl Observe + 'static) -> Self {
        match &mut self {
            Self::ChatStream(stream) => stream.observe(observer),
            Self::Raw(response) => raw::observe(response, Box::new(observer)),
            _ => Box::new(observer).on_end(End::Complete),
        }
        self
    }

    /// The chat answer.
    ///
    /// # Errors
    ///
    /// It is the reply to another operation: a layer answered for the wrong call.
    pub fn into_chat(self) -> Result<ChatResponse> {
        match self {
            Self::Chat(response) => Ok(response),
            other => Err(other.unexpected("chat")),
        }
    }

    /// The stream.
    ///
    /// # Errors
    ///
    /// It is the reply to another operation.
    pub fn into_chat_stream(self) -> Result<ChatStream> {
        match self {
            Self::ChatStream(stream) => Ok(stream),
            other => Err(other.unexpected("chat_stream")),
        }
    }

    /// The vectors.
    ///
    /// # Errors
    ///
    /// It is the reply to another operation.
    pub fn into_embed(self) -> Result<EmbedResponse> {
        match self {
            Self::Embed(response) => Ok(response),
            other => Err(other.unexpected("embed")),
        }
    }

    /// The order of the documents.
    ///
    /// # Errors
    ///
    /// It is the reply to another operation.
    pub fn into_rerank(self) -> Result<RerankResponse> {
        match self {
            Self::Rerank(response) => Ok(response),
            other => Err(other.unexpected("rerank")),
        }
    }

    /// The count.
    ///
    /// # Errors
    ///
    /// It is the reply to another operation.
    pub fn into_count_tokens(self) -> Result<TokenCount> {
        match self {
            Self::CountTokens(count) => Ok(count),
            other => Err(other.unexpected("count_tokens")),
        }
    }

    /// The models.
    ///
    /// # Errors
    ///
    /// It is the reply to another operation.
    pub fn into_models(self) -> Result<ModelsPage> {
        match self {
            Self::Models(page) => Ok(page),
            other => Err(other.unexpected("models")),
        }
    }

    /// The provider's own answer.
    ///
    /// # Errors
    ///
    /// It is the reply to another operation.
    pub fn into_raw(self) -> Result<http::Response<Body>> {
        match self {
            Self::Raw(response) => Ok(response),
            other => Err(other.unexpected("raw")),
        }
    }

    /// The HTTP side of it, where there is one.
    pub(crate) fn meta_mut(&mut self) -> Option<&mut Meta> {
        Some(match self {
            Self::Chat(response) => &mut response.meta,
            Self::ChatStream(stream) => stream.meta_mut(),
            Self::Embed(response) => &mut response.meta,
            Self::Rerank(response) => &mut response.meta,
            Self::CountTokens(count) => &mut count.meta,
            Self::Models(page) => &mut page.meta,
            Self::Raw(_) => return None,
        })
    }

    fn unexpected(&self, asked: &'static str) -> Error {
        let got = match self {
            Self::Chat(_) => "chat",
            Self::ChatStream(_) => "chat_stream",
            Self::Embed(_) => "embed",
            Self::Rerank(_) => "rerank",
            Self::CountTokens(_) => "count_tokens",
            Self::Models(_) => "models",
            Self::Raw(_) => "raw",
        };
        Error::new(
            ErrorKind::Decode,
            format!("a layer answered {got} to a call of {asked}"),
        )
    }
}
