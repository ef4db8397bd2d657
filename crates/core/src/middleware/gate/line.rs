//! Who runs and who waits, shared by all who come. Only locks and wakers: no runtime, so that loom
//! can try the order of every two events.
//!
//! Two rules keep it free of deadlocks: nothing that was taken out (a waker, a permit) is woken or
//! dropped under the lock, since either may come back here; and a free place is handed on under
//! the lock that freed it, so that nobody waits while a place is free.

use std::{
    collections::BTreeMap,
    fmt,
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use super::queue::{Entry, Place, Queue};
use crate::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many may run and wait.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) running: usize,
    pub(crate) waiting: usize,
    pub(crate) bytes: usize,
    pub(crate) longest_wait: Duration,
    /// How many calls a tenant's turn has; 1 for those not named.
    pub(crate) weights: BTreeMap<std::sync::Arc<str>, u32>,
}

/// The line at a gate. Clones are the same line.
#[derive(Clone)]
pub(crate) struct Line(Arc<Shared>);

struct Shared {
    max_running: usize,
    longest_wait: Duration,
    clock: fn() -> Instant,
    state: Mutex<State>,
}

struct State {
    running: usize,
    queue: Queue<Option<Waker>>,
    /// What became of those who left the queue and have not looked yet. One that was let in counts
    /// as running.
    settled: BTreeMap<Place, Outcome>,
}

#[derive(Clone, Copy, Debug)]
enum Outcome {
    LetIn,
    Refused(Refused),
}

/// Why one was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There is no room to wait.
    Full,
    /// Its time is over.
    Late,
}

/// What came of wanting to go in.
#[derive(Debug)]
pub(crate) enum Arrival {
    In(Permit),
    Waits(Ticket),
}

impl Line {
    /// An empty line. `clock` never blocks.
    pub(crate) fn new(limits: Limits, clock: fn() -> Instant) -> Self {
        let state = State {
            running: 0,
            queue: Queue::new(limits.waiting, limits.bytes, limits.weights),
            settled: BTreeMap::new(),
        };
        Self(Arc::new(Shared {
            max_running: limits.running,
            longest_wait: limits.longest_wait,
            clock,
            state: Mutex::new(state),
        }))
    }

    /// A permit, if a place is free: then nobody waits either.
    pub(crate) fn try_enter(&self) -> Option<Permit> {
        let is_free = self.with(|state| state.admit(self.0.max_running));
        is_free.then(|| Permit(self.clone()))
    }

    /// Goes in, or waits in line, at the cost of the newest of lower classes if it is full.
    pub(crate) fn arrive(&self, mut entry: Entry) -> Result<Arrival, Refused> {
        let now = (self.0.clock)();
        let patience = now.checked_add(self.0.longest_wait);
        let until = entry.deadline.into_iter().chain(patience).min();
        entry.deadline = until;
        let (place, evicted) = self.with(|state| {
            if state.admit(self.0.max_running) {
                return Ok((None, Vec::new()));
            }
            if until.is_some_and(|until| until <= now) {
                return Err(Refused::Late);
            }
            let (place, evicted) = state.queue.push(entry, None).map_err(|_| Refused::Full)?;
            let wake = evicted.into_iter().map(|(place, waker)| {
                state.settled.insert(place, Outcome::Refused(Refused::Full));
                waker
            });
            Ok((Some(place), wake.flatten().collect()))
        })?;
        let arrival = match place {
            None => Arrival::In(Permit(self.clone())),
            Some(place) => Arrival::Waits(Ticket {
                line: self.clone(),
                place,
                until,
                is_over: false,
            }),
        };
        // Should a waker panic, the place has an owner already that gives it up.
        evicted.into_iter().for_each(Waker::wake);
        Ok(arrival)
    }

    /// How many run.
    pub(crate) fn running(&self) -> usize {
        self.with(|state| state.running)
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.with(|state| state.queue.len())
    }

    /// About how much memory the requests of those who wait take.
    pub(crate) fn waiting_bytes(&self) -> usize {
        self.with(|state| state.queue.bytes())
    }

    /// How many left the queue and have not looked yet.
    #[cfg(test)]
    pub(crate) fn unsettled(&self) -> usize {
        self.with(|state| state.settled.len())
    }

    /// Gives a place back.
    fn leave(&self) {
        let wake = self.with(|state| state.release(&self.0));
        wake.into_iter().for_each(Waker::wake);
    }

    /// What `f` takes out is dropped by the caller, after the lock.
    fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        f(&mut self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here panics while it holds the lock, so a poisoned one is sound.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn admit(&mut self, max_running: usize) -> bool {
        let is_free = self.running < max_running;
        self.running += usize::from(is_free);
        is_free
    }

    /// One stops running, others begin. Gives whom to wake.
    fn release(&mut self, shared: &Shared) -> Vec<Waker> {
        self.running -= 1;
        let mut wake = Vec::new();
        if self.queue.is_empty() {
            return wake;
        }
        let now = (shared.clock)();
        while self.running < shared.max_running
            && let Some(next) = self.queue.next(now)
        {
            let outcome = if next.is_late {
                Outcome::Refused(Refused::Late)
            } else {
                self.running += 1;
                Outcome::LetIn
            };
            self.settled.insert(next.place, outcome);
            wake.extend(next.mark);
        }
        wake
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("running", &self.running())
            .field("waiting", &self.waiting())
            .field("waiting_bytes", &self.waiting_bytes())
            .finish_non_exhaustive()
    }
}

/// The right to run. Dropped, it goes to the next in line.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once lets the next in"]
pub(crate) struct Permit(Line);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// A place in line. Dropped, it is given up, and a permit that was on its way to it goes on to the
/// next.
#[derive(Debug)]
pub(crate) struct Ticket {
    line: Line,
    place: Place,
    until: Option<Instant>,
    is_over: bool,
}

impl Ticket {
    /// Until when it waits; `None` for ever.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// What became of it; until then, `waker` is told of it.
    pub(crate) fn poll(&mut self, waker: &Waker) -> Poll<Result<Permit, Refused>> {
        if self.is_over {
            return Poll::Pending;
        }
        // Cloning and dropping a waker may run anything, too.
        let mut waker = Some(waker.clone());
        let settled = self.line.with(|state| match state.queue.mark(self.place) {
            Some(mark) => {
                std::mem::swap(mark, &mut waker);
                None
            }
            None => state.settled.remove(&self.place),
        });
        let Some(outcome) = settled else {
            return Poll::Pending;
        };
        self.is_over = true;
        Poll::Ready(match outcome {
            Outcome::LetIn => Ok(Permit(self.line.clone())),
            Outcome::Refused(refused) => Err(refused),
        })
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let (_mark, settled) = self.line.with(|state| {
            let mark = state.queue.remove(self.place);
            (mark, state.settled.remove(&self.place))
        });
        if let Some(Outcome::LetIn) = settled {
            self.line.leave();
        }
    }
}
