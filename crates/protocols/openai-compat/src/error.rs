//! Errors, in all the shapes that compatible servers give them.
//!
//! <https://platform.openai.com/docs/guides/error-codes>

use http::{StatusCode, response::Parts};
use serde_json::Value;
use trunkline_core::{Delivery, Error, ErrorKind, Scope, protocol::error_of_status};

use crate::Dialect;

/// What an error says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorDetail {
    /// The status of the answer, or the one that an error inside a stream names.
    pub status: Option<u16>,
    /// In words.
    pub message: String,
    /// `insufficient_quota`; numbers as text.
    pub code: String,
    /// `invalid_request_error`.
    pub kind: String,
    /// Which parameter is wrong.
    pub param: String,
    /// The provider's name for the request, where the body tells it.
    pub request_id: String,
    /// Whether another provider failed, behind one that passes requests on: neither status nor code
    /// is about our own key then.
    pub upstream: bool,
}

/// The error that an answer without success is.
pub(crate) fn of_answer(dialect: Dialect, head: &Parts, body: &[u8]) -> Error {
    let usual = error_of_status(head.status);
    let mut detail = match serde_json::from_slice::<Value>(body) {
        Ok(value) => detail(&value),
        Err(_) => ErrorDetail {
            message: plain(body),
            ..ErrorDetail::default()
        },
    };
    detail.status = Some(head.status.as_u16());
    error(dialect, &detail, &usual)
}

/// The error in a success's clothes: inside a stream, or alone under status 200.
pub(crate) fn in_band(dialect: Dialect, text: &str) -> Error {
    let value: Value =
        serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let mut detail = detail(&value);
    let status = [&detail.code, &detail.kind]
        .into_iter()
        .find_map(|code| code.parse::<u16>().ok())
        .or(detail.status);
    let status = status
        .and_then(|status| StatusCode::from_u16(status).ok())
        .filter(|status| status.as_u16() >= 400);
    detail.status = status.map(|status| status.as_u16());
    // Without a status its type says who is at fault; without that, the provider is.
    let status = status.unwrap_or(match &*detail.kind {
        "invalid_request_error" | "bad_request_error" => StatusCode::BAD_REQUEST,
        "not_found_error" => StatusCode::NOT_FOUND,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    });
    let usual = Error::new(
        error_of_status(status).kind(),
        "the provider broke off the answer and does not say why",
    );
    error(dialect, &detail, &usual).with_delivery(Delivery::Responded)
}

/// Whether JSON that is no answer says what went wrong.
pub(crate) fn looks_like_one(text: &str) -> bool {
    let Ok(Value::Object(fields)) = serde_json::from_str(text) else {
        return false;
    };
    ["error", "errors", "detail", "message"]
        .iter()
        .any(|name| fields.get(*name).is_some_and(|value| !value.is_null()))
}

fn error(dialect: Dialect, detail: &ErrorDetail, usual: &Error) -> Error {
    let own = (dialect.classify)(detail);
    let kind = own
        .or_else(|| too_large(detail))
        .or_else(|| by_code(detail))
        .or_else(|| by_words(detail))
        .unwrap_or(usual.kind());
    // Whoever passed the request on was refused, and not we. Unless the provider's crate knows better.
    let elsewhere = detail.upstream
        && own.is_none()
        && matches!(
            kind,
            ErrorKind::Auth
                | ErrorKind::Permission
                | ErrorKind::QuotaExhausted
                | ErrorKind::RateLimited
        );
    let kind = match kind {
        ErrorKind::Auth | ErrorKind::QuotaExhausted if elsewhere => ErrorKind::Server,
        kind => kind,
    };
    let delivery = match kind {
        // The provider says that it did not act, whatever its status.
        ErrorKind::Overloaded | ErrorKind::RateLimited | ErrorKind::QuotaExhausted => {
            Delivery::Rejected
        }
        _ => usual.delivery(),
    };
    let message = if detail.message.is_empty() {
        usual.message().to_owned()
    } else {
        detail.message.clone()
    };
    let mut error = Error::new(kind, message)
        .with_delivery(delivery)
        .with_code(&*detail.code)
        .with_type(&*detail.kind)
        .with_param(&*detail.param);
    if !detail.request_id.is_empty() {
        error = error.with_request_id(&*detail.request_id);
    }
    if elsewhere {
        error = error.with_scope(Scope::Model);
    }
    if kind == ErrorKind::Conflict {
        // OpenAI's SDKs take a 409 as a lock that will be released.
        error = error.with_should_retry(Some(true));
    }
    error
}

/// More tokens in one request than the account may send in a minute: it comes as a rate limit, and
/// no waiting helps.
fn too_large(detail: &ErrorDetail) -> Option<ErrorKind> {
    let limited = matches!(detail.status, Some(413 | 429));
    let alone = detail.message.starts_with("Request too large");
    (limited && alone && detail.code == "rate_limit_exceeded").then_some(ErrorKind::TooLarge)
}

fn by_code(detail: &ErrorDetail) -> Option<ErrorKind> {
    [&*detail.code, &*detail.kind].into_iter().find_map(|code| {
        Some(match code {
            "insufficient_quota"
            | "credit_balance_exhausted"
            | "organization_spend_limit_exceeded"
            | "project_spend_limit_exceeded"
            | "organization_usage_limit_exceeded"
            | "billing_hard_limit_reached"
            | "billing_not_active"
            | "insufficient_balance"
            | "exceeded_current_quota_error" => ErrorKind::QuotaExhausted,
            "rate_limit_exceeded"
            | "rate_limit_error"
            | "rate_limit_reached_error"
            | "too_many_requests" => ErrorKind::RateLimited,
            "slow_down"
            | "server_is_overloaded"
            | "overloaded_error"
            | "engine_overloaded_error"
            | "overloaded"
            | "provider_overloaded"
            | "service_unavailable" => ErrorKind::Overloaded,
            "context_length_exceeded"
            | "exceed_context_size_error"
            | "too_many_prompt_tokens"
            | "model_max_prompt_tokens_exceeded" => ErrorKind::ContextLength,
            "content_filter"
            | "content_policy_violation"
            | "refusal"
            | "ResponsibleAIPolicyViolation"
            | "moderation_error"
            | "data_inspection_failed" => ErrorKind::ContentFilter,
            "invalid_api_key"
            | "incorrect_api_key"
            | "authentication_error"
            | "invalid_authentication_error"
            | "no_api_key" => ErrorKind::Auth,
            "permission_error"
            | "permission_denied_error"
            | "unsupported_country_region_territory" => ErrorKind::Permission,
            "model_not_found"
            | "model_decommissioned"
            | "invalid_model"
            | "deployment_not_found"
            | "DeploymentNotFound"
            | "NotFoundError"
            | "resource_not_found_error"
            | "unknown_model" => ErrorKind::NotFound,
            "request_too_large"
            | "request_entity_too_large"
            | "payload_too_large"
            | "image_too_large" => ErrorKind::TooLarge,
            "not_supported_error" => ErrorKind::Unsupported,
            _ => return None,
        })
    })
}

/// Where a server has no code for it: a few phrases that are the same everywhere.
fn by_words(detail: &ErrorDetail) -> Option<ErrorKind> {
    if !matches!(detail.status, Some(400 | 413 | 422)) {
        return None;
    }
    let message = detail.message.to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    if says(&[
        "maximum context length",
        "max context length",
        "context length exceeded",
        "context window",
        "exceeds the available context size",
        "longer than the model's context",
    ]) {
        Some(ErrorKind::ContextLength)
    } else if says(&["api key not valid"]) {
        Some(ErrorKind::Auth)
    } else if says(&["model"])
        && says(&[
            "does not exist",
            "not a valid model",
            "has been decommissioned",
        ])
    {
        Some(ErrorKind::NotFound)
    } else {
        None
    }
}

/// How deep an error may lie in others.
const MAX_DEPTH: usize = 4;

fn detail(value: &Value) -> ErrorDetail {
    let mut detail = ErrorDetail::default();
    read(value, &mut detail, 0);
    detail
}

/// Outer fields first, inner ones over them: `{"error":{"error":{…}}}`, `[{"error":…}]`,
/// `{"error":"text","code":…}`, `{"detail":[{"msg":…}]}`, `{"message":…,"type":…}`.
fn read(value: &Value, detail: &mut ErrorDetail, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::String(text) => text.clone_into(&mut detail.message),
        Value::Array(items) => {
            if let Some(first) = items.first() {
                read(first, detail, depth + 1);
            }
        }
        Value::Object(fields) => {
            for (names, slot) in [
                (&["message", "msg", "title"][..], &mut detail.message),
                (&["code", "error_code"], &mut detail.code),
                (&["type", "error_type", "status"], &mut detail.kind),
                (&["param", "parameter"], &mut detail.param),
                (&["request_id", "requestId"], &mut detail.request_id),
            ] {
                // A number under `status` is the status.
                let text = |name: &str| {
                    let value = fields.get(name)?;
                    scalar(value).filter(|_| name != "status" || value.is_string())
                };
                if let Some(text) = names.iter().find_map(|name| text(name)) {
                    *slot = text;
                }
            }
            const STATUS: [&str; 4] = ["status", "status_code", "raw_status_code", "http_status"];
            if let Some(status) = STATUS.iter().find_map(|name| fields.get(*name)?.as_u64()) {
                detail.status = u16::try_from(status).ok();
            }
            if let Some(metadata) = fields.get("metadata") {
                behind(metadata, detail, depth);
            }
            // A short word beside a message says of what kind it is.
            let is_told = fields.get("message").and_then(scalar).is_some();
            for name in ["message", "errors", "detail", "error"] {
                match fields.get(name) {
                    None | Some(Value::Null) => {}
                    Some(Value::String(_)) if name == "message" => {}
                    Some(Value::String(word)) if name == "error" && is_told => {
                        if detail.kind.is_empty() {
                            word.clone_into(&mut detail.kind);
                        }
                    }
                    Some(inner) => read(inner, detail, depth + 1),
                }
            }
        }
        _ => {}
    }
}

/// What stands behind OpenRouter's "Provider returned error". Its words count; its code counts where
/// the request is at fault, since an account that it speaks of is not ours.
///
/// <https://openrouter.ai/docs/api_reference/errors-and-debugging>
fn behind(metadata: &Value, detail: &mut ErrorDetail, depth: usize) {
    if let Some(kind) = metadata.get("error_type").and_then(scalar)
        && detail.kind.is_empty()
    {
        detail.kind = kind;
    }
    let raw = metadata.get("raw").and_then(Value::as_str);
    detail.upstream |= raw.is_some() || metadata.get("provider_name").is_some_and(Value::is_string);
    let Some(text) = raw else {
        return;
    };
    let inner = match serde_json::from_str(text) {
        Ok(inner @ Value::Object(_)) => {
            let mut detail = ErrorDetail::default();
            read(&inner, &mut detail, depth + 1);
            detail
        }
        _ if text.trim_start().starts_with('<') => return,
        _ => ErrorDetail {
            message: text.to_owned(),
            ..ErrorDetail::default()
        },
    };
    let of_request = matches!(
        by_code(&inner),
        Some(ErrorKind::ContextLength | ErrorKind::ContentFilter | ErrorKind::TooLarge)
    );
    if of_request {
        detail.code = inner.code;
        detail.kind = inner.kind;
    }
    if !inner.message.is_empty() {
        detail.message = inner.message;
    }
    if !inner.param.is_empty() {
        detail.param = inner.param;
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The words of an error that is no JSON; a page of HTML has none for us.
fn plain(body: &[u8]) -> String {
    const MOST: usize = 512;
    let text = String::from_utf8_lossy(body.get(..MOST).unwrap_or(body));
    let text = text.trim();
    let is_page = text.starts_with('<') || text.starts_with('{') || text.starts_with('[');
    if is_page {
        String::new()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Error {
        let (head, ()) = http::Response::builder()
            .status(status)
            .body(())
            .unwrap()
            .into_parts();
        of_answer(Dialect::OPENAI, &head, body.as_bytes())
    }

    #[test]
    fn f047_every_shape_keeps_its_message() {
        for body in [
            r#"{"error":{"message":"no","type":"t","param":null,"code":null}}"#,
            r#"{"error":"no"}"#,
            r#"{"error":"no","code":"x"}"#,
            r#"[{"error":{"message":"no"}}]"#,
            r#"{"error":{"error":{"message":"no","code":42}}}"#,
            r#"{"detail":"no"}"#,
            r#"{"detail":[{"loc":["body"],"msg":"no"}]}"#,
            r#"{"object":"error","message":"no","type":"t","code":400}"#,
            r#"{"errors":[{"message":"no"}]}"#,
            "no",
        ] {
            let error = of(400, body);
            assert_eq!(error.message(), "no", "{body}");
            assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{body}");
        }
    }

    #[test]
    fn what_is_no_message_falls_back_to_the_status() {
        for body in [
            "",
            "<html>502</html>",
            "{",
            "null",
            "{}",
            r#"{"error":null}"#,
        ] {
            assert_eq!(
                of(502, body).message(),
                "the server answered 502 Bad Gateway",
                "{body}"
            );
        }
    }

    #[test]
    fn f034_no_money_is_not_too_many_requests() {
        let body =
            r#"{"error":{"message":"m","type":"insufficient_quota","code":"insufficient_quota"}}"#;
        assert_eq!(of(429, body).kind(), ErrorKind::QuotaExhausted);
        assert_eq!(
            of(429, r#"{"error":{"message":"m"}}"#).kind(),
            ErrorKind::RateLimited
        );
        assert_eq!(
            of(429, r#"{"error":{"code":"slow_down","message":"m"}}"#).kind(),
            ErrorKind::Overloaded
        );
    }

    #[test]
    fn f086_context_length_by_code_and_by_words() {
        assert_eq!(
            of(400, r#"{"error":{"code":"context_length_exceeded"}}"#).kind(),
            ErrorKind::ContextLength
        );
        let words = r#"{"error":{"message":"This model's maximum context length is 8 tokens"}}"#;
        assert_eq!(of(400, words).kind(), ErrorKind::ContextLength);
        assert_eq!(
            of(500, words).kind(),
            ErrorKind::Server,
            "words count only where the request is at fault"
        );
    }

    #[test]
    fn an_error_in_a_stream_takes_the_status_that_it_names() {
        let overloaded = in_band(
            Dialect::OPENAI,
            r#"{"error":{"code":502,"message":"upstream"}}"#,
        );
        assert_eq!(overloaded.kind(), ErrorKind::Server);
        assert_eq!(
            in_band(Dialect::OPENAI, r#"{"error":{"code":429,"message":"m"}}"#).kind(),
            ErrorKind::RateLimited
        );
        assert_eq!(
            in_band(Dialect::OPENAI, r#"{"error":"boom"}"#).message(),
            "boom"
        );
    }
}
