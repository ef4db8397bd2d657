//! What a call waited for, kept where layers can add to it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::Call;

/// How long one call waited, and how often it was tried.
///
/// [`Trace`](super::Trace) and `Metrics` put it into [`Call::extensions`] where somebody listens;
/// layers below add what they make the call wait for. All clones of a call share it.
///
/// ```
/// # use std::time::Duration;
/// # use trunkline_core::{Call, middleware::Times};
/// fn admit(call: &Call, waited: Duration) {
///     if let Some(times) = Times::of(call) {
///         times.add_queue(waited);
///     }
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Times(Arc<Sums>);

#[derive(Debug, Default)]
struct Sums {
    queue_nanos: AtomicU64,
    wait_nanos: AtomicU64,
    /// Attempts beyond the first.
    more_attempts: AtomicU32,
    /// Attempts that [`trace::attempt`](super::trace::attempt) has told of.
    told: AtomicU32,
}

impl Times {
    /// Those of `call`; `None` where nobody listens.
    pub fn of(call: &Call) -> Option<&Self> {
        call.extensions.get()
    }

    /// Adds time that the call stood in line for its turn.
    pub fn add_queue(&self, waited: Duration) {
        self.0.queue_nanos.fetch_add(nanos(waited), Relaxed);
    }

    /// Adds time between two attempts.
    pub fn add_wait(&self, waited: Duration) {
        self.0.wait_nanos.fetch_add(nanos(waited), Relaxed);
    }

    /// Adds an attempt: each one after the call's first, at the same endpoint or at another.
    pub fn add_attempt(&self) {
        self.0.more_attempts.fetch_add(1, Relaxed);
    }

    /// How long it stood in line.
    pub fn queue(&self) -> Duration {
        Duration::from_nanos(self.0.queue_nanos.load(Relaxed))
    }

    /// How long it waited between attempts.
    pub fn wait(&self) -> Duration {
        Duration::from_nanos(self.0.wait_nanos.load(Relaxed))
    }

    /// How many attempts it took: at least one.
    pub fn attempts(&self) -> u32 {
        self.0.more_attempts.load(Relaxed).saturating_add(1)
    }

    pub(super) fn add_told(&self) {
        self.0.told.fetch_add(1, Relaxed);
    }

    pub(super) fn told(&self) -> u32 {
        self.0.told.load(Relaxed)
    }
}

/// 584 years are enough.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// What a call waited for below one layer: what others above had counted before is not in it.
#[derive(Debug)]
pub(super) struct Lap {
    times: Times,
    queue: Duration,
    wait: Duration,
    attempts: u32,
}

impl Lap {
    /// Begins to count.
    pub(super) fn begin(call: &mut Call) -> Self {
        let times = call.extensions.get_or_insert_with(Times::default).clone();
        Self {
            queue: times.queue(),
            wait: times.wait(),
            attempts: times.attempts(),
            times,
        }
    }

    pub(super) fn queue(&self) -> Duration {
        self.times.queue().saturating_sub(self.queue)
    }

    pub(super) fn wait(&self) -> Duration {
        self.times.wait().saturating_sub(self.wait)
    }

    pub(super) fn attempts(&self) -> u32 {
        let before = self.attempts.saturating_sub(1);
        self.times.attempts().saturating_sub(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChatRequest, Op};

    #[test]
    fn a_lap_counts_from_where_it_began_and_all_clones_of_a_call_add_to_it() {
        let mut call = Call::new(Op::Chat(ChatRequest::from("hi").into()));
        assert!(Times::of(&call).is_none());
        let outer = Lap::begin(&mut call);
        let add = |call: &Call| {
            let times = Times::of(call).cloned().unwrap_or_default();
            times.add_queue(Duration::from_millis(1_500));
            times.add_wait(Duration::from_secs(2));
            times.add_attempt();
        };

        add(&call);
        let inner = Lap::begin(&mut call);
        add(&call.clone());

        let of = |lap: &Lap| (lap.queue(), lap.wait(), lap.attempts());
        let seconds = Duration::from_secs;
        assert_eq!(of(&outer), (seconds(3), seconds(4), 3));
        assert_eq!(of(&inner), (Duration::from_millis(1_500), seconds(2), 2));
    }
}
