//! Which servers speak HTTP/2: asked once per authority, by the first connection.
//!
//! hyper-util would open a connection for each request that waits for the answer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{Uri, uri::Authority};
use tokio::time::Instant;

use super::{conn::Conn, connect::Parts};
use crate::{Phase, TransportError, TransportErrorKind};

/// More authorities than this are not remembered at once.
const MAX_KNOWN: usize = 1024;

/// A connection that asked, and was not taken since, may be closed on the other side by now.
const FRESH: Duration = Duration::from_secs(5);

/// What the servers answered.
#[derive(Default)]
pub(super) struct Negotiated {
    known: Mutex<HashMap<Authority, Known>>,
    parked: Mutex<HashMap<Authority, (Conn, Instant)>>,
}

enum Known {
    Asking(Arc<Gate>),
    Speaks { http2: bool },
}

/// Lets one ask, and tells those who waited meanwhile how that failed.
type Gate = tokio::sync::Mutex<Asked>;

#[derive(Default)]
struct Asked {
    failure: Option<(Instant, TransportErrorKind, Option<Phase>, String)>,
}

impl Negotiated {
    pub(super) async fn speaks_http2(
        &self,
        target: &Uri,
        parts: &Parts,
    ) -> Result<bool, TransportError> {
        let Some(authority) = target.authority() else { return Ok(false) };
        let Some(gate) = self.gate(authority) else { return Ok(true) };
        let gate = match gate {
            Ok(gate) => gate,
            Err(http2) => return Ok(http2),
        };
        let came = Instant::now();
        let mut asked = gate.lock().await;
        if let Some(Known::Speaks { http2 }) = lock(&self.known).get(authority) {
            return Ok(*http2);
        }
        match &asked.failure {
            Some((at, kind, phase, message)) if *at >= came => {
                let error = TransportError::new(*kind, message.clone());
                return Err(phase.map_or(error, |phase| error.with_phase(phase)));
            }
            _ => {}
        }
        match parts.connect(target).await {
            Ok(conn) => {
                let http2 = conn.is_http2();
                lock(&self.parked).insert(authority.clone(), (conn, Instant::now()));
                lock(&self.known).insert(authority.clone(), Known::Speaks { http2 });
                Ok(http2)
            }
            Err(error) => {
                let message = error.message().to_owned();
                asked.failure = Some((Instant::now(), error.kind(), error.phase(), message));
                Err(error)
            }
        }
    }
}
