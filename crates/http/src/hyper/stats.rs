//! What a transport counted, and what it tells about one response.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// What a [`HyperTransport`](super::HyperTransport) has counted since it was built, and what it
/// holds now. Once nothing is asked of it, the latter fall to 0 within the idle timeout of its pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransportStats {
    /// Connections that were opened, TLS included.
    pub connections_opened: u64,
    /// Requests that were sent again because they provably had not left.
    pub resent: u64,
    /// Connections that are being opened now.
    pub connecting: u64,
    /// Connections that are open now: busy, idle, or in their TLS handshake.
    pub connections_open: u64,
    /// Requests that wait for an answer now, or whose body is neither read to its end nor dropped.
    pub in_flight: u64,
    /// Tasks that run for this transport now: one or two for each connection, one for each that is
    /// being opened, one for each body that arrives over HTTP/2, one that looks after idle ones.
    pub tasks: u64,
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
    pub(super) connecting: Gauge,
    pub(super) connections_open: Gauge,
    pub(super) in_flight: Gauge,
    pub(super) tasks: Gauge,
}

impl Counters {
    pub(super) fn snapshot(&self) -> TransportStats {
        TransportStats {
            connections_opened: self.connections_opened.load(Relaxed),
            resent: self.resent.load(Relaxed),
            connecting: self.connecting.now(),
            connections_open: self.connections_open.now(),
            in_flight: self.in_flight.now(),
            tasks: self.tasks.now(),
        }
    }
}

/// How many of something there are now.
#[derive(Clone, Default)]
pub(super) struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// One more, until dropped.
    pub(super) fn hold(&self) -> Held {
        self.0.fetch_add(1, Relaxed);
        Held(Arc::clone(&self.0))
    }

    fn now(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// One of what a [`Gauge`] counts.
pub(super) struct Held(Arc<AtomicU64>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
