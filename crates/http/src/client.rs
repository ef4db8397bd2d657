//! The transport as a trait, and the erased handle that everything above holds.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Body, TransportError};

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;
type Outcome = Result<Response<Body>, TransportError>;

/// Sends one HTTP request and brings the response head; the body follows as it is read.
///
/// Implement this to bring a client of your own. An implementation follows no redirect, reads no
/// environment, and repeats no request that may have left.
pub trait Transport: Send + Sync + 'static {
    /// Sends `request`. Dropping the future cancels it.
    fn send(&self, request: Request<Body>) -> impl Future<Output = Outcome> + Send + 'static;
}

/// In a request's extensions: its answer's body comes as it was sent, whatever its content encoding
/// says. For content that is kept in an encoding of its own, as an object in a store may be: there the
/// length, the ranges and the checksum are those of the encoded bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsSent;

/// A client that nobody has to make. There is one with the feature `hyper`: [`HttpClient`] over
/// [`HyperTransport`](crate::hyper::HyperTransport).
///
/// Code that knows no transport asks for it in a bound: `where HttpClient: DefaultClient<P>`. The
/// parameter has no meaning of its own. It makes the bound depend on a type of the caller's, so that
/// it is checked where the code is used and not where it is written.
#[diagnostic::on_unimplemented(
    message = "there is no default HTTP client without the feature `hyper`",
    note = "turn on `hyper` of the provider's crate, or bring a client: `Account::with(key, base_url, client)`"
)]
pub trait DefaultClient<P: ?Sized>: Sized {
    /// The client that everything on this tokio runtime shares. It reads no environment.
    fn shared() -> Self;

    /// The client that these variables ask for: one of its own where they name a proxy.
    ///
    /// # Errors
    ///
    /// A proxy's address is none.
    fn from_vars(vars: &dyn Fn(&str) -> Option<String>) -> Result<Self, TransportError>;
}

/// A shared, type-erased [`Transport`]. Cloning it is one reference count.
#[derive(Clone)]
pub struct HttpClient(Arc<dyn Erased>);

impl HttpClient {
    /// A client over `transport`.
    pub fn new(transport: impl Transport) -> Self {
        Self(Arc::new(transport))
    }

    /// Wraps this client in an HTTP-level tower layer, which sees the bytes of one attempt.
    ///
    /// A layer here runs inside retries, after authorization: it sees the key.
    #[must_use]
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<Self>,
        L::Service: Service<Request<Body>, Response = Response<Body>, Error = TransportError>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as Service<Request<Body>>>::Future: Send,
    {
        Self::new(Layered(layer.layer(self)))
    }

    /// Sends `request`. Dropping the future cancels it.
    pub fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Outcome> + Send + 'static + use<> {
        self.0.send(request)
    }
}

#[cfg(feature = "hyper")]
impl HttpClient {
    pub(crate) fn downgrade(&self) -> WeakClient {
        WeakClient(Arc::downgrade(&self.0))
    }
}

/// A client that does not keep its transport alive.
#[cfg(feature = "hyper")]
pub(crate) struct WeakClient(std::sync::Weak<dyn Erased>);

#[cfg(feature = "hyper")]
impl WeakClient {
    pub(crate) fn upgrade(&self) -> Option<HttpClient> {
        self.0.upgrade().map(HttpClient)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpClient")
    }
}

impl Service<Request<Body>> for HttpClient {
    type Response = Response<Body>;
    type Error = TransportError;
    type Future = BoxFuture<Outcome>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.send(request)
    }
}

trait Erased: Send + Sync {
    fn send(&self, request: Request<Body>) -> BoxFuture<Outcome>;
}

impl<T: Transport> Erased for T {
    fn send(&self, request: Request<Body>) -> BoxFuture<Outcome> {
        Box::pin(Transport::send(self, request))
    }
}

struct Layered<S>(S);

impl<S> Transport for Layered<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = TransportError>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    fn send(&self, request: Request<Body>) -> impl Future<Output = Outcome> + Send + 'static {
        let mut service = self.0.clone();
        async move {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(request).await
        }
    }
}
