//! Ollama's errors: `{"error":"model 'x' not found"}`, with a status or as a line of a stream.
//!
//! <https://docs.ollama.com/api/errors>

use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind, Json, Recovery, Scope,
    protocol::{error_of_status, read},
};

#[derive(Deserialize)]
struct Refused {
    error: Option<Json>,
}

/// The form that gateways in front of it, and its compatible endpoints, give errors.
#[derive(Deserialize)]
struct Detail {
    message: Option<String>,
    code: Option<Json>,
}

/// An answer that is no success.
pub(crate) fn of_answer(head: &Parts, body: &[u8]) -> Error {
    let usual = error_of_status(head.status);
    match read::<Refused>(body) {
        Ok(Refused { error: Some(error) }) => narrow(&usual, &error),
        _ => usual,
    }
}

/// An error in a success's clothes: inside a stream, or alone under status 200.
pub(crate) fn in_band(error: &Json) -> Error {
    let usual = Error::new(ErrorKind::Server, "the answer broke off without a reason")
        .with_delivery(Delivery::Responded);
    narrow(&usual, error)
}

/// Ollama has no codes: its words say it better than the status, where they are known.
fn narrow(usual: &Error, error: &Json) -> Error {
    let detail = error.read::<Detail>().ok();
    let message = match &detail {
        Some(detail) => detail.message.clone(),
        None => error.read::<String>().ok(),
    };
    let message = message.unwrap_or_else(|| usual.message().to_owned());
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    let (status_kind, in_band) = (usual.kind(), usual.delivery() == Delivery::Responded);
    let kind = if says(CONTEXT) {
        ErrorKind::ContextLength
    } else if says(&["usage limit"]) {
        ErrorKind::QuotaExhausted
    } else if says(&["maximum pending requests exceeded"]) {
        ErrorKind::Overloaded
    } else if says(&["does not support"]) && status_kind == ErrorKind::InvalidRequest {
        ErrorKind::Unsupported
    } else if in_band && says(&["not found", "file does not exist"]) {
        ErrorKind::NotFound
    } else {
        status_kind
    };
    let delivery = match kind {
        // A server in full health that says no has done nothing.
        ErrorKind::QuotaExhausted | ErrorKind::Overloaded if !in_band => Delivery::Rejected,
        _ => usual.delivery(),
    };
    let code = detail.and_then(|detail| detail.code);
    let code = code.map_or_else(String::new, |code| code.get().trim_matches('"').to_owned());
    let too_small = says(&["requires more system memory"]);
    let error = Error::new(kind, message)
        .with_delivery(delivery)
        .with_code(if code == "null" { "" } else { &code });
    match kind {
        ErrorKind::Unsupported => error.with_scope(Scope::Model),
        // It will not have grown when it is asked again.
        _ if too_small => error
            .with_scope(Scope::Model)
            .with_recovery(Recovery::Elsewhere),
        _ => error,
    }
}

/// What says that a prompt or an input is longer than its model's context.
const CONTEXT: &[&str] = &[
    "exceeds the context length",
    "exceeds maximum context length",
    "exceeds the available context",
    "longer than the context length",
];
