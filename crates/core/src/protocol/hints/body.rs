//! Waiting times in the body of an error.

use serde_json::Value;

use super::{Wait, time};

/// Error bodies are nested a few levels; deeper ones hold no hint.
const MAX_DEPTH: usize = 8;

/// `google.rpc.RetryInfo` wherever it stands, and Cloudflare's `retry_after`.
pub(super) fn wait(body: &[u8]) -> Option<Wait> {
    // Most errors have no hint: do not build a tree to learn that.
    let mentions = |what: &[u8]| body.windows(what.len()).any(|window| window == what);
    if !mentions(b"retryDelay") && !mentions(b"retry_after") {
        return None;
    }
    search(&serde_json::from_slice(body).ok()?, 0)
}

fn search(value: &Value, depth: usize) -> Option<Wait> {
    if depth > MAX_DEPTH {
        return None;
    }
    match value {
        Value::Object(fields) => {
            let delay = fields
                .get("retryDelay")
                .and_then(Value::as_str)
                .and_then(time::units);
            let seconds = || {
                time::decimal(
                    &fields
                        .get("retry_after")
                        .filter(|v| v.is_number())?
                        .to_string(),
                    1_000_000_000,
                )
            };
            delay
                .or_else(seconds)
                .or_else(|| fields.values().find_map(|field| search(field, depth + 1)))
        }
        Value::Array(items) => items.iter().find_map(|item| search(item, depth + 1)),
        // A gateway may have put the error of another into a string.
        Value::String(text) if text.starts_with(['{', '[']) => {
            search(&serde_json::from_str(text).ok()?, depth + 1)
        }
        _ => None,
    }
}
