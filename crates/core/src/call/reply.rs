//! What came back.

use http::Response;

use crate::{
    Body, ChatResponse, ChatStream, EmbedResponse, End, Error, ErrorKind, InferResponse,
    ObjectReply, Observe, RerankResponse, Result, TokenCount, Usage,
    chat::Meta,
    health::{Load, Readiness},
    models::ModelsPage,
    object::ObjectOutcome,
    raw,
    tokenize::{DetokenizeResponse, TokenizeResponse},
};

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
    /// The tokens of a text.
    Tokenize(TokenizeResponse),
    /// The text of tokens.
    Detokenize(DetokenizeResponse),
    /// Tensors.
    Infer(InferResponse),
    /// What came of it at the store; content that is got is unread.
    Object(ObjectReply),
    /// Models.
    Models(ModelsPage),
    /// Whether the server can serve.
    Ready(Readiness),
    /// How busy the server is.
    Load(Load),
    /// The provider's own answer, its body unread.
    Raw(Response<Body>),
}

/// `into_chat` is of `chat`.
fn operation_of(name: &'static str) -> &'static str {
    name.trim_start_matches("into_")
}

macro_rules! into {
    ($($(#[$doc:meta])* $name:ident => $variant:ident($inner:ty),)+) => {
        impl Reply {
            $($(#[$doc])*
            ///
            /// # Errors
            ///
            /// It is the reply to another operation: a layer answered for the wrong call.
            pub fn $name(self) -> Result<$inner> {
                match self {
                    Self::$variant(inner) => Ok(inner),
                    other => Err(other.unexpected(operation_of(stringify!($name)))),
                }
            })+

            /// The operation that it answers.
            fn operation(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => operation_of(stringify!($name)),)+
                }
            }
        }
    };
}

into! {
    /// The chat answer.
    into_chat => Chat(ChatResponse),
    /// The stream.
    into_chat_stream => ChatStream(ChatStream),
    /// The vectors.
    into_embed => Embed(EmbedResponse),
    /// The order of the documents.
    into_rerank => Rerank(RerankResponse),
    /// The count.
    into_count_tokens => CountTokens(TokenCount),
    /// The tokens.
    into_tokenize => Tokenize(TokenizeResponse),
    /// The text.
    into_detokenize => Detokenize(DetokenizeResponse),
    /// The tensors.
    into_infer => Infer(InferResponse),
    /// What came of it at the store.
    into_object => Object(ObjectReply),
    /// The models.
    into_models => Models(ModelsPage),
    /// Whether the server can serve.
    into_ready => Ready(Readiness),
    /// How busy the server is.
    into_load => Load(Load),
    /// The provider's own answer.
    into_raw => Raw(Response<Body>),
}

// What layers need to know of a reply, so that none of them has to know the operations.
impl Reply {
    /// Tells `observer` when this reply is over: now, or when its stream ends or is dropped.
    #[must_use]
    pub fn observe(mut self, observer: impl Observe + 'static) -> Self {
        if let Self::ChatStream(stream) = &mut self {
            stream.observe(observer);
        } else if let Some(body) = self.body_mut() {
            raw::observe(body, Box::new(observer));
        } else {
            Box::new(observer).on_end(End::Complete);
        }
        self
    }

    /// Whether more of it is to come: it is a stream, or has a body that nobody has read.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::ChatStream(_) | Self::Raw(_) => true,
            Self::Object(reply) => reply.body().is_some(),
            _ => false,
        }
    }

    /// Whether it was made here and nobody was asked, so that it says nothing of an endpoint.
    pub(crate) fn is_own(&self) -> bool {
        matches!(self, Self::Object(reply) if matches!(reply.outcome, ObjectOutcome::Url(_)))
    }

    /// The body that nobody has read.
    pub(crate) fn body_mut(&mut self) -> Option<&mut Body> {
        match self {
            Self::Raw(response) => Some(response.body_mut()),
            Self::Object(reply) => reply.body_mut(),
            _ => None,
        }
    }

    /// The HTTP side of it, where there is one.
    pub(crate) fn meta(&self) -> Option<&Meta> {
        Some(match self {
            Self::Chat(response) => &response.meta,
            Self::ChatStream(stream) => stream.meta(),
            Self::Embed(response) => &response.meta,
            Self::Rerank(response) => &response.meta,
            Self::CountTokens(count) => &count.meta,
            Self::Tokenize(response) => &response.meta,
            Self::Detokenize(response) => &response.meta,
            Self::Infer(response) => &response.meta,
            Self::Object(reply) => &reply.meta,
            Self::Models(page) => &page.meta,
            Self::Ready(readiness) => &readiness.meta,
            Self::Load(load) => &load.meta,
            Self::Raw(_) => return None,
        })
    }

    /// The same, to be changed.
    pub(crate) fn meta_mut(&mut self) -> Option<&mut Meta> {
        Some(match self {
            Self::Chat(response) => &mut response.meta,
            Self::ChatStream(stream) => stream.meta_mut(),
            Self::Embed(response) => &mut response.meta,
            Self::Rerank(response) => &mut response.meta,
            Self::CountTokens(count) => &mut count.meta,
            Self::Tokenize(response) => &mut response.meta,
            Self::Detokenize(response) => &mut response.meta,
            Self::Infer(response) => &mut response.meta,
            Self::Object(reply) => &mut reply.meta,
            Self::Models(page) => &mut page.meta,
            Self::Ready(readiness) => &mut readiness.meta,
            Self::Load(load) => &mut load.meta,
            Self::Raw(_) => return None,
        })
    }

    /// What of the request was not carried as asked, where the reply has a place for it.
    pub(crate) fn warnings_mut(&mut self) -> Option<&mut Vec<crate::Warning>> {
        Some(match self {
            Self::Chat(response) => &mut response.warnings,
            Self::Embed(response) => &mut response.warnings,
            Self::Rerank(response) => &mut response.warnings,
            Self::CountTokens(count) => &mut count.warnings,
            Self::Tokenize(response) => &mut response.warnings,
            Self::Detokenize(response) => &mut response.warnings,
            Self::Infer(response) => &mut response.warnings,
            Self::Object(reply) => &mut reply.warnings,
            _ => return None,
        })
    }

    /// What a whole answer cost. Tokens that were counted are not used.
    pub(crate) fn usage(&self) -> Option<&Usage> {
        match self {
            Self::Chat(response) => Some(&response.usage),
            Self::Embed(response) => Some(&response.usage),
            Self::Rerank(response) => Some(&response.usage),
            _ => None,
        }
    }

    /// The model of a whole answer, as the provider calls it; empty where it does not say.
    pub(crate) fn model(&self) -> &str {
        match self {
            Self::Chat(response) => &response.model,
            Self::Embed(response) => &response.model,
            Self::Rerank(response) => &response.model,
            Self::CountTokens(count) => &count.model,
            Self::Infer(response) => &response.model,
            _ => "",
        }
    }

    /// The provider's id of a whole answer.
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::Chat(response) => response.id.as_deref(),
            Self::Rerank(response) => response.id.as_deref(),
            Self::Infer(response) => response.id.as_deref(),
            _ => None,
        }
    }

    fn unexpected(&self, asked: &str) -> Error {
        let got = self.operation();
        Error::new(
            ErrorKind::Decode,
            format!("a layer answered {got} to a call of {asked}"),
        )
    }
}
