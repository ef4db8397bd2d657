//! So many calls at once; the others wait in line, bounded and in a fair order.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Waker},
    time::Duration,
};

use tokio::{
    task::{JoinHandle, JoinSet, yield_now},
    time::{Instant, advance, sleep},
};
use tower::limit::ConcurrencyLimitLayer;
use trunkline_core::{
    Backend, Call, ChatResponse, Class, Delivery, Error, ErrorKind, Op, Phase, Priority, Recovery,
    Reply, Result, Scope, middleware::Gate, raw::RawRequest,
};

use crate::support::{Answer, Wire, bare, parrot::backend};

const SECOND: Duration = Duration::from_secs(1);
const SAY: &str = r#"{"say":"x"}"#;
const STOP: &str = r#"{"stop":1}"#;

/// Takes a second for each call and keeps a list of them.
#[derive(Clone, Default)]
struct Slow {
    names: Arc<Mutex<Vec<String>>>,
    running: Arc<AtomicUsize>,
    highest: Arc<AtomicUsize>,
}

impl Slow {
    fn behind(&self, gate: Gate) -> Backend {
        self.backend().layer(gate)
    }

    fn backend(&self) -> Backend {
        let slow = self.clone();
        backend(move |call| {
            let slow = slow.clone();
            async move {
                slow.names.lock().unwrap().push(name(&call));
                let running = slow.running.fetch_add(1, SeqCst) + 1;
                slow.highest.fetch_max(running, SeqCst);
                sleep(SECOND).await;
                slow.running.fetch_sub(1, SeqCst);
                Ok(Reply::Chat(ChatResponse::of_text("m", "hi")))
            }
        })
    }

    fn names(&self) -> Vec<String> {
        self.names.lock().unwrap().clone()
    }
}

fn name(call: &Call) -> String {
    match &call.op {
        Op::Chat(request) => request.messages[0].text(),
        other => other.name().to_owned(),
    }
}

fn call(name: &str, priority: Priority) -> Call {
    let mut call = Call::new(Op::Chat(Arc::new(name.into())));
    call.priority = priority;
    call
}

fn of_tenant(tenant: &str) -> Call {
    let mut call = call(tenant, Priority::Normal);
    call.tenant = Some(tenant.into());
    call
}

/// Asks, and has come as far as it can.
async fn start(backend: &Backend, call: Call) -> JoinHandle<Result<Reply>> {
    let task = tokio::spawn(backend.call(call));
    yield_now().await;
    task
}

fn patient(running: usize, waiting: usize) -> Gate {
    Gate::new(running, waiting).longest_wait(Duration::from_secs(100_000))
}

fn stream_call(wire_backend: &Backend) -> impl Future<Output = Result<Reply>> + use<> {
    wire_backend.call(Call::new(Op::ChatStream(Arc::new("hi".into()))))
}

#[tokio::test(start_paused = true)]
async fn f100_an_urgent_call_goes_next_through_a_queue_full_of_others() {
    let slow = Slow::default();
    let gated = slow.behind(patient(1, 100));
    let mut lows = Vec::new();
    for n in 0..101 {
        lows.push(start(&gated, call(&format!("low {n}"), Priority::Low)).await);
    }
    let mut highs = Vec::new();
    for n in 0..40 {
        highs.push(start(&gated, call(&format!("high {n}"), Priority::High)).await);
    }
    sleep(SECOND * 200).await;

    let names = slow.names();
    assert_eq!(names[..2], ["low 0", "high 0"]);
    for ten in names[1..].windows(10) {
        assert!(ten.iter().any(|name| name.starts_with("low")), "{ten:?}");
    }
    let of_high = names.iter().filter(|name| name.starts_with("high")).count();
    assert_eq!((of_high, names.len()), (40, 101));
    assert!(highs.iter().all(JoinHandle::is_finished));
    // The newest had to go for them, and no other.
    for (n, low) in lows.into_iter().enumerate() {
        let outcome = low.await.unwrap();
        assert_eq!(outcome.is_ok(), n <= 60, "low {n}");
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::QueueFull);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f101_one_more_than_the_queue_holds_is_refused_in_less_than_a_millisecond() {
    let slow = Slow::default();
    let gated = slow.behind(Gate::new(1, Gate::WAITING));
    let mut waiting = JoinSet::new();
    for _ in 0..=Gate::WAITING {
        waiting.spawn(gated.call(call("waits", Priority::Normal)));
        yield_now().await;
    }
    let mut times = Vec::new();
    for _ in 0..1_001 {
        let began = std::time::Instant::now();
        let error = gated
            .call(call("one more", Priority::Normal))
            .await
            .unwrap_err();
        times.push(began.elapsed());
        assert_eq!(
            (error.kind(), error.scope(), error.delivery()),
            (ErrorKind::QueueFull, Scope::Endpoint, Delivery::NotSent)
        );
        assert_eq!(error.recovery(), Recovery::Elsewhere);
    }
    // The usual one: others share this machine.
    times.sort_unstable();
    assert!(times[500] < Duration::from_millis(1), "{:?}", times[500]);
    assert_eq!(slow.names(), ["waits"]);
}

#[tokio::test(start_paused = true)]
async fn f102_a_deadline_that_passes_in_the_queue_ends_the_call_unsent() {
    let wire = Wire::new([
        Answer::json(r#"{"say":"hi"}"#).head_after(SECOND * 10),
        Answer::json(r#"{"say":"hi"}"#),
    ]);
    let gated = bare(&wire).backend().clone().layer(Gate::new(1, 1));
    let running = start(&gated, call("first", Priority::Normal)).await;
    let began = Instant::now();

    let error = gated
        .call(call("second", Priority::Normal).timeout(SECOND * 3))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.delivery()),
        (ErrorKind::Timeout, Some(Phase::Queue), Delivery::NotSent)
    );
    assert_eq!((began.elapsed(), wire.requests()), (SECOND * 3, 1));

    // Its place is free: with a queue of one there is room for the next.
    let third = start(&gated, call("third", Priority::Normal)).await;
    assert!(running.await.unwrap().is_ok());
    assert!(third.await.unwrap().is_ok());
    assert_eq!(wire.requests(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_thirty_seconds_unless_told_so() {
    let wire = Wire::new([Answer::json(r#"{"say":"hi"}"#).head_after(SECOND * 100)]);
    let gated = bare(&wire).backend().clone().layer(Gate::new(1, 1));
    let _running = start(&gated, call("first", Priority::Normal)).await;
    let began = Instant::now();
    let error = gated
        .call(call("second", Priority::Normal).timeout(SECOND * 60))
        .await
        .unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Queue));
    assert_eq!(began.elapsed(), SECOND * 30);
}

#[tokio::test(start_paused = true)]
async fn f103_a_tenant_with_ten_calls_is_done_before_one_with_a_thousand() {
    let slow = Slow::default();
    let gated = slow.behind(patient(1, 2_000));
    let mut calls = JoinSet::new();
    for tenant in std::iter::repeat_n("a", 1_000).chain(std::iter::repeat_n("b", 10)) {
        calls.spawn(gated.call(of_tenant(tenant)));
        yield_now().await;
    }
    let answered = calls.join_all().await;
    assert!(answered.iter().all(Result::is_ok));
    let names = slow.names();
    let last = names.iter().rposition(|name| name == "b").unwrap();
    assert!(last < 25, "b's last call went as number {last}");
    assert_eq!(names.len(), 1_010);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_weighs_three_sends_three_of_four() {
    let slow = Slow::default();
    let gated = slow.behind(patient(1, 500).weight("heavy", 3));
    let mut calls = JoinSet::new();
    for n in 0..200 {
        calls.spawn(gated.call(of_tenant(if n % 2 == 0 { "heavy" } else { "light" })));
        yield_now().await;
    }
    sleep(SECOND * 81).await;
    let names = slow.names();
    let heavy = names[1..81].iter().filter(|name| *name == "heavy").count();
    assert_eq!(heavy, 60);
}

#[tokio::test(start_paused = true)]
async fn f104_a_thousand_calls_are_never_more_at_once_than_may_run() {
    let slow = Slow::default();
    let gated = slow.behind(patient(50, 1_000));
    let began = Instant::now();
    let calls: JoinSet<_> = (0..1_000)
        .map(|n| {
            let priority = [Priority::Low, Priority::Normal, Priority::High][n % 3];
            gated.call(call("call", priority))
        })
        .collect();
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!(slow.highest.load(SeqCst), 50);
    assert_eq!(began.elapsed(), SECOND * 20, "no place was left empty");
}

#[tokio::test(start_paused = true)]
async fn f114_a_call_dropped_after_any_number_of_polls_gives_its_place_back() {
    for polls in 0..12 {
        let slow = Slow::default();
        let gated = slow.behind(Gate::new(1, 2));
        let first = start(&gated, call("first", Priority::Normal)).await;
        {
            let mut dropped = pin!(gated.call(call("dropped", Priority::High)));
            for _ in 0..polls {
                let cx = &mut Context::from_waker(Waker::noop());
                if dropped.as_mut().poll(cx).is_ready() {
                    break;
                }
                sleep(SECOND * 3 / 10).await;
            }
        }
        let next = start(&gated, call("next", Priority::Low)).await;
        assert!(first.await.unwrap().is_ok());
        assert!(next.await.unwrap().is_ok(), "after {polls} polls");
        let sent = slow.names().contains(&"dropped".to_owned());
        assert_eq!(sent, polls > 4, "after {polls} polls");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_holds_its_place_until_its_end() {
    let wire = Wire::new([Answer::events([SAY]).pause(9).event(STOP)]);
    let gated = bare(&wire).backend().clone().layer(Gate::new(1, 1));
    let mut first = stream_call(&gated)
        .await
        .unwrap()
        .into_chat_stream()
        .unwrap();
    let second = tokio::spawn(stream_call(&gated));
    sleep(SECOND * 20).await;
    assert!(!second.is_finished(), "the first has only begun to be read");
    while let Some(chunk) = first.next().await {
        chunk.unwrap();
    }
    assert!(second.await.unwrap().is_ok());
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_lets_the_next_one_in() {
    let wire = Wire::new([Answer::events([SAY]).hangs()]);
    let gated = bare(&wire).backend().clone().layer(Gate::new(1, 1));
    let first = stream_call(&gated).await.unwrap();
    let second = tokio::spawn(stream_call(&gated));
    sleep(SECOND).await;
    assert_eq!(wire.requests(), 1);
    drop(first);
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_breaks_lets_the_next_one_in() {
    let wire = Wire::new([Answer::events([SAY]).broken()]);
    let gated = bare(&wire).backend().clone().layer(Gate::new(1, 1));
    let mut first = stream_call(&gated)
        .await
        .unwrap()
        .into_chat_stream()
        .unwrap();
    let second = tokio::spawn(stream_call(&gated));
    while let Some(Ok(_)) = first.next().await {}
    assert!(second.await.unwrap().is_ok());
    drop(first);
}

#[tokio::test(start_paused = true)]
async fn a_raw_answer_holds_its_place_until_its_body_is_read_or_dropped() {
    let wire = Wire::new([Answer::json("{}")]);
    let gated = bare(&wire).backend().clone().layer(Gate::new(1, 1));
    let ask = || gated.call(Call::new(RawRequest::get("/x")));
    let first = ask().await.unwrap().into_raw().unwrap();
    let second = tokio::spawn(ask());
    sleep(SECOND).await;
    assert_eq!(wire.requests(), 1);
    first.into_body().collect(100).await.unwrap();
    let second = second.await.unwrap().unwrap();
    let third = tokio::spawn(ask());
    sleep(SECOND).await;
    assert_eq!(wire.requests(), 2);
    drop(second);
    assert!(third.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_and_a_failure_hold_no_place() {
    let wire = Wire::new([Answer::json(r#"{"say":"hi"}"#), Answer::status(503)]);
    let gated = bare(&wire).backend().clone().layer(Gate::new(1, 1));
    let kept = gated.call(call("whole", Priority::Normal)).await;
    assert!(kept.is_ok());
    for _ in 0..3 {
        let failed = gated.call(call("fails", Priority::Normal)).await;
        assert_eq!(failed.unwrap_err().kind(), ErrorKind::Server);
    }
    drop(kept);
}

#[tokio::test(start_paused = true)]
async fn who_waits_at_the_gate_holds_nothing_of_what_is_behind_it() {
    let slow = Slow::default();
    let behind = slow.backend().layer(ConcurrencyLimitLayer::new(2));
    let gated = behind.clone().layer(Gate::new(1, 8));
    let waiting: JoinSet<_> = (0..3)
        .map(|_| gated.call(call("gated", Priority::Normal)))
        .collect();
    sleep(SECOND / 2).await;
    let began = Instant::now();
    behind.call(call("beside", Priority::Normal)).await.unwrap();
    assert_eq!(began.elapsed(), SECOND, "the second place was free");
    drop(waiting);
}

#[tokio::test(start_paused = true)]
async fn large_requests_may_not_all_wait() {
    let slow = Slow::default();
    let gated = slow.behind(Gate::new(1, 100).bytes(25));
    let _running = start(
        &gated,
        call("runs, so its size is nothing to us", Priority::Normal),
    )
    .await;
    let _waits = [
        start(&gated, call("ten bytes.", Priority::Normal)).await,
        start(&gated, call("ten bytes.", Priority::Normal)).await,
    ];
    let error = gated.call(call("ten bytes.", Priority::Normal)).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::QueueFull);
    let small = start(&gated, call("five.", Priority::Normal)).await;
    assert!(small.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_service_share_its_line_and_another_layering_has_its_own() {
    let slow = Slow::default();
    let gate = Gate::new(1, 8);
    let (one, other) = (slow.behind(gate.clone()), slow.behind(gate));
    let same = one.clone();
    let began = Instant::now();
    let ask = |backend: &Backend| backend.call(call("x", Priority::Normal));
    let answers = tokio::join!(ask(&one), ask(&same), ask(&other));
    assert!(answers.0.is_ok() && answers.1.is_ok() && answers.2.is_ok());
    assert_eq!(
        (began.elapsed(), slow.highest.load(SeqCst)),
        (SECOND * 2, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn f123_a_setting_that_cannot_work_is_named_by_every_call() {
    let gates = [
        (Gate::new(0, 1), "`running`"),
        (Gate::new(1, 0), "`waiting`"),
        (Gate::new(1, 1).bytes(0), "`bytes`"),
        (
            Gate::new(1, 1).longest_wait(Duration::ZERO),
            "`longest_wait`",
        ),
        (Gate::new(1, 1).weight("somebody", 0), "`weight`"),
    ];
    for (gate, setting) in gates {
        let slow = Slow::default();
        let error: Error = slow
            .behind(gate)
            .call(call("x", Priority::Normal))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(setting), "{error}");
        assert!(slow.names().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn waits_without_end_are_possible() {
    let slow = Slow::default();
    let gated = slow.behind(Gate::new(1, 2).longest_wait(Duration::MAX));
    let (first, second) = (
        start(&gated, call("first", Priority::Normal)).await,
        start(&gated, call("second", Priority::Normal)).await,
    );
    advance(SECOND).await;
    assert!(first.await.unwrap().is_ok() && second.await.unwrap().is_ok());
    let embed = RawRequest::post("/x", &trunkline_core::Json::null()).class(Class::Read);
    assert!(gated.call(Call::new(embed)).await.is_ok());
}
