//! One operation type, one reply type: what every layer sees.

use std::{sync::Arc, time::Duration};

use http::{Extensions, HeaderMap};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{Prime, Secret, trail::Trail};

mod op;
mod reply;

pub use op::{Class, Op};
pub use reply::Reply;

/// One call on a backend: the operation, and what travels with it. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// What is asked for.
    pub op: Op,
    /// When the caller stops caring.
    pub deadline: Option<Instant>,
    /// How many attempts came before this one.
    pub attempt: u32,
    /// Whose turn it is where calls wait in line.
    pub priority: Priority,
    /// For whom the call is made, where several share a backend: their turns in a queue are fair,
    /// and keys may be reserved for them.
    pub tenant: Option<Arc<str>>,
    /// Endpoints that failed this call already, by authority.
    pub avoid: Vec<Arc<str>>,
    /// The same on every attempt, different for every call: an idempotency key.
    pub id: u128,
    /// When a stream is handed over; [`Prime::Complete`] asks for a chat whose wire is a stream.
    pub prime: Prime,
    /// How long to wait for first content, where a fallback stands by.
    pub first_content: Option<Duration>,
    /// Headers of this call, after ours.
    pub headers: HeaderMap,
    /// The credential of this call, instead of the account's. The host stays the account's.
    pub key: Option<Secret>,
    /// Keep the body and the frames as they came.
    pub keep_raw: bool,
    /// What layers tell each other.
    pub extensions: Extensions,
    /// The tries so far.
    pub(crate) trail: Trail,
}

impl Call {
    /// A call with nothing beside its operation.
    pub fn new(op: impl Into<Op>) -> Self {
        Self {
            op: op.into(),
            deadline: None,
            attempt: 0,
            priority: Priority::Normal,
            tenant: None,
            avoid: Vec::new(),
            id: fastrand::u128(..),
            prime: Prime::default(),
            first_content: None,
            headers: HeaderMap::new(),
            key: None,
            keep_raw: false,
            extensions: Extensions::new(),
            trail: Trail::default(),
        }
    }

    /// Sets how long the caller cares, from now.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.deadline = Some(deadline_in(timeout));
        self
    }

    /// The same call for another model.
    #[must_use]
    pub fn with_model(mut self, model: &str) -> Self {
        self.op = self.op.with_model(model);
        self
    }
}

/// When `timeout` is over. One beyond what a clock can hold is as good as none, and not the same as
/// none: that would be the account's own.
pub(crate) fn deadline_in(timeout: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(86_400 * 365);
    let now = Instant::now();
    now.checked_add(timeout).unwrap_or(now + YEAR)
}

/// Whose turn it is where calls wait in line.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Priority {
    /// When nobody else waits: batches, evaluations.
    Low,
    /// The usual.
    #[default]
    Normal,
    /// Before the others: somebody watches.
    High,
}
