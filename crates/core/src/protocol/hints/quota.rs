//! What is left of a rate limit, as headers of any answer tell it.

use std::time::SystemTime;

use http::{HeaderMap, HeaderValue};

use super::{Wait, sent_at, time};

/// What a rate limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// Requests.
    Requests,
    /// Tokens, in and out.
    Tokens,
    /// Tokens in, or tokens out; or what has no name here.
    Other,
}

/// One rate limit of which an answer tells what is left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quota<'h> {
    /// What it counts.
    pub(crate) counted: Counted,
    /// How many are left.
    pub(crate) remaining: u64,
    headers: &'h HeaderMap,
    /// The header's name before and after the word `remaining`: what its siblings share.
    before: &'h str,
    after: &'h str,
}

/// The limits that `headers` tell of: `x-ratelimit-remaining-tokens`,
/// `anthropic-ratelimit-requests-remaining`. Headers without any cost no allocation.
pub(crate) fn quotas(headers: &HeaderMap) -> impl Iterator<Item = Quota<'_>> {
    headers.iter().filter_map(|(name, value)| {
        let name = name.as_str();
        if !name.split('-').take(3).any(|word| word == "ratelimit") {
            return None;
        }
        let (before, after) = name.split_once("remaining")?;
        let quota = Quota {
            counted: counted(before, after),
            remaining: count(value)?,
            headers,
            before,
            after,
        };
        // Azure says 0 or -1 of limits that it does not apply.
        let applies = quota.remaining > 0 || quota.siblings("limit").all(is_limit);
        applies.then_some(quota)
    })
}

impl<'h> Quota<'h> {
    /// How long until it is whole again; the longest, where it is told several times.
    pub(crate) fn reset(&self) -> Option<Wait> {
        self.reset_since(sent_at(self.headers))
    }

    pub(super) fn reset_since(&self, now: SystemTime) -> Option<Wait> {
        self.siblings("reset")
            .filter_map(|value| time::reset(value.to_str().ok()?.trim(), now))
            .max()
    }

    fn siblings(&self, word: &'static str) -> impl Iterator<Item = &'h HeaderValue> {
        let (before, after) = (self.before, self.after);
        let is_sibling = move |name: &str| {
            let rest = name
                .strip_prefix(before)
                .and_then(|name| name.strip_prefix(word));
            rest == Some(after)
        };
        self.headers
            .iter()
            .filter(move |(name, _)| is_sibling(name.as_str()))
            .map(|(_, value)| value)
    }
}

fn counted(before: &str, after: &str) -> Counted {
    let says = |word: &str| before.contains(word) || after.contains(word);
    // Tokens of one direction, or of what a cache leaves of it.
    let one_way = ["put-tokens", "tokens-prompt", "tokens-gen", "tokens-cache"];
    if one_way.into_iter().any(says) {
        Counted::Other
    } else if says("tokens") {
        Counted::Tokens
    } else if says("-req") || after.is_empty() && before.ends_with("ratelimit-") {
        Counted::Requests
    } else {
        Counted::Other
    }
}

/// Digits and nothing else.
fn count(value: &HeaderValue) -> Option<u64> {
    let digits = value.to_str().ok()?.trim();
    let is_count = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_count.then(|| digits.parse().ok())?
}

fn is_limit(value: &HeaderValue) -> bool {
    count(value) != Some(0) && !value.as_bytes().starts_with(b"-")
}
