//! Leaves an endpoint alone that keeps failing.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Call, Error, Reply, Result};

mod circuit;
mod circuits;
mod locked;
#[cfg(test)]
mod model;
mod ring;
mod rules;
mod state;
mod ticket;

pub use circuit::CircuitStatus;
pub use circuits::Circuits;
pub use rules::CircuitState;
use rules::{Rules, Slow};
pub(crate) use ticket::Ticket;

/// Refuses calls to an endpoint that keeps failing, and tries a few after a rest.
///
/// Each model has a circuit of its own. It opens when half of at least 20 results of the last 30 s
/// are failures, or ten in a row. It then rests for 5 s, or as long as the server asks; then lets
/// three calls at a time try. Three successes close it, one failure opens it again, for 10 s. All
/// rests vary by a fifth, so that clients do not come back at once.
///
/// A failure is one that [speaks against the endpoint](Error::is_endpoint_failure); a whole answer
/// is a success; anything else, a caller who went away included, is neither. A stream is judged by
/// its end. Only where it tries whether the endpoint is well again does its first content decide.
///
/// A refusal is a [`CircuitOpen`](crate::ErrorKind::CircuitOpen) with the time that is left.
///
/// ```
/// use std::time::Duration;
/// use trunkline_core::middleware::Breaker;
///
/// let breaker = Breaker::default()
///     .failure_rate(0.3)
///     .over(50)
///     .rest(Duration::from_secs(15));
/// # let _ = breaker;
/// ```
///
/// As a layer it makes new circuits for each backend; [`circuits`](Self::circuits) makes them to be
/// looked at and to be shared. Settings that cannot work are refused there, and where an account is
/// built; as a layer, each call is told of them.
#[derive(Clone, Copy, Debug)]
pub struct Breaker {
    rules: Rules,
}

impl Default for Breaker {
    /// Half of 20, or ten in a row; 5 s, at most 60 s; three probes of at most 30 s; slowness does
    /// not count.
    fn default() -> Self {
        Self {
            rules: Rules {
                failure_rate: 0.5,
                over: 20,
                consecutive: 10,
                slow: None,
                rest: Duration::from_secs(5),
                longest_rest: Duration::from_secs(60),
                probes: 3,
                lease: Duration::from_secs(30),
            },
        }
    }
}

impl Breaker {
    /// Sets which part of the results must be failures to open: above 0, at most 1.
    #[must_use]
    pub fn failure_rate(mut self, rate: f64) -> Self {
        self.rules.failure_rate = rate;
        self
    }

    /// Sets how many results there must be before a rate is taken.
    #[must_use]
    pub fn over(mut self, samples: u32) -> Self {
        self.rules.over = samples;
        self
    }

    /// Sets how many failures in a row open, however few results there are.
    #[must_use]
    pub fn consecutive(mut self, failures: u32) -> Self {
        self.rules.consecutive = failures;
        self
    }

    /// Sets how long it rests when it opens. If the endpoint is no better after that, it rests
    /// twice as long.
    #[must_use]
    pub fn rest(mut self, rest: Duration) -> Self {
        self.rules.rest = rest;
        self
    }

    /// Sets the longest rest, whatever the server asks for.
    #[must_use]
    pub fn longest_rest(mut self, rest: Duration) -> Self {
        self.rules.longest_rest = rest;
        self
    }

    /// Opens as well if this part of the streams takes longer than `threshold` to its first
    /// content. Streams that time out before it are slow; answers that come whole are not timed.
    #[must_use]
    pub fn slow(mut self, threshold: Duration, rate: f64) -> Self {
        self.rules.slow = Some(Slow { threshold, rate });
        self
    }

    /// Sets how many calls may try at a time after a rest, and how many must succeed to close: 1
    /// to 100.
    #[must_use]
    pub fn probes(mut self, probes: u32) -> Self {
        self.rules.probes = probes;
        self
    }

    /// Sets how long a call that tries holds its place. After that another may try, and what comes
    /// of it no longer counts: give it more where a first content, or an answer that is not
    /// streamed, regularly takes more than 30 s.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.rules.lease = lease;
        self
    }

    /// Makes its circuits: to be looked at, and a layer that shares them.
    ///
    /// # Errors
    ///
    /// A setting cannot work; the error names it.
    pub fn circuits(self) -> Result<Circuits> {
        self.check()?;
        Ok(Circuits::new(self, None))
    }

    /// Its circuits at an endpoint, which their changes are told with.
    pub(super) fn circuits_of(self, endpoint: &Arc<str>) -> Result<Circuits> {
        self.check()?;
        Ok(Circuits::new(self, Some(endpoint.clone())))
    }

    pub(super) fn check(&self) -> Result<()> {
        let rules = &self.rules;
        let is_rate = |rate: f64| rate > 0.0 && rate <= 1.0;
        let wrong = if !is_rate(rules.failure_rate) {
            "the breaker's `failure_rate` must be above 0 and at most 1"
        } else if rules.over == 0 {
            "the breaker's `over` is zero: a rate takes at least one result"
        } else if rules.consecutive == 0 {
            "the breaker's `consecutive` is zero: it would always be open; use one or more"
        } else if rules.rest.is_zero() {
            "the breaker's `rest` is zero: it would refuse nothing; leave the layer out instead"
        } else if rules.longest_rest < rules.rest {
            "the breaker's `longest_rest` is shorter than its `rest`; make it as long or longer"
        } else if !(1..=100).contains(&rules.probes) {
            "the breaker's `probes` must be 1 to 100: without any it would never close"
        } else if rules.lease.is_zero() {
            "the breaker's `lease` is zero: no probe could succeed; 30 s is the usual"
        } else if rules.slow.is_some_and(|slow| slow.threshold.is_zero()) {
            "the breaker's `slow` has a threshold of zero: every stream would be slow"
        } else if rules.slow.is_some_and(|slow| !is_rate(slow.rate)) {
            "the breaker's `slow` has a rate that is not above 0 and at most 1"
        } else {
            return Ok(());
        };
        Err(Error::config(wrong))
    }
}

impl<S> Layer<S> for Breaker {
    type Service = BreakerService<S>;

    fn layer(&self, inner: S) -> BreakerService<S> {
        BreakerService {
            fault: self.check().err().map(|error| error.message().into()),
            circuits: Circuits::new(*self, None),
            inner,
        }
    }
}

impl<S> Layer<S> for Circuits {
    type Service = BreakerService<S>;

    fn layer(&self, inner: S) -> BreakerService<S> {
        BreakerService {
            fault: None,
            circuits: self.clone(),
            inner,
        }
    }
}

/// A service behind a [`Breaker`].
#[derive(Clone, Debug)]
pub struct BreakerService<S> {
    /// What is wrong with the settings: every call is told, since making a layer cannot fail.
    fault: Option<Arc<str>>,
    circuits: Circuits,
    inner: S,
}

impl<S> Service<Call> for BreakerService<S>
where
    S: Service<Call, Response = Reply, Error = Error>,
{
    type Response = Reply;
    type Error = Error;
    type Future = BreakerFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> Self::Future {
        let admitted = match &self.fault {
            Some(fault) => Err(Error::config(fault.to_string())),
            None => self.circuits.of(call.op.model()).admit(),
        };
        let state = match admitted {
            Ok(ticket) => State::Sent {
                ticket: Some(ticket),
                inner: self.inner.call(call),
            },
            Err(refusal) => State::Refused {
                refusal: Some(refusal),
            },
        };
        BreakerFuture { state }
    }
}

pin_project! {
    /// The future of [`BreakerService`].
    #[derive(Debug)]
    pub struct BreakerFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = Now]
    enum State<F> {
        Sent { ticket: Option<Ticket>, #[pin] inner: F },
        Refused { refusal: Option<Error> },
    }
}

impl<F: Future<Output = Result<Reply>>> Future for BreakerFuture<F> {
    type Output = Result<Reply>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        match self.project().state.project() {
            Now::Sent { ticket, inner } => inner.poll(cx).map(|result| match ticket.take() {
                Some(ticket) => ticket.follow(result),
                None => result,
            }),
            Now::Refused { refusal } => refusal
                .take()
                .map_or(Poll::Pending, |refusal| Poll::Ready(Err(refusal))),
        }
    }
}
