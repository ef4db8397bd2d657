//! Which servers speak HTTP/2: asked once per authority, by the first connection.
//!
//! hyper-util would open a connection for each request that waits for the answer.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
};

use http::{Uri, uri::Authority};

use super::{connect::Parts, orphans::Key};
use crate::{Phase, TransportError, TransportErrorKind};

/// More authorities than this are not remembered at once.
const MAX_KNOWN: usize = 1024;

/// What the servers answered.
#[derive(Default)]
pub(super) struct Negotiated {
    known: Mutex<HashMap<Authority, Known>>,
}

enum Known {
    Asking(Arc<Gate>),
    Speaks { http2: bool },
}

/// Lets one ask, and tells those who waited meanwhile how that failed.
#[derive(Default)]
struct Gate {
    failures: AtomicU64,
    last: tokio::sync::Mutex<Option<(TransportErrorKind, Option<Phase>, String)>>,
}

impl Negotiated {
    /// Whether the server behind `target` speaks HTTP/2. The connection that found out is kept for
    /// the first who connects.
    pub(super) async fn speaks_http2(
        &self,
        target: &Uri,
        parts: &Arc<Parts>,
    ) -> Result<bool, TransportError> {
        let Some(authority) = target.authority() else {
            return Ok(false);
        };
        let gate = match self.known(authority) {
            Known::Speaks { http2 } => return Ok(http2),
            Known::Asking(gate) => gate,
        };
        let failures = gate.failures.load(SeqCst);
        let mut last = gate.last.lock().await;
        if let Known::Speaks { http2 } = self.known(authority) {
            return Ok(http2);
        }
        if gate.failures.load(SeqCst) != failures
            && let Some((kind, phase, message)) = &*last
        {
            let error = TransportError::new(*kind, message.clone());
            return Err(phase
                .iter()
                .fold(error, |error, phase| error.with_phase(*phase)));
        }
        match parts.connect(target).await {
            Ok(conn) => {
                let http2 = conn.is_http2();
                parts.orphans.keep(Key::of(target), conn);
                lock(&self.known).insert(authority.clone(), Known::Speaks { http2 });
                Ok(http2)
            }
            Err(error) => {
                *last = Some((error.kind(), error.phase(), error.message().to_owned()));
                gate.failures.fetch_add(1, SeqCst);
                Err(error)
            }
        }
    }

    /// The server answered differently than before: it will be asked again.
    pub(super) fn forget(&self, target: &Uri) {
        if let Some(authority) = target.authority() {
            lock(&self.known).remove(authority);
        }
    }

    fn known(&self, authority: &Authority) -> Known {
        let mut known = lock(&self.known);
        match known.get(authority) {
            Some(Known::Speaks { http2 }) => return Known::Speaks { http2: *http2 },
            Some(Known::Asking(gate)) => return Known::Asking(Arc::clone(gate)),
            None => {}
        }
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        let gate = Arc::<Gate>::default();
        known.insert(authority.clone(), Known::Asking(Arc::clone(&gate)));
        Known::Asking(gate)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
