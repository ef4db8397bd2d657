//! One endpoint of a pool.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
};

use super::{gauges::Gauges, health::Health, ring::Ring, speed::Speed};
use crate::{
    Backend, ErrorKind, Stats,
    middleware::{breaker::Circuits, gate::Line},
};

/// An endpoint, with all that is known of it. What belongs to the host is here and shared by its
/// keys; what belongs to a key is in the [`Ring`], and shared by the hosts that take it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) backend: Backend,
    /// What it is called in errors, statistics and the list of those to avoid.
    pub(super) label: Arc<str>,
    pub(super) weight: u32,
    pub(super) ring: Arc<Ring>,
    pub(super) circuits: Option<Circuits>,
    pub(super) line: Option<Line>,
    pub(super) health: Health,
    pub(super) speed: Speed,
    pub(super) gauges: Gauges,
    pub(super) running: AtomicUsize,
    /// Calls that were not sent: the circuit was open, the queue was full.
    shut_out: AtomicU64,
    crowded_out: AtomicU64,
}

impl Member {
    pub(super) fn new(
        backend: Backend,
        label: Arc<str>,
        weight: u32,
        ring: Arc<Ring>,
        circuits: Option<Circuits>,
        line: Option<Line>,
    ) -> Self {
        Self {
            backend,
            label,
            weight,
            ring,
            circuits,
            line,
            health: Health::default(),
            speed: Speed::default(),
            gauges: Gauges::default(),
            running: AtomicUsize::new(0),
            shut_out: AtomicU64::new(0),
            crowded_out: AtomicU64::new(0),
        }
    }

    /// A call was not let in.
    pub(super) fn count_refusal(&self, kind: ErrorKind) {
        match kind {
            ErrorKind::CircuitOpen => self.shut_out.fetch_add(1, Relaxed),
            ErrorKind::QueueFull => self.crowded_out.fetch_add(1, Relaxed),
            _ => 0,
        };
    }

    /// Calls that were sent or wait for it, and those of others as far as it tells, for each unit of
    /// its weight.
    pub(super) fn load(&self) -> f64 {
        let ours = self.running.load(Relaxed) as f64;
        (ours + self.gauges.of_others()) / f64::from(self.weight)
    }

    /// One more, until it is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Running {
        self.running.fetch_add(1, Relaxed);
        Running(self.clone())
    }

    /// A call goes there. `Some` if it was ejected, its rest is over and no other call tries it.
    pub(super) fn probe(self: &Arc<Self>) -> Option<Probe> {
        self.health.probe().then(|| Probe(self.clone()))
    }

    pub(super) fn stats(&self) -> Stats {
        let mut stats = self.backend.stats();
        let refused = [
            (ErrorKind::CircuitOpen, &self.shut_out),
            (ErrorKind::QueueFull, &self.crowded_out),
        ]
        .map(|(kind, count)| (kind.name(), count.load(Relaxed)));
        for endpoint in &mut stats.endpoints {
            endpoint.endpoint = self.label.to_string();
            endpoint.queued = self.line.as_ref().map_or(0, |line| line.waiting() as u64);
            endpoint.ejected = self.health.is_ejected();
            let counted = refused.iter().filter(|(_, count)| *count > 0);
            endpoint.refused = counted.copied().collect();
            if let Some(circuits) = &self.circuits {
                endpoint.circuits = circuits.states();
            }
        }
        stats
    }
}

/// A call on its way to an endpoint, or being answered there.
#[derive(Debug)]
pub(super) struct Running(Arc<Member>);

impl Running {
    pub(super) fn member(&self) -> &Arc<Member> {
        &self.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Relaxed);
    }
}

/// A call finds out whether an ejected endpoint is well again. Dropped at any moment, in a queue as
/// well, it leaves that to another.
#[derive(Debug)]
pub(super) struct Probe(Arc<Member>);

impl Drop for Probe {
    fn drop(&mut self) {
        self.0.health.probe_over();
    }
}
