//! Its errors: `{"error":"Model is overloaded","error_type":"Overloaded"}`, or words alone where the
//! framework below refuses a body, or nothing at all for a wrong key.
//!
//! `ErrorResponse` of <https://huggingface.github.io/text-embeddings-inference/>; the types are those
//! of `router/src/lib.rs`, and their statuses have changed: a batch too large was 413, and is 422.

use http::{StatusCode, response::Parts};
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind, Scope,
    protocol::{content_type, error_of_status, read},
};

#[derive(Default, Deserialize)]
struct Refused {
    /// On its own routes.
    error: Option<String>,
    error_type: Option<String>,
    /// On the compatible one.
    message: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// How much of an answer without a form is taken for words.
const WORDS: usize = 512;

/// An answer that is no success.
pub(crate) fn of_answer(head: &Parts, body: &[u8]) -> Error {
    let usual = error_of_status(head.status);
    let told: Option<Refused> = read(body).ok();
    let is_json = told.is_some();
    let refused = told.unwrap_or_else(|| Refused {
        error: words(head, body),
        ..Refused::default()
    });
    let error_type = refused.error_type.or(refused.kind).unwrap_or_default();
    match refused.error.or(refused.message) {
        // The proxy of a hosted endpoint, which wakes the server, gives its errors no type; the
        // server gives all of its own one.
        // <https://huggingface.co/docs/inference-endpoints/guides/autoscaling>
        Some(message) if error_type.is_empty() && is_waking(head.status, is_json, &message) => {
            Error::new(ErrorKind::NotReady, message).with_delivery(Delivery::Rejected)
        }
        Some(message) => narrow(&usual, message, error_type),
        None => usual.with_type(error_type),
    }
}

/// What the framework says of a body that it cannot read, or that is too large.
fn words(head: &Parts, body: &[u8]) -> Option<String> {
    let plain = content_type(head).is_some_and(|kind| kind.eq_ignore_ascii_case("text/plain"));
    let words = String::from_utf8_lossy(body.get(..WORDS).unwrap_or(body));
    let words = words.trim();
    (plain && !words.is_empty()).then(|| words.to_owned())
}

/// The type says it better than the status, and the words where a type is several things.
fn narrow(usual: &Error, message: String, error_type: String) -> Error {
    let says = |words: &[&str]| words.iter().all(|words| message.contains(words));
    let kind = match error_type.to_ascii_lowercase().as_str() {
        "unhealthy" => Some(ErrorKind::Server),
        "overloaded" => Some(ErrorKind::Overloaded),
        "backend" if WRONG_MODEL.iter().any(|words| message.contains(words)) => {
            Some(ErrorKind::Unsupported)
        }
        "validation" if says(&["must have less than", "Given:"]) => Some(ErrorKind::ContextLength),
        "validation" if says(&["batch size", "maximum allowed batch size"]) => {
            Some(ErrorKind::TooLarge)
        }
        "validation" | "tokenizer" | "empty" => Some(ErrorKind::InvalidRequest),
        // The model failed at it, or somebody else speaks.
        _ => None,
    };
    let message = match kind {
        Some(ErrorKind::TooLarge) => format!(
            "{message}; tell the account so: `.setting(\"max_batch\", …)`, or TEI_MAX_BATCH"
        ),
        _ => message,
    };
    // All that is known is said before the model is asked.
    let (kind, delivery) = match kind {
        Some(kind) => (kind, Delivery::Rejected),
        None => (usual.kind(), usual.delivery()),
    };
    let error = Error::new(kind, message)
        .with_delivery(delivery)
        .with_type(error_type);
    match kind {
        ErrorKind::Unsupported => error.with_scope(Scope::Model),
        _ => error,
    }
}

/// What says that the server's model is of another type than the route.
const WRONG_MODEL: [&str; 2] = ["odel is not a", "is not available for SPLADE models"];

/// What a server has in front of it may say 503 for other reasons too, but then not in JSON.
fn is_waking(status: StatusCode, is_json: bool, message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let mut words = ["loading", "initializing", "starting up"].into_iter();
    (is_json && status == StatusCode::SERVICE_UNAVAILABLE)
        || (status.is_server_error() && words.any(|word| message.contains(word)))
}
