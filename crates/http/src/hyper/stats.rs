//! What a transport counted, and what it tells about one response.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What a [`HyperTransport`](super::HyperTransport) has counted since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportStats {
    /// Connections that were opened, TLS included.
    pub connections_opened: u64,
    /// Requests that were sent again because they provably had not left.
    pub resent: u64,
}

/// How often the transport sent this request again because it provably had not left.
///
/// An extension of a response; absent where the request was sent once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resent(pub u32);

#[derive(Default)]
pub(super) struct Counters {
    pub(super) connections_opened: AtomicU64,
    pub(super) resent: AtomicU64,
}

impl Counters {
    pub(super) fn snapshot(&self) -> TransportStats {
        TransportStats {
            connections_opened: self.connections_opened.load(Relaxed),
            resent: self.resent.load(Relaxed),
        }
    }
}
