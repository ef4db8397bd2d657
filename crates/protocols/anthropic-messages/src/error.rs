//! Errors: `{"type":"error","error":{"type":"not_found_error","message":"…"},"request_id":"…"}`.
//!
//! <https://platform.claude.com/docs/en/api/errors>

use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind,
    protocol::{error_of_status, read},
};

use crate::Dialect;

#[derive(Deserialize)]
struct Envelope {
    error: Told,
    request_id: Option<String>,
}

/// What is told of an error, by Anthropic or by the platform in front of it.
#[derive(Default, Deserialize)]
struct Told {
    r#type: Option<String>,
    /// What Google says for the type.
    status: Option<String>,
    message: Option<String>,
    details: Option<serde_json::Value>,
}

/// An error as it was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorDetail {
    /// The status of the answer; none in a stream.
    pub status: Option<u16>,
    /// What kind of error it is: `rate_limit_error`.
    pub kind: String,
    /// What it is exactly, where that is told: `enforced_spend_limit_reached`.
    pub code: String,
    /// In words.
    pub message: String,
    /// The provider's name for the request.
    pub request_id: String,
}

/// An answer that is no success.
pub(crate) fn of_answer(dialect: Dialect, head: &Parts, body: &[u8]) -> Error {
    let usual = error_of_status(head.status);
    match read::<Envelope>(body).or_else(|_| read::<[Envelope; 1]>(body).map(|[only]| only)) {
        Ok(envelope) => {
            let mut detail = detail(envelope);
            detail.status = Some(head.status.as_u16());
            narrow(dialect, &usual, detail)
        }
        Err(_) => usual,
    }
}

/// An error in a success's clothes: inside a stream, or alone under status 200.
pub(crate) fn in_band(dialect: Dialect, error: &str) -> Error {
    let usual = Error::new(ErrorKind::Server, "the answer broke off without a reason");
    let error = serde_json::from_str(error).unwrap_or_default();
    let request_id = None;
    let detail = detail(Envelope { error, request_id });
    narrow(dialect, &usual, detail).with_delivery(Delivery::Responded)
}

fn detail(envelope: Envelope) -> ErrorDetail {
    let told = envelope.error;
    let message = told.message.unwrap_or_default();
    // A platform that passes an error on puts it into its own, as text.
    if let Ok(inner) = serde_json::from_str::<Envelope>(&message)
        && inner.error.message.is_some()
    {
        return detail(inner);
    }
    let code = told
        .details
        .as_ref()
        .and_then(|details| details.get("error_code")?.as_str());
    ErrorDetail {
        status: None,
        code: code.unwrap_or_default().to_owned(),
        kind: told.r#type.or(told.status).unwrap_or_default(),
        message,
        request_id: envelope.request_id.unwrap_or_default(),
    }
}

/// The type says it better than the status, and the code better than the type.
fn narrow(dialect: Dialect, usual: &Error, detail: ErrorDetail) -> Error {
    let kind = (dialect.classify)(&detail)
        .or_else(|| by_words(&detail))
        .or_else(|| by_type(&detail))
        .unwrap_or(usual.kind());
    let delivery = match kind {
        // It says that it did nothing, whatever its status.
        ErrorKind::RateLimited | ErrorKind::QuotaExhausted | ErrorKind::Overloaded => {
            Delivery::Rejected
        }
        _ => usual.delivery(),
    };
    let message = match &*detail.message {
        "" => usual.message().to_owned(),
        message => message.to_owned(),
    };
    let code = match &*detail.code {
        "" => &*detail.kind,
        code => code,
    };
    let error = Error::new(kind, message)
        .with_delivery(delivery)
        .with_code(code)
        .with_type(&*detail.kind);
    match &*detail.request_id {
        "" => error,
        id => error.with_request_id(id),
    }
}

fn by_type(detail: &ErrorDetail) -> Option<ErrorKind> {
    Some(match &*detail.kind {
        "invalid_request_error" => ErrorKind::InvalidRequest,
        "authentication_error" => ErrorKind::Auth,
        "billing_error" => ErrorKind::QuotaExhausted,
        "permission_error" => ErrorKind::Permission,
        "not_found_error" => ErrorKind::NotFound,
        "conflict_error" => ErrorKind::Conflict,
        "request_too_large" => ErrorKind::TooLarge,
        "rate_limit_error" => ErrorKind::RateLimited,
        "api_error" => ErrorKind::Server,
        "timeout_error" => ErrorKind::Timeout,
        "overloaded_error" => ErrorKind::Overloaded,
        _ => return None,
    })
}

/// What one type is used for that is not the same to do about.
fn by_words(detail: &ErrorDetail) -> Option<ErrorKind> {
    if detail.code == "enforced_spend_limit_reached" {
        return Some(ErrorKind::QuotaExhausted);
    }
    // Servers of one's own that speak this protocol have words of their own: llama.cpp's.
    if detail.kind == "exceed_context_size_error" {
        return Some(ErrorKind::ContextLength);
    }
    if detail.kind != "invalid_request_error" {
        return None;
    }
    let message = detail.message.to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    if says(&[
        "prompt is too long",
        "exceed context limit",
        "exceeds context limit",
    ]) {
        Some(ErrorKind::ContextLength)
    } else if says(&["credit balance is too low", "api usage limits"]) {
        Some(ErrorKind::QuotaExhausted)
    } else if says(&["blocked by content filtering"]) {
        Some(ErrorKind::ContentFilter)
    } else {
        None
    }
}
