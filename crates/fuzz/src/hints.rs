//! How long to wait: no panic on any headers and body, and what is read is a wait.

use http::{HeaderMap, HeaderName, HeaderValue};
use trunkline_core::protocol::hints;

/// An input is lines of headers, `name: value`, an empty line, and a body.
pub fn check(input: &[u8]) {
    let mut headers = HeaderMap::new();
    let mut rest = input;
    while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if line.is_empty() || headers.len() >= 64 {
            break;
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.get(1..).unwrap_or_default();
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.trim_ascii()),
            HeaderValue::from_bytes(value.trim_ascii()),
        ) {
            headers.append(name, value);
        }
    }
    let wait = hints::wait(&headers, rest);
    if let Some(wait) = wait {
        assert!(!wait.duration().is_zero(), "no wait is no hint");
    }
    // A date is the only clock there is: with it, the answer is the same each time.
    if headers.contains_key(http::header::DATE) {
        let parsed = headers
            .get(http::header::DATE)
            .and_then(|date| date.to_str().ok())
            .is_some_and(|date| date.ends_with(" GMT"));
        if parsed && !mentions_a_clock(&headers) {
            assert_eq!(hints::wait(&headers, rest), wait, "the answer changed");
        }
    }
}

/// A date that cannot be read falls back to this machine's clock, which runs.
fn mentions_a_clock(headers: &HeaderMap) -> bool {
    headers
        .iter()
        .any(|(name, _)| name.as_str().contains("reset") || name == http::header::RETRY_AFTER)
}
