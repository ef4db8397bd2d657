//! So many calls at once; the others wait in line, the urgent first.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower::util::Oneshot;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Call, Error, Reply, Result};

mod class;
mod enter;
mod line;
mod queue;
mod size;
#[cfg(test)]
mod tests;

pub(crate) use enter::Enter;
use line::Limits;
pub(crate) use line::{Line, Permit};
pub(crate) use queue::Entry;

/// Lets so many calls run at once, and so many more wait in line.
///
/// A call runs until its reply is over: a stream until its end or drop, not only until its first
/// content.
///
/// Who goes next: the higher [priority](crate::Priority), but a lower one that waits gets at least
/// one place of ten. Among calls of one priority the [tenants](Call::tenant) take turns, each as
/// many calls as it [weighs](Self::weight). The calls of one tenant go in the order they came.
///
/// Who waits is bounded: by number, by the [memory](Self::bytes) of the requests, and by
/// [time](Self::longest_wait) or the call's own deadline, whichever is shorter. At a full line the
/// newest call of the lowest priority is refused with [`QueueFull`](crate::ErrorKind::QueueFull):
/// the one that comes, or one that waits and that a more urgent call drives out. It has not been
/// sent, and another endpoint may take it. A call whose time is over fails with
/// [`Phase::Queue`](crate::Phase::Queue) and is not sent. A caller that gives up leaves the line.
///
/// Every service that the layer makes has a line of its own; clones of that service share it.
///
/// ```
/// use std::time::Duration;
/// use trunkline_core::middleware::Gate;
///
/// let gate = Gate::new(16, Gate::WAITING)
///     .weight("paying", 4)
///     .longest_wait(Duration::from_secs(10));
/// # let _ = gate;
/// ```
#[derive(Clone, Debug)]
pub struct Gate {
    limits: Limits,
}

impl Gate {
    /// How many calls usually may wait.
    pub const WAITING: usize = 1_024;

    /// At most `running` calls at once, and `waiting` more in line; both are at least 1. They wait
    /// 30 s at most, and their requests take 64 MiB at most.
    pub fn new(running: usize, waiting: usize) -> Self {
        Self {
            limits: Limits {
                running,
                waiting,
                bytes: 64 << 20,
                longest_wait: Duration::from_secs(30),
                weights: std::collections::BTreeMap::new(),
            },
        }
    }

    /// Sets how much memory the requests that wait may take, in bytes, by an estimate.
    #[must_use]
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Sets how many calls `tenant` sends in a turn; without, 1.
    #[must_use]
    pub fn weight(mut self, tenant: &str, weight: u32) -> Self {
        self.limits.weights.insert(tenant.into(), weight);
        self
    }

    /// Sets how long a call waits at most.
    #[must_use]
    pub fn longest_wait(mut self, longest_wait: Duration) -> Self {
        self.limits.longest_wait = longest_wait;
        self
    }

    /// Whether every setting can work.
    pub(super) fn check(&self) -> Result<()> {
        let limits = &self.limits;
        let wrong = if limits.running == 0 {
            "a gate's `running` is 0: no call could be sent; let at least 1 run"
        } else if limits.waiting == 0 {
            "a gate's `waiting` is 0: let at least 1 call wait"
        } else if limits.bytes == 0 {
            "a gate's `bytes` is 0: no request could wait; allow at least the size of the largest"
        } else if limits.longest_wait.is_zero() {
            "a gate's `longest_wait` is 0: no call could wait; give it a while"
        } else if limits.weights.values().any(|weight| *weight == 0) {
            "a tenant's `weight` at a gate is 0: it would never have a turn; give it at least 1"
        } else {
            return Ok(());
        };
        Err(Error::config(wrong))
    }

    /// A new line, with nobody in it.
    pub(crate) fn open(&self) -> Line {
        Line::new(self.limits.clone(), || Instant::now().into_std())
    }
}

impl<S> Layer<S> for Gate {
    type Service = GateService<S>;

    fn layer(&self, inner: S) -> GateService<S> {
        GateService {
            line: self.open(),
            fault: self.check().err().map(|error| error.message().into()),
            inner,
        }
    }
}

/// A service behind [`Gate`].
#[derive(Clone, Debug)]
pub struct GateService<S> {
    line: Line,
    /// What is wrong with the settings: every call is told, since making a layer cannot fail.
    fault: Option<Arc<str>>,
    inner: S,
}

impl<S> Service<Call> for GateService<S>
where
    S: Service<Call, Response = Reply, Error = Error> + Clone,
{
    type Response = Reply;
    type Error = Error;
    type Future = GateFuture<S>;

    /// Always ready. What is behind the gate is asked when a call has been let in: readiness is
    /// often a permit too, and who waits must not hold one.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, call: Call) -> GateFuture<S> {
        let fault = self.fault.as_deref();
        let permit = self.line.try_enter();
        GateFuture {
            fault: fault.map(|fault| Error::config(fault.to_owned())),
            enter: match permit {
                Some(_) => None,
                None => Some(self.line.enter(Entry::of(&call))),
            },
            inner: Oneshot::new(self.inner.clone(), call),
            permit,
        }
    }
}

pin_project! {
    /// The future of [`GateService`].
    pub struct GateFuture<S>
    where
        S: Service<Call>,
    {
        fault: Option<Error>,
        #[pin]
        enter: Option<Enter>,
        #[pin]
        inner: Oneshot<S, Call>,
        // After what it permits: the call is let go of before the next one is let in.
        permit: Option<Permit>,
    }
}

impl<S> Future for GateFuture<S>
where
    S: Service<Call, Response = Reply, Error = Error>,
{
    type Output = Result<Reply>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        let mut this = self.project();
        if let Some(fault) = this.fault.take() {
            return Poll::Ready(Err(fault));
        }
        if let Some(enter) = this.enter.as_mut().as_pin_mut() {
            *this.permit = Some(ready!(enter.poll(cx))?);
            this.enter.set(None);
        }
        let reply = ready!(this.inner.poll(cx));
        Poll::Ready(match this.permit.take() {
            Some(permit) => permit.until_over(reply),
            None => reply,
        })
    }
}

impl<S: Service<Call>> fmt::Debug for GateFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GateFuture")
            .field("is_waiting", &self.enter.is_some())
            .finish_non_exhaustive()
    }
}
