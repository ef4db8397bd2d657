//! Retries what failed before its first content.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep};
use tower::retry::{Policy, Retry as TowerRetry, future::ResponseFuture};
use tower_layer::Layer;
use tower_service::Service;

use super::{
    Budget, Times,
    trace::{self, Told},
};
use crate::{Attempt, Call, Class, Delivery, Error, ErrorKind, Recovery, Reply, Result};

/// Retries calls that failed before their first content, on the same backend.
///
/// It repeats what may help: by the error's [`recovery`](Error::recovery), by what repeating the
/// operation would do ([`Class`]), within a [`Budget`] that successes fill. It waits as long as the
/// provider asks, or not at all: a hint beyond the [cap](Self::longest_wait) or the call's deadline
/// returns the error at once, with the hint in it.
#[derive(Clone, Debug)]
pub struct Retry {
    attempts: u32,
    cap: Duration,
    total_wait: Duration,
    budget: Budget,
}

impl Default for Retry {
    /// Three attempts; hints up to 60 s; 120 s of waiting in all.
    fn default() -> Self {
        Self {
            attempts: 3,
            cap: Duration::from_secs(60),
            total_wait: Duration::from_secs(120),
            budget: Budget::default(),
        }
    }
}

impl Retry {
    /// Sets how many attempts there are in all. One means no retry; zero is refused where an
    /// account is built, and means one elsewhere.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.attempts == 0 {
            return Err(Error::config(
                "zero attempts were asked for; one means no retry",
            ));
        }
        Ok(())
    }

    /// Sets the longest wait that a provider may ask for.
    #[must_use]
    pub fn longest_wait(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Sets the budget, to share it between backends of one provider.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }
}

impl<S> Layer<S> for Retry {
    type Service = RetryService<S>;

    fn layer(&self, inner: S) -> RetryService<S> {
        RetryService {
            retry: self.clone(),
            inner,
        }
    }
}

/// A service behind [`Retry`].
#[derive(Clone, Debug)]
pub struct RetryService<S> {
    retry: Retry,
    inner: S,
}

impl<S> Service<Call> for RetryService<S>
where
    S: Service<Call, Response = Reply, Error = Error> + Clone,
{
    type Response = Reply;
    type Error = Error;
    type Future = RetryFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> RetryFuture<S> {
        let history = History {
            retry: self.retry.clone(),
            attempt_began: Instant::now(),
            waited: Duration::ZERO,
            doubtful: 0,
            attempts: Vec::new(),
            told: 0,
        };
        // The one that was polled ready makes the first attempt; its clone is polled for the next.
        let clone = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, clone);
        RetryFuture {
            inner: TowerRetry::new(history, ready).call(call),
        }
    }
}

pin_project! {
    /// The future of [`RetryService`].
    pub struct RetryFuture<S>
    where
        S: Service<Call, Response = Reply, Error = Error>,
    {
        #[pin]
        inner: ResponseFuture<History, S, Call>,
    }
}

impl<S> Future for RetryFuture<S>
where
    S: Service<Call, Response = Reply, Error = Error> + Clone,
{
    type Output = Result<Reply>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        self.project().inner.poll(cx)
    }
}

impl<S> std::fmt::Debug for RetryFuture<S>
where
    S: Service<Call, Response = Reply, Error = Error>,
{
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RetryFuture")
    }
}

/// One call's attempts so far.
#[derive(Clone, Debug)]
struct History {
    retry: Retry,
    attempt_began: Instant,
    waited: Duration,
    /// How many attempts may have been acted on, for all we know.
    doubtful: u32,
    attempts: Vec<Attempt>,
    /// How many attempts layers below had told of when this one began.
    told: u32,
}

/// Less than this before the deadline is no time for an attempt.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(100);

impl Policy<Call, Reply, Error> for History {
    type Future = Wait;

    fn retry(&mut self, call: &mut Call, result: &mut Result<Reply>) -> Option<Wait> {
        let error = match result {
            Ok(reply) => {
                self.retry.budget.deposit();
                self.tell(call, || Told::answered(reply, self.attempt_began.elapsed()));
                if let Some(meta) = reply.meta_mut() {
                    meta.attempts = call.attempt + 1;
                }
                return None;
            }
            Err(error) => error,
        };
        let delay = self.delay(call, error);
        self.attempts
            .extend(error.take_tries(self.attempt_began.elapsed()));
        if let Some(last) = self.attempts.last_mut() {
            last.waited = delay;
        }
        if let Some(last) = self.attempts.last() {
            self.tell(call, || Told::failed(last));
        }
        let Some(delay) = delay else {
            error.set_attempts(std::mem::take(&mut self.attempts));
            error.mark_exhausted();
            return None;
        };
        self.doubtful += u32::from(is_doubtful(error));
        call.attempt += 1;
        if let Some(endpoint) = error.endpoint() {
            call.avoid.push(endpoint.into());
        }
        self.waited += delay;
        if let Some(times) = Times::of(call) {
            times.add_wait(delay);
        }
        self.attempt_began = Instant::now() + delay;
        Some(Wait {
            sleep: sleep(delay),
        })
    }

    fn clone_request(&mut self, call: &Call) -> Option<Call> {
        // Asked for right before each attempt.
        if let Some(times) = Times::of(call).filter(|_| !self.attempts.is_empty()) {
            times.add_attempt();
        }
        self.told = trace::told_of(call);
        Some(call.clone())
    }
}

impl History {
    fn tell<'a>(&self, call: &Call, told: impl FnOnce() -> Told<'a>) {
        trace::attempt(call, self.told, || told().budget(self.retry.budget.left()));
    }

    /// How long to wait before the next attempt; `None` if there is none.
    fn delay(&self, call: &Call, error: &Error) -> Option<Duration> {
        if call.attempt + 1 >= self.retry.attempts || !self.may_repeat(call.op.class(), error) {
            return None;
        }
        let delay = match error.retry_after() {
            Some(hint) if hint > self.retry.cap => return None,
            Some(hint) => hint.saturating_add(jitter((hint / 10).min(Duration::from_secs(1)))),
            None => backoff(error.kind(), call.attempt),
        };
        // Also keeps what follows within what a clock can hold.
        if self.waited.saturating_add(delay) > self.retry.total_wait {
            return None;
        }
        if call
            .deadline
            .is_some_and(|deadline| Instant::now() + delay + SHORTEST_ATTEMPT > deadline)
        {
            return None;
        }
        self.retry.budget.withdraw(1).then_some(delay)
    }

    /// Whether an operation of this class may be asked for again here after such an error.
    fn may_repeat(&self, class: Class, error: &Error) -> bool {
        let recoverable = error.is_retryable() && error.recovery() == Recovery::Later;
        if !recoverable {
            return self.attempts.is_empty() && is_upgraded(error);
        }
        match class {
            Class::Read => true,
            Class::Billed => !is_doubtful(error) || self.doubtful == 0,
            Class::Effect => is_unharmful(error) || self.attempts.is_empty() && is_upgraded(error),
        }
    }
}

/// Whether the provider may have acted on it, or failed in the midst of it: to pay for it twice is
/// enough.
fn is_doubtful(error: &Error) -> bool {
    let cut_off =
        error.kind() == ErrorKind::Interrupted && error.delivery() == Delivery::MaybeProcessed;
    cut_off
        || error
            .status()
            .is_some_and(|status| matches!(status.as_u16(), 424 | 499))
}

/// Whether the provider had certainly not begun.
fn is_unharmful(error: &Error) -> bool {
    match (error.delivery(), error.kind()) {
        (Delivery::NotSent, _) => true,
        (Delivery::Rejected, ErrorKind::RateLimited | ErrorKind::Interrupted) => true,
        (Delivery::Rejected, ErrorKind::Overloaded) => error.retry_after().is_some(),
        _ => false,
    }
}

/// Whether the provider itself asks for another try where we would not make one.
fn is_upgraded(error: &Error) -> bool {
    let may = |status: http::StatusCode| matches!(status.as_u16(), 409 | 424 | 499 | 500..=599);
    error.should_retry() == Some(true)
        && error.status().is_some_and(may)
        && error.delivery() != Delivery::Committed
}

/// Full jitter under an exponential ceiling.
fn backoff(kind: ErrorKind, attempt: u32) -> Duration {
    const CEILING: Duration = Duration::from_secs(20);
    let base = match kind {
        ErrorKind::Overloaded | ErrorKind::RateLimited => Duration::from_secs(1),
        _ => Duration::from_millis(250),
    };
    jitter(base.saturating_mul(1 << attempt.min(16)).min(CEILING))
}

fn jitter(ceiling: Duration) -> Duration {
    ceiling.mul_f64(fastrand::f64())
}

pin_project! {
    /// The time before the next attempt. It holds nothing, so dropping it cancels the call.
    struct Wait {
        #[pin]
        sleep: Sleep,
    }
}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().sleep.poll(cx)
    }
}
