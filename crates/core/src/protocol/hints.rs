//! How long a provider asks us to wait: every form in which it may say so.
//!
//! In this order: milliseconds in a header; `Retry-After` (RFC 9110, section 10.2.3) in seconds or
//! as a date; `google.rpc.RetryInfo` or `retry_after` in the body; the reset time of a rate limit
//! that is used up; under status 429, a reset time that stands alone. What is malformed, zero or negative is no hint; what is too large for a clock
//! is a very long one.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, response::Parts};

mod body;
mod quota;
mod time;

pub(super) use time::rfc3339;

pub(crate) use quota::{Counted, quotas};

/// How long to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wait {
    /// This long.
    For(Duration),
    /// Longer than any number can say.
    TooLong,
}

impl Wait {
    /// The time; [`Duration::MAX`] if there is no end.
    pub fn duration(self) -> Duration {
        match self {
            Self::For(wait) => wait,
            Self::TooLong => Duration::MAX,
        }
    }
}

/// What `headers` and `body` of an error answer ask for.
pub fn wait(headers: &HeaderMap, body: &[u8]) -> Option<Wait> {
    let now = sent_at(headers);
    milliseconds(headers)
        .or_else(|| retry_after(headers, now))
        .or_else(|| body::wait(body))
        .or_else(|| used_up(headers, now))
}

/// When the answer was sent, by the provider's clock where it tells: its dates are by that clock.
fn sent_at(headers: &HeaderMap) -> SystemTime {
    headers
        .get(http::header::DATE)
        .and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
        .unwrap_or_else(SystemTime::now)
}

/// The largest valid value of a header that may stand there several times.
fn largest(headers: &HeaderMap, name: &str, read: impl Fn(&str) -> Option<Wait>) -> Option<Wait> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| read(value.to_str().ok()?.trim()))
        .max()
}

fn milliseconds(headers: &HeaderMap) -> Option<Wait> {
    ["retry-after-ms", "x-ms-retry-after-ms", "x-amz-retry-after"]
        .iter()
        .find_map(|name| largest(headers, name, |value| time::decimal(value, 1_000_000)))
}

fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Wait> {
    // The second is what LiteLLM's proxy makes of its provider's.
    ["retry-after", "llm_provider-retry-after"]
        .iter()
        .find_map(|name| {
            largest(headers, name, |value| {
                time::decimal(value, 1_000_000_000)
                    .or_else(|| time::until(httpdate::parse_http_date(value).ok()?, now))
            })
        })
}

/// The longest reset time among the limits that have nothing left.
fn used_up(headers: &HeaderMap, now: SystemTime) -> Option<Wait> {
    quotas(headers)
        .filter(|quota| quota.remaining == 0)
        .filter_map(|quota| quota.reset_since(now))
        .max()
}

/// What an error answer asks for. Where it says that too much was asked, a reset time alone will do.
pub(super) fn of_answer(head: &Parts, body: &[u8]) -> Option<Wait> {
    let limited = head.status == StatusCode::TOO_MANY_REQUESTS;
    let alone = || limited.then(|| reset_alone(&head.headers))?;
    wait(&head.headers, body).or_else(alone)
}

/// The reset time of a rate limit of which nothing else is told.
fn reset_alone(headers: &HeaderMap) -> Option<Wait> {
    let is_told = headers.contains_key("x-ratelimit-remaining");
    let now = sent_at(headers);
    largest(headers, "x-ratelimit-reset", |value| {
        time::reset(value, now)
    })
    .filter(|_| !is_told)
}

#[cfg(test)]
mod tests;
