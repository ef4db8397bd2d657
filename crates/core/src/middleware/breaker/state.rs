//! What a circuit does, as a function of what happens and when: no clock, no lock, no chance.

use std::time::Duration;

use super::{
    ring::{Counts, Ring},
    rules::{Change, CircuitState, Failure, Moment, Refusal, Rules},
};

/// One call that was let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pass {
    /// The epoch that its result belongs to.
    epoch: u64,
    admitted: Duration,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Its end is a sample.
    Call,
    /// Its first content, or else its end, decides on the endpoint.
    Probe { id: u64 },
    /// A probe that has succeeded: only its failure is still of interest, once the circuit has closed.
    Decided,
    /// A probe that came too late.
    Late,
}

impl Pass {
    /// Whether its place must be given back if nothing comes of it.
    pub(crate) fn holds_a_place(&self) -> bool {
        matches!(self.role, Role::Probe { .. })
    }
}

/// While probes are under way the answer may change at any moment: ask again after so long.
const MEANWHILE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub(crate) struct Machine {
    phase: Phase,
    /// Grows with every change of state: a result counts in the epoch in which its call was let in.
    epoch: u64,
    window: Ring,
    consecutive: u32,
    probes_admitted: u64,
    stale: u64,
    touched: Duration,
}

#[derive(Debug, Default)]
enum Phase {
    #[default]
    Closed,
    Open {
        until: Duration,
    },
    HalfOpen {
        places: Vec<Place>,
        successes: u32,
    },
    Forced(CircuitState),
}

/// What a probe holds.
#[derive(Debug)]
struct Place {
    probe: u64,
    until: Duration,
}

impl Machine {
    pub(crate) fn state(&self) -> CircuitState {
        match &self.phase {
            Phase::Closed => CircuitState::Closed,
            Phase::Open { .. } => CircuitState::Open,
            Phase::HalfOpen { .. } => CircuitState::HalfOpen,
            Phase::Forced(state) => *state,
        }
    }

    pub(crate) fn totals(&self, now: Duration) -> Counts {
        self.window.totals(now)
    }

    /// How many results came too late to count.
    pub(crate) fn stale(&self) -> u64 {
        self.stale
    }

    /// When a call was last let in or refused.
    pub(crate) fn touched(&self) -> Duration {
        self.touched
    }

    /// Why a call would be refused now, if it would. Changes nothing.
    pub(crate) fn refusal(&self, rules: &Rules, now: Duration) -> Option<Refusal> {
        match &self.phase {
            Phase::Open { until } => (now < *until).then_some(Refusal::Until(*until)),
            Phase::HalfOpen { places, .. } => {
                let held = || places.iter().filter(|place| now < place.until);
                let earliest = held().map(|place| place.until).min()?;
                (held().count() >= rules.probes.max(1) as usize)
                    .then(|| Refusal::Until(earliest.min(now.saturating_add(MEANWHILE))))
            }
            Phase::Forced(CircuitState::ForcedOpen) => Some(Refusal::UntilToldOtherwise),
            Phase::Closed | Phase::Forced(_) => None,
        }
    }

    /// Lets a call in, or says how long not. Whoever asks first after a rest half-opens.
    pub(crate) fn admit(
        &mut self,
        rules: &Rules,
        now: Duration,
    ) -> Result<(Pass, Option<Change>), Refusal> {
        self.touched = now;
        if let Some(refusal) = self.refusal(rules, now) {
            return Err(refusal);
        }
        let change = matches!(self.phase, Phase::Open { .. }).then(|| {
            self.change(Phase::HalfOpen {
                places: Vec::new(),
                successes: 0,
            })
        });
        let mut role = Role::Call;
        if let Phase::HalfOpen { places, .. } = &mut self.phase {
            places.retain(|place| now < place.until);
            self.probes_admitted += 1;
            let probe = self.probes_admitted;
            let until = now.saturating_add(rules.lease);
            places.push(Place { probe, until });
            role = Role::Probe { id: probe };
        }
        let pass = Pass {
            epoch: self.epoch,
            admitted: now,
            role,
        };
        Ok((pass, change))
    }

    /// The call's first content has come.
    pub(crate) fn first_content(
        &mut self,
        rules: &Rules,
        pass: &mut Pass,
        at: Moment,
    ) -> Option<Change> {
        match pass.role {
            Role::Call => {
                let slow = rules.slow?;
                if !self.is_watching(pass) {
                    return None;
                }
                let took = at.now.saturating_sub(pass.admitted);
                let counts = Counts {
                    timed: 1,
                    slow: u32::from(took > slow.threshold),
                    ..Counts::default()
                };
                self.window.add(at.now, counts);
                self.judge(rules, None, at)
            }
            Role::Probe { id } => self.probe_succeeded(rules, pass, id, at.now),
            Role::Decided | Role::Late => None,
        }
    }

    /// The call's answer is whole.
    pub(crate) fn succeed(&mut self, rules: &Rules, mut pass: Pass, at: Moment) -> Option<Change> {
        match pass.role {
            Role::Call => {
                if !self.is_current(&pass) {
                    return None;
                }
                let counts = Counts {
                    samples: 1,
                    ..Counts::default()
                };
                self.window.add(at.now, counts);
                self.consecutive = 0;
                self.judge(rules, None, at)
            }
            Role::Probe { id } => self.probe_succeeded(rules, &mut pass, id, at.now),
            Role::Decided | Role::Late => None,
        }
    }

    /// The call failed, and the endpoint is to blame.
    pub(crate) fn fail(
        &mut self,
        rules: &Rules,
        pass: &Pass,
        failure: Failure,
        at: Moment,
    ) -> Option<Change> {
        match pass.role {
            Role::Call | Role::Decided => {
                if !self.is_current(pass) {
                    return None;
                }
                let slow = u32::from(failure.slow && rules.slow.is_some());
                let counts = Counts {
                    samples: 1,
                    failures: 1,
                    timed: slow,
                    slow,
                };
                self.window.add(at.now, counts);
                self.consecutive = self.consecutive.saturating_add(1);
                self.judge(rules, failure.hint, at)
            }
            Role::Probe { id } => {
                let in_time = self.take_place(id, at.now);
                in_time.then(|| self.open(rules, failure.hint, at))
            }
            Role::Late => None,
        }
    }

    /// Nothing came of the call that says anything of the endpoint.
    pub(crate) fn give_back(&mut self, pass: &Pass) {
        if let (Role::Probe { id }, Phase::HalfOpen { places, .. }) = (pass.role, &mut self.phase) {
            places.retain(|place| place.probe != id);
        }
    }

    /// Opens or closes by hand, or begins anew: `state` is one of the forced ones, or `Closed`.
    pub(crate) fn force(&mut self, state: CircuitState) -> Option<Change> {
        let phase = match state {
            CircuitState::ForcedOpen | CircuitState::ForcedClosed => Phase::Forced(state),
            _ => Phase::Closed,
        };
        let change = self.change(phase);
        // Nothing from before counts, not even what a probe does after its success.
        self.epoch += 1;
        (change.from != change.to).then_some(change)
    }

    /// Whether the window takes samples of this call.
    fn is_watching(&self, pass: &Pass) -> bool {
        pass.epoch == self.epoch && matches!(self.phase, Phase::Closed)
    }

    /// The same for a result: one that is too late is counted, and nothing else.
    fn is_current(&mut self, pass: &Pass) -> bool {
        let watched = self.is_watching(pass);
        let ignored = pass.epoch == self.epoch && matches!(self.phase, Phase::Forced(_));
        self.stale += u64::from(!watched && !ignored);
        watched
    }

    fn probe_succeeded(
        &mut self,
        rules: &Rules,
        pass: &mut Pass,
        id: u64,
        now: Duration,
    ) -> Option<Change> {
        if !self.take_place(id, now) {
            pass.role = Role::Late;
            return None;
        }
        // What it does later counts if these probes have closed the circuit, and not after that.
        *pass = Pass {
            epoch: self.epoch + 1,
            role: Role::Decided,
            ..*pass
        };
        let Phase::HalfOpen { successes, .. } = &mut self.phase else {
            return None;
        };
        *successes += 1;
        (*successes >= rules.probes.max(1)).then(|| self.change(Phase::Closed))
    }

    /// Takes back a probe's place. Whether it was still its own: if not, its result is late.
    fn take_place(&mut self, id: u64, now: Duration) -> bool {
        let mut in_time = false;
        if let Phase::HalfOpen { places, .. } = &mut self.phase {
            in_time = places
                .iter()
                .any(|place| place.probe == id && now < place.until);
            places.retain(|place| place.probe != id);
        }
        self.stale += u64::from(!in_time);
        in_time
    }

    /// Opens if the window says so.
    fn judge(&mut self, rules: &Rules, hint: Option<Duration>, at: Moment) -> Option<Change> {
        let seen = self.window.totals(at.now);
        let failing =
            seen.samples >= rules.over && reaches(seen.failures, seen.samples, rules.failure_rate);
        let slow = rules.slow.is_some_and(|slow| {
            seen.timed >= rules.over && reaches(seen.slow, seen.timed, slow.rate)
        });
        let in_a_row = self.consecutive >= rules.consecutive.max(1);
        (in_a_row || failing || slow).then(|| self.open(rules, hint, at))
    }

    fn open(&mut self, rules: &Rules, hint: Option<Duration>, at: Moment) -> Change {
        let again = matches!(self.phase, Phase::HalfOpen { .. });
        let rest = rules.rest.saturating_mul(if again { 2 } else { 1 });
        let rest = Duration::try_from_secs_f64(rest.as_secs_f64() * at.jitter)
            .unwrap_or(rules.longest_rest)
            .max(hint.unwrap_or_default())
            .min(rules.longest_rest);
        self.change(Phase::Open {
            until: at.now.saturating_add(rest),
        })
    }

    fn change(&mut self, phase: Phase) -> Change {
        let from = self.state();
        self.phase = phase;
        self.epoch += 1;
        self.window = Ring::default();
        self.consecutive = 0;
        Change {
            from,
            to: self.state(),
        }
    }
}

/// Whether `part` of `whole` is at least `rate`. None of none is nothing.
fn reaches(part: u32, whole: u32, rate: f64) -> bool {
    whole > 0 && f64::from(part) / f64::from(whole) >= rate
}
