//! Errors: of answers that are no success, inside streams, and of responses that failed.
//!
//! <https://platform.openai.com/docs/guides/error-codes>

use http::response::Parts;
use serde_json::Value;
use trunkline_core::{Delivery, Error, ErrorKind, protocol::error_of_status};

use crate::Dialect;

/// An answer that is no success.
pub(crate) fn of_answer(dialect: Dialect, head: &Parts, body: &[u8]) -> Error {
    let usual = error_of_status(head.status);
    match serde_json::from_slice(body) {
        Ok(said) => narrow(dialect, &usual, &said),
        Err(_) => usual,
    }
}

/// What stands in an event `error`, or as the `error` of a response that failed.
pub(crate) fn in_band(dialect: Dialect, json: &str) -> Error {
    let said = serde_json::from_str(json).unwrap_or(Value::Null);
    let kind = match detail(&said).get("type").and_then(Value::as_str) {
        Some("invalid_request_error") => ErrorKind::InvalidRequest,
        _ => ErrorKind::Server,
    };
    let usual = Error::new(
        kind,
        "the provider broke off the answer and does not say why",
    );
    narrow(dialect, &usual, &said).with_delivery(Delivery::Responded)
}

/// `{"error":{…}}`, or the fields themselves; some have the words alone as `error`, or as `detail`.
fn detail(said: &Value) -> &Value {
    match said.get("error") {
        Some(inner @ Value::Object(_)) => inner,
        _ => said,
    }
}

/// The code says it better than the status.
fn narrow(dialect: Dialect, usual: &Error, said: &Value) -> Error {
    let inner = detail(said);
    let text = |name: &str| inner.get(name).and_then(Value::as_str);
    let code = match inner.get("code") {
        Some(Value::Number(number)) => number.to_string(),
        _ => text("code").unwrap_or_default().to_owned(),
    };
    // The type of an event is the event's.
    let r#type = text("type")
        .filter(|name| *name != "error")
        .unwrap_or_default();
    let message = ["message", "error", "detail"].into_iter().find_map(text);
    let message = message.filter(|message| !message.is_empty());
    let message = message.unwrap_or(usual.message()).to_owned();
    let kind = (dialect.classify)(&code)
        .or_else(|| by_words(&code, &message))
        .or_else(|| by_code(&code))
        .or_else(|| by_code(r#type))
        .unwrap_or(usual.kind());
    let delivery = match kind {
        // The provider says that it did not act, whatever its status.
        ErrorKind::Overloaded | ErrorKind::RateLimited | ErrorKind::QuotaExhausted => {
            Delivery::Rejected
        }
        _ => usual.delivery(),
    };
    let error = Error::new(kind, message)
        .with_delivery(delivery)
        .with_code(code)
        .with_type(r#type)
        .with_param(text("param").unwrap_or_default());
    if kind == ErrorKind::Conflict {
        // OpenAI's own libraries take a 409 as a lock that will be released.
        return error.with_should_retry(Some(true));
    }
    error
}

/// More tokens in one request than the account may send in a minute: no waiting helps.
fn by_words(code: &str, message: &str) -> Option<ErrorKind> {
    let alone = code == "rate_limit_exceeded" && message.starts_with("Request too large");
    alone.then_some(ErrorKind::TooLarge)
}

fn by_code(code: &str) -> Option<ErrorKind> {
    Some(match code {
        "insufficient_quota"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "credit_balance_exhausted" => ErrorKind::QuotaExhausted,
        "rate_limit_exceeded" | "rate_limit_error" | "too_many_requests" => ErrorKind::RateLimited,
        "slow_down" | "server_is_overloaded" | "overloaded_error" | "service_unavailable" => {
            ErrorKind::Overloaded
        }
        "context_length_exceeded" => ErrorKind::ContextLength,
        "content_filter"
        | "content_policy_violation"
        | "image_content_policy_violation"
        | "bio_policy"
        | "cyber_policy_violation"
        | "invalid_prompt" => ErrorKind::ContentFilter,
        "invalid_api_key" | "authentication_error" => ErrorKind::Auth,
        "unsupported_country_region_territory" | "permission_error" => ErrorKind::Permission,
        "model_not_found" => ErrorKind::NotFound,
        "request_too_large" | "image_too_large" | "image_file_too_large" => ErrorKind::TooLarge,
        "server_error" | "vector_store_timeout" => ErrorKind::Server,
        "invalid_image"
        | "invalid_image_format"
        | "invalid_base64_image"
        | "invalid_image_url"
        | "invalid_image_mode"
        | "image_too_small"
        | "image_parse_error"
        | "unsupported_image_media_type"
        | "empty_image_file"
        | "failed_to_download_image"
        | "image_file_not_found"
        | "data_residency_mismatch" => ErrorKind::InvalidRequest,
        _ => return None,
    })
}
