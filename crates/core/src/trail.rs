//! What a call has tried so far.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{Attempt, Error};

/// The failed tries of one call, shared by its clones: whoever ends the call can tell of all of
/// them, a deadline included, which knows nothing of retries.
///
/// Empty until somebody [opens](Self::open) it; an empty one costs nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trail(Option<Arc<Mutex<Tries>>>);

#[derive(Debug)]
struct Tries {
    failed: Vec<Attempt>,
    /// When the try began that is under way.
    current: Instant,
}

impl Trail {
    /// From now on the clones share it.
    pub(crate) fn open(&mut self) {
        self.0.get_or_insert_with(|| {
            Arc::new(Mutex::new(Tries {
                failed: Vec::new(),
                current: Instant::now(),
            }))
        });
    }

    /// Notes that a try failed with `error`, and after which wait there will be another. What
    /// `error` tells of earlier tries was noted by whoever told it.
    pub(crate) fn note(&self, error: &Error, next_after: Option<Duration>) {
        self.with(|tries| {
            let now = Instant::now();
            if error.attempts().is_empty() {
                let elapsed = now.saturating_duration_since(tries.current);
                tries.failed.push(error.as_attempt(elapsed));
            }
            if let (Some(last), Some(_)) = (tries.failed.last_mut(), next_after) {
                last.waited = next_after;
            }
            let next = now.checked_add(next_after.unwrap_or_default());
            tries.current = next.unwrap_or(now);
        });
    }

    /// Puts all tries into `error`, itself as the last one.
    pub(crate) fn close(&self, error: &mut Error) {
        self.note(error, None);
        self.with(|tries| error.set_attempts(tries.failed.clone()));
    }

    /// How many tries have failed.
    pub(crate) fn failed(&self) -> u32 {
        self.with(|tries| u32::try_from(tries.failed.len()).unwrap_or(u32::MAX))
            .unwrap_or(0)
    }

    fn with<T>(&self, f: impl FnOnce(&mut Tries) -> T) -> Option<T> {
        let shared = self.0.as_ref()?;
        Some(f(&mut shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)))
    }
}
