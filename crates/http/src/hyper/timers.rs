//! The timers of opening a connection and of writing to it.

use std::{future::Future, time::Duration};

use super::dial::Peer;
use crate::{Phase, TransportError, TransportErrorKind};

#[derive(Clone, Copy)]
pub(super) struct Timers {
    pub(super) dns: Duration,
    pub(super) tcp: Duration,
    pub(super) tls: Duration,
    pub(super) write_stall: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            dns: Duration::from_secs(5),
            tcp: Duration::from_secs(5),
            tls: Duration::from_secs(5),
            write_stall: Duration::from_secs(30),
        }
    }
}

/// Runs one step of opening a connection, during which nothing of the request has left.
pub(super) async fn within<T>(
    limit: Duration,
    phase: Phase,
    peer: Peer<'_>,
    step: impl Future<Output = Result<T, TransportError>>,
) -> Result<T, TransportError> {
    match tokio::time::timeout(limit, step).await {
        Ok(outcome) => outcome,
        Err(_) => Err(timed_out(limit, phase, peer)),
    }
}

fn timed_out(limit: Duration, phase: Phase, peer: Peer<'_>) -> TransportError {
    let what = match phase {
        Phase::Dns => "resolving the name",
        Phase::Tls => "the TLS handshake",
        Phase::Proxy => "opening a tunnel through the proxy",
        _ => "opening a TCP connection",
    };
    let message = format!("{peer}: {what} took longer than {limit:?}");
    TransportError::new(TransportErrorKind::Timeout, message).with_phase(phase)
}
