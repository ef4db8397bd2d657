//! The server's errors: `{"error":{"code":400,"message":"…","type":"exceed_context_size_error"}}`,
//! the code a number, with a status or as an event of a stream.
//!
//! Its source, `tools/server/server-common.cpp`: <https://github.com/ggml-org/llama.cpp>

use http::{Response, StatusCode, response::Parts};
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind, Json,
    protocol::{Protocol, read},
};
use trunkline_openai_compat::ErrorDetail;

use crate::protocol::COMPAT;

/// What compatible servers do not have in common. Much that is the request's fault comes as
/// `server_error` with status 500: its words tell.
pub(crate) fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    let message = &*error.message;
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    Some(match &*error.kind {
        "unavailable_error" | "loading model" if says(&["oading"]) => ErrorKind::NotReady,
        // Every slot is taken.
        "unavailable_error" => ErrorKind::Overloaded,
        // A path that this version does not have.
        "not_found_error" if message == "File Not Found" => ErrorKind::Unsupported,
        // A router has several models.
        "invalid_request_error" if message.starts_with("model '") && says(&["not found"]) => {
            ErrorKind::NotFound
        }
        "server_error" if says(CONTEXT) => ErrorKind::ContextLength,
        "server_error" if says(UNSUPPORTED) => ErrorKind::Unsupported,
        "server_error" if says(WRONG) => ErrorKind::InvalidRequest,
        "" if matches!(error.status, Some(503)) && message == "loading model" => {
            ErrorKind::NotReady
        }
        _ => return None,
    })
}

/// An input that fits into no batch, and an answer that came to the end of its context.
const CONTEXT: &[&str] = &["is too large to process", "context shift is disabled"];
const UNSUPPORTED: &[&str] = &[
    "input is not supported",
    "requires --jinja flag",
    "does not support",
];
const WRONG: &[&str] = &[
    "[json.exception.",
    "Cannot use both",
    "Unknown reasoning format",
    "Failed to load image",
    "Failed to parse",
    "failed to parse",
    "Failed to download image",
    "must be an array",
    // The number of a token that the vocabulary has not.
    "_M_range_check",
];

/// An answer that is no success.
pub(crate) fn of_answer(head: &Parts, body: &[u8]) -> Error {
    let error = COMPAT.error(head, body);
    // The status once more is no code.
    let error = match error.code() == Some(head.status.as_str()) {
        true => error.with_code(""),
        false => error,
    };
    match error.kind() {
        // It says no before it does anything.
        ErrorKind::NotReady => error.with_delivery(Delivery::Rejected),
        _ => error,
    }
}

/// The error that an event of a stream, or an answer under status 200, is; `None` if it is none.
pub(crate) fn in_band(body: &[u8]) -> Option<Error> {
    #[derive(Deserialize)]
    struct Wire {
        error: Option<Json>,
    }
    #[derive(Deserialize)]
    struct Code {
        code: Option<u16>,
    }
    let error = read::<Wire>(body).ok()?.error?;
    let code = error.read::<Code>().ok().and_then(|error| error.code);
    let status = code
        .and_then(|code| StatusCode::from_u16(code).ok())
        .filter(|status| status.as_u16() >= 400);
    let mut head = Response::new(());
    *head.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (head, ()) = head.into_parts();
    Some(of_answer(&head, body).with_delivery(Delivery::Responded))
}
