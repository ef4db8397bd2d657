//! Every interleaving of a few calls through one circuit.
//!
//! The circuit's own files are compiled in here with loom's lock in place of std's.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::time::Duration;

use loom::thread;

use self::{
    locked::{Locked, Permit},
    rules::{Change, CircuitState, Failure, Moment, Rules},
};

mod sync {
    pub(crate) use loom::sync::{Arc, Mutex};
}

#[path = "../src/middleware/breaker/locked.rs"]
mod locked;
#[path = "../src/middleware/breaker/ring.rs"]
mod ring;
#[path = "../src/middleware/breaker/rules.rs"]
mod rules;
#[path = "../src/middleware/breaker/state.rs"]
mod state;

const REST: u64 = 5;
const LEASE: u64 = 30;

fn circuit(consecutive: u32, probes: u32) -> Locked {
    Locked::new(Rules {
        failure_rate: 1.0,
        over: 1_000,
        consecutive,
        slow: None,
        rest: Duration::from_secs(REST),
        longest_rest: Duration::from_secs(60),
        probes,
        lease: Duration::from_secs(LEASE),
    })
}

/// One that may half-open at [`REST`].
fn rested(probes: u32) -> Locked {
    let circuit = circuit(1, probes);
    fail(admit(&circuit, 0).unwrap(), 0).expect("one failure opens it");
    circuit
}

fn at(now: u64) -> Moment {
    Moment {
        now: Duration::from_secs(now),
        jitter: 1.0,
    }
}

fn admit(circuit: &Locked, now: u64) -> Option<Permit> {
    Some(circuit.admit(at(now).now).ok()?.0)
}

fn fail(permit: Permit, now: u64) -> Option<Change> {
    permit.fail(Failure::default(), at(now))
}

fn state(circuit: &Locked) -> CircuitState {
    circuit.look(state::Machine::state)
}

fn stale(circuit: &Locked) -> u64 {
    circuit.look(state::Machine::stale)
}

#[test]
fn whoever_asks_first_after_a_rest_half_opens_and_only_as_many_as_may_probe_get_in() {
    loom::model(|| {
        let circuit = rested(2);
        let ask = |circuit: Locked| move || circuit.admit(at(REST).now).ok();
        let others = [
            thread::spawn(ask(circuit.clone())),
            thread::spawn(ask(circuit.clone())),
        ];
        let ours = ask(circuit.clone())();
        let admitted: Vec<_> = others
            .into_iter()
            .map(|other| other.join().unwrap())
            .chain([ours])
            .flatten()
            .collect();
        assert_eq!(admitted.len(), 2);
        let changes = admitted.iter().filter(|(_, change)| change.is_some());
        assert_eq!(changes.count(), 1, "the change is told once");
        drop(admitted);
        assert!(
            admit(&circuit, REST).is_some(),
            "both places are free again"
        );
    });
}

#[test]
fn a_probe_that_succeeds_and_one_that_fails_end_in_one_change_and_open() {
    loom::model(|| {
        let circuit = rested(2);
        let good = admit(&circuit, REST).unwrap();
        let bad = admit(&circuit, REST).unwrap();
        let failing = thread::spawn(move || fail(bad, REST));
        let closed = good.succeed(at(REST));
        let opened = failing.join().unwrap();
        assert_eq!(closed, None);
        assert_eq!(opened.unwrap().to, CircuitState::Open);
        assert_eq!(state(&circuit), CircuitState::Open);
        assert!(stale(&circuit) <= 1);
    });
}

#[test]
fn the_last_two_successes_close_it_once() {
    loom::model(|| {
        let circuit = rested(2);
        let one = admit(&circuit, REST).unwrap();
        let two = admit(&circuit, REST).unwrap();
        let other = thread::spawn(move || one.succeed(at(REST)));
        let changes = [two.succeed(at(REST)), other.join().unwrap()];
        let closed = changes.iter().flatten().count();
        assert_eq!((closed, state(&circuit)), (1, CircuitState::Closed));
        assert_eq!(stale(&circuit), 0);
    });
}

#[test]
fn failures_at_once_open_it_once_and_what_comes_after_is_late() {
    loom::model(|| {
        let circuit = circuit(2, 1);
        let calls: Vec<_> = (0..3).map(|_| admit(&circuit, 0).unwrap()).collect();
        let failing: Vec<_> = calls
            .into_iter()
            .map(|call| thread::spawn(move || fail(call, 1)))
            .collect();
        let changes: Vec<_> = failing
            .into_iter()
            .filter_map(|call| call.join().unwrap())
            .collect();
        assert_eq!(changes.len(), 1);
        assert_eq!(state(&circuit), CircuitState::Open);
        assert_eq!(stale(&circuit), 1, "the third");
    });
}

#[test]
fn f096_a_late_failure_neither_reopens_nor_takes_a_place() {
    loom::model(|| {
        let circuit = circuit(1, 1);
        let late = admit(&circuit, 0).unwrap();
        fail(admit(&circuit, 0).unwrap(), 0).unwrap();
        let failing = thread::spawn(move || fail(late, REST));
        let probe = admit(&circuit, REST).unwrap();
        assert_eq!(failing.join().unwrap(), None);
        assert_eq!(state(&circuit), CircuitState::HalfOpen);
        assert!(admit(&circuit, REST).is_none(), "the place is held");
        let closed = probe.succeed(at(REST)).unwrap();
        assert_eq!(closed.to, CircuitState::Closed);
    });
}

#[test]
fn f097_a_probe_that_is_dropped_gives_back_its_own_place_only() {
    loom::model(|| {
        let circuit = rested(1);
        let probe = admit(&circuit, REST).unwrap();
        let other = circuit.clone();
        let asking = thread::spawn(move || admit(&other, REST));
        drop(probe);
        let second = asking.join().unwrap();
        let third = admit(&circuit, REST);
        assert!(
            second.is_some() != third.is_some(),
            "one place, one probe: no more and no less"
        );
        assert_eq!(stale(&circuit), 0, "and no sample");
    });
}

#[test]
fn f098_a_probe_that_outlives_its_lease_does_not_free_its_successor_s_place() {
    for end in [
        |permit: Permit| drop(permit),
        |permit: Permit| assert_eq!(permit.succeed(at(REST + LEASE)), None),
        |permit: Permit| assert_eq!(fail(permit, REST + LEASE), None),
        |mut permit: Permit| assert_eq!(permit.first_content(at(REST + LEASE)), None),
    ] {
        loom::model(move || {
            let circuit = rested(1);
            let endless = admit(&circuit, REST).unwrap();
            let ending = thread::spawn(move || end(endless));
            let successor = admit(&circuit, REST + LEASE).expect("the lease is over");
            ending.join().unwrap();
            assert_eq!(state(&circuit), CircuitState::HalfOpen);
            assert!(admit(&circuit, REST + LEASE).is_none());
            let closed = successor.succeed(at(REST + LEASE)).unwrap();
            assert_eq!(closed.to, CircuitState::Closed);
        });
    }
}

#[test]
fn what_is_told_by_hand_stands_over_what_probes_find() {
    loom::model(|| {
        let circuit = rested(1);
        let mut probe = admit(&circuit, REST).unwrap();
        let probing = thread::spawn(move || {
            probe.first_content(at(REST));
            fail(probe, REST)
        });
        circuit.force(CircuitState::ForcedOpen);
        probing.join().unwrap();
        assert_eq!(state(&circuit), CircuitState::ForcedOpen);
        circuit.force(CircuitState::Closed);
        assert_eq!(state(&circuit), CircuitState::Closed);
        assert!(admit(&circuit, REST).is_some());
    });
}
