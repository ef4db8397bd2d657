//! Google's errors: `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[…]}}`, alone or
//! in an array.
//!
//! <https://ai.google.dev/gemini-api/docs/troubleshooting>, <https://google.aip.dev/193>

use http::{HeaderMap, StatusCode, response::Parts};
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind, Json,
    protocol::{error_of_status, hints},
};

#[derive(Deserialize)]
struct Refused {
    error: Fault,
}

/// What went wrong.
#[derive(Deserialize)]
pub(crate) struct Fault {
    code: Option<Json>,
    message: Option<String>,
    status: Option<String>,
    details: Option<Vec<Json>>,
}

/// Of a detail, what kinds of them we look for have.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    /// Of `google.rpc.ErrorInfo`.
    reason: Option<String>,
    /// Of `google.rpc.QuotaFailure`.
    violations: Vec<Violation>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Violation {
    quota_id: Option<String>,
}

/// An answer that is no success.
pub(crate) fn of_answer(head: &Parts, body: &[u8]) -> Error {
    let usual = error_of_status(head.status);
    match fault(body) {
        Some(fault) => narrow(&usual, fault),
        None => usual,
    }
}

fn fault(body: &[u8]) -> Option<Fault> {
    let is_list = body.trim_ascii_start().starts_with(b"[");
    let refused: Refused = if is_list {
        let all: Vec<Refused> = serde_json::from_slice(body).ok()?;
        all.into_iter().next()?
    } else {
        serde_json::from_slice(body).ok()?
    };
    Some(refused.error)
}

/// An error in a success's clothes: inside a stream, or alone under status 200.
pub(crate) fn in_band(fault: Fault) -> Error {
    let code = fault.code.as_ref().and_then(|code| code.read().ok());
    let status = code.and_then(|code| StatusCode::from_u16(code).ok());
    let usual = match status {
        Some(status) if status.as_u16() >= 400 => error_of_status(status),
        _ => Error::new(ErrorKind::Server, "the answer broke off without a reason"),
    };
    let mut details = fault.details.iter().flatten();
    let wait = details.find_map(|detail| hints::wait(&HeaderMap::new(), detail.get().as_bytes()));
    narrow(&usual, fault)
        .with_delivery(Delivery::Responded)
        .with_retry_after(wait.map(hints::Wait::duration))
}

/// Its words say it better than the status.
fn narrow(usual: &Error, fault: Fault) -> Error {
    let details = fault.details.iter().flatten();
    let details: Vec<Detail> = details.filter_map(|detail| detail.read().ok()).collect();
    let reason = details.iter().find_map(|detail| detail.reason.as_deref());
    let message = fault.message.as_deref().unwrap_or_default();
    let status = fault.status.as_deref().unwrap_or_default();
    let kind = match (status, reason.unwrap_or_default()) {
        (_, "API_KEY_INVALID" | "API_KEY_EXPIRED" | "CREDENTIALS_MISSING") => ErrorKind::Auth,
        (_, "BILLING_DISABLED") => ErrorKind::QuotaExhausted,
        ("UNAUTHENTICATED", _) => ErrorKind::Auth,
        ("PERMISSION_DENIED", _) => ErrorKind::Permission,
        // Of the account: a country, a bill that is not paid.
        ("FAILED_PRECONDITION", _) if message.contains("ocation") || message.contains("illing") => {
            ErrorKind::Permission
        }
        ("NOT_FOUND", _) => ErrorKind::NotFound,
        ("RESOURCE_EXHAUSTED", _) if is_of_the_day(&details) => ErrorKind::QuotaExhausted,
        ("RESOURCE_EXHAUSTED", _) => ErrorKind::RateLimited,
        ("INVALID_ARGUMENT", _) if is_too_long(message) => ErrorKind::ContextLength,
        ("INVALID_ARGUMENT", _) => ErrorKind::InvalidRequest,
        ("UNAVAILABLE", _) => ErrorKind::Overloaded,
        _ => usual.kind(),
    };
    let delivery = match kind {
        ErrorKind::RateLimited | ErrorKind::QuotaExhausted | ErrorKind::Overloaded => {
            Delivery::Rejected
        }
        _ => usual.delivery(),
    };
    let text = match message {
        "" => usual.message().to_owned(),
        message => message.to_owned(),
    };
    let mut error = Error::new(kind, text).with_delivery(delivery);
    if let Some(code) = reason.or(fault.status.as_deref()) {
        error = error.with_code(code);
    }
    if let Some(status) = fault.status.as_deref().filter(|_| reason.is_some()) {
        error = error.with_type(status);
    }
    error
}

/// A day's quota is not back in the seconds that the same error asks to wait.
fn is_of_the_day(details: &[Detail]) -> bool {
    let mut violations = details.iter().flat_map(|detail| &detail.violations);
    violations.any(|violation| {
        let id = violation.quota_id.as_deref().unwrap_or_default();
        id.contains("PerDay")
    })
}

fn is_too_long(message: &str) -> bool {
    message.contains("exceeds the maximum number of tokens")
        || message.contains("input token count")
}
