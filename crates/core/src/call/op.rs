//! What is asked for.

use std::sync::Arc;

use crate::{
    ChatRequest, EmbedRequest, InferRequest, Json, ObjectRequest, RerankRequest,
    health::{LoadRequest, ReadyRequest},
    json::tagged,
    models::ModelsRequest,
    raw::RawRequest,
    tokenize::{DetokenizeRequest, TokenizeRequest},
};

/// What repeating an operation would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// Nothing (R0): it only reads, or writes the same once more.
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
        /// The tokens of a text.
        "tokenize" => Tokenize(Arc<TokenizeRequest>),
        /// The text of tokens.
        "detokenize" => Detokenize(Arc<DetokenizeRequest>),
        /// Tensors out of tensors.
        "infer" => Infer(Arc<InferRequest>),
        /// Something with an object of a store: get, put, list.
        "object" => Object(Arc<ObjectRequest>),
        /// The models that there are.
        "models" => Models(Arc<ModelsRequest>),
        /// Whether the server, or a model on it, can serve.
        "ready" => Ready(Arc<ReadyRequest>),
        /// How busy the server is, by its own word.
        "load" => Load(Arc<LoadRequest>),
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
            Self::Tokenize(_) => "tokenize",
            Self::Detokenize(_) => "detokenize",
            Self::Infer(_) => "infer",
            Self::Object(_) => "object",
            Self::Models(_) => "models",
            Self::Ready(_) => "ready",
            Self::Load(_) => "load",
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
            Self::Tokenize(request) => &request.model,
            Self::Detokenize(request) => &request.model,
            Self::Infer(request) => &request.model,
            Self::Ready(request) => &request.model,
            Self::Object(_) | Self::Models(_) | Self::Load(_) | Self::Raw(_) => "",
        }
    }

    /// What repeating it would do.
    pub fn class(&self) -> Class {
        match self {
            Self::Models(_)
            | Self::CountTokens(_)
            | Self::Tokenize(_)
            | Self::Detokenize(_)
            | Self::Ready(_)
            | Self::Load(_) => Class::Read,
            Self::Chat(request) | Self::ChatStream(request) if request.effect => Class::Effect,
            Self::Infer(request) if request.effect => Class::Effect,
            Self::Chat(_)
            | Self::ChatStream(_)
            | Self::Embed(_)
            | Self::Rerank(_)
            | Self::Infer(_) => Class::Billed,
            Self::Object(request) => request.action.class(),
            Self::Raw(request) => request.class,
        }
    }

    /// Whether the caller wants an error where the wire cannot carry something, and what is laid over
    /// the body.
    pub(crate) fn settings(&self) -> (bool, Option<&Json>) {
        match self {
            Self::Chat(request) | Self::ChatStream(request) | Self::CountTokens(request) => {
                (request.strict, request.patch.as_ref())
            }
            Self::Embed(request) => (request.strict, request.patch.as_ref()),
            Self::Rerank(request) => (request.strict, request.patch.as_ref()),
            Self::Tokenize(request) => (request.strict, request.patch.as_ref()),
            // Their bodies are not JSON alone, or nothing is left out of them.
            Self::Infer(request) => (request.strict, None),
            Self::Object(request) => (request.strict, None),
            Self::Detokenize(_) | Self::Models(_) | Self::Ready(_) | Self::Load(_) => (false, None),
            Self::Raw(_) => (false, None),
        }
    }

    pub(super) fn with_model(self, model: &str) -> Self {
        macro_rules! renamed {
            ($variant:ident, $request:ident) => {{
                let mut request = $request;
                Arc::make_mut(&mut request).model = model.to_owned();
                Self::$variant(request)
            }};
        }
        match self {
            Self::Chat(request) => renamed!(Chat, request),
            Self::ChatStream(request) => renamed!(ChatStream, request),
            Self::Embed(request) => renamed!(Embed, request),
            Self::Rerank(request) => renamed!(Rerank, request),
            Self::CountTokens(request) => renamed!(CountTokens, request),
            Self::Tokenize(request) => renamed!(Tokenize, request),
            Self::Detokenize(request) => renamed!(Detokenize, request),
            Self::Infer(request) => renamed!(Infer, request),
            Self::Ready(request) => renamed!(Ready, request),
            other @ (Self::Object(_) | Self::Models(_) | Self::Load(_) | Self::Raw(_)) => other,
        }
    }
}
