//! The layers around a backend, in the order that makes them work together.

use std::{future::Future, sync::Arc, time::Duration};

use tower::ServiceExt;
#[cfg(feature = "metrics")]
use tower::util::option_layer;
use tower_layer::Layer;
use tower_service::Service;

#[cfg(feature = "metrics")]
use super::Metrics;
use super::{
    Breaker, Circuits, Deadline, Gate, Pick, RateLimit, Retry, Trace,
    life::Life,
    pool::{KeyPart, PoolService, Shared, Site},
};
use crate::{Backend, BackendInfo, Call, Error, Reply, Result, Serve, Stats};

/// The layers around a backend: span, then deadline, then retries, then for each attempt a choice
/// of endpoint and key, their queues and limits, and the circuit of the endpoint.
///
/// The span is outermost, one for each call of the user. The deadline bounds queues, attempts and
/// the waits between them. A retry chooses again, and holds no place while it waits. The circuit is
/// asked last, when the call is about to be sent, so that one that opens empties the queue at once.
///
/// ```
/// use std::time::Duration;
/// use trunkline_core::middleware::{Breaker, Deadline, Gate, Retry, Stack};
///
/// let stack = Stack::default()
///     .deadline(Deadline::default().total(Duration::from_secs(30)))
///     .retry(Retry::default().attempts(5))
///     .breaker(Breaker::default().consecutive(5))
///     .endpoint_limits(Gate::new(16, 64));
/// # let _ = stack;
/// ```
#[derive(Clone, Debug)]
pub struct Stack {
    retry: Option<Retry>,
    deadline: Option<Deadline>,
    trace: bool,
    content: bool,
    #[cfg(feature = "metrics")]
    metrics: Option<Metrics>,
    pub(super) breaker: Option<Breaker>,
    pub(super) gate: Option<Gate>,
    pub(super) key_limits: Option<RateLimit>,
    pub(super) key_gate: Option<Gate>,
    pub(super) pick: Pick,
    pools: bool,
}

impl Default for Stack {
    /// Spans without content, 600 s, three attempts, a circuit for each model of each endpoint, no
    /// queues, and no limits but those that the provider tells.
    fn default() -> Self {
        Self {
            retry: Some(Retry::default()),
            deadline: Some(Deadline::default()),
            trace: true,
            content: false,
            #[cfg(feature = "metrics")]
            metrics: None,
            breaker: Some(Breaker::default()),
            gate: None,
            key_limits: None,
            key_gate: None,
            pick: Pick::default(),
            pools: true,
        }
    }
}

impl Stack {
    /// No layers at all.
    pub fn bare() -> Self {
        Self {
            retry: None,
            deadline: None,
            trace: false,
            breaker: None,
            pools: false,
            ..Self::default()
        }
    }

    /// Sets how to retry; `None` for not at all.
    #[must_use]
    pub fn retry(mut self, retry: impl Into<Option<Retry>>) -> Self {
        self.retry = retry.into();
        self
    }

    /// Sets the bounds of a call; `None` for none.
    #[must_use]
    pub fn deadline(mut self, deadline: impl Into<Option<Deadline>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// Sets when to leave an endpoint alone; `None` for never.
    #[must_use]
    pub fn breaker(mut self, breaker: impl Into<Option<Breaker>>) -> Self {
        self.breaker = breaker.into();
        self.pools |= self.breaker.is_some();
        self
    }

    /// Sets how many calls each endpoint serves at once, and how many wait for it.
    #[must_use]
    pub fn endpoint_limits(mut self, gate: impl Into<Option<Gate>>) -> Self {
        self.gate = gate.into();
        self.pools |= self.gate.is_some();
        self
    }

    /// Sets how many requests and tokens a minute each key may use.
    #[must_use]
    pub fn key_limits(mut self, limits: impl Into<Option<RateLimit>>) -> Self {
        self.key_limits = limits.into();
        self.pools |= self.key_limits.is_some();
        self
    }

    /// Sets how many calls each key serves at once. [`Gate::WAITING`] others wait for it.
    #[must_use]
    pub fn key_concurrency(mut self, running: usize) -> Self {
        self.key_gate = Some(Gate::new(running, Gate::WAITING));
        self.pools = true;
        self
    }

    /// Sets whom to ask of several endpoints.
    #[must_use]
    pub fn pick(mut self, pick: Pick) -> Self {
        self.pick = pick;
        self
    }

    /// Records messages and answers in the spans. They may be private.
    #[must_use]
    pub fn trace_content(mut self) -> Self {
        self.trace = true;
        self.content = true;
        self
    }

    /// Measures each call, outside of all other layers; `None` for not at all, which is the default.
    /// Endpoints and keys are measured by [`Metrics::observe`].
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn metrics(mut self, metrics: impl Into<Option<Metrics>>) -> Self {
        self.metrics = metrics.into();
        self
    }

    /// Whether every setting can work.
    pub(crate) fn check(&self) -> Result<()> {
        self.retry.as_ref().map_or(Ok(()), Retry::check)?;
        self.deadline.as_ref().map_or(Ok(()), Deadline::check)?;
        self.breaker.as_ref().map_or(Ok(()), Breaker::check)?;
        self.gate.as_ref().map_or(Ok(()), Gate::check)?;
        if self
            .key_gate
            .as_ref()
            .is_some_and(|gate| gate.check().is_err())
        {
            return Err(Error::config(
                "`key_concurrency` is 0: no call could be sent; let each key serve at least 1",
            ));
        }
        self.key_limits.as_ref().map_or(Ok(()), RateLimit::check)
    }

    /// Puts these layers around `backend`, which is taken for one endpoint with one key.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config), naming the setting that cannot work.
    pub fn around(&self, backend: Backend) -> Result<Backend> {
        self.check()?;
        if !self.pools {
            return Ok(self.layers(backend, None));
        }
        let info = backend.info().clone();
        let name = info.name.clone();
        let keys = vec![KeyPart::of_backend(&name)];
        let site = Site {
            backend,
            label: name.clone(),
            name,
            weight: 1,
            keys: Some(keys),
        };
        Ok(self.over(Shared::new(info, vec![site], Vec::new(), self)?))
    }

    /// Whether anything of it belongs to endpoints or keys.
    pub(crate) fn pools(&self) -> bool {
        self.pools
    }

    /// The pool behind these layers.
    pub(crate) fn over(&self, pool: Arc<Shared>) -> Backend {
        let inner = PoolService(pool.clone());
        let life = pool.life().clone();
        match (&self.retry, self.deadline) {
            // The ordinary case is one concrete service, erased once.
            (Some(retry), Some(deadline)) if self.trace => {
                let service = life.layer(deadline.layer(retry.layer(inner)));
                let service = self.span(pool.info()).layer(service);
                #[cfg(feature = "metrics")]
                let service = option_layer(self.meters(pool.info())).layer(service);
                Backend::new(Stacked::new(pool, &self.retry, service))
            }
            (None, None) if !self.trace => {
                let service = life.layer(inner);
                #[cfg(feature = "metrics")]
                let service = option_layer(self.meters(pool.info())).layer(service);
                Backend::new(Stacked::new(pool, &self.retry, service))
            }
            _ => {
                let backend = Backend::new(Stacked::new(pool, &self.retry, inner));
                self.layers(backend, Some(life))
            }
        }
    }

    /// The layers that are wanted, one by one.
    fn layers(&self, mut backend: Backend, life: Option<Life>) -> Backend {
        if let Some(retry) = &self.retry {
            backend = backend.layer(retry.clone());
        }
        if let Some(deadline) = self.deadline {
            backend = backend.layer(deadline);
        }
        if let Some(life) = life {
            backend = backend.layer(life);
        }
        if self.trace {
            let span = self.span(backend.info());
            backend = backend.layer(span);
        }
        #[cfg(feature = "metrics")]
        if let Some(metrics) = self.meters(backend.info()) {
            backend = backend.layer(metrics);
        }
        backend
    }

    #[cfg(feature = "metrics")]
    fn meters(&self, info: &BackendInfo) -> Option<Metrics> {
        let metrics = self.metrics.clone()?;
        Some(metrics.provider_if_unset(info.provider))
    }

    fn span(&self, info: &BackendInfo) -> Trace {
        let trace = Trace::new(info.provider);
        if self.content {
            trace.with_content()
        } else {
            trace
        }
    }
}

/// A pool, and the layers around it.
struct Stacked<S> {
    pool: Arc<Shared>,
    retry: Option<Retry>,
    service: S,
}

impl<S> Stacked<S> {
    fn new(pool: Arc<Shared>, retry: &Option<Retry>, service: S) -> Self {
        Self {
            pool,
            retry: retry.clone(),
            service,
        }
    }
}

impl<S> Serve for Stacked<S>
where
    S: Service<Call, Response = Reply, Error = Error> + Clone + Send + Sync + 'static,
    S::Future: Send,
{
    fn info(&self) -> &BackendInfo {
        self.pool.info()
    }

    fn serve(&self, call: Call) -> impl Future<Output = Result<Reply>> + Send + 'static {
        let service = self.service.clone();
        let provider = self.pool.info().provider;
        async move {
            // A layer that fails a call by itself does not know whom it was for.
            let result = service.oneshot(call).await;
            result.map_err(|error| error.with_provider(provider))
        }
    }

    fn stats(&self) -> Stats {
        let mut stats = self.pool.stats();
        stats.retry_budget = self.retry.as_ref().map(Retry::tokens_left);
        stats
    }

    fn members(&self) -> Vec<Backend> {
        self.pool.members()
    }

    fn circuits(&self) -> Vec<(Arc<str>, Circuits)> {
        self.pool.circuits()
    }

    fn restore(&self) {
        self.pool.restore();
    }

    fn close(&self, patience: Duration) -> impl Future<Output = ()> + Send + 'static {
        self.pool.close(patience)
    }
}
