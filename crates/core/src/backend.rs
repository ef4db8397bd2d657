//! What serves calls, and the one handle that a program holds.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tower::ServiceExt;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    BoxError, Call, Endpoint, Error, Followed, Model, ModelInfo, Op, Operation, Pace, Reply,
    Result, Stats, StreamOperation, health::Load, middleware::Circuits, models, raw,
};

mod check;
mod info;

pub use check::{Check, Checked};
pub use info::{BackendInfo, Capabilities};

/// What serves calls: a provider, a pool, a fallback, a mock.
pub trait Serve: Send + Sync + 'static {
    /// What it is and what it can do.
    fn info(&self) -> &BackendInfo;

    /// Serves `call`. Dropping the future cancels it; so does dropping a stream it gave.
    fn serve(&self, call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static;

    /// What has happened here so far.
    fn stats(&self) -> Stats {
        Stats::default()
    }

    /// The backends behind this one: a pool's, a fallback's.
    fn members(&self) -> Vec<Backend> {
        Vec::new()
    }

    /// The circuits of its endpoints, by the names of these.
    fn circuits(&self) -> Vec<(Arc<str>, Circuits)> {
        Vec::new()
    }

    /// Forgets what is held against endpoints and keys; see [`Backend::restore`].
    fn restore(&self) {}

    /// Ends it in order; see [`Backend::close`]. Nothing to do unless somebody counts the calls.
    fn close(&self, patience: Duration) -> impl Future<Output = ()> + Send + 'static {
        let _ = patience;
        std::future::ready(())
    }
}

/// Anything that serves calls, behind any layers: the one type that the rest of a program holds.
/// Cloning it is one reference count.
#[derive(Clone)]
pub struct Backend(Arc<dyn Erased>);

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Backend {
    /// Erases the type of `inner`.
    pub fn new(inner: impl Serve) -> Self {
        Self(Arc::new(inner))
    }

    /// What it is and what it can do.
    pub fn info(&self) -> &BackendInfo {
        self.0.info()
    }

    /// The model that is used when none is named, if there is one.
    pub fn default_model(&self) -> Option<&str> {
        self.info().default_model.as_deref()
    }

    /// Whether a model of this name is one of the provider's, by the patterns that it declares.
    /// Nothing is asked over the network; see [`Check`] for that.
    pub fn is_compatible_model(&self, model: &str) -> bool {
        self.info().serves(model)
    }

    /// A model on this backend. Any name may be given: the provider decides whether it exists.
    pub fn model(&self, name: impl Into<Arc<str>>) -> Model {
        Model::new(self.clone(), name)
    }

    /// Serves `call`.
    pub fn call(&self, call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static + use<> {
        self.0.call(call)
    }

    pub(crate) fn call_boxed(&self, call: Call) -> BoxFuture<Result<Reply>> {
        self.0.call(call)
    }

    /// Asks what only this provider has.
    ///
    /// # Errors
    ///
    /// As any call, and what the operation's own decoding finds.
    pub async fn ask<O: Operation>(&self, operation: O) -> Result<O::Output> {
        raw::ask(self, &operation).await
    }

    /// Asks again and again, at this pace, until `is_over` says that the answer is the last: for what
    /// a provider does while nobody waits. Dropping the future only ends the asking.
    ///
    /// # Errors
    ///
    /// As for [`ask`](Self::ask), of the first that fails; [`Timeout`](crate::ErrorKind::Timeout)
    /// when the pace's total is over.
    pub async fn ask_until<O: Operation>(
        &self,
        operation: O,
        pace: Pace,
        is_over: impl Fn(&O::Output) -> bool,
    ) -> Result<O::Output> {
        raw::ask_until(self, &operation, pace, is_over).await
    }

    /// Asks what only this provider has, and gives what it answers piece by piece.
    ///
    /// # Errors
    ///
    /// As any call: what goes wrong before the head of the answer came. Later errors are the
    /// stream's.
    pub async fn follow<O: StreamOperation>(&self, operation: O) -> Result<Followed<O::Item>> {
        raw::follow(self, operation).await
    }

    /// One path of the provider, for requests of your own: same account, layers and transport.
    pub fn endpoint(&self, path: &str) -> Endpoint {
        Endpoint::new(self.clone(), path)
    }

    /// All models that the provider lists, page by page.
    ///
    /// # Errors
    ///
    /// As any call; [`LimitExceeded`](crate::ErrorKind::LimitExceeded) after 1,000 pages.
    pub async fn models(&self) -> Result<Vec<ModelInfo>> {
        models::all(self).await
    }

    /// Tests the endpoint, as far as `check` says.
    ///
    /// # Errors
    ///
    /// What stands in the way.
    pub async fn check(&self, check: Check) -> Result<Checked> {
        check::run(self, check).await
    }

    /// How busy the server is, by its own metrics; [`Load`] lists what it may tell. Of several
    /// endpoints one is asked; [`stats`](Self::stats) has the last word of each.
    ///
    /// # Errors
    ///
    /// As any call; [`Unsupported`](crate::ErrorKind::Unsupported) where the provider tells nothing.
    pub async fn load(&self) -> Result<Load> {
        let op = Op::Load(Arc::default());
        self.call(Call::new(op)).await?.into_load()
    }

    /// What has happened here so far, by endpoint.
    pub fn stats(&self) -> Stats {
        self.0.stats()
    }

    /// The backends behind this one: a pool's, a fallback's.
    pub fn members(&self) -> Vec<Self> {
        self.0.members()
    }

    /// The circuits of its endpoints, by the names of these: to watch them, and to open or close
    /// them by hand. Empty without a breaker.
    pub fn circuits(&self) -> Vec<(Arc<str>, Circuits)> {
        self.0.circuits()
    }

    /// Takes every endpoint and key for good again: closes the circuits, ends the rests, and uses
    /// keys that the provider had rejected. For an operator who has put things right.
    pub fn restore(&self) {
        self.0.restore();
    }

    /// Ends it in order: new calls fail with [`Closed`](crate::ErrorKind::Closed), those under way
    /// have so much time to end, their streams included, and are then ended.
    ///
    /// All clones of this backend are closed with it, and all models on it. A
    /// [bare](crate::Account::bare) backend, or one of your own that counts no calls, goes on.
    pub async fn close(&self, patience: Duration) {
        self.0.close(patience).await;
    }

    /// Whether `other` is the same backend, and not only one like it.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Puts a tower layer around this backend. Tower's own and yours fit alike.
    ///
    /// A layer whose permit ends with the response future, as tower's concurrency limit, lets go
    /// of a stream at its first content; attach an [`Observe`](crate::Observe) to
    /// [`Reply`] to hold on to its end.
    ///
    /// The service's error may be a boxed one: ours is taken out of it whole. tower's own become
    /// ours: its timeout a [`Timeout`](crate::ErrorKind::Timeout) in
    /// [`Head`](crate::Phase::Head), so that a pool or a fallback goes on with another; a shed load
    /// a [`QueueFull`](crate::ErrorKind::QueueFull).
    ///
    /// A backend is always ready. Layers that look at readiness, such as tower's load shedding, go
    /// into one `tower::ServiceBuilder` with the layer that makes it, and not into a `layer` each.
    #[must_use]
    pub fn layer<L>(self, layer: L) -> Self
    where
        L: Layer<Self>,
        L::Service: Service<Call, Response = Reply> + Clone + Send + Sync + 'static,
        <L::Service as Service<Call>>::Error: Into<BoxError>,
        <L::Service as Service<Call>>::Future: Send,
    {
        let inner = self.clone();
        Self(Arc::new(Layered {
            inner,
            service: layer.layer(self),
        }))
    }
}

impl Service<Call> for Backend {
    type Response = Reply;
    type Error = Error;
    type Future = BoxFuture<Result<Reply>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> Self::Future {
        self.0.call(call)
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Backend").field(&self.info().name).finish()
    }
}

trait Erased: Send + Sync {
    fn info(&self) -> &BackendInfo;
    fn call(&self, call: Call) -> BoxFuture<Result<Reply>>;
    fn stats(&self) -> Stats;
    fn members(&self) -> Vec<Backend>;
    fn circuits(&self) -> Vec<(Arc<str>, Circuits)>;
    fn restore(&self);
    fn close(&self, patience: Duration) -> BoxFuture<()>;
}

impl<T: Serve> Erased for T {
    fn info(&self) -> &BackendInfo {
        Serve::info(self)
    }

    fn call(&self, call: Call) -> BoxFuture<Result<Reply>> {
        Box::pin(self.serve(call))
    }

    fn stats(&self) -> Stats {
        Serve::stats(self)
    }

    fn members(&self) -> Vec<Backend> {
        Serve::members(self)
    }

    fn circuits(&self) -> Vec<(Arc<str>, Circuits)> {
        Serve::circuits(self)
    }

    fn restore(&self) {
        Serve::restore(self);
    }

    fn close(&self, patience: Duration) -> BoxFuture<()> {
        Box::pin(Serve::close(self, patience))
    }
}

/// A layer's service, with the backend under it for all that is no call.
struct Layered<S> {
    inner: Backend,
    service: S,
}

impl<S> Erased for Layered<S>
where
    S: Service<Call, Response = Reply> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    fn info(&self) -> &BackendInfo {
        self.inner.info()
    }

    fn call(&self, call: Call) -> BoxFuture<Result<Reply>> {
        let service = self.service.clone();
        let provider = self.inner.info().provider;
        Box::pin(async move {
            // A layer that fails a call by itself does not know whom it was for.
            service
                .oneshot(call)
                .await
                .map_err(|error| Error::from(error.into()).with_provider(provider))
        })
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }

    fn members(&self) -> Vec<Backend> {
        self.inner.members()
    }

    fn circuits(&self) -> Vec<(Arc<str>, Circuits)> {
        self.inner.circuits()
    }

    fn restore(&self) {
        self.inner.restore();
    }

    fn close(&self, patience: Duration) -> BoxFuture<()> {
        self.inner.0.close(patience)
    }
}
