//! The limits of one key, shared by all its calls. It never waits.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::HeaderMap;
use tokio::{sync::Notify, time::Instant};

use super::{
    RateLimit,
    estimate::Estimate,
    limits::{Cost, Limits},
    refusal,
    reservation::Reservation,
};
use crate::{Delivery, Error, ErrorKind, Op, Scope, protocol::hints::quotas};

/// The limits of one key, shared by its clones.
#[derive(Clone, Debug)]
pub(crate) struct Limiter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    began: Instant,
    counts_tokens: bool,
    limits: Mutex<Limits>,
    /// Something was given back, or a pause was learned.
    changed: Notify,
    /// Who else waits for what is given back: all the calls of a pool.
    pool: Option<Arc<Notify>>,
}

/// Why a call may not be sent now.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It may be sent then, as far as can be told now.
    Wait {
        /// When.
        until: Instant,
    },
    /// It needs more tokens at once than the limit ever allows.
    TooLarge(Error),
}

impl Limiter {
    /// Full buckets; none for a limit that `settings` does not set: then only pauses are learned.
    pub(crate) fn new(settings: &RateLimit) -> Self {
        Self::telling(settings, None)
    }

    /// The same, which also tells `pool` that something was given back.
    pub(crate) fn telling(settings: &RateLimit, pool: Option<Arc<Notify>>) -> Self {
        let (requests, tokens) = settings.buckets();
        Self(Arc::new(Shared {
            began: Instant::now(),
            counts_tokens: tokens.is_some(),
            limits: Mutex::new(Limits::new(requests, tokens)),
            changed: Notify::new(),
            pool,
        }))
    }

    /// Takes what `op` will cost, if it is there now.
    ///
    /// # Errors
    ///
    /// See [`Refused`].
    pub(crate) fn try_reserve(&self, op: &Op) -> Result<Reservation, Refused> {
        self.reserve(self.estimate(op))
    }

    /// Learns from the headers of any answer what the provider says is left. It only ever lowers
    /// what is believed; where nothing is left, nothing more is sent until the reset.
    pub(crate) fn learn(&self, headers: &HeaderMap, received_at: Instant) {
        let mut quotas = quotas(headers).peekable();
        if quotas.peek().is_none() {
            return;
        }
        let now = self.since_beginning(received_at);
        let mut limits = self.limits();
        for quota in quotas {
            let reset = (quota.remaining == 0).then(|| quota.reset()).flatten();
            let reset = reset.map(crate::protocol::hints::Wait::duration);
            limits.learn(quota.counted, quota.remaining, reset, now);
        }
        drop(limits);
        self.0.changed.notify_one();
    }

    /// Learns from a failure that the provider wants this key to pause.
    pub(crate) fn learn_failure(&self, error: &Error, received_at: Instant) {
        let is_of_this_key = error.kind() == ErrorKind::RateLimited
            && matches!(error.scope(), Scope::Key | Scope::Account)
            && error.delivery() != Delivery::NotSent;
        let Some(wait) = error.retry_after().filter(|_| is_of_this_key) else {
            return;
        };
        let now = self.since_beginning(received_at);
        self.limits().pause(wait, now);
        self.0.changed.notify_one();
    }

    /// Ends a pause, whatever the provider asked for.
    pub(crate) fn resume(&self) {
        self.limits().resume();
        self.0.changed.notify_one();
    }

    /// Until when the provider asked for a pause; `None` if there is none.
    pub(crate) fn paused_until(&self) -> Option<Instant> {
        let until = self.limits().paused_until(self.now())?;
        self.0.began.checked_add(until)
    }

    /// What `op` will cost; nothing where tokens are not limited, which spares reading it.
    pub(super) fn estimate(&self, op: &Op) -> Estimate {
        if self.0.counts_tokens {
            Estimate::of(op)
        } else {
            Estimate::default()
        }
    }

    pub(super) fn reserve(&self, estimate: Estimate) -> Result<Reservation, Refused> {
        let cost = Cost::of_request(estimate.total());
        let now = self.now();
        let mut limits = self.limits();
        match limits.ready_in(cost, Cost::default(), now) {
            Ok(Duration::ZERO) => {
                limits.take(cost);
                drop(limits);
                Ok(Reservation::new(self.clone(), estimate))
            }
            Ok(wait) => Err(self.wait(wait)),
            Err(never) => Err(Refused::TooLarge(refusal::too_large(never))),
        }
    }

    /// When a call could be sent that stands behind others.
    pub(super) fn ready_at(&self, cost: Cost, ahead: Cost) -> Result<Instant, Error> {
        let now = self.now();
        let wait = self.limits().ready_in(cost, ahead, now);
        let until = now.saturating_add(wait.map_err(refusal::too_large)?);
        Ok(self.at(until))
    }

    /// Waits until there may be more than there was.
    pub(super) async fn changed(&self) {
        self.0.changed.notified().await;
    }

    /// An answer came to a call that took `cost`.
    pub(super) fn hear(&self, cost: Cost) {
        self.limits().hear(cost);
    }

    pub(super) fn give_back(&self, cost: Cost) {
        self.limits().give_back(cost);
        self.0.changed.notify_one();
        if let Some(pool) = &self.0.pool {
            pool.notify_waiters();
        }
    }

    pub(super) fn charge_tokens(&self, more: u64) {
        self.limits().charge_tokens(more);
    }

    fn wait(&self, wait: Duration) -> Refused {
        let until = self.at(self.now().saturating_add(wait));
        Refused::Wait { until }
    }

    fn now(&self) -> Duration {
        self.since_beginning(Instant::now())
    }

    fn since_beginning(&self, moment: Instant) -> Duration {
        moment.saturating_duration_since(self.0.began)
    }

    /// A moment that a clock cannot hold is a year away.
    fn at(&self, since_beginning: Duration) -> Instant {
        const YEAR: Duration = Duration::from_secs(86_400 * 365);
        let began = self.0.began;
        began
            .checked_add(since_beginning)
            .unwrap_or_else(|| Instant::now() + YEAR)
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        // Nothing panics while it holds the lock, so a poisoned one is sound.
        self.0.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
