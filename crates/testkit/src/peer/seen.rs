//! What a peer has seen so far, for a test to look at and to wait for.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::Received;

/// Everything that happened to a peer up to now.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Seen {
    /// The requests in order of arrival. The first 16,384 are kept.
    pub requests: Vec<Received>,
    /// How connections ended, in order. The first 16,384 are kept.
    pub endings: Vec<Ending>,
    /// Connections, counted.
    pub connections: Connections,
    /// All requests, counted.
    pub received: usize,
    /// Requests that came after the script's last exchange.
    pub unscripted: usize,
}

/// The connections of a peer, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connections {
    /// Accepted since the start.
    pub accepted: usize,
    /// Open now.
    pub open: usize,
}

/// The end of a connection.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ending {
    /// The connection; the first is 1.
    pub connection: usize,
    /// When the peer noticed it or did it.
    pub at: Instant,
    /// Who ended it, and how.
    pub end: End,
}

/// Who ended a connection, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The client closed it in order.
    ClientClosed,
    /// The client reset it, or was gone when the peer wrote.
    ClientReset,
    /// The peer closed it in order.
    PeerClosed,
    /// The peer reset it.
    PeerReset,
    /// The TLS handshake failed, for example because the client does not trust the certificate.
    Handshake,
}

const MAX_KEPT: usize = 16_384;

/// The shared, growing [`Seen`].
#[derive(Clone, Debug)]
pub(crate) struct Log {
    seen: Arc<watch::Sender<Seen>>,
    keep_requests: bool,
}

impl Log {
    pub(crate) fn new(keep_requests: bool) -> Self {
        Self {
            seen: Arc::default(),
            keep_requests,
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.borrow().clone()
    }

    pub(crate) fn peek<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.seen.borrow())
    }

    pub(crate) async fn until(&self, condition: impl FnMut(&Seen) -> bool) -> Seen {
        let mut changes = self.seen.subscribe();
        // The sender lives in `self`, so the wait cannot fail.
        match changes.wait_for(condition).await {
            Ok(seen) => seen.clone(),
            Err(_) => self.seen(),
        }
    }

    pub(crate) fn open(&self) -> Open {
        let mut connection = 0;
        self.seen.send_modify(|seen| {
            seen.connections.accepted += 1;
            seen.connections.open += 1;
            connection = seen.connections.accepted;
        });
        Open {
            log: self.clone(),
            connection,
            end: End::PeerClosed,
        }
    }

    pub(crate) fn request(&self, request: &Received) {
        self.seen.send_modify(|seen| {
            seen.received += 1;
            if self.keep_requests && seen.requests.len() < MAX_KEPT {
                seen.requests.push(request.clone());
            }
        });
    }

    pub(crate) fn unscripted(&self) {
        self.seen.send_modify(|seen| seen.unscripted += 1);
    }
}

/// An open connection, which is logged as ended when this is dropped: even by a panic in the
/// test's own closure.
pub(crate) struct Open {
    log: Log,
    pub(crate) connection: usize,
    pub(crate) end: End,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.log.seen.send_modify(|seen| {
            seen.connections.open -= 1;
            if seen.endings.len() < MAX_KEPT {
                seen.endings.push(Ending {
                    connection: self.connection,
                    at: Instant::now(),
                    end: self.end,
                });
            }
        });
    }
}
