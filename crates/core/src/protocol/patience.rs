//! How long one call waits for what.

use std::time::Duration;

use super::Timers;
use crate::{BackendInfo, Call, stats::Counters};

/// A model that thinks may show nothing for so many times as long.
const THINKING: u32 = 3;
/// A fallback stands by for an endpoint that is slow, not for one that is always so.
const USUAL: u32 = 3;

/// The timers of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For first content, from the sending of the request.
    pub(super) first_content: Option<Duration>,
    pub(super) timers: Timers,
}

impl Patience {
    /// What the account sets; more for a model that thinks, less where a fallback stands by and
    /// nothing was shown: a `buffered` call shows nothing before its end.
    pub(super) fn of(
        call: &Call,
        mut timers: Timers,
        info: &BackendInfo,
        counters: &Counters,
        buffered: bool,
    ) -> Self {
        if info.reasons(call.op.model()) {
            timers.progress_idle = timers
                .progress_idle
                .map(|limit| limit.saturating_mul(THINKING));
        }
        let with_fallback = call.first_content.map(|limit| {
            let usual = counters.usual_first_content().unwrap_or_default();
            limit.max(usual.saturating_mul(USUAL))
        });
        if buffered && let Some(limit) = with_fallback {
            timers.byte_idle = Some(timers.byte_idle.map_or(limit, |idle| idle.min(limit)));
        }
        let first_content = match (with_fallback, timers.first_content) {
            (Some(fallback), Some(own)) => Some(fallback.min(own)),
            (fallback, own) => fallback.or(own),
        };
        Self {
            first_content,
            timers,
        }
    }
}
