//! Raw access: any request of the provider's own, through the same account, layers and transport.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Method, response::Parts};
use http_body::{Body as HttpBody, Frame, SizeHint};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tower_service::Service;
use trunkline_http::TransportError;

mod poll;

pub use poll::Pace;
pub(crate) use poll::ask_until;

use crate::{
    Backend, Body, Call, Class, Delivery, End, Error, ErrorKind, Json, Observe, Op, Phase, Result,
    Secret,
};

/// A request of the provider's own. Its path is relative to the endpoint's base URL: a request
/// cannot name another host, so the key goes nowhere else.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RawRequest {
    /// What it is called in spans and statistics.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// Path and query, after the base URL: `/models?limit=2`.
    pub path: String,
    /// Headers, beside those of the account. Of those that are the transport's, only `connection:
    /// close` may be among them: for a server that hangs up after its answer and does not say so.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// What repeating it would do.
    pub class: Class,
}

impl RawRequest {
    /// A request that only reads.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path, Bytes::new(), Class::Read)
    }

    /// A request with a JSON body. It is not repeated once it may have been acted on, unless
    /// [`class`](Self::class) says that it may.
    pub fn post(path: impl Into<String>, body: &Json) -> Self {
        let mut request = Self::new(Method::POST, path, body.get().to_owned(), Class::Effect);
        request.headers.insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json"),
        );
        request
    }

    /// A request of any kind.
    pub fn new(
        method: Method,
        path: impl Into<String>,
        body: impl Into<Bytes>,
        class: Class,
    ) -> Self {
        Self {
            name: "raw",
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: body.into(),
            class,
        }
    }

    /// Sets what repeating it would do.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// Sets what it is called in spans and statistics.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.name = name;
        self
    }
}

/// Stored by method, path and body only: a raw request is for the moment.
impl Serialize for RawRequest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored {
            method: self.method.as_str().to_owned(),
            path: self.path.clone(),
            body: String::from_utf8_lossy(&self.body).into_owned(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawRequest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let method =
            Method::from_bytes(stored.method.as_bytes()).map_err(serde::de::Error::custom)?;
        let class = if method == Method::GET {
            Class::Read
        } else {
            Class::Effect
        };
        Ok(Self::new(method, stored.path, stored.body, class))
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
}

/// An operation that only one provider has, called as `backend.ask(vllm::Sleep)`. It travels as
/// [`Op::Raw`], through every layer.
pub trait Operation {
    /// What it gives.
    type Output;
    /// What it is called in spans and statistics.
    const NAME: &'static str;
    /// What repeating it would do.
    const CLASS: Class;

    /// The request, relative to the endpoint's base URL.
    ///
    /// # Errors
    ///
    /// It cannot be expressed.
    fn encode(&self) -> Result<RawRequest>;

    /// Reads the answer to it.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    fn decode(&self, head: &Parts, body: Bytes) -> Result<Self::Output>;
}

mod follow;

pub(crate) use follow::follow;
pub use follow::{Followed, StreamOperation};

/// The call ends with the head of its answer, and the layers' timers with it.
async fn read(body: Body) -> Result<Bytes> {
    let late = |_| Error::timeout(Phase::Total, MAX_TIME).with_delivery(Delivery::Responded);
    Ok(timeout(MAX_TIME, body.collect(MAX_BODY))
        .await
        .map_err(late)??)
}

/// How long the body of such an answer may take.
const MAX_TIME: Duration = Duration::from_secs(600);
/// How large an answer to an [`Operation`] or on an [`Endpoint`] may be.
const MAX_BODY: usize = 32 << 20;

pub(crate) async fn ask<O: Operation>(backend: &Backend, operation: &O) -> Result<O::Output> {
    let mut request = operation.encode()?;
    request.name = O::NAME;
    request.class = O::CLASS;
    let reply = backend.call(Call::new(request)).await?;
    let (head, body) = reply.into_raw()?.into_parts();
    operation.decode(&head, read(body).await?)
}

impl From<RawRequest> for Op {
    fn from(request: RawRequest) -> Self {
        Self::Raw(Arc::new(request))
    }
}

/// One path of a provider, as a service from JSON to JSON: `backend.endpoint("/moderations")`.
#[derive(Clone, Debug)]
pub struct Endpoint {
    backend: Backend,
    path: Arc<str>,
    key: Option<Secret>,
}

impl Endpoint {
    pub(crate) fn new(backend: Backend, path: &str) -> Self {
        Self {
            backend,
            path: path.into(),
            key: None,
        }
    }

    /// Uses this credential instead of the account's. The host stays the account's.
    #[must_use]
    pub fn key(mut self, key: impl Into<Secret>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// Posts `body` and gives what comes back.
    ///
    /// # Errors
    ///
    /// As any call; [`ErrorKind::Decode`] if the answer is no JSON.
    pub async fn post(&self, body: &Json) -> Result<Json> {
        self.send(RawRequest::post(&*self.path, body)).await
    }

    /// Gets what is there.
    ///
    /// # Errors
    ///
    /// As any call; [`ErrorKind::Decode`] if the answer is no JSON.
    pub async fn get(&self) -> Result<Json> {
        self.send(RawRequest::get(&*self.path)).await
    }

    async fn send(&self, request: RawRequest) -> Result<Json> {
        let mut call = Call::new(request);
        call.key.clone_from(&self.key);
        let body = read(self.backend.call(call).await?.into_raw()?.into_body()).await?;
        serde_json::from_slice(&body).map_err(|error| {
            Error::new(ErrorKind::Decode, "the answer is no JSON").with_source(error)
        })
    }
}

impl Service<Json> for Endpoint {
    type Response = Json;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Json>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, body: Json) -> Self::Future {
        let endpoint = self.clone();
        Box::pin(async move { endpoint.post(&body).await })
    }
}

/// Tells `observer` when `body` is over.
pub(crate) fn observe(body: &mut Body, observer: Box<dyn Observe>) {
    *body = Body::new(Observed {
        body: std::mem::take(body),
        observer: Some(observer),
    });
}

struct Observed {
    body: Body,
    observer: Option<Box<dyn Observe>>,
}

impl Observed {
    fn end(&mut self, end: End<'_>) {
        if let Some(observer) = self.observer.take() {
            observer.on_end(end);
        }
    }
}

impl HttpBody for Observed {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(_)) if self.body.is_end_stream() => self.end(End::Complete),
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                let error = Error::of_transport(error);
                self.end(End::Failed(&error));
            }
            None => self.end(End::Complete),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let end = if self.body.is_end_stream() {
            End::Complete
        } else {
            End::Dropped
        };
        self.end(end);
    }
}
