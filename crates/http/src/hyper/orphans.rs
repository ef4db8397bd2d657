//! Connections whose caller went away while they were opened: they are finished, and kept a while
//! for the next caller.
//!
//! Callers that give up under load would else throw away handshake after handshake, and no call
//! would ever get through.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, ready},
    time::Duration,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use tokio::{
    runtime::Handle,
    task::{AbortHandle, Id, JoinHandle},
};

use super::{conn::Conn, tasks::Tasks};
use crate::{Phase, TransportError, TransportErrorKind};

/// A connection that a task of its own opens.
pub(super) type Opening = JoinHandle<Result<Conn, TransportError>>;

/// Whom a connection leads to.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    tls: bool,
    authority: Option<Authority>,
}

impl Key {
    pub(super) fn of(target: &Uri) -> Self {
        Self {
            tls: target.scheme() == Some(&Scheme::HTTPS),
            authority: target.authority().cloned(),
        }
    }
}

/// What nobody waits for.
pub(super) struct Orphans {
    tasks: Tasks,
    /// How long one is kept.
    keep: Duration,
    /// How many are kept for one key.
    most: usize,
    kept: Mutex<HashMap<Key, Vec<Orphan>>>,
}

struct Orphan {
    opening: Option<Opening>,
    reaper: AbortHandle,
}

impl Drop for Orphan {
    fn drop(&mut self) {
        self.reaper.abort();
        if let Some(opening) = &self.opening {
            opening.abort();
        }
    }
}

impl Orphans {
    pub(super) fn new(tasks: Tasks, keep: Duration, most: usize) -> Arc<Self> {
        Arc::new(Self {
            tasks,
            keep,
            most: most.max(1),
            kept: Mutex::default(),
        })
    }

    /// The youngest, whether it is open by now or not.
    pub(super) fn adopt(&self, key: &Key) -> Option<Opening> {
        let mut kept = self.kept();
        let orphans = kept.get_mut(key)?;
        let opening = orphans.pop().and_then(|mut orphan| orphan.opening.take());
        if orphans.is_empty() {
            kept.remove(key);
        }
        opening
    }

    /// Waits for `opening`; who stops waiting leaves it here.
    pub(super) fn wait(self: &Arc<Self>, key: &Key, opening: Opening) -> Waiting {
        Waiting {
            orphans: Arc::clone(self),
            key: key.clone(),
            opening: Some(opening),
        }
    }

    /// Keeps what is open already.
    #[cfg(feature = "http2")]
    pub(super) fn keep(self: &Arc<Self>, key: Key, conn: Conn) {
        let opening = self.tasks.spawn(std::future::ready(Ok(conn)));
        self.put(key, opening);
    }

    fn put(self: &Arc<Self>, key: Key, opening: Opening) {
        // Outside of a runtime nothing could end it later.
        if Handle::try_current().is_err() {
            return opening.abort();
        }
        let (id, reaping) = (opening.id(), key.clone());
        let (orphans, keep) = (Arc::downgrade(self), self.keep);
        let reaper = self.tasks.spawn(async move {
            tokio::time::sleep(keep).await;
            if let Some(orphans) = Weak::upgrade(&orphans) {
                orphans.end(&reaping, id);
            }
        });
        let orphan = Orphan {
            opening: Some(opening),
            reaper: reaper.abort_handle(),
        };
        let mut kept = self.kept();
        let orphans = kept.entry(key).or_default();
        if orphans.len() < self.most {
            orphans.push(orphan);
        }
    }

    fn end(&self, key: &Key, id: Id) {
        let mut kept = self.kept();
        if let Some(orphans) = kept.get_mut(key) {
            orphans.retain(|orphan| orphan.opening.as_ref().map(JoinHandle::id) != Some(id));
            if orphans.is_empty() {
                kept.remove(key);
            }
        }
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Key, Vec<Orphan>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Someone who waits for a connection.
pub(super) struct Waiting {
    orphans: Arc<Orphans>,
    key: Key,
    opening: Option<Opening>,
}

impl Future for Waiting {
    type Output = Result<Conn, TransportError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(opening) = &mut self.opening else {
            return Poll::Pending;
        };
        let outcome = ready!(Pin::new(opening).poll(cx));
        self.opening = None;
        Poll::Ready(outcome.unwrap_or_else(|error| {
            let message = "the task that opens the connection ended: its connector panicked, \
                           or its runtime shut down";
            Err(TransportError::new(TransportErrorKind::Connect, message)
                .with_phase(Phase::Tcp)
                .with_source(error))
        }))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(opening) = self.opening.take() {
            self.orphans.put(self.key.clone(), opening);
        }
    }
}
