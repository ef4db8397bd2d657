//! Keeps the calls of one key within what its provider allows.

use std::{sync::Arc, time::Duration};

use tower_layer::Layer;

use self::{gcra::Gcra, limiter::Limiter, line::Line};
use crate::{Error, Result};

pub(crate) mod estimate;
mod gcra;
pub(crate) mod limiter;
mod limits;
mod line;
mod refusal;
pub(crate) mod reservation;
mod service;

pub use service::{RateLimitFuture, RateLimitService};

/// Keeps the calls of one key within what its provider allows, in requests and in tokens a minute.
///
/// A call takes one request and an estimate of its tokens before it is sent: a quarter of the bytes
/// of its texts, and its `max_output_tokens`, or 1,024 where it sets none. What it really cost is
/// put right when its reply is over. A call that the provider did not act on gives all back; one
/// that was dropped keeps what it took. Calls that do not fit wait in line, first come, first
/// served; one that would wait beyond its deadline or the [longest wait](Self::longest_wait) fails
/// at once with [`RateLimited`](crate::ErrorKind::RateLimited) and the time to come back, and one
/// that needs more tokens than there ever are at once with
/// [`TooLarge`](crate::ErrorKind::TooLarge).
///
/// It also learns: from the `x-ratelimit-*` and `anthropic-ratelimit-*` headers of answers how much
/// is left at most, and from them and from a 429 when to pause, for an hour at most. Without any
/// limit set, that is all it does.
///
/// Each use as a layer counts on its own; the clones of the service that it makes count together.
///
/// ```
/// use trunkline_core::middleware::RateLimit;
///
/// let limit = RateLimit::new()
///     .requests_per_minute(500)
///     .tokens_per_minute(200_000);
/// # let _ = limit;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    requests: Option<u32>,
    tokens: Option<u64>,
    request_burst: Option<u32>,
    token_burst: Option<u64>,
    longest_wait: Duration,
}

impl Default for RateLimit {
    /// The same as [`new`](Self::new).
    fn default() -> Self {
        Self::new()
    }
}

impl RateLimit {
    /// No limits but those that are learned; at most 60 s of waiting.
    pub const fn new() -> Self {
        Self {
            requests: None,
            tokens: None,
            request_burst: None,
            token_burst: None,
            longest_wait: Duration::from_secs(60),
        }
    }

    /// Sets how many requests may be sent in a minute. Zero is refused.
    #[must_use]
    pub fn requests_per_minute(mut self, requests: u32) -> Self {
        self.requests = Some(requests);
        self
    }

    /// Sets how many tokens, in and out together, may be used in a minute. Zero is refused.
    #[must_use]
    pub fn tokens_per_minute(mut self, tokens: u64) -> Self {
        self.tokens = Some(tokens);
        self
    }

    /// Sets how many requests may be sent at once after a rest: a tenth of a minute's, and at least
    /// one, unless set. In any time no more are sent than these and what that time allows.
    #[must_use]
    pub fn request_burst(mut self, requests: u32) -> Self {
        self.request_burst = Some(requests);
        self
    }

    /// Sets how many tokens may be used at once after a rest: a minute's, unless set. No call may
    /// need more than these.
    #[must_use]
    pub fn token_burst(mut self, tokens: u64) -> Self {
        self.token_burst = Some(tokens);
        self
    }

    /// Sets how long a call may wait, 60 s unless set and a day at most. With zero none waits.
    #[must_use]
    pub fn longest_wait(mut self, wait: Duration) -> Self {
        self.longest_wait = wait;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        check_one(
            ("requests_per_minute", self.requests.map(u64::from)),
            ("request_burst", self.request_burst.map(u64::from)),
        )?;
        check_one(
            ("tokens_per_minute", self.tokens),
            ("token_burst", self.token_burst),
        )
    }

    /// Full buckets for requests and for tokens.
    fn buckets(&self) -> (Option<Gcra>, Option<Gcra>) {
        let requests = self.requests.map(|requests| {
            let burst = self.request_burst.unwrap_or(requests / 10);
            Gcra::new(requests.into(), burst.into())
        });
        let tokens = self
            .tokens
            .map(|tokens| Gcra::new(tokens, self.token_burst.unwrap_or(tokens)));
        (requests, tokens)
    }
}

/// One limit and its burst, by name.
fn check_one(
    (limit_name, limit): (&str, Option<u64>),
    (burst_name, burst): (&str, Option<u64>),
) -> Result<()> {
    let wrong = match (limit, burst) {
        (Some(0), _) => format!("`{limit_name}` is zero: leave it out for no limit"),
        (_, Some(0)) => format!("`{burst_name}` is zero: nothing would ever be let in"),
        (None, Some(_)) => {
            format!("`{burst_name}` means nothing without `{limit_name}`: set both, or neither")
        }
        (Some(limit), Some(burst)) if burst > limit => format!(
            "`{burst_name}` ({burst}) is more than `{limit_name}` ({limit}) allows: lower it, or \
             raise the limit"
        ),
        _ => return Ok(()),
    };
    Err(Error::config(wrong))
}

impl<S> Layer<S> for RateLimit {
    type Service = RateLimitService<S>;

    fn layer(&self, inner: S) -> RateLimitService<S> {
        let line = Line::new(Limiter::new(self), self.longest_wait);
        RateLimitService::new(*self, Arc::new(line), inner)
    }
}

#[cfg(test)]
mod tests;
