//! OpenTelemetry's metrics for generative AI, and some of our own.
//!
//! <https://github.com/open-telemetry/semantic-conventions-genai>

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use opentelemetry::metrics::Meter;
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::follow::Following;
use crate::{Backend, Call, Error, Reply, Result};

mod instruments;
mod measured;
mod names;
mod observed;

use instruments::Instruments;
use measured::Measured;

/// Measures each call, from its start to the end of its reply: a stream counts when it ends or is
/// dropped, with `error.type` = `cancelled` in the latter case.
///
/// | Instrument | Unit | What |
/// |---|---|---|
/// | `gen_ai.client.operation.duration` | `s` | to the end of the reply |
/// | `gen_ai.client.operation.time_to_first_chunk` | `s` | to a stream's first content |
/// | `gen_ai.client.token.usage` | `{token}` | as the provider counted, by `gen_ai.token.type` |
/// | `trunkline.client.active` | `{call}` | calls under way |
/// | `trunkline.client.attempts` | `{attempt}` | what was tried for them |
/// | `trunkline.client.retry.wait` | `s` | between attempts, of the calls that waited |
/// | `trunkline.client.queue.time` | `s` | in line, of the calls that waited |
///
/// Attributes: `gen_ai.operation.name`, `gen_ai.provider.name`, `gen_ai.request.model`,
/// `gen_ai.response.model`, `server.address`, `server.port`, `error.type`. Callers choose the names
/// of models, so one `Metrics` tells 256 of each kind apart; any further one is `_OTHER`.
///
/// Its place is outside of all other layers, so that it sees what they wait for.
/// [`Stack::metrics`](super::Stack::metrics) puts it there.
///
/// ```
/// # fn demo(meter: &opentelemetry::metrics::Meter, backend: trunkline_core::Backend) {
/// use trunkline_core::middleware::{Metrics, Stack};
///
/// // For an account that is to be built:
/// let stack = Stack::default().metrics(Metrics::new(meter));
/// // For a backend that is there already:
/// Metrics::observe(meter, backend.clone());
/// let measured = backend.layer(Metrics::new(meter));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Metrics {
    instruments: Arc<Instruments>,
    provider: Option<Arc<str>>,
}

impl Metrics {
    /// Instruments of this meter. Clones share them.
    pub fn new(meter: &Meter) -> Self {
        Self {
            instruments: Arc::new(Instruments::new(meter)),
            provider: None,
        }
    }

    /// Sets the provider's id, `groq`, for calls whose end does not tell: those that were given up
    /// before anything was answered.
    #[must_use]
    pub fn provider(mut self, provider: &'static str) -> Self {
        self.provider = Some(provider.into());
        self
    }

    /// Sets the provider's id, unless one is set.
    pub(super) fn provider_if_unset(mut self, provider: &'static str) -> Self {
        self.provider.get_or_insert_with(|| provider.into());
        self
    }

    /// Reports [`Backend::stats`] whenever the meter's reader collects.
    ///
    /// | Instrument | Unit | What |
    /// |---|---|---|
    /// | `trunkline.endpoint.active` | `{attempt}` | attempts under way |
    /// | `trunkline.endpoint.queued` | `{call}` | calls that wait for their turn there |
    /// | `trunkline.endpoint.ejected` | `{endpoint}` | 1 where a pool leaves it out, else 0 |
    /// | `trunkline.endpoint.attempts` | `{attempt}` | those that are over, by `error.type`; without it they were completed |
    /// | `trunkline.endpoint.retries` | `{attempt}` | those that were not their call's first |
    /// | `trunkline.breaker.state` | `{circuit}` | its circuits, by state |
    /// | `trunkline.key.state` | `{key}` | the backend's keys, by state |
    /// | `trunkline.retry.budget` | `{token}` | what is left for the backend's retries |
    ///
    /// All are by `trunkline.backend.name`, those of endpoints and circuits also by
    /// `gen_ai.provider.name`, `server.address` and `server.port`.
    ///
    /// To be called once for a backend: the meter's provider holds on to it until it is dropped.
    pub fn observe(meter: &Meter, backend: Backend) {
        observed::register(meter, &backend);
    }
}

impl<S> Layer<S> for Metrics {
    type Service = MetricsService<S>;

    fn layer(&self, inner: S) -> MetricsService<S> {
        MetricsService {
            metrics: self.clone(),
            inner,
        }
    }
}

/// A service behind [`Metrics`].
#[derive(Clone, Debug)]
pub struct MetricsService<S> {
    metrics: Metrics,
    inner: S,
}

impl<S> Service<Call> for MetricsService<S>
where
    S: Service<Call, Response = Reply, Error = Error>,
{
    type Response = Reply;
    type Error = Error;
    type Future = MetricsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        let Metrics {
            instruments,
            provider,
        } = self.metrics.clone();
        let measured = Measured::begin(instruments, provider, &mut call);
        MetricsFuture {
            inner: self.inner.call(call),
            following: Following::new(Some(measured)),
        }
    }
}

pin_project! {
    /// The future of [`MetricsService`].
    #[derive(Debug)]
    pub struct MetricsFuture<F> {
        #[pin]
        inner: F,
        following: Following<Measured>,
    }
}

impl<F: Future<Output = Result<Reply>>> Future for MetricsFuture<F> {
    type Output = Result<Reply>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        Poll::Ready(this.following.take().settle(result))
    }
}
