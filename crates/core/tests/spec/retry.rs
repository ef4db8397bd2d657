//! What is asked for again, when, and how often.

use std::time::Duration;

use tokio::time::Instant;
use trunkline_core::{
    Call, Class, Delivery, Error, ErrorKind, Json, Recovery, Result,
    http_transport::{Phase, Sent, TransportErrorKind},
    middleware::{Budget, Deadline, Retry, Stack},
    raw::RawRequest,
};

use crate::support::{Answer, Wire, account, model};

const HI: &str = r#"{"say":"hi"}"#;

fn ok() -> Answer {
    Answer::json(HI)
}

fn limited(name: &'static str, value: &str) -> Answer {
    Answer::status(429).header(name, value)
}

async fn ask(wire: &Wire) -> Result<u32> {
    model(wire)
        .chat("hi")
        .await
        .map(|answer| answer.meta().attempts)
}

/// How often a call of this class is sent if every attempt fails so.
async fn sent_as(class: Class, failure: Answer) -> usize {
    let wire = Wire::new([failure]);
    let request = RawRequest::post("/x", &Json::empty_object()).class(class);
    let error = model(&wire)
        .backend()
        .call(Call::new(request))
        .await
        .unwrap_err();
    assert_eq!(error.attempts().len(), wire.requests());
    wire.requests()
}

fn millis(range: std::ops::RangeInclusive<u64>, wait: Duration) {
    assert!(
        range.contains(&u64::try_from(wait.as_millis()).unwrap()),
        "{wait:?} not in {range:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn f027_f028_a_hint_is_waited_for_and_a_little_more() {
    for (answer, range) in [
        (limited("retry-after", "2"), 2_000..=2_200),
        (
            limited("retry-after-ms", "350").header("retry-after", "10"),
            350..=386,
        ),
        (limited("retry-after", "20"), 20_000..=21_000),
    ] {
        let wire = Wire::new([answer, ok()]);
        assert_eq!(ask(&wire).await.unwrap(), 2);
        millis(range, wire.times()[1]);
    }
}

#[tokio::test(start_paused = true)]
async fn f030_without_a_hint_the_wait_is_a_random_one_below_a_ceiling_that_doubles() {
    for hint in ["", "0", "-10", "NaN", "abc", "1e3"] {
        let wire = Wire::new([
            limited("retry-after", hint),
            limited("retry-after", hint),
            ok(),
        ]);
        assert_eq!(ask(&wire).await.unwrap(), 3, "{hint:?}");
        millis(0..=1_000, wire.times()[1]);
        millis(0..=2_000, wire.times()[2] - wire.times()[1]);
    }
    let wire = Wire::new([Answer::status(500), ok()]);
    ask(&wire).await.unwrap();
    millis(0..=250, wire.times()[1]);
}

#[tokio::test(start_paused = true)]
async fn f041_an_overloaded_provider_is_left_alone_for_a_second_where_a_failing_one_has_a_quarter()
{
    for (status, ceiling) in [(529, 1_000), (500, 250)] {
        let mut longest = Duration::ZERO;
        for _ in 0..100 {
            let wire = Wire::new([Answer::status(status), ok()]);
            ask(&wire).await.unwrap();
            longest = longest.max(wire.times()[1]);
        }
        // Of a hundred draws one comes near the ceiling; the clock ticks in milliseconds.
        millis(ceiling * 3 / 4..=ceiling + 1, longest);
    }
}

#[tokio::test(start_paused = true)]
async fn f001_a_name_without_address_is_looked_up_three_times_with_a_pause_between() {
    let wire = Wire::new([Answer::fails(
        TransportErrorKind::Connect,
        Phase::Dns,
        Sent::Never,
    )]);
    let began = Instant::now();
    let error = ask(&wire).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.delivery()),
        (
            ErrorKind::Connect,
            Some(trunkline_core::Phase::Dns),
            Delivery::NotSent
        )
    );
    let waits: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.waited)
        .collect();
    assert!(
        matches!(waits[..], [Some(_), Some(_), None]),
        "three attempts, and a wait after each but the last: {waits:?}"
    );
    millis(0..=752, began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn f030_f031_a_hint_beyond_the_cap_is_given_to_the_caller_at_once() {
    for (hint, expected) in [
        ("61", Duration::from_secs(61)),
        ("3600", Duration::from_secs(3_600)),
        ("inf", Duration::MAX),
    ] {
        let wire = Wire::new([limited("retry-after", hint), ok()]);
        let began = Instant::now();
        let error = ask(&wire).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.retry_after()),
            (ErrorKind::RateLimited, Some(expected))
        );
        assert_eq!((began.elapsed(), wire.requests()), (Duration::ZERO, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_cap_without_end_does_not_break_the_clock() {
    let wire = Wire::new([limited("retry-after", "inf"), ok()]);
    let stack = Stack::default().retry(Retry::default().longest_wait(Duration::MAX));
    let error = account(&wire, |builder| builder.stack(stack))
        .model("ara")
        .chat("hi")
        .await
        .unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::MAX));
}

#[tokio::test(start_paused = true)]
async fn nor_do_waits_without_end() {
    let patient = Retry::default()
        .longest_wait(Duration::MAX)
        .total_wait(Duration::MAX);
    for deadline in [None, Some(Deadline::default())] {
        let wire = Wire::new([limited("retry-after", "inf"), ok()]);
        let stack = Stack::default().retry(patient.clone()).deadline(deadline);
        let model = account(&wire, |builder| builder.stack(stack)).model("ara");
        let error = model.chat("hi").await.unwrap_err();
        assert_eq!(error.retry_after(), Some(Duration::MAX));
    }
}

#[tokio::test(start_paused = true)]
async fn an_unreachable_endpoint_leaves_a_call_its_other_key() {
    let unreached = Answer::fails(TransportErrorKind::Timeout, Phase::Tcp, Sent::Never);
    let wire = Wire::new([unreached, Answer::status(401), ok()]);
    let account = account(&wire, |builder| builder.key("key-2"));
    account.model("ara").chat("hi").await.unwrap();
    assert_eq!(wire.requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_beyond_what_a_clock_can_hold_is_none() {
    let wire = Wire::new([ok().head_after(Duration::from_secs(3_600))]);
    let model = model(&wire);
    model.chat("hi").timeout(Duration::MAX).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn f032_a_wait_that_would_pass_the_deadline_is_not_begun() {
    let wire = Wire::new([limited("retry-after", "8"), ok()]);
    let began = Instant::now();
    let error = model(&wire)
        .chat("hi")
        .timeout(Duration::from_secs(5))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!((began.elapsed(), wire.requests()), (Duration::ZERO, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_two_minutes_in_all() {
    let wire = Wire::new([limited("retry-after", "50")]);
    let stack = Stack::default().retry(Retry::default().attempts(9));
    let error = account(&wire, |builder| builder.stack(stack))
        .model("ara")
        .chat("hi")
        .await
        .unwrap_err();
    assert_eq!(error.attempts().len(), 3, "two waits of 50 s, and no third");
}

#[tokio::test(start_paused = true)]
async fn all_its_times_can_be_set() {
    let patient = |retry: Retry| Stack::default().retry(retry.attempts(9));
    let times = async |wire: &Wire, stack: Stack| {
        let account = account(wire, |builder| builder.stack(stack));
        account.model("ara").chat("hi").await.unwrap_err();
        wire.times()
    };
    let wire = Wire::new([limited("retry-after", "50")]);
    let retry = Retry::default().total_wait(Duration::from_secs(210));
    assert_eq!(times(&wire, patient(retry)).await.len(), 5, "four of 50 s");

    let wire = Wire::new([limited("retry-after", "50")]);
    let retry = Retry::default().longest_wait(Duration::from_secs(49));
    assert_eq!(
        times(&wire, patient(retry)).await.len(),
        1,
        "it is longer than that"
    );

    // Who is short of capacity is given four times as long, and each time twice as long.
    for (status, longest) in [(503, [1, 2, 4]), (529, [4, 8, 16]), (429, [4, 8, 16])] {
        let mut seen = [Duration::ZERO; 3];
        for _ in 0..30 {
            let wire = Wire::new([Answer::status(status)]);
            let second = Duration::from_secs(1);
            let retry = Retry::default().attempts(4).backoff(second, second * 20);
            let stack = Stack::default().retry(retry).breaker(None);
            let times = times(&wire, stack).await;
            for (at, pair) in times.windows(2).enumerate() {
                seen[at] = seen[at].max(pair[1] - pair[0]);
            }
        }
        for (seen, longest) in seen.into_iter().zip(longest) {
            let longest = Duration::from_secs(longest);
            assert!(
                seen > longest / 2 && seen <= longest + Duration::from_millis(1),
                "{status}: {seen:?} of {longest:?}"
            );
        }
    }

    // A base that is its own ceiling: a random part of 10 s each time.
    let wire = Wire::new([Answer::status(503)]);
    let ten = Duration::from_secs(10);
    let retry = Retry::default().backoff(ten, ten);
    let times = times(&wire, patient(retry)).await;
    let waits = times.windows(2).map(|pair| pair[1] - pair[0]);
    let longest = waits.max().unwrap();
    assert!(
        longest > Duration::from_secs(1) && longest <= ten + Duration::from_millis(1),
        "{times:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn f033_the_provider_may_say_whether_to_try_again() {
    for (status, says, sent) in [
        (503, "false", 1),
        (429, "false", 1),
        (400, "true", 1),
        (404, "true", 1),
        (409, "true", 2),
        (409, "maybe", 1),
        (501, "true", 2),
    ] {
        let wire = Wire::new([Answer::status(status).header("x-should-retry", says)]);
        let error = ask(&wire).await.unwrap_err();
        assert_eq!(wire.requests(), sent, "{status} {says}");
        assert_eq!(error.attempts().len(), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn f042_which_statuses_are_retried() {
    for status in [
        408, 425, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530,
    ] {
        let wire = Wire::new([Answer::status(status), ok()]);
        assert_eq!(ask(&wire).await.unwrap(), 2, "{status}");
    }
    for status in [
        400, 401, 402, 403, 404, 405, 409, 410, 413, 414, 415, 422, 431, 451, 501, 505, 511, 525,
        526, 600,
    ] {
        let wire = Wire::new([Answer::status(status), ok()]);
        ask(&wire).await.unwrap_err();
        assert_eq!(wire.requests(), 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_repeating_would_do_decides() {
    use Class::{Billed, Effect, Read};
    use TransportErrorKind as Kind;
    let refused = || Answer::fails(TransportErrorKind::Connect, Phase::Tcp, Sent::Never);
    let fails = |kind, phase| Answer::fails(kind, phase, Sent::Never);
    let untouched = || Answer::fails(TransportErrorKind::Interrupted, Phase::Head, Sent::Rejected);
    for (failure, [read, billed, effect]) in [
        // F003: it never left.
        (refused(), [3, 3, 3]),
        // F016: the server says that it did not touch it.
        (untouched(), [3, 3, 3]),
        // F007, F009: nobody knows.
        (Answer::reset(), [3, 2, 1]),
        (Answer::status(429), [3, 3, 3]),
        (Answer::status(529), [3, 3, 1]),
        (Answer::status(529).header("retry-after", "1"), [3, 3, 3]),
        (Answer::status(503), [3, 3, 1]),
        (Answer::status(408), [3, 3, 1]),
        (Answer::status(424), [3, 2, 1]),
        // F006, F023: the next attempt would meet the same.
        (fails(Kind::Tls, Phase::Tls), [1, 1, 1]),
        (fails(Kind::Proxy, Phase::Proxy), [1, 1, 1]),
    ] {
        assert_eq!(sent_as(Read, failure.clone()).await, read, "{failure:?}");
        assert_eq!(
            sent_as(Billed, failure.clone()).await,
            billed,
            "{failure:?}"
        );
        assert_eq!(
            sent_as(Effect, failure.clone()).await,
            effect,
            "{failure:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn f009_one_doubtful_attempt_is_repeated_whatever_came_before_it() {
    let wire = Wire::new([Answer::status(503), Answer::reset(), ok()]);
    assert_eq!(ask(&wire).await.unwrap(), 3);

    // Who pays for it is told.
    let refused = || Answer::fails(TransportErrorKind::Connect, Phase::Tcp, Sent::Never);
    for (failure, is_double) in [(Answer::reset(), true), (refused(), false)] {
        let wire = Wire::new([failure, ok()]);
        let answer = model(&wire).chat("hi").await.unwrap();
        assert_eq!(answer.meta().maybe_duplicate, is_double);
    }

    let wire = Wire::new([Answer::reset(), Answer::reset(), ok()]);
    let error = ask(&wire).await.unwrap_err();
    let deliveries: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.delivery)
        .collect();
    assert_eq!(deliveries, [Delivery::MaybeProcessed; 2]);
}

#[tokio::test(start_paused = true)]
async fn f034_an_empty_account_is_not_asked_again() {
    let wire = Wire::new([Answer::status(429).body(r#"{"message":"no money"}"#), ok()]);
    let error = ask(&wire).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.recovery(), wire.requests()),
        (ErrorKind::QuotaExhausted, Recovery::OtherModel, 1),
        "there is no other key"
    );
}

#[tokio::test(start_paused = true)]
async fn f080_a_stream_that_fails_before_content_is_opened_again_and_after_it_never() {
    let early = || Answer::events([r#"{"model":"ara"}"#, r#"{"error":"overloaded"}"#]);
    let good = Answer::events([r#"{"say":"hi"}"#, r#"{"stop":1}"#]);
    let wire = Wire::new([early(), Answer::events([]).broken(), good.clone()]);
    let stream = model(&wire).chat("hi").stream().await.unwrap();
    assert_eq!(stream.meta().attempts, 3);
    assert_eq!(stream.collect().await.unwrap().text(), "hi");

    let wire = Wire::new([Answer::events([r#"{"say":"hi"}"#]).broken(), good]);
    let error = model(&wire)
        .chat("hi")
        .stream()
        .await
        .unwrap()
        .collect()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), wire.requests()), (ErrorKind::Interrupted, 1));
}

#[tokio::test(start_paused = true)]
async fn every_attempt_is_in_the_error_and_the_last_one_keeps_its_kind() {
    let wire = Wire::new([
        Answer::status(500).header("x-request-id", "a"),
        limited("retry-after", "2").header("x-request-id", "b"),
        Answer::status(503).head_after(Duration::from_secs(3)),
    ]);
    let error = ask(&wire).await.unwrap_err();

    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Server, 503)
    );
    assert!(
        !error.is_retryable(),
        "an outer retry does not multiply this one"
    );
    let [first, second, third] = error.attempts() else {
        panic!("{error:?}")
    };
    assert_eq!(
        (first.kind, first.request_id.as_deref()),
        (ErrorKind::Server, Some("a"))
    );
    assert_eq!(
        (second.kind, second.request_id.as_deref()),
        (ErrorKind::RateLimited, Some("b"))
    );
    millis(2_000..=2_200, second.waited.unwrap());
    assert_eq!((third.status.unwrap().as_u16(), third.waited), (503, None));
    // Waiting is no part of it; the clock ticks in milliseconds.
    millis(3_000..=3_001, third.elapsed);
    assert_eq!(first.endpoint.as_deref(), Some("api.parrot.example"));
}

#[tokio::test(start_paused = true)]
async fn retries_within_retries_do_not_multiply() {
    let wire = Wire::new([Answer::status(503)]);
    let twice = model(&wire).backend().clone().layer(Retry::default());
    let error = twice.model("ara").chat("hi").await.unwrap_err();
    assert_eq!((wire.requests(), error.attempts().len()), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn f092_in_an_outage_load_is_not_multiplied() {
    let without_breaker = Stack::default().breaker(None);
    for (stack, sent) in [(without_breaker, 110), (Stack::default(), 10)] {
        let wire = Wire::new([Answer::status(503)]);
        let model = account(&wire, |builder| builder.stack(stack)).model("ara");
        let calls = (0..100).map(|_| model.chat("hi").into_future());
        futures_util::future::join_all(calls).await;
        assert_eq!(wire.requests(), sent);
    }
}

#[tokio::test(start_paused = true)]
async fn a_budget_may_be_shared_between_backends() {
    let budget = Budget::default();
    let wires = [
        Wire::new([Answer::status(503)]),
        Wire::new([Answer::status(503)]),
    ];
    for wire in &wires {
        let retry = Retry::default().budget(budget.clone());
        let stack = Stack::default().retry(retry).breaker(None);
        let model = account(wire, |builder| builder.stack(stack)).model("ara");
        for _ in 0..10 {
            model.chat("hi").await.unwrap_err();
        }
    }
    let sent: usize = wires.iter().map(Wire::requests).sum();
    assert_eq!(sent, 30);
}

#[tokio::test(start_paused = true)]
async fn f114_a_call_dropped_while_it_waits_sends_nothing_more() {
    let wire = Wire::new([limited("retry-after", "30"), ok()]);
    let waited = tokio::time::timeout(Duration::from_secs(10), ask(&wire)).await;
    assert!(waited.is_err());
    tokio::time::sleep(Duration::from_secs(100)).await;
    assert_eq!((wire.requests(), wire.open_bodies()), (1, 0));
}

#[test]
fn what_follows_from_a_kind() {
    let recovery = |kind| Error::new(kind, "").recovery();
    assert_eq!(recovery(ErrorKind::InvalidRequest), Recovery::None);
    assert_eq!(recovery(ErrorKind::Decode), Recovery::OtherModel);
    assert_eq!(recovery(ErrorKind::Auth), Recovery::Elsewhere);
    assert_eq!(recovery(ErrorKind::Server), Recovery::Later);
    let committed = Error::new(ErrorKind::Server, "").with_delivery(Delivery::Committed);
    assert_eq!(committed.recovery(), Recovery::None);
}
