//! F114: calls that are dropped at any moment of their lives leave nothing behind.

use std::{
    future::{Future, IntoFuture, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    time::Duration,
};

use futures_util::{StreamExt, future::join_all, stream::FuturesUnordered};
use tokio::time::{Instant, advance, sleep, timeout};
use trunkline_core::{
    Account, Model, Result, Secret,
    middleware::{CircuitState, Gate, KeySource, Pick, RateLimit, Stack},
    stats::EndpointStats,
};

use crate::support::{
    Answer, Wire,
    parrot::{account, builder, endpoints},
};

const HI: &str = r#"{"say":"hi"}"#;
const STOP: &str = r#"{"stop":1}"#;
const SECOND: Duration = Duration::from_secs(1);

/// One kind of call, on a fresh account that is on the brink of what it is about.
type Flow = Pin<Box<dyn Future<Output = Result<()>>>>;

/// Polls `flow` whenever it wants to be, so many times at most, and drops it. Whether it was over
/// before.
async fn polled(mut flow: Flow, times: usize) -> bool {
    let mut polls = 0;
    poll_fn(|cx| {
        if polls == times {
            return Poll::Ready(false);
        }
        polls += 1;
        match flow.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if polls == times => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn unary(model: &Model) -> Flow {
    let call = model.chat("hi").into_future();
    Box::pin(async move { call.await.map(drop) })
}

fn streamed(model: &Model) -> Flow {
    let call = model.chat("hi").stream();
    Box::pin(async move { call.await?.collect().await.map(drop) })
}

fn buffered(model: &Model) -> Flow {
    let call = model.chat("hi").buffered();
    Box::pin(async move { call.await.map(drop) })
}

/// A good answer to whatever is asked, a little at a time.
fn slowly(request: &crate::support::wire::Seen) -> Answer {
    let is_stream = request
        .body
        .windows(13)
        .any(|word| word == br#""stream":true"#);
    let head = Duration::from_millis(20);
    if is_stream {
        let start = Answer::events([r#"{"model":"ara"}"#]).head_after(head);
        start
            .pause(1)
            .event(HI)
            .pause(1)
            .event(HI)
            .event(STOP)
            .event("[DONE]")
    } else {
        Answer::json(r#"{"say":"#)
            .head_after(head)
            .pause(1)
            .body(r#""hi"}"#)
    }
}

/// Nothing runs, waits, is held open or leans against a circuit; and the next calls are served.
async fn is_clean(account: &Account, wire: &Wire, what: &str) {
    let stats = account.backend().stats();
    for endpoint in &stats.endpoints {
        assert_eq!(
            (endpoint.running, endpoint.queued),
            (0, 0),
            "{what}: {endpoint:?}"
        );
    }
    for key in &stats.keys {
        assert_eq!(
            (key.running.unwrap_or(0), key.queued),
            (0, 0),
            "{what}: {key:?}"
        );
    }
    assert_eq!(wire.open_bodies(), 0, "{what}");
    // Whatever was wrong and was not tried to its end is tried now, and found well.
    let began = Instant::now();
    for _ in 0..8 {
        for result in join_all((0..3).map(|_| unary(&account.model("ara")))).await {
            result.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        }
    }
    assert!(
        began.elapsed() <= 30 * SECOND,
        "{what}: {:?}",
        began.elapsed()
    );
    let endpoints = account.backend().stats().endpoints;
    assert!(
        endpoints.iter().all(|endpoint| !endpoint.ejected),
        "{what}: {endpoints:?}"
    );
    for circuit in endpoints.iter().flat_map(|endpoint| &endpoint.circuits) {
        assert_eq!(circuit.state, CircuitState::Closed, "{what}: {circuit:?}");
    }
    let began = Instant::now();
    account.backend().close(3_600 * SECOND).await;
    assert_eq!(
        began.elapsed(),
        Duration::ZERO,
        "{what}: somebody is taken to be there still"
    );
}

/// Drops a flow after every number of polls that it takes, each time on a fresh account.
async fn dropped_after_every_poll<F, Fut>(name: &str, mut begin: F)
where
    F: FnMut() -> Fut,
    Fut: Future<Output = (Account, Wire, Flow)>,
{
    for times in 0.. {
        let (account, wire, flow) = begin().await;
        let is_over = polled(flow, times).await;
        is_clean(&account, &wire, &format!("{name}, {times} polls")).await;
        if is_over {
            assert!(times > 1, "{name} was over before it could be dropped");
            println!("F114: {name}: dropped after 0 to {} polls", times - 1);
            return;
        }
        assert!(times < 200, "{name} does not end");
    }
}

#[tokio::test(start_paused = true)]
async fn f114_a_call_of_any_kind() {
    for (name, begin) in [
        ("unary", unary as fn(&Model) -> Flow),
        ("stream", streamed),
        ("buffered", buffered),
    ] {
        for count in [1, 2] {
            dropped_after_every_poll(&format!("{name} with {count} endpoints"), || async {
                let wire = Wire::by(slowly);
                let account = endpoints(&wire, count, Stack::default());
                let flow = begin(&account.model("ara"));
                (account, wire, flow)
            })
            .await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f114_a_call_in_line() {
    dropped_after_every_poll("queue", || async {
        let wire = Wire::by(slowly);
        let stack = Stack::default().endpoint_limits(Gate::new(1, 4));
        let account = endpoints(&wire, 1, stack.key_concurrency(2));
        // One runs, one waits for the endpoint, and two wait for the key.
        let model = account.model("ara");
        let calls = join_all([
            streamed(&model),
            unary(&model),
            buffered(&model),
            unary(&model),
        ]);
        let flow: Flow = Box::pin(async move { calls.await.into_iter().collect() });
        (account, wire, flow)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn f114_a_call_between_two_attempts() {
    dropped_after_every_poll("backoff", || async {
        let failures = AtomicUsize::new(0);
        let wire = Wire::by(move |request| match failures.fetch_add(1, SeqCst) {
            0 => Answer::status(503).header("retry-after", "3").pause(1),
            1 => Answer::reset().head_after(SECOND),
            _ => slowly(request),
        });
        let account = endpoints(&wire, 1, Stack::default());
        let flow = streamed(&account.model("ara"));
        (account, wire, flow)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn f114_a_call_that_waits_for_a_key_that_rests() {
    dropped_after_every_poll("cooling", || async {
        let failures = AtomicUsize::new(0);
        let wire = Wire::by(move |request| match failures.fetch_add(1, SeqCst) {
            0 | 1 => Answer::status(429).header("retry-after", "5"),
            _ => slowly(request),
        });
        let account = account(&wire, |builder| builder.key("key-2"));
        let flow = streamed(&account.model("ara"));
        (account, wire, flow)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn f114_a_call_for_which_a_key_is_fetched() {
    #[derive(Default)]
    struct Vault(AtomicUsize);
    impl KeySource for Vault {
        async fn fetch(&self) -> Result<Secret> {
            sleep(SECOND).await;
            Ok(format!("key-{}", self.0.fetch_add(1, SeqCst)).into())
        }
    }
    dropped_after_every_poll("key fetch", || async {
        let wire = Wire::by(|request| match request.key() {
            "key-0" => Answer::status(401),
            _ => slowly(request),
        });
        let keyed = builder().client(wire.client()).key_from(Vault::default());
        let account = keyed.build().unwrap();
        let flow = streamed(&account.model("ara"));
        (account, wire, flow)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn f114_a_probe_of_a_circuit() {
    for count in [1, 2] {
        dropped_after_every_poll(&format!("half-open, {count} endpoints"), || async {
            let failures = AtomicUsize::new(0);
            let wire = Wire::by(move |request| {
                if failures.fetch_add(1, SeqCst) < 10 * count {
                    Answer::status(503)
                } else {
                    slowly(request)
                }
            });
            let account = endpoints(&wire, count, Stack::default());
            for _ in 0..10 * count {
                unary(&account.model("ara")).await.ok();
            }
            let circuits = account.backend().circuits();
            assert!(circuits.iter().all(|(_, circuits)| circuits.is_open("ara")));
            // The rests of the circuits are over, and that of the ejected endpoint.
            advance(40 * SECOND).await;
            let flow = streamed(&account.model("ara"));
            (account, wire, flow)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn f114_a_probe_of_an_ejected_endpoint() {
    dropped_after_every_poll("ejected", || async {
        let failures = AtomicUsize::new(0);
        let wire = Wire::by(move |request| match request.host() {
            "a.example" if failures.fetch_add(1, SeqCst) < 5 => Answer::status(500),
            _ => slowly(request),
        });
        let stack = Stack::default().pick(Pick::First);
        let account = endpoints(&wire, 2, stack.key_concurrency(1));
        for _ in 0..5 {
            unary(&account.model("ara")).await.unwrap();
        }
        assert!(account.backend().stats().endpoints[0].ejected);
        advance(40 * SECOND).await;
        let flow = streamed(&account.model("ara"));
        (account, wire, flow)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn f114_who_waits_for_a_probe_that_is_dropped_is_the_next_probe() {
    let answers = AtomicUsize::new(0);
    let wire = Wire::by(move |_| match answers.fetch_add(1, SeqCst) {
        0 | 1 => Answer::status(429).header("retry-after", "5"),
        2 | 3 => Answer::json(HI).head_after(3_600 * SECOND),
        _ => Answer::json(HI),
    });
    let account = account(&wire, |builder| builder.key("key-2"));
    let model = account.model("ara");
    let calls: Vec<_> = (0..2)
        .map(|_| tokio::spawn(timeout(8 * SECOND, model.chat("hi").into_future())))
        .collect();
    sleep(7 * SECOND).await;
    assert_eq!(wire.requests(), 4, "two refused, two that try");
    let began = Instant::now();
    model.chat("hi").await.unwrap();
    assert!(began.elapsed() <= 2 * SECOND, "{:?}", began.elapsed());
    for call in calls {
        call.await.unwrap().unwrap_err();
    }
}

/// The same within milliseconds.
fn quickly(request: &crate::support::wire::Seen) -> Answer {
    let is_stream = request
        .body
        .windows(13)
        .any(|word| word == br#""stream":true"#);
    let head = Duration::from_millis(5);
    if is_stream {
        let start = Answer::events([HI]).head_after(head);
        start.pause_millis(5).event(HI).pause_millis(5).event(STOP)
    } else {
        Answer::json(r#"{"say":"#)
            .head_after(head)
            .pause_millis(5)
            .body(r#""hi"}"#)
    }
}

#[tokio::test(start_paused = true)]
async fn f114_a_hundred_thousand_calls_dropped_at_random() {
    const CALLS: usize = 100_000;
    const AT_ONCE: usize = 100;
    fastrand::seed(114);
    let dice = Mutex::new(fastrand::Rng::with_seed(1));
    let is_stormy = Arc::new(AtomicBool::new(true));
    let storm = is_stormy.clone();
    let wire = Wire::by(move |request| {
        let wind = if storm.load(SeqCst) {
            dice.lock().unwrap().u8(0..100)
        } else {
            100
        };
        let wait = Duration::from_millis(u64::from(wind % 7));
        match wind {
            0..3 => Answer::status(503).head_after(wait),
            3 => Answer::status(429).header("retry-after-ms", "20"),
            4 => Answer::reset().head_after(wait),
            5 => Answer::events([HI]).broken(),
            _ => quickly(request),
        }
    });
    let stack = Stack::default()
        .endpoint_limits(Gate::new(30, 40))
        .key_concurrency(40)
        .key_limits(RateLimit::new().requests_per_minute(10_000_000));
    let account = account(&wire, |builder| {
        let builder = builder.key("key-2").stack(stack);
        let builder = builder.endpoint("https://a.example/v1");
        builder.endpoint("https://b.example/v1")
    });
    let model = account.model("ara");
    let mut dice = fastrand::Rng::with_seed(2);
    let mut running = FuturesUnordered::new();
    let (mut over, mut dropped) = (0_usize, 0_usize);
    for begun in 1..=CALLS {
        let flow = match dice.u8(0..3) {
            0 => unary(&model),
            1 => streamed(&model),
            _ => buffered(&model),
        };
        let flow = Box::pin(async move {
            let result = flow.await;
            // Who was refused takes a break, so that a rest is not over in no time.
            if result.is_err() {
                sleep(Duration::from_millis(100)).await;
            }
            result
        });
        let polls = dice.usize(0..16);
        let patience = Duration::from_millis(dice.u64(0..60));
        running.push(async move {
            timeout(patience, polled(flow, polls))
                .await
                .unwrap_or(false)
        });
        while running.len() >= AT_ONCE || (begun == CALLS && !running.is_empty()) {
            let is_over = running.next().await.unwrap();
            *(if is_over { &mut over } else { &mut dropped }) += 1;
        }
        if wire.requests() > 10_000 {
            wire.forget();
        }
    }
    let stats = account.backend().stats();
    let count = |of: fn(&EndpointStats) -> u64| stats.endpoints.iter().map(of).sum::<u64>();
    let (calls, completed) = (count(|one| one.calls), count(|one| one.completed));
    let cancelled = count(|one| one.cancelled);
    println!(
        "F114: {dropped} calls dropped, {over} over before; {calls} attempts, of which {completed} \
         whole and {cancelled} cancelled"
    );
    assert!(dropped >= CALLS / 2, "{dropped}");
    assert!(
        completed >= 5_000 && cancelled >= 20_000,
        "{completed} {cancelled}"
    );
    is_stormy.store(false, SeqCst);
    // Circuits, ejected endpoints and keys have had their rests.
    advance(400 * SECOND).await;
    is_clean(&account, &wire, "after the storm").await;
}
