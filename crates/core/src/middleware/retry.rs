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

use super::Budget;
use crate::{Attempt, Call, Class, Delivery, Error, ErrorKind, Phase, Recovery, Reply, Result};

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
    /// Sets how many attempts there are in all. One means no retry.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
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
        RetryService { retry: self.clone(), inner }
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
            attempts: Vec::new(),
        };
        RetryFuture { inner: TowerRetry::new(history, self.inner.clone()).call(call) }
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
    attempts: Vec<Attempt>,
}

/// Less than this before the deadline is no time for an attempt.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(100);

impl Policy<Call, Reply, Error> for History {
    type Future = Wait;

    fn retry(&mut self, call: &mut Call, result: &mut Result<Reply>) -> Option<Wait> {
        let error = match result {
            Ok(reply) => {
                self.retry.budget.deposit();
                set_attempts(reply, call.attempt + 1);
                return None;
            }
            Err(error) => error,
        };
        let mut attempt = error.as_attempt(self.attempt_began.elapsed());
        let delay = self.delay(call, error);
        attempt.waited = delay;
        self.attempts.push(attempt);
        let Some(delay) = delay else {
            if !self.attempts.is_empty() {
                error.set_attempts(std::mem::take(&mut self.attempts));
            }
            error.mark_exhausted();
            return None;
        };
        tracing::debug!(
            attempt = call.attempt + 1,
            error.kind = error.kind().name(),
            http.response.status_code = error.status().map(|status| status.as_u16()),
            wait = ?delay,
            budget = self.retry.budget.left(),
            "retrying",
        );
        call.attempt += 1;
        if let Some(endpoint) = error.endpoint() {
            call.avoid.push(endpoint.into());
        }
        self.waited += delay;
        let began = Instant::now() + delay;
        self.attempt_began = began;
        Some(Wait { sleep: sleep(delay) })
    }

    fn clone_request(&mut self, call: &Call) -> Option<Call> {
        Some(call.clone())
    }
}

impl History {
    /// How long to wait before the next attempt; `None` if there is none.
    fn delay(&self, call: &Call, error: &Error) -> Option<Duration> {
        let made = call.attempt + 1;
        let allowed = self.retry.attempts.min(most_attempts(call.op.class(), error));
        if made >= allowed {
            return None;
        }
        let delay = match error.retry_after() {
            Some(hint) if hint > self.retry.cap => return None,
            Some(hint) => hint + jitter((hint / 10).min(Duration::from_secs(1))),
            None => backoff(error.kind(), call.attempt),
        };
        let late = call.deadline.is_some_and(|deadline| Instant::now() + delay + SHORTEST_ATTEMPT > deadline);
        if late || self.waited + delay > self.retry.total_wait {
            return None;
        }
        let cost = if error.phase() == Some(Phase::Head) && error.kind() == ErrorKind::Timeout { 2.0 } else { 1.0 };
        self.retry.budget.withdraw(cost).then_some(delay)
    }
}

/// How many attempts an operation of this class may have in all after such an error.
fn most_attempts(class: Class, error: &Error) -> u32 {
    if !error.is_retryable() || error.recovery() != Recovery::Later {
        return 1;
    }
    let uncertain = error.delivery() == Delivery::MaybeProcessed && error.kind() == ErrorKind::Interrupted
        || error.status().is_some_and(|status| matches!(status.as_u16(), 424 | 499));
    match class {
        Class::Read => u32::MAX,
        Class::Billed if uncertain => 2,
        Class::Billed => u32::MAX,
        Class::Effect => match (error.kind(), error.delivery()) {
            (_, Delivery::NotSent) | (ErrorKind::RateLimited, Delivery::Rejected) => u32::MAX,
            (ErrorKind::Overloaded, Delivery::Rejected) if error.retry_after().is_some() => u32::MAX,
            _ => 1,
        },
    }
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

fn set_attempts(reply: &mut Reply, attempts: u32) {
    match reply {
        Reply::Chat(response) => response.meta.attempts = attempts,
        Reply::ChatStream(stream) => stream.meta_mut().attempts = attempts,
        Reply::Embed(response) => response.meta.attempts = attempts,
        Reply::Models(page) => page.meta.attempts = attempts,
        Reply::Raw(_) => {}
    }
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
