//! What a call is told that is not let in.

use std::time::Duration;

use super::limits::NeverFits;
use crate::{Error, ErrorKind, Recovery, Scope};

/// It would have to wait longer than it may.
pub(super) fn too_late(wait: Duration, is_pause: bool) -> Error {
    let who = if is_pause {
        "the provider asked for a pause, and"
    } else {
        "the rate limit is used up, and"
    };
    let shown = shown(wait);
    let what = format!(
        "{who} the next call could be sent in {shown:?}, which is longer than this one may wait; \
         call again then, use another key, or give it more time"
    );
    Error::new(ErrorKind::RateLimited, what).with_retry_after(wait)
}

/// Whole milliseconds, so that nobody comes a moment too early.
fn shown(wait: Duration) -> Duration {
    let millis = wait.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// It needs more than the bucket ever holds. Another key may have a larger one; waiting does not
/// help.
pub(super) fn too_large(never: NeverFits) -> Error {
    let NeverFits { tokens, most } = never;
    let what = format!(
        "the call needs about {tokens} tokens, and the rate limit never allows more than {most} at \
         once; shorten it, lower its `max_output_tokens`, or raise `token_burst` if the provider \
         allows more"
    );
    Error::new(ErrorKind::TooLarge, what)
        .with_scope(Scope::Key)
        .with_recovery(Recovery::OtherModel)
}

/// Too many wait already.
pub(super) fn line_is_full(most: usize) -> Error {
    let what = format!(
        "{most} calls wait for the rate limit already; make fewer at a time, or raise the limit"
    );
    Error::new(ErrorKind::QueueFull, what).with_scope(Scope::Key)
}
