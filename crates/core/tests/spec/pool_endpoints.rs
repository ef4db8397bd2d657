//! Several endpoints: who is asked, who is left out, and what one's trouble means for the others.

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::{Instant, advance, sleep, timeout};
use trunkline_core::{
    Account, Call, ChatStream, Class, ErrorKind, Json, Phase, Result,
    http_transport::{Phase as WirePhase, Sent, TransportErrorKind},
    middleware::{CircuitState, Gate, Pick, Stack},
    raw::RawRequest,
};

use crate::support::{
    Answer, Wire,
    parrot::{HOSTS, account, endpoints},
};

const HI: &str = r#"{"say":"hi"}"#;
const STOP: &str = r#"{"stop":1}"#;
const SECOND: Duration = Duration::from_secs(1);

fn ok() -> Answer {
    Answer::json(HI)
}

fn picking(pick: Pick) -> Stack {
    Stack::default().pick(pick)
}

/// All are well but `host`, which answers like this.
fn all_but(host: &'static str, answer: impl Fn() -> Answer + Send + Sync + 'static) -> Wire {
    Wire::by(move |request| {
        if request.host() == host {
            answer()
        } else {
            ok()
        }
    })
}

/// How many of `calls` went to each host.
fn shares(wire: &Wire, calls: usize) -> Vec<f64> {
    let share = |host| wire.requests_to(host) as f64 / calls as f64;
    HOSTS.into_iter().map(share).collect()
}

fn ejected(account: &Account) -> Vec<String> {
    let endpoints = account.backend().stats().endpoints.into_iter();
    let out = endpoints.filter(|endpoint| endpoint.ejected);
    out.map(|endpoint| endpoint.endpoint).collect()
}

async fn ask(account: &Account, times: usize) {
    for _ in 0..times {
        account.model("ara").chat("hi").await.unwrap();
    }
}

/// Posts what must not be done twice.
async fn act(account: &Account) -> Result<()> {
    let request = RawRequest::post("/x", &Json::empty_object()).class(Class::Effect);
    account.backend().call(Call::new(request)).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_of_weight_three_takes_three_of_four_calls() {
    fastrand::seed(1);
    let weighted = |wire: &Wire, pick| {
        account(wire, |builder| {
            let builder = builder.stack(picking(pick));
            let builder = builder.weighted_endpoint("https://a.example/v1", 3);
            builder.weighted_endpoint("https://b.example/v1", 1)
        })
    };
    for pick in [Pick::LeastLoaded, Pick::RoundRobin] {
        let idle = Wire::by(|_| ok());
        ask(&weighted(&idle, pick), 1_000).await;
        let share = shares(&idle, 1_000)[0];
        assert!((0.7..0.8).contains(&share), "{pick:?}, one by one: {share}");

        let busy = Wire::by(|_| ok().head_after(SECOND));
        let model = weighted(&busy, pick).model("ara");
        let calls = (0..1_000).map(|_| model.chat("hi").into_future());
        assert!(join_all(calls).await.iter().all(Result::is_ok));
        let share = shares(&busy, 1_000)[0];
        assert!(
            (0.7..0.8).contains(&share),
            "{pick:?}, all at once: {share}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn round_robin_takes_them_in_turn_and_first_only_the_first() {
    let wire = Wire::by(|_| ok());
    ask(&endpoints(&wire, 3, picking(Pick::RoundRobin)), 6).await;
    let [a, b, c, _] = HOSTS;
    assert_eq!(wire.hosts(), [a, b, c, a, b, c]);

    let wire = Wire::by(|_| ok());
    let account = endpoints(&wire, 3, picking(Pick::First));
    ask(&account, 3).await;
    account.backend().circuits()[0].1.force_open();
    ask(&account, 2).await;
    assert_eq!(wire.hosts(), [a, a, a, b, b], "the others stand by");
}

#[tokio::test(start_paused = true)]
async fn what_a_stream_counts_for_its_endpoint_lasts_to_its_end() {
    let wire = Wire::by(|_| Answer::events([HI]).pause(600).event(STOP));
    let model = endpoints(&wire, 2, Stack::default()).model("ara");
    let mut streams: Vec<ChatStream> = Vec::new();
    for _ in 0..20 {
        streams.push(model.chat("hi").stream().await.unwrap());
    }
    assert_eq!(shares(&wire, 20)[..2], [0.5, 0.5]);

    streams.retain(|stream| stream.meta().endpoint.as_deref() != Some("a.example"));
    wire.forget();
    for _ in 0..10 {
        streams.push(model.chat("hi").stream().await.unwrap());
    }
    assert_eq!(wire.requests_to("a.example"), 10, "where nothing is done");
}

#[tokio::test(start_paused = true)]
async fn f105_of_four_endpoints_one_that_is_ten_times_slower_gets_few_calls() {
    fastrand::seed(2);
    let wire = Wire::by(|request| {
        let slow = request.host() == "d.example";
        let head = Duration::from_millis(if slow { 1_000 } else { 100 });
        let answer = Answer::events([HI]).head_after(head);
        let words = (0..10).fold(answer, |answer, _| {
            answer.pause(if slow { 20 } else { 2 }).event(HI)
        });
        words.event(STOP)
    });
    let model = endpoints(&wire, 4, Stack::default()).model("ara");
    let mut streams = Vec::new();
    for _ in 0..2_000 {
        let call = model.chat("hi");
        streams.push(tokio::spawn(
            async move { call.stream().await?.collect().await },
        ));
        sleep(Duration::from_millis(50)).await;
    }
    for stream in streams {
        stream.await.unwrap().unwrap();
    }
    let shares = shares(&wire, 2_000);
    println!("F105: shares of four endpoints, the last ten times slower: {shares:?}");
    assert!(shares[3] <= 0.15, "{shares:?}");
    assert!(shares[..3].iter().all(|share| *share >= 0.25), "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_is_busy_the_faster_one_is_asked_and_the_slower_one_tried_now_and_then() {
    fastrand::seed(5);
    let wire = Wire::by(|request| {
        let is_slow = request.host() == "b.example";
        ok().head_after(Duration::from_millis(if is_slow { 1_000 } else { 100 }))
    });
    ask(&endpoints(&wire, 2, Stack::default()), 3_000).await;
    let slow = wire.requests_to("b.example");
    println!("F105: of 3,000 calls one after the other {slow} went to the slower of two");
    assert!((2..=100).contains(&slow), "{slow}");
}

#[tokio::test(start_paused = true)]
async fn f106_one_that_fails_five_times_is_out_for_thirty_seconds_and_returns_by_one_probe() {
    fastrand::seed(3);
    let well = Arc::new(AtomicBool::new(false));
    let is_well = well.clone();
    let wire = Wire::by(move |request| {
        if request.host() == "b.example" && !is_well.load(SeqCst) {
            Answer::status(500)
        } else {
            ok().head_after(Duration::from_millis(20))
        }
    });
    let account = endpoints(&wire, 4, Stack::default());

    ask(&account, 200).await;
    assert_eq!(wire.requests_to("b.example"), 5);
    assert_eq!(ejected(&account), ["b.example"]);

    advance(20 * SECOND).await;
    ask(&account, 200).await;
    assert_eq!(
        wire.requests_to("b.example"),
        5,
        "not before its rest is over"
    );

    well.store(true, SeqCst);
    advance(9 * SECOND).await;
    let model = account.model("ara");
    let calls = join_all((0..100).map(|_| model.chat("hi").into_future())).await;
    assert!(calls.iter().all(Result::is_ok));
    assert_eq!(wire.requests_to("b.example"), 6, "one finds out for all");
    assert!(ejected(&account).is_empty());

    let calls = join_all((0..100).map(|_| model.chat("hi").into_future())).await;
    assert!(calls.iter().all(Result::is_ok));
    assert!(
        wire.requests_to("b.example") > 15,
        "it is one of four again"
    );
}

#[tokio::test(start_paused = true)]
async fn f106_where_all_fail_no_more_than_half_are_out_and_calls_are_still_sent() {
    for count in [1, 2, 3, 4] {
        let wire = Wire::by(|_| Answer::status(500));
        let account = endpoints(&wire, count, Stack::default().breaker(None));
        let model = account.model("ara");
        for _ in 0..60 {
            let error = model.chat("hi").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Server, "the provider's own answer");
        }
        assert_eq!(ejected(&account).len(), count / 2, "of {count}");
        assert!(wire.requests() >= 60);
    }
}

#[tokio::test(start_paused = true)]
async fn f106_requests_of_one_s_own_are_counted_as_others_are() {
    let failing = Arc::new(AtomicBool::new(true));
    let fails = failing.clone();
    let wire = all_but("a.example", move || {
        if fails.load(SeqCst) {
            Answer::status(500)
        } else {
            ok()
        }
    });
    let account = endpoints(&wire, 2, picking(Pick::First).breaker(None));
    for _ in 0..3 {
        failing.store(true, SeqCst);
        for _ in 0..4 {
            act(&account).await.unwrap_err();
        }
        failing.store(false, SeqCst);
        act(&account).await.unwrap();
    }
    assert!(ejected(&account).is_empty(), "never five in a row");

    failing.store(true, SeqCst);
    for _ in 0..5 {
        act(&account).await.unwrap_err();
    }
    assert_eq!(ejected(&account), ["a.example"]);
    failing.store(false, SeqCst);
    advance(34 * SECOND).await;
    act(&account).await.unwrap();
    assert!(ejected(&account).is_empty(), "a success is one");
}

/// Two endpoints with one place between them, which a stream at the second has. The first was
/// ejected, and its rest is over.
async fn due_behind_a_queue(wire: &Wire) -> (Account, ChatStream) {
    let stack = picking(Pick::First).key_concurrency(1);
    let account = endpoints(wire, 2, stack);
    ask(&account, 5).await;
    assert_eq!(ejected(&account), ["a.example"]);
    let stream = account.model("ara").chat("hi").stream().await.unwrap();
    assert_eq!(stream.meta().endpoint.as_deref(), Some("b.example"));
    advance(34 * SECOND).await;
    (account, stream)
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_given_up_in_the_queue_leaves_room_for_another() {
    let failures = std::sync::atomic::AtomicUsize::new(0);
    let wire = Wire::by(move |request| match request.host() {
        "a.example" if failures.fetch_add(1, SeqCst) < 5 => Answer::status(500),
        _ if request.body.windows(4).any(|word| word == b"true") => {
            Answer::events([HI]).pause(600).event(STOP)
        }
        _ => ok(),
    });
    let (account, stream) = due_behind_a_queue(&wire).await;
    wire.forget();
    let model = account.model("ara");
    timeout(SECOND, model.chat("hi").into_future())
        .await
        .unwrap_err();
    drop(stream);
    assert_eq!(wire.requests(), 0, "it never left");
    ask(&account, 1).await;
    assert_eq!(wire.hosts(), ["a.example"], "the next call is the probe");
    assert!(ejected(&account).is_empty());
}

#[tokio::test(start_paused = true)]
async fn f108_a_silent_endpoint_is_asked_once() {
    let silent = || Answer::events([HI, STOP]).head_after(Duration::from_secs(3_600));
    for count in [1, 2, 4] {
        let wire = Wire::by(move |_| silent());
        let model = endpoints(&wire, count, Stack::default()).model("ara");
        let error = model.chat("hi").stream().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.phase()),
            (ErrorKind::Timeout, Some(Phase::Head))
        );
        let mut hosts = wire.hosts();
        hosts.sort();
        hosts.dedup();
        let asked = count.min(2);
        assert_eq!((wire.requests(), hosts.len()), (asked, asked), "of {count}");
        assert_eq!(error.attempts().len(), asked);
        assert_eq!(wire.open_bodies(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn f108_after_one_attempt_at_each_silent_endpoint_the_fallback_serves() {
    let silent = Wire::by(|_| Answer::events([HI, STOP]).head_after(Duration::from_secs(3_600)));
    let good = Wire::new([Answer::events([HI, STOP])]);
    let primary = endpoints(&silent, 2, Stack::default()).model("ara");
    let began = Instant::now();
    let answer = primary
        .or(crate::support::model(&good))
        .chat("hi")
        .buffered()
        .await
        .unwrap();
    assert_eq!((answer.text().as_str(), silent.requests()), ("hi", 2));
    assert_eq!(silent.requests_to("a.example"), 1);
    assert_eq!(answer.meta().attempts, 3);
    assert!(began.elapsed() <= 21 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_open_circuit_sends_the_call_to_the_other_without_an_attempt() {
    let wire = Wire::by(|_| ok());
    let account = endpoints(&wire, 2, picking(Pick::First));
    let circuits = account.backend().circuits();
    circuits[0].1.force_open();
    let answer = account.model("ara").chat("hi").await.unwrap();
    assert_eq!(
        (answer.meta().attempts, wire.hosts()),
        (1, vec!["b.example".to_owned()])
    );

    circuits[1].1.force_open();
    let began = Instant::now();
    let error = account.model("ara").chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    assert_eq!((wire.requests(), began.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_whose_circuit_is_open_for_one_model_serves_the_others() {
    let wire = Wire::by(|request| {
        let bad = request.host() == "a.example" && request.body.starts_with(br#"{"model":"ara-1""#);
        if bad { Answer::status(503) } else { ok() }
    });
    let account = endpoints(&wire, 2, picking(Pick::First));
    let (one, two) = (account.model("ara-1"), account.model("ara-2"));
    for _ in 0..12 {
        one.chat("hi").await.unwrap();
        // Never five failures in a row, so it is the circuit that opens.
        two.chat("hi").await.unwrap();
    }
    let states = account.backend().circuits()[0].1.states();
    let states: Vec<_> = states.iter().map(|status| status.state).collect();
    assert_eq!(states, [CircuitState::Open, CircuitState::Closed]);
    wire.forget();
    one.chat("hi").await.unwrap();
    two.chat("hi").await.unwrap();
    assert_eq!(wire.hosts(), ["b.example", "a.example"]);
}

#[tokio::test(start_paused = true)]
async fn where_every_circuit_opened_calls_fail_at_once_and_say_for_how_long() {
    let wire = Wire::by(|_| Answer::status(503));
    let model = endpoints(&wire, 2, Stack::default()).model("ara");
    let mut error = None;
    for _ in 0..30 {
        error = model.chat("hi").await.err();
    }
    let error = error.unwrap();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    assert!(
        error.retry_after().is_some_and(|wait| wait <= 6 * SECOND),
        "{error:?}"
    );
    assert_eq!(wire.requests(), 20, "ten to open each");
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_sends_the_call_to_the_other_without_an_attempt() {
    let wire = Wire::by(|_| ok().head_after(10 * SECOND));
    let stack = picking(Pick::First).endpoint_limits(Gate::new(1, 1));
    let model = endpoints(&wire, 2, stack).model("ara");
    let began = Instant::now();
    let calls: Vec<_> = (0..4)
        .map(|_| tokio::spawn(model.chat("hi").into_future()))
        .collect();
    sleep(SECOND).await;
    let error = model.chat("hi").await.unwrap_err();
    assert_eq!(
        (error.kind(), began.elapsed()),
        (ErrorKind::QueueFull, SECOND)
    );
    assert_eq!(error.attempts().len(), 1);
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().meta().attempts, 1);
    }
    let [a, b, ..] = HOSTS;
    assert_eq!(wire.hosts(), [a, b, a, b]);
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_another_endpoint_is_asked_and_then_again_the_first() {
    let wire = Wire::by(|_| Answer::status(503));
    let model = endpoints(&wire, 2, picking(Pick::First)).model("ara");
    let error = model.chat("hi").await.unwrap_err();
    let [a, b, ..] = HOSTS;
    assert_eq!(wire.hosts(), [a, b, a]);
    let told: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.endpoint.as_deref().unwrap())
        .collect();
    assert_eq!(told, [a, b, a]);
}

#[tokio::test(start_paused = true)]
async fn what_one_endpoint_asks_to_wait_is_nothing_to_the_others() {
    for status in [503, 529, 429] {
        let busy = move || Answer::status(status).header("retry-after", "30");
        let wire = all_but("a.example", busy);
        let stack = || picking(Pick::First);
        let began = Instant::now();
        let account = account(&wire, |builder| {
            let builder = builder.key("key-2").stack(stack());
            builder
                .endpoint("https://a.example/v1")
                .endpoint("https://b.example/v1")
        });
        account.model("ara").chat("hi").await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO, "{status}");
        assert_eq!(wire.requests(), 2);

        let alone = Wire::new([busy(), ok()]);
        endpoints(&alone, 1, stack())
            .model("ara")
            .chat("hi")
            .await
            .unwrap();
        assert!(
            began.elapsed() >= 30 * SECOND,
            "{status}: there is nobody else"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_an_effect_goes_to_another_endpoint_only_if_it_had_none() {
    let refused = || Answer::fails(TransportErrorKind::Connect, WirePhase::Tcp, Sent::Never);
    let rejected = || {
        Answer::fails(
            TransportErrorKind::Interrupted,
            WirePhase::Head,
            Sent::Rejected,
        )
    };
    let cases: [(fn() -> Answer, bool); 7] = [
        (refused, true),
        (rejected, true),
        (|| Answer::status(401), false),
        (|| Answer::status(503), false),
        (|| Answer::status(408), false),
        (|| Answer::status(529), false),
        (Answer::reset, false),
    ];
    for (failure, goes_on) in cases {
        let wire = all_but("a.example", failure);
        let account = endpoints(&wire, 2, picking(Pick::First));
        let acted = act(&account).await;
        assert_eq!(acted.is_ok(), goes_on, "{:?}", failure());
        assert_eq!(
            wire.requests(),
            if goes_on { 2 } else { 1 },
            "{:?}",
            failure()
        );
    }
}
