//! A model on a backend: what an application calls.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::time::Instant;

use crate::{
    Backend, Call, EmbedRequest, InferRequest, Op, Reply, RerankRequest, Result, TokenizeRequest,
    call::deadline_in, embed::EmbedInput, infer::Tensor, middleware::Fallback,
    rerank::RerankDocument, tokenize::DetokenizeRequest, trail::Trail,
};

pub(crate) mod batch;
mod chat_call;
mod count_call;
mod embed_call;
mod infer_call;
mod rerank_call;
mod tokenize_call;

pub use chat_call::ChatCall;
pub use count_call::CountTokensCall;
pub use embed_call::EmbedCall;
pub use infer_call::InferCall;
pub use rerank_call::RerankCall;
pub use tokenize_call::TokenizeCall;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A model on a backend. Cloning it is two reference counts.
///
/// Application code takes a `&Model`: no generic, no trait of its own.
#[derive(Clone, Debug)]
pub struct Model {
    backend: Backend,
    name: Arc<str>,
    /// The models that [`or`](Self::or) put in line, itself first; empty where it stands alone.
    line: Arc<[Model]>,
}

impl Model {
    /// The model `name` on `backend`.
    pub fn new(backend: impl Into<Backend>, name: impl Into<Arc<str>>) -> Self {
        Self {
            backend: backend.into(),
            name: name.into(),
            line: Arc::default(),
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The backend it is on.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// This model, and `other` where this one cannot serve: by what went wrong and to what it
    /// happened, and only before anything was shown. `a.or(b).or(c)` asks them in that order; see
    /// [`Fallback`].
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut line = self.clone().into_line();
        line.extend(other.into_line());
        let first = line.first().unwrap_or(&self).clone();
        let others = line.iter().skip(1).cloned();
        Self {
            backend: Backend::new(Fallback::new(first, others)),
            name: self.name,
            line: line.into(),
        }
    }

    fn into_line(self) -> Vec<Self> {
        match self.line.is_empty() {
            true => vec![self],
            false => self.line.to_vec(),
        }
    }

    /// Asks for an answer. `.await` it whole, or end with [`stream`](ChatCall::stream),
    /// [`buffered`](ChatCall::buffered) or `extract`.
    pub fn chat(&self, request: impl Into<crate::ChatRequest>) -> ChatCall {
        let mut request = request.into();
        if request.model.is_empty() {
            request.model = self.name.to_string();
        }
        ChatCall::new(self.backend.clone(), request)
    }

    /// Asks for vectors, one for each input, in their order. More inputs than the provider takes in one
    /// request go in [several](EmbedCall::at_once).
    ///
    /// ```
    /// # async fn demo(model: trunkline_core::Model, pages: Vec<String>) -> trunkline_core::Result<()> {
    /// let answer = model.embed(&pages).await?;
    /// assert_eq!(answer.vectors.len(), pages.len());
    /// # Ok(()) }
    /// ```
    pub fn embed<I: Into<EmbedInput>>(&self, inputs: impl IntoIterator<Item = I>) -> EmbedCall {
        self.embed_request(EmbedRequest::new(inputs))
    }

    /// Asks for vectors, with all that a request can say.
    pub fn embed_request(&self, mut request: EmbedRequest) -> EmbedCall {
        if request.model.is_empty() {
            request.model = self.name.to_string();
        }
        EmbedCall::new(self.backend.clone(), request)
    }

    /// Asks for the order of `documents` by what they say about `query`, the best first. A place
    /// names its document by its number in the order given.
    ///
    /// ```
    /// # async fn demo(model: trunkline_core::Model) -> trunkline_core::Result<()> {
    /// let pages = ["Otters sleep afloat.", "Otters eat fish and crabs."];
    /// let answer = model.rerank("What do otters eat?", pages).top_n(1).await?;
    /// for place in &answer.results {
    ///     println!("{:.2} {}", place.score, pages[place.index]);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn rerank<D: Into<RerankDocument>>(
        &self,
        query: impl Into<String>,
        documents: impl IntoIterator<Item = D>,
    ) -> RerankCall {
        self.rerank_request(RerankRequest::new(query, documents))
    }

    /// Asks for the order of documents, with all that a request can say.
    pub fn rerank_request(&self, mut request: RerankRequest) -> RerankCall {
        if request.model.is_empty() {
            request.model = self.name.to_string();
        }
        RerankCall::new(self.backend.clone(), request)
    }

    /// Asks what the model makes of these tensors.
    ///
    /// ```
    /// # async fn demo(model: trunkline_core::Model) -> trunkline_core::Result<()> {
    /// use trunkline_core::infer::Tensor;
    ///
    /// let answer = model.infer([Tensor::of("x", [1, 2], &[0.5_f32, 1.5])?]).output("y").await?;
    /// let y = answer.output("y").map(Tensor::to_vec::<f32>).transpose()?;
    /// # Ok(()) }
    /// ```
    pub fn infer(&self, inputs: impl IntoIterator<Item = Tensor>) -> InferCall {
        self.infer_request(InferRequest::new(inputs))
    }

    /// Asks what the model makes of tensors, with all that a request can say.
    pub fn infer_request(&self, mut request: InferRequest) -> InferCall {
        if request.model.is_empty() {
            request.model = self.name.to_string();
        }
        InferCall::new(self.backend.clone(), request)
    }

    /// Asks for the tokens of `text`, by the provider's own tokenizer.
    ///
    /// ```
    /// # async fn demo(model: trunkline_core::Model) -> trunkline_core::Result<()> {
    /// let tokens = model.tokenize("Otters sleep afloat.").special(false).await?;
    /// assert_eq!(model.detokenize(tokens.ids()).await?, "Otters sleep afloat.");
    /// # Ok(()) }
    /// ```
    pub fn tokenize(&self, text: impl Into<String>) -> TokenizeCall {
        self.tokenize_request(TokenizeRequest::new(text))
    }

    /// Asks for tokens, with all that a request can say.
    pub fn tokenize_request(&self, mut request: TokenizeRequest) -> TokenizeCall {
        if request.model.is_empty() {
            request.model = self.name.to_string();
        }
        TokenizeCall::new(self.backend.clone(), request)
    }

    /// Asks for the text of tokens, by their numbers.
    ///
    /// # Errors
    ///
    /// As any call.
    pub async fn detokenize(&self, tokens: impl Into<Vec<u32>>) -> Result<String> {
        let request = DetokenizeRequest::new(tokens).model(&*self.name);
        let op = Op::Detokenize(Arc::new(request));
        let reply = Settings::default().send(&self.backend, op);
        Ok(reply.await?.into_detokenize()?.text)
    }

    /// Asks the provider how many tokens `request` is. No answer is made, and where providers bill
    /// tokens they do not bill these. Errors as any call;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) where the provider has no counter.
    ///
    /// ```
    /// # async fn demo(model: trunkline_core::Model) -> trunkline_core::Result<()> {
    /// let count = model.count_tokens("How long is this?").await?;
    /// println!("{} tokens", count.input);
    /// # Ok(()) }
    /// ```
    pub fn count_tokens(&self, request: impl Into<crate::ChatRequest>) -> CountTokensCall {
        let mut request = request.into();
        if request.model.is_empty() {
            request.model = self.name.to_string();
        }
        CountTokensCall::new(self.backend.clone(), request)
    }
}

/// What every call can be told before its ending.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) call: Call,
    pub(crate) timeout: Option<Duration>,
    invalid_header: bool,
    split: Option<batch::Split>,
}

impl Default for Settings {
    fn default() -> Self {
        // The operation is filled in at the ending, when the request is whole.
        Self {
            call: Call::new(Op::Models(Arc::default())),
            timeout: None,
            invalid_header: false,
            split: None,
        }
    }
}

impl Settings {
    fn header(&mut self, name: &str, value: &str) {
        let (Ok(name), Ok(mut value)) = (
            http::HeaderName::try_from(name),
            http::HeaderValue::try_from(value),
        ) else {
            self.invalid_header = true;
            return;
        };
        if crate::protocol::is_ours(&name) {
            self.invalid_header = true;
            return;
        }
        value.set_sensitive(true);
        self.call.headers.insert(name, value);
    }

    /// Those of a call that may be sent as several requests.
    fn splitting() -> Self {
        Self {
            split: Some(batch::Split::default()),
            ..Self::default()
        }
    }

    pub(crate) fn send(self, backend: &Backend, op: Op) -> BoxFuture<Result<Reply>> {
        if self.invalid_header {
            let error = crate::Error::config(
                "a header of the call cannot be sent: control characters, or one that is ours to set, as `host`; \
                 `authorization` is set by `.key(…)`",
            );
            return Box::pin(std::future::ready(Err(error)));
        }
        let mut call = self.call;
        // A cloned builder is another call.
        call.id = fastrand::u128(..);
        call.op = op;
        let split = self.split.filter(|_| batch::may_split(backend, &call.op));
        if let Some(split) = split {
            call.extensions.insert(split);
        }
        call.deadline = self.timeout.map(deadline_in);
        match (self.timeout, call.deadline) {
            (Some(timeout), Some(deadline)) => {
                call.trail.open();
                let trail = call.trail.clone();
                Box::pin(within(timeout, deadline, trail, batch::send(backend, call)))
            }
            _ => batch::send(backend, call),
        }
    }
}

/// Keeps the caller's deadline whatever stands behind the backend: a stack, a mock, nothing.
async fn within(
    timeout: Duration,
    deadline: Instant,
    trail: Trail,
    reply: BoxFuture<Result<Reply>>,
) -> Result<Reply> {
    match tokio::time::timeout_at(deadline, reply).await {
        Ok(Ok(Reply::ChatStream(mut stream))) => {
            stream.end_at(deadline, timeout);
            Ok(Reply::ChatStream(stream))
        }
        Ok(result) => result,
        Err(_) => {
            let mut error = crate::Error::timeout(crate::Phase::Total, timeout)
                .with_delivery(crate::Delivery::MaybeProcessed);
            trail.close(&mut error);
            Err(error)
        }
    }
}

/// For calls of which each may become several requests.
macro_rules! split_settings {
    ($call:ident, $what:literal) => {
        impl $call {
            #[doc = concat!("Sets how many requests are under way at once, 4 unless set, where there are more ", $what, " than")]
            /// the provider [takes in one](crate::Capabilities). What has more is sent as several, each
            /// with retries and limits as any other, and the account's own bound on time;
            /// [`timeout`](Self::timeout) bounds them together. Their answers are put together in order:
            /// what they cost is added up, each warning told once, and the head is the first's. The first
            /// that fails for good ends the others, and its error says how much was
            /// [done](crate::Error::done).
            pub fn at_once(mut self, requests: usize) -> Self {
                self.settings.split = Some(super::batch::Split { at_once: requests });
                self
            }

            #[doc = concat!("Sends one request, whatever it has: more ", $what, " than the provider takes are")]
            /// [`InvalidRequest`](crate::ErrorKind::InvalidRequest) then, before anything is sent.
            pub fn unsplit(mut self) -> Self {
                self.settings.split = None;
                self
            }
        }
    };
}
use split_settings;

macro_rules! call_settings {
    ($call:ident) => {
        impl $call {
            /// Gives up after this time: waits, retries and the whole stream included.
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.settings.timeout = Some(timeout);
                self
            }

            /// Sets whose turn it is where calls wait in line.
            pub fn priority(mut self, priority: crate::Priority) -> Self {
                self.settings.call.priority = priority;
                self
            }

            /// Says for whom the call is made, where several share a backend: their turns in a queue
            /// are fair, and keys may be reserved for them.
            pub fn tenant(mut self, tenant: impl Into<std::sync::Arc<str>>) -> Self {
                self.settings.call.tenant = Some(tenant.into());
                self
            }

            /// Adds a header to this call, after ours.
            pub fn header(mut self, name: &str, value: &str) -> Self {
                self.settings.header(name, value);
                self
            }

            /// Uses this credential instead of the account's. The host stays the account's.
            pub fn key(mut self, key: impl Into<crate::Secret>) -> Self {
                self.settings.call.key = Some(key.into());
                self
            }

            /// Keeps the body, or the frames of the stream, as they came.
            pub fn keep_raw(mut self) -> Self {
                self.settings.call.keep_raw = true;
                self
            }
        }
    };
}
use call_settings;
