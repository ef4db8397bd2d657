//! The axes of an error, and what follows from them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Error;
use crate::BoxError;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting cannot work: a key with control characters, a base URL without a scheme.
    Config,
    /// This backend cannot do what is asked.
    Unsupported,
    /// The provider, or we before it, found the request wrong.
    InvalidRequest,
    /// The request is larger than the provider accepts.
    TooLarge,
    /// The conversation does not fit the model's context.
    ContextLength,
    /// The provider refused the request for its content.
    ContentFilter,

    /// The key is missing, wrong or revoked.
    Auth,
    /// The key may not do this.
    Permission,
    /// The model, or whatever was named, does not exist.
    NotFound,
    /// Something else holds what is asked for.
    Conflict,

    /// Too many requests or tokens at the moment.
    RateLimited,
    /// No money or no quota left: waiting does not help.
    QuotaExhausted,
    /// The provider has no capacity at the moment.
    Overloaded,
    /// The server is well and cannot serve yet: it loads its model.
    NotReady,
    /// The provider failed.
    Server,

    /// The endpoint could not be reached; the phase says how far it came.
    Connect,
    /// The server's certificate was not accepted.
    Tls,
    /// The proxy refused.
    Proxy,
    /// The server answered with a redirect, which is never followed: it would carry the key away.
    Redirect,
    /// A timer ran out; the phase says which.
    Timeout,
    /// The connection broke, or a stream ended before its answer was whole.
    Interrupted,

    /// The answer cannot be read.
    Decode,
    /// The answer is larger than we accept; the limit says of what.
    LimitExceeded,

    /// The circuit breaker is open.
    CircuitOpen,
    /// The queue is full.
    QueueFull,
    /// The caller gave up.
    Cancelled,
    /// The backend is closed.
    Closed,
}

/// What it happened to: whom to leave alone, and whom not to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Scope {
    /// This request: it would fail anywhere.
    Request,
    /// This key: another may do.
    Key,
    /// The account behind the key.
    Account,
    /// This model.
    Model,
    /// This endpoint: another may do.
    Endpoint,
    /// The provider as a whole.
    Provider,
}

/// How far the call had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Delivery {
    /// It provably never left.
    NotSent,
    /// The provider said that it did not act on it.
    Rejected,
    /// Bytes were written; nobody knows.
    MaybeProcessed,
    /// An answer had begun.
    Responded,
    /// The caller had been given content: nothing may be repeated unseen.
    Committed,
}

/// Where on the way: the detail of `Connect`, `Timeout` and `Interrupted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Waiting in line, before anything was sent.
    Queue,
    /// Writing the request.
    Write,
    /// Waiting for the response head.
    Head,
    /// Waiting for the first content of a stream.
    FirstContent,
    /// Nothing at all came.
    ByteIdle,
    /// Bytes came, but nothing that says the model is at work.
    ProgressIdle,
    /// Reading the answer.
    Body,
    /// The call as a whole.
    Total,
}

/// Which bound was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// One line of a stream.
    Line,
    /// One event of a stream.
    Event,
    /// The number of events of a stream.
    Events,
    /// The size of a body.
    Body,
    /// How far a compressed body may expand.
    Ratio,
    /// The nesting of JSON.
    Depth,
    /// The response headers.
    Headers,
    /// The tool calls of one message, or the arguments of one call.
    Calls,
    /// What a caller leaves unread.
    Consumer,
}

/// Who could still serve the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Recovery {
    /// Nobody: the request itself is at fault, or its answer has begun to be shown.
    None,
    /// Another model or provider.
    OtherModel,
    /// Another endpoint or key, at once; the same one not.
    Elsewhere,
    /// The same one, after a while.
    Later,
}

impl ErrorKind {
    /// A name that does not change: `rate_limited`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Unsupported => "unsupported",
            Self::InvalidRequest => "invalid_request",
            Self::TooLarge => "too_large",
            Self::ContextLength => "context_length",
            Self::ContentFilter => "content_filter",
            Self::Auth => "auth",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Overloaded => "overloaded",
            Self::NotReady => "not_ready",
            Self::Server => "server",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Proxy => "proxy",
            Self::Redirect => "redirect",
            Self::Timeout => "timeout",
            Self::Interrupted => "interrupted",
            Self::Decode => "decode",
            Self::LimitExceeded => "limit_exceeded",
            Self::CircuitOpen => "circuit_open",
            Self::QueueFull => "queue_full",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
        }
    }

    /// What an error of this kind happened to, unless somebody knows better.
    pub(super) const fn usual_scope(self) -> Scope {
        match self {
            Self::Config
            | Self::Unsupported
            | Self::InvalidRequest
            | Self::TooLarge
            | Self::ContextLength
            | Self::ContentFilter
            | Self::Conflict
            | Self::Cancelled => Scope::Request,
            Self::Auth | Self::Permission | Self::RateLimited => Scope::Key,
            Self::QuotaExhausted => Scope::Account,
            Self::NotFound => Scope::Model,
            Self::Overloaded
            | Self::NotReady
            | Self::Server
            | Self::Connect
            | Self::Tls
            | Self::Proxy
            | Self::Redirect
            | Self::Timeout
            | Self::Interrupted
            | Self::Decode
            | Self::LimitExceeded
            | Self::CircuitOpen
            | Self::QueueFull
            | Self::Closed => Scope::Endpoint,
        }
    }
}

/// Ruling 13, as one table.
pub(super) const fn recovery(
    kind: ErrorKind,
    phase: Option<Phase>,
    delivery: Delivery,
) -> Recovery {
    if matches!(delivery, Delivery::Committed) {
        return Recovery::None;
    }
    match kind {
        ErrorKind::Config
        | ErrorKind::InvalidRequest
        | ErrorKind::TooLarge
        | ErrorKind::ContentFilter
        | ErrorKind::Redirect
        | ErrorKind::Cancelled
        | ErrorKind::Closed
        // An adapter that knows a 409 as a lock says so by `Overloaded`.
        | ErrorKind::Conflict => Recovery::None,
        ErrorKind::Unsupported
        | ErrorKind::NotFound
        | ErrorKind::ContextLength
        | ErrorKind::Decode
        | ErrorKind::LimitExceeded
        | ErrorKind::Tls => Recovery::OtherModel,
        ErrorKind::Auth
        | ErrorKind::Permission
        | ErrorKind::QuotaExhausted
        | ErrorKind::CircuitOpen
        | ErrorKind::QueueFull
        | ErrorKind::Proxy => Recovery::Elsewhere,
        ErrorKind::RateLimited
        | ErrorKind::Overloaded
        | ErrorKind::NotReady
        | ErrorKind::Server
        | ErrorKind::Connect
        | ErrorKind::Interrupted => Recovery::Later,
        ErrorKind::Timeout => match phase {
            Some(Phase::Queue | Phase::Total) => Recovery::None,
            Some(Phase::Head | Phase::FirstContent | Phase::ByteIdle | Phase::ProgressIdle) => Recovery::Elsewhere,
            _ => Recovery::Later,
        },
    }
}

/// Whether a failure counts against the endpoint, as the column "breaker" of `docs/resilience.md`
/// lists it.
pub(super) const fn is_endpoint_failure(
    kind: ErrorKind,
    phase: Option<Phase>,
    delivery: Delivery,
) -> bool {
    match kind {
        ErrorKind::Overloaded | ErrorKind::Server | ErrorKind::Connect => true,
        // A stream or connection that was given back in order is no failure.
        ErrorKind::Interrupted => !matches!(delivery, Delivery::NotSent | Delivery::Rejected),
        ErrorKind::Timeout => !matches!(phase, Some(Phase::Queue | Phase::Total | Phase::Proxy)),
        _ => false,
    }
}

pub(super) fn timeout_message(phase: Phase, after: Duration) -> String {
    let what = match phase {
        Phase::Dns => "the host's name was not resolved",
        Phase::Tcp => "no connection",
        Phase::Tls => "the TLS handshake did not end",
        Phase::Proxy => "the proxy did not answer",
        Phase::Queue => "the call was not let in",
        Phase::Write => "the request could not be written",
        Phase::Head => "no response head",
        Phase::FirstContent => "the model gave no content",
        Phase::ByteIdle => "the stream fell silent",
        Phase::ProgressIdle => "the stream made no progress",
        Phase::Body => "the answer did not end",
        Phase::Total => "the call did not end",
    };
    // What a clock measured is a little off what was asked for: 999.99 ms for a second.
    let shown = match after.as_millis() {
        0 => after,
        _ => Duration::from_millis(
            u64::try_from(after.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX),
        ),
    };
    format!("{what} within {shown:?}")
}

pub(super) fn phase_of_transport(phase: trunkline_http::Phase) -> Option<Phase> {
    use trunkline_http::Phase as Theirs;
    Some(match phase {
        Theirs::Dns => Phase::Dns,
        Theirs::Tcp => Phase::Tcp,
        Theirs::Tls => Phase::Tls,
        Theirs::Proxy => Phase::Proxy,
        Theirs::Write => Phase::Write,
        Theirs::Head => Phase::Head,
        Theirs::Body => Phase::Body,
        _ => return None,
    })
}

pub(super) fn limit_of_transport(limit: trunkline_http::Limit) -> Option<Limit> {
    use trunkline_http::Limit as Theirs;
    Some(match limit {
        Theirs::Headers => Limit::Headers,
        Theirs::Body => Limit::Body,
        Theirs::Ratio => Limit::Ratio,
        Theirs::Line => Limit::Line,
        Theirs::Event => Limit::Event,
        Theirs::Consumer => Limit::Consumer,
        _ => return None,
    })
}

/// The kinds of tower's own errors are known by their text only: their types live behind features
/// that we do not turn on.
pub(super) fn of_foreign(error: BoxError) -> Error {
    let (kind, phase, delivery) = match error.to_string().as_str() {
        // Whoever put it there gives up what is below it, and not the call: another may serve.
        "request timed out" => (
            ErrorKind::Timeout,
            Some(Phase::Head),
            Delivery::MaybeProcessed,
        ),
        "service overloaded" => (ErrorKind::QueueFull, None, Delivery::NotSent),
        "buffer's worker closed unexpectedly" => (ErrorKind::Closed, None, Delivery::NotSent),
        // Nobody knows how far the call had come.
        _ => (ErrorKind::Server, None, Delivery::MaybeProcessed),
    };
    let ours = Error::new(kind, "a layer failed the call")
        .with_delivery(delivery)
        .with_source(error);
    match phase {
        Some(phase) => ours.with_phase(phase),
        None => ours,
    }
}
