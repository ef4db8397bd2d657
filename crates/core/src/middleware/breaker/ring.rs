//! What happened in the last thirty seconds, in buckets of three.

use std::time::Duration;

const BUCKETS: usize = 10;
const BUCKET: Duration = Duration::from_secs(3);

/// Counts of samples that are forgotten after thirty seconds at the latest.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ring {
    /// The bucket that is being filled, counted from the start of time.
    tick: u64,
    buckets: [Counts; BUCKETS],
}

/// How many samples there are, of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Successes and failures.
    pub(crate) samples: u32,
    pub(crate) failures: u32,
    /// Those of which it is known when their first content came, or that it never did.
    pub(crate) timed: u32,
    pub(crate) slow: u32,
}

impl Ring {
    pub(crate) fn add(&mut self, now: Duration, counts: Counts) {
        self.turn(now);
        if let Some(bucket) = self.buckets.get_mut(slot(self.tick)) {
            *bucket = bucket.plus(counts);
        }
    }

    pub(crate) fn totals(&self, now: Duration) -> Counts {
        let newest = tick(now).max(self.tick);
        (0..BUCKETS as u64)
            .filter_map(|age| self.tick.checked_sub(age))
            .filter(|tick| newest - tick < BUCKETS as u64)
            .filter_map(|tick| self.buckets.get(slot(tick)))
            .fold(Counts::default(), |sum, bucket| sum.plus(*bucket))
    }

    /// Moves on to the bucket of `now` and empties those that lie between. A clock that was read a
    /// little too early, before the lock was taken, turns nothing back.
    fn turn(&mut self, now: Duration) {
        let now = tick(now);
        for tick in (self.tick + 1..=now).rev().take(BUCKETS) {
            if let Some(bucket) = self.buckets.get_mut(slot(tick)) {
                *bucket = Counts::default();
            }
        }
        self.tick = self.tick.max(now);
    }
}

impl Counts {
    fn plus(self, other: Self) -> Self {
        Self {
            samples: self.samples.saturating_add(other.samples),
            failures: self.failures.saturating_add(other.failures),
            timed: self.timed.saturating_add(other.timed),
            slow: self.slow.saturating_add(other.slow),
        }
    }
}

fn tick(now: Duration) -> u64 {
    now.as_secs() / BUCKET.as_secs()
}

fn slot(tick: u64) -> usize {
    // Less than ten, so no cast can lose anything.
    (tick % BUCKETS as u64) as usize
}
