//! What is known of a key, by results that come late, at once, or for nobody.

use std::{
    future::IntoFuture,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout};
use trunkline_core::{
    Account, ErrorKind, Result, Secret,
    middleware::{Gate, KeySource, RateLimit, Stack},
    stats::KeyState,
};

use crate::support::{
    Answer, Wire,
    parrot::{account, builder},
};

const HI: &str = r#"{"say":"hi"}"#;
const STOP: &str = r#"{"stop":1}"#;
const SECOND: Duration = Duration::from_secs(1);
const SOON: Duration = Duration::from_millis(10);

fn ok() -> Answer {
    Answer::json(HI)
}

fn limited(seconds: &str) -> Answer {
    Answer::status(429)
        .header("retry-after", seconds)
        .head_after(SOON)
}

fn two_keys(wire: &Wire) -> Account {
    account(wire, |builder| builder.key("key-2"))
}

fn states(account: &Account) -> Vec<KeyState> {
    let stats = account.backend().stats();
    stats.keys.iter().map(|key| key.state).collect()
}

#[tokio::test(start_paused = true)]
async fn a_success_from_before_a_refusal_does_not_end_the_rest() {
    for (refusal, state) in [
        (limited("30"), KeyState::Cooling),
        (Answer::status(402).head_after(SOON), KeyState::Exhausted),
        (Answer::status(401).head_after(SOON), KeyState::Invalid),
    ] {
        let slow = ok().head_after(SECOND);
        let wire = Wire::new([slow, refusal, ok()]);
        let account = two_keys(&wire);
        let model = account.model("ara");
        let calls = (0..2).map(|_| model.chat("hi").into_future());
        assert!(join_all(calls).await.iter().all(Result::is_ok));
        assert_eq!(states(&account), [state, KeyState::Active]);
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_calls_that_were_under_way_at_once_are_one() {
    let refused = AtomicUsize::new(0);
    let wire = Wire::by(move |_| match refused.fetch_add(1, SeqCst) {
        0..20 => Answer::status(429).head_after(SOON),
        _ => ok(),
    });
    let stack = Stack::default().retry(None);
    let model = account(&wire, |builder| builder.stack(stack)).model("ara");
    let calls = (0..20).map(|_| model.chat("hi").into_future());
    assert!(join_all(calls).await.iter().all(Result::is_err));
    let began = Instant::now();
    model.chat("hi").await.unwrap();
    assert!(began.elapsed() <= SECOND + SOON, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_line_while_the_key_is_refused_waits_for_it_then() {
    let refused = AtomicBool::new(false);
    let wire = Wire::by(move |_| match refused.swap(true, SeqCst) {
        false => limited("30"),
        true => ok(),
    });
    let stack = Stack::default().endpoint_limits(Gate::new(1, 64));
    let model = account(&wire, |builder| builder.stack(stack)).model("ara");
    let calls = (0..10).map(|_| model.chat("hi").into_future());
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    let times = wire.times();
    assert!(times[1] >= 30 * SECOND, "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_line_while_the_key_is_rejected_goes_on_with_another() {
    let wire = Wire::by(|request| match request.key() {
        "key-2" => ok(),
        _ => Answer::status(401).head_after(SOON),
    });
    let stack = Stack::default().endpoint_limits(Gate::new(1, 64));
    let account = account(&wire, |builder| builder.key("key-2").stack(stack));
    let model = account.model("ara");
    let calls = (0..10).map(|_| model.chat("hi").into_future());
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(wire.requests(), 11);
}

#[tokio::test(start_paused = true)]
async fn the_caller_s_own_key_waits_as_it_is_asked_to() {
    for second_endpoint in [false, true] {
        let wire = Wire::new([Answer::status(429).header("retry-after", "20"), ok()]);
        let account = account(&wire, |builder| match second_endpoint {
            true => builder
                .endpoint("https://a.example/v1")
                .endpoint("https://b.example/v1"),
            false => builder.key("key-2"),
        });
        account
            .model("ara")
            .chat("hi")
            .key("mine-0000")
            .await
            .unwrap();
        assert!(wire.times()[1] >= 20 * SECOND, "{:?}", wire.times());
    }
}

#[tokio::test(start_paused = true)]
async fn restoring_ends_the_pause_that_an_answer_told_of() {
    let wire = Wire::new([
        ok().header("x-ratelimit-remaining-requests", "0")
            .header("x-ratelimit-reset-requests", "50m"),
        ok(),
    ]);
    let account = account(&wire, |builder| builder);
    let model = account.model("ara");
    model.chat("hi").await.unwrap();
    let error = model.chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    account.backend().restore();
    model.chat("hi").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn only_what_the_key_was_refused_for_is_counted_as_a_refusal() {
    let wire = Wire::new([
        Answer::status(500),
        Answer::status(400),
        Answer::status(429),
    ]);
    let stack = Stack::default().retry(None);
    let account = account(&wire, |builder| builder.stack(stack));
    for _ in 0..3 {
        account.model("ara").chat("hi").await.unwrap_err();
    }
    assert_eq!(account.backend().stats().keys[0].refused, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_sent_takes_nothing_of_a_key_s_limits() {
    let wire = Wire::by(
        |request| match request.body.windows(4).any(|word| word == b"true") {
            true => Answer::events([HI]).pause(600).event(STOP),
            false => ok(),
        },
    );
    let limits = RateLimit::new().requests_per_minute(4).request_burst(4);
    let stack = Stack::default()
        .retry(None)
        .key_limits(limits)
        .endpoint_limits(Gate::new(1, 1));
    let model = account(&wire, |builder| builder.stack(stack)).model("ara");
    let stream = model.chat("hi").stream().await.unwrap();
    // One is given up in line, another is refused there.
    let waits = model.chat("hi").into_future();
    timeout(SECOND, waits).await.unwrap_err();
    let waits = tokio::spawn(model.chat("hi").into_future());
    sleep(SOON).await;
    let error = model.chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueueFull);
    waits.abort();
    sleep(SOON).await;
    drop(stream);
    let began = Instant::now();
    for _ in 0..3 {
        model.chat("hi").await.unwrap();
    }
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn what_a_call_gives_back_of_a_key_s_limits_wakes_who_waits_for_it() {
    let wire = Wire::by(|_| {
        let answer = Answer::events([HI]).pause(1);
        answer
            .event(r#"{"usage":[1,2]}"#)
            .event(STOP)
            .event("[DONE]")
    });
    let limits = RateLimit::new().tokens_per_minute(1_000);
    let stack = Stack::default().key_limits(limits);
    let model = account(&wire, |builder| builder.stack(stack)).model("ara");
    let began = Instant::now();
    let call = || model.chat("hi").max_output_tokens(900).buffered();
    assert!(join_all([call(), call()]).await.iter().all(Result::is_ok));
    assert!(began.elapsed() <= 3 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn limits_or_not_a_key_that_rests_for_one_model_serves_the_others() {
    for limits in [None, Some(RateLimit::new().requests_per_minute(600))] {
        let wire = Wire::new([limited("50"), ok()]);
        let stack = Stack::default().retry(None).key_limits(limits);
        let account = account(&wire, |builder| builder.stack(stack));
        account.model("ara-1").chat("hi").await.unwrap_err();
        let began = Instant::now();
        account.model("ara-2").chat("hi").await.unwrap();
        assert_eq!(began.elapsed(), Duration::ZERO, "{limits:?}");
    }
}

struct Broken;

impl KeySource for Broken {
    async fn fetch(&self) -> Result<Secret> {
        Err(trunkline_core::Error::config("the vault is sealed"))
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_fetched_gives_way_to_another() {
    let wire = Wire::new([ok()]);
    let keys = builder()
        .client(wire.client())
        .key_from(Broken)
        .key("key-2");
    let model = keys.build().unwrap().model("ara");
    for _ in 0..3 {
        model.chat("hi").await.unwrap();
    }
}
