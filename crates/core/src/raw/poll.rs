//! Asking again and again for what is not done yet.

use std::time::Duration;

use tokio::time::{sleep_until, timeout_at};

use super::{Operation, ask};
use crate::{Backend, Delivery, Error, Phase, Result, call::deadline_in};

/// How often to ask for what is not done yet, and for how long. Each wait is half as long again as the
/// one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pace {
    /// The first wait.
    pub first: Duration,
    /// The longest wait.
    pub most: Duration,
    /// For how long in all.
    pub total: Duration,
}

impl Default for Pace {
    /// 1 s at first, 15 s at most, an hour in all.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            most: Duration::from_secs(15),
            total: Duration::from_secs(3_600),
        }
    }
}

impl Pace {
    /// Sets the first wait.
    #[must_use]
    pub fn first(mut self, wait: Duration) -> Self {
        self.first = wait;
        self
    }

    /// Sets the longest wait.
    #[must_use]
    pub fn most(mut self, wait: Duration) -> Self {
        self.most = wait;
        self
    }

    /// Sets for how long to ask in all.
    #[must_use]
    pub fn total(mut self, time: Duration) -> Self {
        self.total = time;
        self
    }
}

/// Nobody is asked without a pause, whatever the pace says.
const LEAST: Duration = Duration::from_millis(10);

pub(crate) async fn ask_until<O: Operation>(
    backend: &Backend,
    operation: &O,
    pace: Pace,
    is_over: impl Fn(&O::Output) -> bool,
) -> Result<O::Output> {
    let late = || Error::timeout(Phase::Total, pace.total).with_delivery(Delivery::Responded);
    let end = deadline_in(pace.total);
    let mut wait = pace.first.min(pace.most).max(LEAST);
    loop {
        let asked = timeout_at(end, ask(backend, operation));
        let output = asked.await.map_err(|_| late())??;
        if is_over(&output) {
            return Ok(output);
        }
        let next = deadline_in(wait);
        if next >= end {
            return Err(late());
        }
        sleep_until(next).await;
        wait = wait.saturating_mul(3).checked_div(2).unwrap_or(pace.most);
        wait = wait.min(pace.most).max(LEAST);
    }
}
