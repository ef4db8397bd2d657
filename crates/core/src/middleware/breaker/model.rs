//! The machine against a simpler one, which keeps every sample and every call and counts anew each
//! time, over random histories.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use proptest::{prelude::*, sample::Index, test_runner::RngAlgorithm};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::{
    locked::{Locked, Permit},
    rules::{CircuitState, Failure, Moment, Refusal, Rules, Slow},
};

prop_state_machine! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        // Every choice makes a generator, and the usual one takes two thirds of a debug build's time.
        rng_algorithm: RngAlgorithm::XorShift,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_circuit_does_what_its_model_does(sequential 1..=200 => Circuit);
}

#[derive(Clone, Debug)]
enum Step {
    Wait(Duration),
    Admit,
    Content(Index, f64),
    Succeed(Index, f64),
    Fail(Index, Failure, f64),
    Drop(Index),
    Force(CircuitState),
}

#[derive(Clone, Debug)]
struct Model {
    rules: Rules,
    now: Duration,
    state: State,
    samples: Vec<Sample>,
    failures_in_a_row: u32,
    /// Calls that are under way, in the order in which they were let in.
    calls: Vec<Call>,
    half_openings: u64,
    stale: u64,
    /// Whether the last one that asked was let in.
    admitted: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    /// `after` is the half-opening that closed it.
    Closed {
        era: u64,
        after: Option<u64>,
    },
    Open {
        until: Duration,
    },
    HalfOpen {
        number: u64,
        successes: u32,
    },
    ForcedOpen,
    ForcedClosed {
        era: u64,
    },
}

#[derive(Clone, Debug)]
struct Sample {
    at: Duration,
    failed: Option<bool>,
    slow: Option<bool>,
}

#[derive(Clone, Debug)]
struct Call {
    began: Duration,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Watched { era: u64 },
    Unwatched { era: u64 },
    Probe { number: u64 },
    Proven { number: u64 },
    Late,
}

impl Model {
    fn shown(&self) -> CircuitState {
        match self.state {
            State::Closed { .. } => CircuitState::Closed,
            State::Open { .. } => CircuitState::Open,
            State::HalfOpen { .. } => CircuitState::HalfOpen,
            State::ForcedOpen => CircuitState::ForcedOpen,
            State::ForcedClosed { .. } => CircuitState::ForcedClosed,
        }
    }

    /// The probes that hold a place: nobody keeps a list of places here.
    fn probing(&self) -> usize {
        let State::HalfOpen { number: now, .. } = self.state else {
            return 0;
        };
        let holds = |call: &&Call| {
            matches!(call.kind, Kind::Probe { number } if number == now)
                && self.now - call.began < self.rules.lease
        };
        self.calls.iter().filter(holds).count()
    }

    fn refuses(&self) -> bool {
        match self.state {
            State::Open { until } => self.now < until,
            State::HalfOpen { .. } => self.probing() >= self.rules.probes as usize,
            State::ForcedOpen => true,
            State::Closed { .. } | State::ForcedClosed { .. } => false,
        }
    }

    fn admit(&mut self) {
        self.admitted = !self.refuses();
        if !self.admitted {
            return;
        }
        if let State::Open { .. } = self.state {
            self.half_openings += 1;
            self.state = State::HalfOpen {
                number: self.half_openings,
                successes: 0,
            };
        }
        let kind = match self.state {
            State::Closed { era, .. } => Kind::Watched { era },
            State::ForcedClosed { era } => Kind::Unwatched { era },
            State::HalfOpen { number, .. } => Kind::Probe { number },
            State::Open { .. } | State::ForcedOpen => unreachable!("it was let in"),
        };
        self.calls.push(Call {
            began: self.now,
            kind,
        });
    }

    fn content(&mut self, at: usize, jitter: f64) {
        let call = self.calls[at].clone();
        match call.kind {
            Kind::Watched { era } if self.watches(era) => {
                if let Some(slow) = self.rules.slow {
                    self.samples.push(Sample {
                        at: self.now,
                        failed: None,
                        slow: Some(self.now - call.began > slow.threshold),
                    });
                    self.judge(None, jitter);
                }
            }
            Kind::Probe { number } => {
                self.calls[at].kind = if self.in_time(&call) {
                    self.probe_succeeded();
                    Kind::Proven { number }
                } else {
                    self.stale += 1;
                    Kind::Late
                };
            }
            _ => {}
        }
    }

    fn succeed(&mut self, call: &Call, jitter: f64) {
        match call.kind {
            Kind::Watched { era } if self.watches(era) => {
                self.failures_in_a_row = 0;
                self.sample(false, None, None, jitter);
            }
            Kind::Probe { .. } if self.in_time(call) => self.probe_succeeded(),
            Kind::Unwatched { era } if self.state == (State::ForcedClosed { era }) => {}
            Kind::Proven { .. } | Kind::Late => {}
            _ => self.stale += 1,
        }
    }

    fn fail(&mut self, call: &Call, failure: Failure, jitter: f64) {
        let counts = match call.kind {
            Kind::Watched { era } => self.watches(era),
            Kind::Proven { number } => {
                matches!(self.state, State::Closed { after: Some(after), .. } if after == number)
            }
            Kind::Probe { .. } if self.in_time(call) => {
                self.open(true, failure.hint, jitter);
                return;
            }
            Kind::Unwatched { era } if self.state == (State::ForcedClosed { era }) => return,
            Kind::Late => return,
            _ => false,
        };
        if !counts {
            self.stale += 1;
            return;
        }
        self.failures_in_a_row += 1;
        let slow = (failure.slow && self.rules.slow.is_some()).then_some(true);
        self.sample(true, slow, failure.hint, jitter);
    }

    fn force(&mut self, state: CircuitState) {
        let era = self.next_era();
        self.state = match state {
            CircuitState::ForcedOpen => State::ForcedOpen,
            CircuitState::ForcedClosed => State::ForcedClosed { era },
            _ => State::Closed { era, after: None },
        };
        self.forget();
    }

    fn watches(&self, its: u64) -> bool {
        matches!(self.state, State::Closed { era, .. } if era == its)
    }

    fn in_time(&self, call: &Call) -> bool {
        matches!(
            (&call.kind, &self.state),
            (Kind::Probe { number: its }, State::HalfOpen { number, .. }) if its == number
        ) && self.now - call.began < self.rules.lease
    }

    fn probe_succeeded(&mut self) {
        let State::HalfOpen { number, successes } = self.state else {
            unreachable!("a probe in time");
        };
        self.state = State::HalfOpen {
            number,
            successes: successes + 1,
        };
        if successes + 1 == self.rules.probes {
            self.state = State::Closed {
                era: self.next_era(),
                after: Some(number),
            };
            self.forget();
        }
    }

    fn sample(&mut self, failed: bool, slow: Option<bool>, hint: Option<Duration>, jitter: f64) {
        self.samples.push(Sample {
            at: self.now,
            failed: Some(failed),
            slow,
        });
        self.judge(hint, jitter);
    }

    /// Samples of this bucket of three seconds and the nine before it.
    fn recent(&self) -> impl Iterator<Item = &Sample> {
        let oldest = (self.now.as_secs() / 3).saturating_sub(9) * 3;
        self.samples
            .iter()
            .filter(move |sample| sample.at.as_secs() >= oldest)
    }

    fn judge(&mut self, hint: Option<Duration>, jitter: f64) {
        let rate = |flags: Vec<bool>| {
            let enough = flags.len() >= self.rules.over as usize;
            let share = flags.iter().filter(|flag| **flag).count() as f64 / flags.len() as f64;
            if enough { share } else { 0.0 }
        };
        let failed = rate(self.recent().filter_map(|sample| sample.failed).collect());
        let slow = rate(self.recent().filter_map(|sample| sample.slow).collect());
        let too_slow = self.rules.slow.is_some_and(|rule| slow >= rule.rate);
        if failed >= self.rules.failure_rate
            || too_slow
            || self.failures_in_a_row == self.rules.consecutive
        {
            self.open(false, hint, jitter);
        }
    }

    fn open(&mut self, again: bool, hint: Option<Duration>, jitter: f64) {
        let rest = self
            .rules
            .rest
            .mul_f64(if again { 2.0 } else { 1.0 } * jitter);
        let rest = hint.map_or(rest, |hint| hint.max(rest));
        self.state = State::Open {
            until: self.now + rest.min(self.rules.longest_rest),
        };
        self.forget();
    }

    fn forget(&mut self) {
        self.samples.clear();
        self.failures_in_a_row = 0;
    }

    fn next_era(&mut self) -> u64 {
        self.half_openings += 1;
        self.half_openings
    }
}

struct Circuit {
    locked: Locked,
    permits: Vec<Permit>,
    now: Duration,
    admitted: bool,
    shown: CircuitState,
}

impl ReferenceStateMachine for Circuit {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        let usual = super::Breaker::default().rules;
        let small = Rules {
            over: 4,
            consecutive: 3,
            slow: Some(Slow {
                threshold: Duration::from_secs(2),
                rate: 0.75,
            }),
            probes: 2,
            ..usual
        };
        let patient = Rules {
            consecutive: 50,
            over: 6,
            failure_rate: 0.7,
            ..usual
        };
        prop_oneof![Just(usual), Just(small), Just(patient)]
            .prop_map(|rules| Model {
                rules,
                now: Duration::ZERO,
                state: State::Closed {
                    era: 0,
                    after: None,
                },
                samples: Vec::new(),
                failures_in_a_row: 0,
                calls: Vec::new(),
                half_openings: 0,
                stale: 0,
                admitted: false,
            })
            .boxed()
    }

    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        let wait = prop_oneof![
            4 => 0..1_000u64,
            2 => 1_000..6_000u64,
            1 => prop::sample::select(vec![4_000, 5_000, 10_000, 29_999, 30_000, 61_000]),
        ];
        let idle = prop_oneof![
            3 => wait.prop_map(|millis| Step::Wait(Duration::from_millis(millis))),
            9 => Just(Step::Admit),
        ];
        let forced = prop::sample::select(vec![
            CircuitState::ForcedOpen,
            CircuitState::ForcedClosed,
            CircuitState::Closed,
            CircuitState::Closed,
        ]);
        if model.calls.is_empty() {
            return idle.boxed();
        }
        let jitter = || 0.8..1.2f64;
        let call = any::<Index>;
        let failure =
            (prop::option::weighted(0.2, 0..90u64), any::<bool>()).prop_map(|(seconds, slow)| {
                Failure {
                    hint: seconds.map(Duration::from_secs),
                    slow,
                }
            });
        prop_oneof![
            12 => idle,
            4 => (call(), jitter()).prop_map(|(at, jitter)| Step::Content(at, jitter)),
            3 => (call(), jitter()).prop_map(|(at, jitter)| Step::Succeed(at, jitter)),
            6 => (call(), failure, jitter()).prop_map(|(at, how, jitter)| Step::Fail(at, how, jitter)),
            1 => call().prop_map(Step::Drop),
            1 => forced.prop_map(Step::Force),
        ]
        .boxed()
    }

    fn preconditions(model: &Model, step: &Step) -> bool {
        match step {
            Step::Wait(_) | Step::Admit | Step::Force(_) => true,
            _ => !model.calls.is_empty(),
        }
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        let calls = model.calls.len();
        match step {
            Step::Wait(time) => model.now += *time,
            Step::Admit => model.admit(),
            Step::Content(at, jitter) => model.content(at.index(calls), *jitter),
            Step::Succeed(at, jitter) => {
                let call = model.calls.remove(at.index(calls));
                model.succeed(&call, *jitter);
            }
            Step::Fail(at, failure, jitter) => {
                let call = model.calls.remove(at.index(calls));
                model.fail(&call, *failure, *jitter);
            }
            Step::Drop(at) => drop(model.calls.remove(at.index(calls))),
            Step::Force(state) => model.force(*state),
        }
        model
    }
}

impl StateMachineTest for Circuit {
    type SystemUnderTest = Self;
    type Reference = Self;

    fn init_test(model: &Model) -> Self {
        Self {
            locked: Locked::new(model.rules),
            permits: Vec::new(),
            now: Duration::ZERO,
            admitted: false,
            shown: CircuitState::Closed,
        }
    }

    fn apply(mut circuit: Self, _: &Model, step: Step) -> Self {
        let permits = circuit.permits.len();
        let at = |jitter| Moment {
            now: circuit.now,
            jitter,
        };
        let change = match step {
            Step::Wait(time) => {
                circuit.now += time;
                None
            }
            Step::Admit => {
                let refusal = circuit.locked.refusal(circuit.now);
                let admitted = circuit.locked.admit(circuit.now);
                assert_eq!(
                    refusal,
                    admitted.as_ref().err().copied(),
                    "a look and a try agree"
                );
                if let Some(Refusal::Until(until)) = refusal {
                    assert!(until > circuit.now, "a wait that is over already");
                }
                circuit.admitted = admitted.is_ok();
                admitted.ok().and_then(|(permit, change)| {
                    circuit.permits.push(permit);
                    change
                })
            }
            Step::Content(which, jitter) => {
                let at = at(jitter);
                circuit.permits[which.index(permits)].first_content(at)
            }
            Step::Succeed(which, jitter) => {
                let at = at(jitter);
                circuit.permits.remove(which.index(permits)).succeed(at)
            }
            Step::Fail(which, failure, jitter) => {
                let at = at(jitter);
                circuit
                    .permits
                    .remove(which.index(permits))
                    .fail(failure, at)
            }
            Step::Drop(which) => {
                drop(circuit.permits.remove(which.index(permits)));
                None
            }
            Step::Force(state) => circuit.locked.force(state),
        };
        if let Some(change) = change {
            assert_eq!(change.from, circuit.shown, "a change that was not told");
            circuit.shown = change.to;
        }
        circuit
    }

    fn check_invariants(circuit: &Self, model: &Model) {
        let (state, seen, stale) = circuit.locked.look(|machine| {
            (
                machine.state(),
                machine.totals(circuit.now),
                machine.stale(),
            )
        });
        assert_eq!(state, model.shown());
        assert_eq!(state, circuit.shown, "every change is told");
        assert_eq!(circuit.admitted, model.admitted);
        assert_eq!(
            circuit.locked.refusal(circuit.now).is_some(),
            model.refuses()
        );
        assert_eq!(stale, model.stale);
        let samples = model.recent().filter(|sample| sample.failed.is_some());
        let failures = model.recent().filter(|sample| sample.failed == Some(true));
        assert_eq!(seen.samples as usize, samples.count());
        assert_eq!(seen.failures as usize, failures.count());
        if let (State::Open { until }, true) = (&model.state, model.refuses()) {
            let told = circuit.locked.refusal(circuit.now);
            assert_eq!(told, Some(Refusal::Until(*until)));
        }
    }
}
