//! The circuit of one model, with a clock, a name and an audience.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::{sync::watch, time::Instant};

use super::{
    CircuitState, Ticket,
    locked::Locked,
    rules::{Change, Refusal, Rules},
    state::Machine,
};
use crate::{Error, ErrorKind, Result};

/// One circuit as it is at the moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CircuitStatus {
    /// Whose calls it lets pass or not; empty for calls that name no model.
    pub model: Arc<str>,
    /// What it does with them.
    pub state: CircuitState,
    /// In how long to ask again; `None` if a call may pass now, or if nobody can tell. While others
    /// try whether the endpoint is well, a second at most. Serialized as a number, in seconds.
    #[serde(serialize_with = "crate::stats::seconds_if_any")]
    pub retry_after: Option<Duration>,
    /// How many results it judges by: those of the last 30 s, since it closed.
    pub samples: u32,
    /// How many of them are failures.
    pub failures: u32,
    /// How many results came too late to count: the circuit had changed since their call.
    pub stale: u64,
}

/// The circuit of one model. Cloning it is one reference count.
#[derive(Clone, Debug)]
pub(crate) struct Circuit(Arc<Named>);

#[derive(Debug)]
struct Named {
    model: Arc<str>,
    /// Of which endpoint it is, where a pool knows.
    endpoint: Option<Arc<str>>,
    locked: Locked,
    start: Instant,
    shown: watch::Sender<CircuitState>,
}

impl Circuit {
    pub(super) fn new(
        model: Arc<str>,
        endpoint: Option<Arc<str>>,
        rules: Rules,
        start: Instant,
        told: CircuitState,
    ) -> Self {
        let locked = Locked::new(rules);
        locked.force(told);
        Self(Arc::new(Named {
            model,
            endpoint,
            locked,
            start,
            shown: watch::Sender::new(told),
        }))
    }

    pub(super) fn model(&self) -> &Arc<str> {
        &self.0.model
    }

    pub(super) fn watch(&self) -> watch::Receiver<CircuitState> {
        self.0.shown.subscribe()
    }

    /// Whoever calls it owes an [`announce`](Self::announce).
    pub(super) fn force(&self, state: CircuitState) -> Option<Change> {
        self.0.locked.force(state)
    }

    /// Whether [`admit`](Self::admit) would refuse now. Changes nothing.
    pub(crate) fn is_open(&self) -> bool {
        self.0.locked.refusal(self.now()).is_some()
    }

    /// When to ask again; `None` if a call may pass now, or if nobody can tell.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        match self.0.locked.refusal(self.now())? {
            Refusal::Until(until) => self.0.start.checked_add(until),
            Refusal::UntilToldOtherwise => None,
        }
    }

    /// Leave for one call.
    ///
    /// # Errors
    ///
    /// [`CircuitOpen`](ErrorKind::CircuitOpen), with the time that is left.
    pub(crate) fn admit(&self) -> Result<Ticket> {
        let now = self.now();
        match self.0.locked.admit(now) {
            Ok((permit, change)) => {
                self.announce(change);
                Ok(Ticket::new(self.clone(), permit))
            }
            Err(refusal) => Err(error_of(refusal, now)),
        }
    }

    /// What [`admit`](Self::admit) would say, if it would refuse. Changes nothing.
    pub(crate) fn refusal(&self) -> Option<Error> {
        let now = self.now();
        let refusal = self.0.locked.refusal(now)?;
        Some(error_of(refusal, now))
    }

    /// Shows and tells a change. Watchers see the latest state, in whatever order threads come here.
    pub(super) fn announce(&self, change: Option<Change>) {
        let Some(Change { from, to }) = change else {
            return;
        };
        self.0.shown.send_if_modified(|shown| {
            let now = self.state();
            std::mem::replace(shown, now) != now
        });
        tracing::info!(
            target: "trunkline",
            from = from.name(),
            to = to.name(),
            model = &*self.0.model,
            endpoint = self.0.endpoint.as_deref(),
            "circuit changed",
        );
    }

    pub(super) fn now(&self) -> Duration {
        Instant::now().saturating_duration_since(self.0.start)
    }

    fn state(&self) -> CircuitState {
        self.0.locked.look(Machine::state)
    }

    pub(super) fn status(&self) -> CircuitStatus {
        let retry_at = self.retry_at();
        let now = self.now();
        self.0.locked.look(|machine| {
            let seen = machine.totals(now);
            CircuitStatus {
                model: self.0.model.clone(),
                state: machine.state(),
                retry_after: retry_at.map(|at| at.saturating_duration_since(self.0.start + now)),
                samples: seen.samples,
                failures: seen.failures,
                stale: machine.stale(),
            }
        })
    }

    /// Whether nobody but the map of circuits holds it.
    pub(super) fn is_unused(&self) -> bool {
        Arc::strong_count(&self.0) == 1 && self.0.shown.receiver_count() == 0
    }

    /// The least is given up first.
    pub(super) fn worth(&self) -> (bool, Duration) {
        self.0.locked.look(|machine| {
            let acts = matches!(machine.state(), CircuitState::Open | CircuitState::HalfOpen);
            (acts, machine.touched())
        })
    }
}

fn error_of(refusal: Refusal, now: Duration) -> Error {
    match refusal {
        Refusal::Until(until) => {
            Error::new(ErrorKind::CircuitOpen, RESTS).with_retry_after(until.saturating_sub(now))
        }
        Refusal::UntilToldOtherwise => Error::new(ErrorKind::CircuitOpen, SHUT),
    }
}

const RESTS: &str =
    "the circuit is open: the endpoint failed too often; call again after the wait, or elsewhere";
const SHUT: &str = "the circuit was opened by hand; call elsewhere, or close it by `reset`";
