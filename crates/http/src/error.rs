//! What can go wrong on the way, and whether the request had left by then.

use std::{error::Error as StdError, fmt};

use crate::BoxError;

/// A failure of the transport. One word wide.
///
/// It never holds a URL, a header or a body: those may carry secrets.
#[derive(Debug)]
pub struct TransportError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: TransportErrorKind,
    phase: Option<Phase>,
    limit: Option<Limit>,
    sent: Sent,
    message: std::borrow::Cow<'static, str>,
    source: Option<BoxError>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The client or the request cannot work as configured: a URL without a host, say.
    Config,
    /// The server could not be reached; the [`Phase`] says how far the attempt came.
    Connect,
    /// The server's certificate was not accepted, or no common TLS version exists.
    Tls,
    /// The proxy refused to pass us through.
    Proxy,
    /// A timer ran out; the [`Phase`] says which.
    Timeout,
    /// The connection broke.
    Interrupted,
    /// The server sent more than we accept; the [`Limit`] says of what.
    LimitExceeded,
    /// The server sent something that is not HTTP, or an encoding that we do not read.
    Decode,
    /// The client is shut down.
    Closed,
}

/// Where on the way it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Resolving the host's name.
    Dns,
    /// Opening the connection.
    Tcp,
    /// The TLS handshake.
    Tls,
    /// The proxy's part of opening the connection.
    Proxy,
    /// Writing the request.
    Write,
    /// Waiting for the response head.
    Head,
    /// Reading the response body.
    Body,
}

/// Which bound was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Count or size of the response headers.
    Headers,
    /// Size of a body.
    Body,
    /// How far a compressed body may expand.
    Ratio,
    /// Length of one line of a stream.
    Line,
    /// Size of one event of a stream.
    Event,
    /// What a reader leaves unread of a stream over HTTP/2.
    Consumer,
}

/// Whether the server may have acted on the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// It provably never left.
    Never,
    /// The server said that it did not touch it (HTTP/2 `REFUSED_STREAM`, a high `GOAWAY`).
    Rejected,
    /// Bytes were written; nobody knows.
    Maybe,
    /// A response head had come.
    Responded,
}

impl TransportError {
    /// An error that happened before anything was sent; see the setters for the rest.
    pub fn new(
        kind: TransportErrorKind,
        message: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            phase: None,
            limit: None,
            sent: Sent::Never,
            message: message.into(),
            source: None,
        }))
    }

    /// A bound was passed while reading a response.
    pub fn limit_exceeded(
        limit: Limit,
        message: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Self {
        let mut error =
            Self::new(TransportErrorKind::LimitExceeded, message).with_sent(Sent::Responded);
        error.0.limit = Some(limit);
        error
    }

    /// Sets where it happened.
    #[must_use]
    pub fn with_phase(mut self, phase: Phase) -> Self {
        self.0.phase = Some(phase);
        self
    }

    /// Sets whether the request had left.
    #[must_use]
    pub fn with_sent(mut self, sent: Sent) -> Self {
        self.0.sent = sent;
        self
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What happened.
    pub fn kind(&self) -> TransportErrorKind {
        self.0.kind
    }

    /// Where it happened, if that is known.
    pub fn phase(&self) -> Option<Phase> {
        self.0.phase
    }

    /// Which bound was passed, for [`TransportErrorKind::LimitExceeded`].
    pub fn limit(&self) -> Option<Limit> {
        self.0.limit
    }

    /// Whether the server may have acted on the request.
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// What happened, in words, without the cause.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The cause alone.
    pub fn into_source(self) -> Option<BoxError> {
        self.0.source
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
