//! The line before a limiter: first come, first served.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    time::{Instant, timeout_at},
};

use super::{
    estimate::Estimate,
    limiter::{Limiter, Refused},
    limits::Cost,
    refusal,
    reservation::Reservation,
};
use crate::{Call, Error, ErrorKind, Result};

/// How many calls may wait.
const MOST_WAITING: usize = 1_024;
/// The longest that any call waits.
const DAY: Duration = Duration::from_secs(86_400);
/// Less than this before the deadline is no time for an attempt.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct Line {
    limiter: Limiter,
    longest_wait: Duration,
    /// Whoever holds the one permit stands first; the semaphore keeps the others in order.
    first: Semaphore,
    waiting: Mutex<Waiting>,
}

/// Those in line, and what they want together.
#[derive(Debug, Default)]
struct Waiting {
    calls: usize,
    cost: Cost,
}

/// What a call meets.
pub(super) enum Entry {
    In(Reservation),
    Wait(Pin<Box<dyn Future<Output = Result<Reservation>> + Send>>),
    Refused(Error),
}

impl Line {
    pub(super) fn new(limiter: Limiter, longest_wait: Duration) -> Self {
        Self {
            limiter,
            longest_wait,
            first: Semaphore::new(1),
            waiting: Mutex::default(),
        }
    }

    /// Lets `call` in, or gives it a place in line, or tells it at once that waiting is no use.
    pub(super) fn enter(self: &Arc<Self>, call: &Call) -> Entry {
        // Free only if nobody waits: it is handed on to who comes next.
        if let Ok(_first) = self.first.try_acquire() {
            match self.limiter.try_reserve(&call.op) {
                Ok(reservation) => return Entry::In(reservation),
                Err(Refused::TooLarge(error)) => return Entry::Refused(error),
                Err(Refused::Wait { .. }) => {}
            }
        }
        let estimate = self.limiter.estimate(&call.op);
        match self.queue(estimate, self.patience(call.deadline)) {
            Ok(place) => Entry::Wait(Box::pin(place.wait())),
            Err(error) => Entry::Refused(error),
        }
    }

    /// Until when a call waits: what is sent just before its deadline is no use.
    fn patience(&self, deadline: Option<Instant>) -> Instant {
        let now = Instant::now();
        let longest = now + self.longest_wait.min(DAY);
        let last_chance = deadline.map(|at| at.checked_sub(SHORTEST_ATTEMPT).unwrap_or(now));
        last_chance.map_or(longest, |at| at.min(longest))
    }

    fn queue(self: &Arc<Self>, estimate: Estimate, patience: Instant) -> Result<Place> {
        let cost = Cost::of_request(estimate.total());
        let mut waiting = self.waiting();
        let ready_at = self.limiter.ready_at(cost, waiting.cost)?;
        if ready_at > patience {
            return Err(self.too_late(ready_at));
        }
        if waiting.calls >= MOST_WAITING {
            return Err(refusal::line_is_full(MOST_WAITING));
        }
        waiting.calls += 1;
        waiting.cost.add(cost);
        drop(waiting);
        Ok(Place {
            line: self.clone(),
            estimate,
            patience,
        })
    }

    fn too_late(&self, ready_at: Instant) -> Error {
        let wait = ready_at.saturating_duration_since(Instant::now());
        refusal::too_late(wait, self.limiter.paused_until().is_some())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it holds the lock, so a poisoned one is sound.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in line. Dropped, the next moves up.
struct Place {
    line: Arc<Line>,
    estimate: Estimate,
    patience: Instant,
}

impl Place {
    async fn wait(self) -> Result<Reservation> {
        match timeout_at(self.patience, self.first_in_line()).await {
            Ok(result) => result,
            Err(_) => {
                let cost = Cost::of_request(self.estimate.total());
                let ready_at = self.line.limiter.ready_at(cost, Cost::default())?;
                Err(self.line.too_late(ready_at))
            }
        }
    }

    async fn first_in_line(&self) -> Result<Reservation> {
        let closed = |_| Error::new(ErrorKind::Closed, "the line of the rate limit is closed");
        let _first = self.line.first.acquire().await.map_err(closed)?;
        loop {
            let until = match self.line.limiter.reserve(self.estimate) {
                Ok(reservation) => return Ok(reservation),
                Err(Refused::TooLarge(error)) => return Err(error),
                Err(Refused::Wait { until }) if until > self.patience => {
                    return Err(self.line.too_late(until));
                }
                Err(Refused::Wait { until }) => until,
            };
            // Either the time has come, or there is news.
            let _ = timeout_at(until, self.line.limiter.changed()).await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.line.waiting();
        waiting.calls = waiting.calls.saturating_sub(1);
        waiting
            .cost
            .subtract(Cost::of_request(self.estimate.total()));
    }
}
