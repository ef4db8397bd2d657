//! What an HTTP status means where the body says nothing better.

use http::{HeaderMap, StatusCode, response::Parts};

use crate::{Delivery, Error, ErrorKind};

/// The error that a status means, with what every head tells: request id and waiting time.
/// Protocols start from it and narrow it down.
pub fn error_of_status(status: StatusCode) -> Error {
    let (kind, delivery) = classify(status);
    Error::new(kind, format!("the server answered {status}")).with_delivery(delivery)
}

/// Status to kind, as `docs/errors.md` lists it.
const fn classify(status: StatusCode) -> (ErrorKind, Delivery) {
    use Delivery::{MaybeProcessed, Rejected, Responded};
    match status.as_u16() {
        300..=399 => (ErrorKind::Redirect, Responded),
        401 => (ErrorKind::Auth, Rejected),
        402 => (ErrorKind::QuotaExhausted, Rejected),
        403 => (ErrorKind::Permission, Rejected),
        404 | 410 => (ErrorKind::NotFound, Rejected),
        408 | 425 => (ErrorKind::Timeout, MaybeProcessed),
        409 => (ErrorKind::Conflict, Rejected),
        413 | 431 => (ErrorKind::TooLarge, Rejected),
        424 | 499 => (ErrorKind::Server, Responded),
        429 => (ErrorKind::RateLimited, Rejected),
        400..=498 => (ErrorKind::InvalidRequest, Rejected),
        500 | 502..=504 | 520..=524 | 530 => (ErrorKind::Server, MaybeProcessed),
        529 => (ErrorKind::Overloaded, Rejected),
        501 | 505 | 511 | 525 | 526 => (ErrorKind::Unsupported, Responded),
        506..=599 => (ErrorKind::Server, MaybeProcessed),
        _ => (ErrorKind::Decode, Responded),
    }
}

/// Adds what the head tells to an error that a protocol made of it.
pub(super) fn describe(error: Error, head: &Parts) -> Error {
    let mut error = identify(error.with_status(head.status), head);
    if let Some(should_retry) = head.headers.get("x-should-retry") {
        error = error.with_should_retry(match should_retry.as_bytes() {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        });
    }
    error
}

/// Adds only the provider's name for the request: the answer had begun well. One that a protocol
/// found in the body counts where no header has it.
pub(super) fn identify(error: Error, head: &Parts) -> Error {
    match request_id(&head.headers) {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}

/// The provider's name for a request, under any of its usual names; last those of what stands in
/// front of the provider, and of what it made.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    const NAMES: [&str; 11] = [
        "x-request-id",
        "request-id",
        "x-amzn-requestid",
        "apim-request-id",
        "x-goog-request-id",
        "x-ds-trace-id",
        "msh-request-id",
        "mistral-correlation-id",
        "nvcf-reqid",
        "x-generation-id",
        "cf-ray",
    ];
    NAMES
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
}
