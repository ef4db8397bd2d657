//! Retries what failed before its first content.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tower::retry::{Retry as TowerRetry, future::ResponseFuture};
use tower_layer::Layer;
use tower_service::Service;

use self::history::History;
use super::Budget;
use crate::{Call, Error, Reply, Result};

mod history;
mod rules;

/// Retries calls that failed before their first content.
///
/// It repeats what may help: by the error's [`recovery`](Error::recovery), by what repeating the
/// operation would do ([`Class`](crate::Class)), within a [`Budget`] that successes fill. It waits
/// as long as the provider asks, or not at all: a hint beyond the [cap](Self::longest_wait) or the
/// call's deadline returns the error at once, with the hint in it. Where a pool below knows of
/// another endpoint or key that can serve, it does not wait.
///
/// ```
/// use std::time::Duration;
/// use trunkline_core::middleware::Retry;
///
/// let patient = Retry::default().attempts(5).longest_wait(Duration::from_secs(120));
/// # let _ = patient;
/// ```
#[derive(Clone, Debug)]
pub struct Retry {
    attempts: u32,
    base: Duration,
    ceiling: Duration,
    cap: Duration,
    total_wait: Duration,
    budget: Budget,
}

impl Default for Retry {
    /// Three attempts; hints up to 60 s; 120 s of waiting in all; without a hint a random part of
    /// 250 ms, doubled each time up to 20 s, and four times as long where the provider is short of
    /// capacity.
    fn default() -> Self {
        Self {
            attempts: 3,
            base: Duration::from_millis(250),
            ceiling: Duration::from_secs(20),
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

    /// Sets what is waited without a hint: a random part of `base`, doubled with each attempt, up
    /// to `ceiling`.
    #[must_use]
    pub fn backoff(mut self, base: Duration, ceiling: Duration) -> Self {
        (self.base, self.ceiling) = (base, ceiling);
        self
    }

    /// Sets the longest wait that a provider may ask for.
    #[must_use]
    pub fn longest_wait(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// Sets how long one call may wait between its attempts in all.
    #[must_use]
    pub fn total_wait(mut self, total: Duration) -> Self {
        self.total_wait = total;
        self
    }

    /// Sets the budget, to share it between backends of one provider.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.attempts == 0 {
            return Err(Error::config(
                "zero `attempts` were asked for; one means no retry",
            ));
        }
        if self.base.is_zero() || self.base > self.ceiling {
            return Err(Error::config(
                "the `backoff` has a base of zero, or one beyond its ceiling: it would not back off",
            ));
        }
        Ok(())
    }

    pub(super) fn tokens_left(&self) -> f64 {
        self.budget.left()
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

    fn call(&mut self, mut call: Call) -> RetryFuture<S> {
        call.trail.open();
        let history = History::new(self.retry.clone());
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
