//! One limit: so many a minute, so many at once.

use std::time::Duration;

/// The generic cell rate algorithm, kept as what is owed.
///
/// Integers only, and nothing is rounded: a token has as many parts as a minute has nanoseconds,
/// so each nanosecond earns `per_minute` parts. Time is passed in, as what has gone by since some
/// beginning; where it goes backwards, it stands still.
#[derive(Clone, Debug)]
pub(super) struct Gcra {
    per_minute: u64,
    burst: u64,
    /// Parts that were taken and not earned yet. At zero the bucket is full.
    owed: u128,
    /// Up to when time has been turned into parts.
    earned_until: Duration,
}

/// Parts of a token.
const PARTS: u128 = 60_000_000_000;

impl Gcra {
    /// A full bucket. Neither figure is below one.
    pub(super) fn new(per_minute: u64, burst: u64) -> Self {
        Self {
            per_minute: per_minute.max(1),
            burst: burst.max(1),
            owed: 0,
            earned_until: Duration::ZERO,
        }
    }

    /// The most that it ever holds.
    pub(super) fn burst(&self) -> u64 {
        self.burst
    }

    /// How long until `cost` can be taken after `ahead` was; `None` if it never fits.
    pub(super) fn ready_in(&mut self, cost: u64, ahead: u64, now: Duration) -> Option<Duration> {
        self.earn(now);
        let wanted = (u128::from(cost) + u128::from(ahead)) * PARTS;
        let missing = (self.owed + wanted).saturating_sub(self.capacity());
        let nanos = missing.div_ceil(u128::from(self.per_minute));
        let wait = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        (cost <= self.burst).then_some(wait)
    }

    /// Takes `cost`, there or not. What is owed beyond an empty bucket is at most a minute's
    /// worth, so that no wrong figure shuts the door for long.
    pub(super) fn charge(&mut self, cost: u64) {
        let most = self.capacity() + u128::from(self.per_minute) * PARTS;
        self.owed = (self.owed + u128::from(cost) * PARTS).min(most);
    }

    /// Puts `cost` back.
    pub(super) fn give_back(&mut self, cost: u64) {
        self.owed = self.owed.saturating_sub(u128::from(cost) * PARTS);
    }

    /// Believes that no more than `left` are left.
    pub(super) fn lower_to(&mut self, left: u64, now: Duration) {
        self.earn(now);
        let gone = u128::from(self.burst.saturating_sub(left)) * PARTS;
        self.owed = self.owed.max(gone);
    }

    fn earn(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.earned_until);
        self.earned_until = self.earned_until.max(now);
        let earned = elapsed
            .as_nanos()
            .saturating_mul(u128::from(self.per_minute));
        self.owed = self.owed.saturating_sub(earned);
    }

    fn capacity(&self) -> u128 {
        u128::from(self.burst) * PARTS
    }
}

#[cfg(test)]
mod tests;
