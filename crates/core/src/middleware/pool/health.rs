//! When an endpoint is left out for a while.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// An endpoint's record: five failures in a row, and it rests; longer each time, as long as it
/// does not get better.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Record>);

#[derive(Debug, Default)]
struct Record {
    in_a_row: u32,
    /// How often it was ejected lately.
    times: u32,
    until: Option<Instant>,
    /// When it was ejected last.
    ejected: Option<Instant>,
    probing: bool,
    /// Since when it does well.
    well_since: Option<Instant>,
}

const FAILURES: u32 = 5;
const REST: Duration = Duration::from_secs(30);
const LONGEST: Duration = Duration::from_secs(300);
/// How long it must do well for each earlier ejection to be forgotten.
const FORGIVEN_AFTER: Duration = Duration::from_secs(60);

/// Whether calls may go there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    In,
    /// Its rest is over: one call may see whether it is well again.
    Due,
    Out,
}

impl Health {
    pub(super) fn standing(&self) -> Standing {
        let record = self.record();
        match record.until {
            None => Standing::In,
            Some(until) if until <= Instant::now() && !record.probing => Standing::Due,
            Some(_) => Standing::Out,
        }
    }

    /// A call goes there although it is due: the others wait for what it finds.
    pub(super) fn probe(&self) -> bool {
        let mut record = self.record();
        let due = record.until.is_some_and(|until| until <= Instant::now());
        due && !std::mem::replace(&mut record.probing, true)
    }

    /// The probe has told its result, if it had one.
    pub(super) fn probe_over(&self) {
        self.record().probing = false;
    }

    /// A call that was sent then was answered.
    pub(super) fn succeeded(&self, sent: Instant) {
        let mut record = self.record();
        // What was sent before the ejection and answered since, out of a buffer say, says nothing new:
        // an endpoint that ended would be ejected again and again, for longer each time.
        let is_out = record.until.is_some();
        if is_out && record.ejected.is_some_and(|ejected| sent < ejected) {
            return;
        }
        record.in_a_row = 0;
        record.probing = false;
        if record.until.take().is_some() {
            record.well_since = Some(Instant::now());
        }
        if let Some(since) = record.well_since.filter(|_| record.times > 0)
            && since.elapsed() >= FORGIVEN_AFTER
        {
            record.times -= 1;
            record.well_since = Some(Instant::now());
        }
    }

    /// Counts a failure, and ejects if that is one too many and not too many are out already.
    pub(super) fn failed(&self, may_eject: bool) {
        let mut record = self.record();
        record.in_a_row = record.in_a_row.saturating_add(1);
        // What had begun before the ejection says nothing new, and is not the probe's result.
        let is_out = record.until.is_some();
        if !is_out && may_eject && record.in_a_row >= FAILURES {
            record.eject();
        }
    }

    /// It is no better.
    pub(super) fn probe_failed(&self) {
        let mut record = self.record();
        record.in_a_row = record.in_a_row.saturating_add(1);
        // Unless it was restored meanwhile.
        if record.until.is_some() {
            record.eject();
        }
    }

    pub(super) fn is_ejected(&self) -> bool {
        self.record().until.is_some()
    }

    pub(super) fn restore(&self) {
        *self.record() = Record::default();
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        // Nothing panics while it holds the lock, so a poisoned one is sound.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn eject(&mut self) {
        self.times = self.times.saturating_add(1);
        self.well_since = None;
        let rest = REST.saturating_mul(self.times).min(LONGEST);
        let jitter = rest.mul_f64(fastrand::f64() / 10.0);
        let now = Instant::now();
        (self.ejected, self.until) = (Some(now), Some(now + rest + jitter));
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn fail(health: &Health, times: u32) {
        (0..times).for_each(|_| health.failed(true));
    }

    #[tokio::test(start_paused = true)]
    async fn it_rests_after_five_failures_in_a_row_and_returns_by_one_probe() {
        let health = Health::default();
        fail(&health, 4);
        health.succeeded(Instant::now());
        fail(&health, 4);
        assert_eq!(health.standing(), Standing::In);

        fail(&health, 1);
        assert_eq!(health.standing(), Standing::Out);
        advance(REST).await;
        advance(REST / 10).await;
        assert_eq!(health.standing(), Standing::Due);
        assert!(health.probe() && !health.probe(), "one probe");
        assert_eq!(health.standing(), Standing::Out);
        health.succeeded(Instant::now());
        assert_eq!(health.standing(), Standing::In);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_probe_doubles_the_rest_and_a_dropped_one_changes_nothing() {
        let health = Health::default();
        fail(&health, 5);
        advance(REST * 11 / 10).await;
        assert!(health.probe());
        health.probe_over();
        assert_eq!(health.standing(), Standing::Due);

        assert!(health.probe());
        fail(&health, 1);
        assert!(!health.probe(), "a late failure is not the probe's");
        health.probe_failed();
        health.probe_over();
        advance(REST * 11 / 10).await;
        assert_eq!(health.standing(), Standing::Out, "twice as long");
        advance(REST * 11 / 10).await;
        assert_eq!(health.standing(), Standing::Due);
    }

    #[tokio::test(start_paused = true)]
    async fn earlier_ejections_are_forgotten_with_time() {
        let health = Health::default();
        for _ in 0..2 {
            fail(&health, 5);
            advance(REST * 3).await;
            assert!(health.probe());
            health.succeeded(Instant::now());
        }
        for _ in 0..2 {
            advance(FORGIVEN_AFTER).await;
            health.succeeded(Instant::now());
        }
        fail(&health, 5);
        advance(REST * 11 / 10).await;
        assert_eq!(health.standing(), Standing::Due, "the first rest again");
    }

    #[tokio::test(start_paused = true)]
    async fn one_ejection_soon_after_another_is_longer() {
        let health = Health::default();
        fail(&health, 5);
        advance(REST * 3).await;
        assert!(health.probe());
        health.succeeded(Instant::now());
        advance(FORGIVEN_AFTER - Duration::from_secs(1)).await;
        health.succeeded(Instant::now());
        fail(&health, 5);
        advance(REST * 11 / 10).await;
        assert_eq!(health.standing(), Standing::Out);
        advance(REST * 11 / 10).await;
        assert_eq!(health.standing(), Standing::Due);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_what_was_sent_before_does_not_bring_it_back() {
        let health = Health::default();
        let sent = Instant::now();
        advance(Duration::from_secs(1)).await;
        for _ in 0..4 {
            fail(&health, 5);
            health.succeeded(sent);
        }
        assert_eq!(health.standing(), Standing::Out);
        advance(REST * 11 / 10).await;
        assert_eq!(health.standing(), Standing::Due, "it was one ejection");
        assert!(health.probe());
        health.succeeded(Instant::now());
        assert_eq!(health.standing(), Standing::In);
    }

    #[test]
    fn it_stays_where_too_many_are_out() {
        let health = Health::default();
        (0..20).for_each(|_| health.failed(false));
        assert!(!health.is_ejected());
    }
}
