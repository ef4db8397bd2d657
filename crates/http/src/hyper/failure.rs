//! Says what an error of hyper means: kind, phase, and whether the request had left.

use std::{error::Error as StdError, io};

use hyper_util::client::legacy;

use super::{connect::Carried, guard::WriteStalled};
use crate::{Limit, Phase, Sent, TransportError, TransportErrorKind as Kind};

/// Why no response head came.
pub(super) struct Failure {
    pub(super) error: TransportError,
    /// The request provably was not acted on, and another connection may serve it at once.
    pub(super) again: bool,
}

impl From<TransportError> for Failure {
    fn from(error: TransportError) -> Self {
        Self {
            error,
            again: false,
        }
    }
}

impl Failure {
    fn again(error: TransportError) -> Self {
        Self { error, again: true }
    }
}

/// A failure before the response head.
pub(super) fn of_request(error: legacy::Error) -> Failure {
    if let Some(ours) = find::<Carried>(&error).and_then(Carried::take) {
        return ours.into();
    }
    if error.is_connect() {
        return Failure::again(
            TransportError::new(
                Kind::Connect,
                "the connection that this request waited for was not opened",
            )
            .with_phase(Phase::Tcp),
        );
    }
    if let Some(stalled) = stalled(&error, Sent::Maybe) {
        return stalled.into();
    }
    #[cfg(feature = "http2")]
    if let Some(failure) = find::<h2::Error>(&error).and_then(of_stream) {
        return failure;
    }
    match find::<hyper::Error>(&error) {
        Some(cause) if cause.is_canceled() => Failure::again(
            TransportError::new(
                Kind::Interrupted,
                "the connection closed before the request was written",
            )
            .with_phase(Phase::Write)
            .with_source(error),
        ),
        Some(cause) => of_exchange(cause).with_source(error).into(),
        None => TransportError::new(
            Kind::Config,
            "the request cannot be sent: check its method, version and URL",
        )
        .with_source(error)
        .into(),
    }
}

fn of_exchange(cause: &hyper::Error) -> TransportError {
    if cause.is_parse() {
        // hyper tells the two apart in words only.
        return if cause.to_string().contains("too large") {
            headers_too_large()
        } else {
            TransportError::new(Kind::Decode, "what answered does not speak HTTP")
                .with_phase(Phase::Head)
                .with_sent(Sent::Responded)
        };
    }
    if cause.is_user() {
        return TransportError::new(Kind::Interrupted, "the request body ended in an error")
            .with_phase(Phase::Write)
            .with_sent(Sent::Maybe);
    }
    let message = if cause.is_incomplete_message() {
        "the server closed the connection without an answer"
    } else {
        "the connection broke before an answer came"
    };
    TransportError::new(Kind::Interrupted, message)
        .with_phase(Phase::Head)
        .with_sent(Sent::Maybe)
}

/// A failure while the body is read.
pub(super) fn of_body(error: hyper::Error) -> TransportError {
    if let Some(stalled) = stalled(&error, Sent::Responded) {
        return stalled;
    }
    let garbled = find::<io::Error>(&error).is_some_and(|cause| {
        matches!(
            cause.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        )
    });
    let (kind, message) = if garbled {
        (Kind::Decode, "the body's chunks are not those of HTTP")
    } else {
        (
            Kind::Interrupted,
            "the connection broke before the body was complete",
        )
    };
    TransportError::new(kind, message)
        .with_phase(Phase::Body)
        .with_sent(Sent::Responded)
        .with_source(error)
}

pub(super) fn headers_too_large() -> TransportError {
    TransportError::limit_exceeded(
        Limit::Headers,
        "the response has more than 100 headers or 32 KiB of them",
    )
    .with_phase(Phase::Head)
}

fn stalled(error: &(dyn StdError + 'static), sent: Sent) -> Option<TransportError> {
    let WriteStalled(limit) = find::<WriteStalled>(error)?;
    Some(
        TransportError::new(
            Kind::Timeout,
            format!("the server accepted no byte of the request for {limit:?}"),
        )
        .with_phase(Phase::Write)
        .with_sent(sent),
    )
}

/// What HTTP/2 says about one stream. The cause is left out: its text is the peer's.
#[cfg(feature = "http2")]
fn of_stream(cause: &h2::Error) -> Option<Failure> {
    let reason = cause.reason()?;
    // h2 fails a stream with the peer's GOAWAY only if its id is above the last that was processed.
    let untouched =
        cause.is_remote() && (cause.is_go_away() || reason == h2::Reason::REFUSED_STREAM);
    if untouched {
        let error = TransportError::new(
            Kind::Interrupted,
            "the server gave the request back untouched",
        )
        .with_phase(Phase::Head)
        .with_sent(Sent::Rejected);
        return Some(Failure::again(error));
    }
    let error = TransportError::new(
        Kind::Interrupted,
        format!("the HTTP/2 stream was reset before an answer came: {reason}"),
    );
    Some(error.with_phase(Phase::Head).with_sent(Sent::Maybe).into())
}

/// The first cause of this type. A wrapped [`io::Error`] hides its own from `source`.
fn find<'a, E: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a E> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        if let Some(inner) = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            && let Some(found) = inner.downcast_ref::<E>()
        {
            return Some(found);
        }
        cause = error.source();
    }
    None
}
