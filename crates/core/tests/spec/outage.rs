//! A provider that is down: how much it is asked, and how soon it is used again.

use std::{
    future::IntoFuture,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use trunkline_core::{
    ChatResponse, ErrorKind, Model, Result,
    middleware::{CircuitState, Stack},
};

use crate::support::{Answer, Wire, account};

const SECOND: Duration = Duration::from_secs(1);

fn ok() -> Answer {
    Answer::json(r#"{"say":"hi"}"#)
}

fn model(wire: &Wire, stack: Stack) -> Model {
    account(wire, |builder| builder.stack(stack)).model("ara")
}

/// So many calls, a hundred a second: when each began, and what came of it.
async fn a_hundred_a_second(model: &Model, calls: usize) -> Vec<(Instant, Result<ChatResponse>)> {
    let mut running = Vec::with_capacity(calls);
    for _ in 0..calls {
        let call = model.chat("hi").into_future();
        running.push((Instant::now(), tokio::spawn(call)));
        sleep(Duration::from_millis(10)).await;
    }
    let mut results = Vec::with_capacity(calls);
    for (began, call) in running {
        results.push((began, call.await.unwrap()));
    }
    results
}

fn part_of_successes<'a>(results: impl Iterator<Item = &'a Result<ChatResponse>>) -> f64 {
    let (mut successes, mut all) = (0, 0);
    for result in results {
        successes += usize::from(result.is_ok());
        all += 1;
    }
    successes as f64 / all as f64
}

/// The states of the model's circuit, and since when.
#[derive(Clone, Debug, Default)]
struct Diary(Arc<Mutex<Vec<(Instant, CircuitState)>>>);

impl Diary {
    fn of(model: &Model) -> Self {
        let diary = Self::default();
        let mut states = model.backend().circuits()[0].1.watch(model.name());
        let pages = diary.0.clone();
        tokio::spawn(async move {
            while states.changed().await.is_ok() {
                let state = *states.borrow_and_update();
                pages.lock().unwrap().push((Instant::now(), state));
            }
        });
        diary
    }

    fn pages(&self) -> Vec<(Instant, CircuitState)> {
        self.0.lock().unwrap().clone()
    }

    fn first(&self, state: CircuitState) -> Option<Instant> {
        let pages = self.pages();
        let page = pages.iter().find(|(_, entered)| *entered == state)?;
        Some(page.0)
    }
}

#[tokio::test(start_paused = true)]
async fn f092_without_a_breaker_a_full_outage_is_asked_little_more_than_there_are_calls() {
    for (calls, most) in [(100, 110), (1_000, 1_010), (10_000, 10_020)] {
        let wire = Wire::new([Answer::status(503)]);
        let model = model(&wire, Stack::default().breaker(None));
        let results = a_hundred_a_second(&model, calls).await;
        assert!(results.iter().all(|(_, result)| result.is_err()));
        let sent = wire.requests();
        println!(
            "F092: {calls} calls, {sent} requests: {:.4} each",
            sent as f64 / calls as f64
        );
        assert!((calls..=most).contains(&sent), "{sent} for {calls}");
    }
}

#[tokio::test(start_paused = true)]
async fn f092_with_a_breaker_it_is_asked_ten_times_and_then_three_times_a_rest_at_most() {
    fastrand::seed(4);
    for (calls, longest) in [(100, 20), (1_000, 30), (10_000, 65)] {
        // Long enough that a fourth would come while three probes are under way.
        let latency = Duration::from_millis(50);
        let wire = Wire::by(move |_| Answer::status(503).head_after(latency));
        let model = model(&wire, Stack::default());
        let diary = Diary::of(&model);
        let results = a_hundred_a_second(&model, calls).await;
        let open: Vec<Instant> = diary
            .pages()
            .into_iter()
            .filter_map(|(at, state)| (state == CircuitState::Open).then_some(at))
            .collect();
        let sent = wire.sent();
        let before = sent.iter().filter(|seen| seen.at <= open[0]).count();
        let mut ends = open[1..].to_vec();
        ends.push(Instant::now());
        let probes: Vec<usize> = open
            .iter()
            .zip(ends)
            .map(|(from, to)| {
                let probes = sent.iter().filter(|seen| *from < seen.at && seen.at <= to);
                probes.count()
            })
            .collect();
        println!(
            "F092: {calls} calls with a breaker: {before} requests until it opens, {} in all, probes {probes:?}",
            sent.len()
        );
        // Five a latency are under way while the tenth fails, and some retries.
        assert!((10..=20).contains(&before), "{before}");
        assert!(probes.iter().all(|probes| *probes <= 3), "{probes:?}");
        assert!(sent.len() <= longest, "{}", sent.len());
        let refused = results
            .iter()
            .filter_map(|(_, result)| result.as_ref().err());
        let refused = refused.filter(|error| error.kind() == ErrorKind::CircuitOpen);
        assert!(refused.count() >= calls - longest);
    }
}

#[tokio::test(start_paused = true)]
async fn f093_an_outage_that_ends_is_noticed_within_thirteen_seconds() {
    // Wherever in a rest it ends.
    for seconds in [60, 62, 64, 66, 68, 70] {
        fastrand::seed(seconds);
        let ends = Instant::now() + Duration::from_secs(seconds);
        let latency = Duration::from_millis(200);
        let wire = Wire::by(move |request| {
            let answer = if request.at < ends {
                Answer::status(503)
            } else {
                ok()
            };
            answer.head_after(latency)
        });
        let model = model(&wire, Stack::default());
        let diary = Diary::of(&model);
        let results = a_hundred_a_second(&model, 9_000).await;

        let well: Vec<_> = results
            .iter()
            .filter(|(_, result)| result.is_ok())
            .collect();
        let first = well[0].0.saturating_duration_since(ends);
        let late = ends + 15 * SECOND;
        let after = results.iter().filter(|(at, _)| *at >= late);
        let part = part_of_successes(after.map(|(_, result)| result));

        let opened = diary.first(CircuitState::Open).unwrap();
        let closed = diary.first(CircuitState::Closed).unwrap();
        let sent: Vec<Instant> = wire.sent().iter().map(|seen| seen.at).collect();
        let careful = sent
            .iter()
            .filter(|at| (opened..closed).contains(at) && **at > opened);
        let at_once = careful
            .map(|at| {
                let overlap = sent
                    .iter()
                    .filter(|other| **other > opened && **other <= *at && *at < **other + latency);
                overlap.count()
            })
            .max()
            .unwrap_or(0);
        println!(
            "F093: first success {first:?} after the end, {part:.4} of the calls from 15 s on, {at_once} at once until closed"
        );
        assert!(first <= 13 * SECOND, "{first:?}");
        assert!(part >= 0.99, "{part}");
        assert!((1..=3).contains(&at_once), "{at_once}");
    }
}

#[tokio::test(start_paused = true)]
async fn f094_one_failure_in_ten_is_hardly_noticed() {
    for seed in 0..2 {
        fastrand::seed(100 + seed);
        let dice = Mutex::new(fastrand::Rng::with_seed(seed));
        let wire = Wire::by(move |_| match dice.lock().unwrap().u8(0..10) {
            0 => Answer::status(503),
            _ => ok(),
        });
        let model = model(&wire, Stack::default());
        let results = a_hundred_a_second(&model, 10_000).await;
        let part = part_of_successes(results.iter().map(|(_, result)| result));
        let sent = wire.requests();
        println!("F094: {part:.4} of 10,000 calls succeed, {sent} requests");
        assert!(part >= 0.997, "{part}");
        assert!(sent <= 11_500, "{sent}");
    }
}

#[tokio::test(start_paused = true)]
async fn f095_after_ten_thousand_successes_it_opens_within_ten_failures() {
    let down = Instant::now() + 100 * SECOND;
    let wire = Wire::by(move |request| {
        if request.at < down {
            ok()
        } else {
            Answer::status(503)
        }
    });
    let model = model(&wire, Stack::default());
    let results = a_hundred_a_second(&model, 10_000).await;
    assert!(results.iter().all(|(_, result)| result.is_ok()));
    wire.forget();
    let results = a_hundred_a_second(&model, 200).await;
    assert!(results.iter().all(|(_, result)| result.is_err()));
    println!("F095: {} failures until it opens", wire.requests());
    assert!(wire.requests() <= 10, "{}", wire.requests());
}
