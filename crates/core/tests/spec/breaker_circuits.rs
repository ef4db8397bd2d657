//! The circuits of an endpoint: one for each model, watched and worked by hand.

use std::{
    fmt::Write,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::advance;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};
use trunkline_core::{
    ErrorKind,
    middleware::{Breaker, CircuitState, Stack},
};

use crate::{
    breaker::{Does, Endpoint},
    support::{Answer, Wire, parrot::endpoints},
};

const DOWN: Does = Does::Fail(ErrorKind::Server);

fn endpoint() -> Endpoint {
    Endpoint::new(Breaker::default())
}

#[tokio::test(start_paused = true)]
async fn each_model_has_its_own() {
    let endpoint = endpoint();
    endpoint.times(10, DOWN).await;
    endpoint.does(Does::Well);
    assert!(endpoint.ask("m").await.is_err());
    assert!(endpoint.ask("another").await.is_ok());
    let states = endpoint.circuits.states();
    assert_eq!(
        states
            .iter()
            .map(|status| (&*status.model, status.state))
            .collect::<Vec<_>>(),
        [("another", CircuitState::Closed), ("m", CircuitState::Open)]
    );
}

#[tokio::test(start_paused = true)]
async fn backends_behind_clones_share_them_and_a_breaker_makes_new_ones() {
    let endpoint = endpoint();
    let shared = endpoint.backend.clone().layer(endpoint.circuits.clone());
    let own = crate::support::parrot::backend(|_| async {
        Err(trunkline_core::Error::new(ErrorKind::Server, "x"))
    });
    let breaker = Breaker::default();
    let (one, other) = (own.clone().layer(breaker), own.layer(breaker));
    for _ in 0..10 {
        one.call(crate::breaker::call("m")).await.unwrap_err();
    }
    let kind = |result: trunkline_core::Result<_>| result.map(drop).unwrap_err().kind();
    assert_eq!(
        kind(one.call(crate::breaker::call("m")).await),
        ErrorKind::CircuitOpen
    );
    assert_eq!(
        kind(other.call(crate::breaker::call("m")).await),
        ErrorKind::Server
    );
    endpoint.times(10, DOWN).await;
    assert_eq!(
        kind(shared.call(crate::breaker::call("m")).await),
        ErrorKind::CircuitOpen
    );
}

#[tokio::test(start_paused = true)]
async fn there_are_a_thousand_and_twenty_four_and_those_that_act_stay_longest() {
    let endpoint = endpoint();
    endpoint.times(10, DOWN).await;
    let watched = endpoint.circuits.watch("watched");
    endpoint.does(Does::Well);
    for nth in 0..3_000 {
        endpoint.ask(&format!("m{nth}")).await.unwrap();
        advance(Duration::from_micros(1)).await;
    }
    let states = endpoint.circuits.states();
    assert_eq!(states.len(), 1_024);
    let is_there = |model: &str| states.iter().any(|status| &*status.model == model);
    assert!(is_there("m") && is_there("watched") && is_there("m2999"));
    assert!(!is_there("m0"), "the one that was used least lately went");
    assert!(endpoint.circuits.is_open("m"));
    assert!(watched.has_changed().is_ok(), "its circuit lives");
}

#[tokio::test(start_paused = true)]
async fn where_all_are_in_use_calls_of_others_pass_unwatched() {
    let endpoint = endpoint();
    let watchers: Vec<_> = (0..1_024)
        .map(|nth| endpoint.circuits.watch(&format!("m{nth}")))
        .collect();
    endpoint.does(DOWN);
    for _ in 0..20 {
        let error = endpoint.ask("one more").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server);
    }
    assert_eq!(endpoint.circuits.states().len(), 1_024);
    drop(watchers);
}

#[tokio::test(start_paused = true)]
async fn a_look_changes_nothing() {
    let endpoint = endpoint();
    assert!(!endpoint.circuits.is_open("m"));
    assert!(endpoint.circuits.states().is_empty(), "nor makes a circuit");
    endpoint.times(10, DOWN).await;
    assert!(endpoint.circuits.is_open("m"));
    advance(Duration::from_secs(6)).await;
    assert!(!endpoint.circuits.is_open("m"), "a call would be let in");
    assert_eq!(endpoint.state(), CircuitState::Open, "but none has come");
}

#[tokio::test(start_paused = true)]
async fn who_watches_sees_every_state_in_its_turn() {
    let endpoint = endpoint();
    let mut changes = endpoint.circuits.watch("m");
    assert_eq!(*changes.borrow_and_update(), CircuitState::Closed);
    endpoint.times(10, DOWN).await;
    assert!(changes.has_changed().unwrap());
    assert_eq!(*changes.borrow_and_update(), CircuitState::Open);
    advance(Duration::from_secs(6)).await;
    endpoint.times(1, Does::Well).await;
    assert_eq!(*changes.borrow_and_update(), CircuitState::HalfOpen);
    endpoint.times(2, Does::Well).await;
    assert_eq!(*changes.borrow_and_update(), CircuitState::Closed);
    endpoint.times(2, Does::Well).await;
    assert!(!changes.has_changed().unwrap(), "no change, no news");
}

#[tokio::test(start_paused = true)]
async fn what_is_opened_by_hand_stays_open_for_models_unheard_of_too() {
    let endpoint = endpoint();
    endpoint.times(1, Does::Well).await;
    endpoint.circuits.force_open();
    advance(Duration::from_secs(86_400)).await;
    for model in ["m", "unheard of"] {
        assert!(endpoint.circuits.is_open(model));
        let refusal = endpoint.ask(model).await.unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::CircuitOpen);
        assert_eq!(refusal.retry_after(), None, "nobody can tell");
    }
    assert_eq!(
        (endpoint.asked(), endpoint.state()),
        (1, CircuitState::ForcedOpen)
    );
    endpoint.circuits.reset();
    endpoint.ask("m").await.unwrap();
    endpoint.ask("unheard of").await.unwrap();
    assert_eq!(endpoint.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_is_closed_by_hand_lets_failures_pass_until_it_watches_again() {
    let endpoint = endpoint();
    endpoint.times(10, DOWN).await;
    endpoint.circuits.force_close();
    endpoint.times(100, DOWN).await;
    assert_eq!(
        (endpoint.asked(), endpoint.state()),
        (110, CircuitState::ForcedClosed)
    );
    assert_eq!(endpoint.circuits.states()[0].samples, 0);
    assert_eq!(endpoint.circuits.states()[0].stale, 0);
    endpoint.circuits.reset();
    endpoint.times(9, DOWN).await;
    assert_eq!(endpoint.state(), CircuitState::Closed, "with a clean slate");
    endpoint.times(1, DOWN).await;
    assert_eq!(endpoint.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_serializes() {
    let endpoint = endpoint();
    endpoint.times(3, DOWN).await;
    let shown = serde_json::to_value(endpoint.circuits.states()).unwrap();
    assert_eq!(
        shown,
        serde_json::json!([{
            "model": "m", "state": "closed", "retry_after": null,
            "samples": 3, "failures": 3, "stale": 0,
        }])
    );
    endpoint.times(7, DOWN).await;
    let status = &endpoint.circuits.states()[0];
    assert!(status.retry_after.unwrap() >= Duration::from_secs(4));
    for (state, name) in [
        (CircuitState::HalfOpen, "half_open"),
        (CircuitState::ForcedOpen, "forced_open"),
        (CircuitState::ForcedClosed, "forced_closed"),
    ] {
        assert_eq!(serde_json::to_value(state).unwrap(), name);
        assert_eq!(state.name(), name);
    }
}

/// Events as lines: target, then their fields.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, " {}={value}", field.name()).unwrap();
    }
}

impl<S: Subscriber> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(event.metadata().target().to_owned());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

#[tokio::test(start_paused = true)]
async fn every_change_is_one_event_and_says_no_more_than_what_changed() {
    crate::support::listen();
    let log = Log::default();
    let subscriber = tracing_subscriber::registry().with(log.clone());
    let _guard = tracing::subscriber::set_default(subscriber);
    let endpoint = endpoint();
    endpoint.times(20, DOWN).await;
    advance(Duration::from_secs(6)).await;
    endpoint.times(10, Does::Well).await;
    endpoint.circuits.force_open();
    endpoint.circuits.force_open();
    endpoint.circuits.reset();
    let lines = log.0.lock().unwrap().clone();
    let expected = [
        ("closed", "open"),
        ("open", "half_open"),
        ("half_open", "closed"),
        ("closed", "forced_open"),
        ("forced_open", "closed"),
    ]
    .map(|(from, to)| format!("trunkline message=circuit changed from={from} to={to} model=m"));
    assert_eq!(lines, expected);
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let usual = Breaker::default();
    let second = Duration::from_secs(1);
    for (breaker, setting) in [
        (usual.failure_rate(0.0), "failure_rate"),
        (usual.failure_rate(-0.5), "failure_rate"),
        (usual.failure_rate(1.1), "failure_rate"),
        (usual.failure_rate(f64::NAN), "failure_rate"),
        (usual.over(0), "over"),
        (usual.consecutive(0), "consecutive"),
        (usual.rest(Duration::ZERO), "rest"),
        (usual.rest(second * 61), "longest_rest"),
        (usual.longest_rest(second), "longest_rest"),
        (usual.probes(0), "probes"),
        (usual.probes(101), "probes"),
        (usual.lease(Duration::ZERO), "lease"),
        (usual.slow(Duration::ZERO, 0.8), "slow"),
        (usual.slow(second, 0.0), "slow"),
        (usual.slow(second, f64::NAN), "slow"),
    ] {
        let error = breaker.circuits().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        let named = format!("`{setting}`");
        assert!(error.message().contains(&named), "{setting}: {error}");
    }
    let edge = usual.failure_rate(1.0).over(1).consecutive(1).probes(100);
    assert!(edge.slow(second, 1.0).rest(second * 60).circuits().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_was_opened_by_hand_says_no_time() {
    let wire = Wire::new([Answer::status(500)]);
    for count in [1, 2] {
        let account = endpoints(&wire, count, Stack::default());
        for (_, circuits) in account.backend().circuits() {
            circuits.force_open();
        }
        let error = account.model("ara").chat("hi").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CircuitOpen);
        assert_eq!(error.retry_after(), None);
    }
}
