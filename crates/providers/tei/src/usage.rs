//! What an answer cost: in its headers, not in its body.

use std::{collections::BTreeMap, time::Duration};

use http::response::Parts;
use trunkline_core::{
    Json, Usage,
    chat::{Completeness, Timing},
};

/// The headers that tell it, as `ResponseMetadata` in the router's `lib.rs` writes them: tokens are
/// those of all inputs, times are the mean of an input's but for the total, in milliseconds.
const TOLD: [&str; 7] = [
    "x-compute-tokens",
    "x-compute-characters",
    "x-compute-time",
    "x-total-time",
    "x-tokenization-time",
    "x-queue-time",
    "x-inference-time",
];

/// Missing where a proxy took the headers away.
pub(crate) fn of_head(head: &Parts) -> Usage {
    let text = |name: &'static str| Some((name, head.headers.get(name)?.to_str().ok()?));
    let told: BTreeMap<_, _> = TOLD.into_iter().filter_map(text).collect();
    let mut usage = Usage::default();
    let number = |name: &str| told.get(name)?.trim().parse::<u64>().ok();
    usage.input.total = number("x-compute-tokens");
    if usage.input.total.is_none() {
        return usage;
    }
    usage.completeness = Completeness::Final;
    let millis = |name: &str| number(name).map(Duration::from_millis);
    let mut timing = Timing::default();
    timing.queue = millis("x-queue-time");
    timing.prompt = millis("x-inference-time");
    timing.total = millis("x-total-time");
    usage.timing = (timing != Timing::default()).then(|| Box::new(timing));
    usage.raw = Json::of(&told).ok();
    usage
}
