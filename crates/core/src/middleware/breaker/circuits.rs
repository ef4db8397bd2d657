//! The circuits of an endpoint, one for each model, and the hands on them.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::{sync::watch, time::Instant};

use super::{
    Breaker, CircuitState,
    circuit::{Circuit, CircuitStatus},
    rules::Rules,
};

/// How many models have a circuit of their own at a time.
const MAX_CIRCUITS: usize = 1_024;

/// The circuits of one endpoint, one for each model that is asked: to look at them, to wait for
/// their changes, and to open or close them by hand.
///
/// It is a layer too: backends behind clones of it share its circuits.
///
/// There are 1,024 at most. Beyond that the one that was used least lately makes room, one that is
/// closed before one that is open, and never one that calls or watchers hold.
///
/// ```
/// # fn demo(backend: trunkline_core::Backend) -> trunkline_core::Result<()> {
/// use trunkline_core::middleware::Breaker;
///
/// let circuits = Breaker::default().circuits()?;
/// let backend = backend.layer(circuits.clone());
/// let changes = circuits.watch("llama-3.3-70b");
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Circuits(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rules: Rules,
    endpoint: Option<Arc<str>>,
    /// Circuits know times as distances from here.
    start: Instant,
    map: RwLock<Map>,
}

#[derive(Debug, Default)]
struct Map {
    by_model: HashMap<Arc<str>, Circuit>,
    /// What all are told to be; `Closed` leaves them to themselves.
    told: CircuitState,
}

impl Circuits {
    pub(crate) fn new(breaker: Breaker, endpoint: Option<Arc<str>>) -> Self {
        Self(Arc::new(Inner {
            rules: breaker.rules,
            endpoint,
            start: Instant::now(),
            map: RwLock::default(),
        }))
    }

    /// The circuit of `model`, a new one if need be.
    pub(crate) fn of(&self, model: &str) -> Circuit {
        if let Some(known) = self.get(model) {
            return known;
        }
        let mut map = self.0.map.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = map.by_model.get(model) {
            return known.clone();
        }
        let circuit = Circuit::new(
            model.into(),
            self.0.endpoint.clone(),
            self.0.rules,
            self.0.start,
            map.told,
        );
        // Where all are in use, this one serves a single call and is forgotten.
        if map.by_model.len() < MAX_CIRCUITS || map.evict() {
            map.by_model
                .insert(circuit.model().clone(), circuit.clone());
        }
        circuit
    }

    /// Whether a call of `model` would be refused at the moment. Changes nothing.
    pub fn is_open(&self, model: &str) -> bool {
        match self.get(model) {
            Some(circuit) => circuit.is_open(),
            None => self.read(|map| map.told) == CircuitState::ForcedOpen,
        }
    }

    /// Follows the state of the circuit of `model`. A rest that is over shows as
    /// [`HalfOpen`](CircuitState::HalfOpen) when the next call comes.
    ///
    /// Do not hold on to what the receiver borrows while you call the backend: the circuit waits
    /// for it.
    pub fn watch(&self, model: &str) -> watch::Receiver<CircuitState> {
        self.of(model).watch()
    }

    /// All circuits as they are at the moment, by model.
    pub fn states(&self) -> Vec<CircuitStatus> {
        let mut circuits: Vec<_> = self.read(|map| map.by_model.values().cloned().collect());
        circuits.sort_by(|a: &Circuit, b| a.model().cmp(b.model()));
        circuits.iter().map(Circuit::status).collect()
    }

    /// Refuses all calls of all models, those unheard of included, until [`reset`](Self::reset)
    /// or [`force_close`](Self::force_close).
    pub fn force_open(&self) {
        self.tell(CircuitState::ForcedOpen);
    }

    /// Lets all calls pass, whatever comes of them, until [`reset`](Self::reset) or
    /// [`force_open`](Self::force_open).
    pub fn force_close(&self) {
        self.tell(CircuitState::ForcedClosed);
    }

    /// Closes all circuits and forgets what happened so far; they watch again.
    pub fn reset(&self) {
        self.tell(CircuitState::Closed);
    }

    fn tell(&self, state: CircuitState) {
        let changed: Vec<_> = {
            let mut map = self.0.map.write().unwrap_or_else(PoisonError::into_inner);
            map.told = state;
            map.by_model
                .values()
                .map(|circuit| (circuit.clone(), circuit.force(state)))
                .collect()
        };
        for (circuit, change) in changed {
            circuit.announce(change);
        }
    }

    fn get(&self, model: &str) -> Option<Circuit> {
        self.read(|map| map.by_model.get(model).cloned())
    }

    fn read<T>(&self, look: impl FnOnce(&Map) -> T) -> T {
        look(&self.0.map.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Map {
    /// Makes room for one more; `false` if all are in use.
    fn evict(&mut self) -> bool {
        let unused = self
            .by_model
            .values()
            .filter(|circuit| circuit.is_unused())
            .min_by_key(|circuit| circuit.worth())
            .map(|circuit| circuit.model().clone());
        unused.is_some_and(|model| self.by_model.remove(&model).is_some())
    }
}
