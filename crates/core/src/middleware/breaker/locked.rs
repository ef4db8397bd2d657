//! One circuit between all its calls: the machine behind a lock, and places that come back by
//! themselves.

use std::{sync::PoisonError, time::Duration};

use super::{
    rules::{Change, CircuitState, Failure, Moment, Refusal, Rules},
    state::{Machine, Pass},
};
use crate::sync::{Arc, Mutex};

/// A circuit without a clock. Cloning it is one reference count.
#[derive(Clone, Debug)]
pub(crate) struct Locked(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    rules: Rules,
    machine: Mutex<Machine>,
}

impl Locked {
    pub(crate) fn new(rules: Rules) -> Self {
        Self(Arc::new(Shared {
            rules,
            machine: Mutex::default(),
        }))
    }

    pub(crate) fn admit(&self, now: Duration) -> Result<(Permit, Option<Change>), Refusal> {
        let (pass, change) = self.with(|machine, rules| machine.admit(rules, now))?;
        let permit = Permit {
            locked: self.clone(),
            pass: Some(pass),
        };
        Ok((permit, change))
    }

    pub(crate) fn refusal(&self, now: Duration) -> Option<Refusal> {
        self.with(|machine, rules| machine.refusal(rules, now))
    }

    pub(crate) fn force(&self, state: CircuitState) -> Option<Change> {
        self.with(|machine, _| machine.force(state))
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Machine) -> T) -> T {
        self.with(|machine, _| look(machine))
    }

    fn with<T>(&self, f: impl FnOnce(&mut Machine, &Rules) -> T) -> T {
        // Nothing here panics while it holds the lock, so a poisoned one is sound.
        let mut machine = self
            .0
            .machine
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        f(&mut machine, &self.0.rules)
    }
}

/// One call's leave to go. Dropped without a result it gives back its place, and that is all.
#[derive(Debug)]
pub(crate) struct Permit {
    locked: Locked,
    pass: Option<Pass>,
}

impl Permit {
    pub(crate) fn first_content(&mut self, at: Moment) -> Option<Change> {
        let pass = self.pass.as_mut()?;
        self.locked
            .with(|machine, rules| machine.first_content(rules, pass, at))
    }

    pub(crate) fn succeed(mut self, at: Moment) -> Option<Change> {
        let pass = self.pass.take()?;
        self.locked
            .with(|machine, rules| machine.succeed(rules, pass, at))
    }

    pub(crate) fn fail(mut self, failure: Failure, at: Moment) -> Option<Change> {
        let pass = self.pass.take()?;
        self.locked
            .with(|machine, rules| machine.fail(rules, &pass, failure, at))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take().filter(Pass::holds_a_place) {
            self.locked.with(|machine, _| machine.give_back(&pass));
        }
    }
}
