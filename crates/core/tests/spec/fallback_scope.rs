//! What failed decides who is asked next: a request, a key, an account, a host, a provider.

use std::{future::IntoFuture, time::Duration};

use tokio::time::Instant;
use trunkline_core::{
    Account, Backend, Call, Class, Delivery, Error, ErrorKind, Json, Model, Phase, Recovery, Scope,
    http_transport::{Phase as WirePhase, Sent, TransportErrorKind},
    middleware::{Retry, Stack},
    raw::RawRequest,
};

use crate::support::{
    Answer, Wire, model,
    parrot::{account, backend},
};

const HI: &str = r#"{"say":"hi"}"#;
const STOP: &str = r#"{"stop":1}"#;
const SECOND: Duration = Duration::from_secs(1);

fn good() -> Wire {
    Wire::new([Answer::json(HI)])
}

fn plain(wire: &Wire) -> Account {
    account(wire, |builder| builder)
}

/// The first and second model of one account, and a model of another.
fn three(first: &Wire, other: &Wire) -> Model {
    let account = plain(first);
    let (one, two) = (account.model("ara-1"), account.model("ara-2"));
    one.or(two).or(plain(other).model("ara-3"))
}

/// Which models were asked.
fn models(wire: &Wire) -> Vec<String> {
    let model = |body: &[u8]| {
        let body: serde_json::Value = serde_json::from_slice(body).unwrap();
        body["model"].as_str().unwrap().to_owned()
    };
    wire.sent().iter().map(|seen| model(&seen.body)).collect()
}

#[tokio::test(start_paused = true)]
async fn what_an_account_is_refused_for_holds_for_all_its_models() {
    for refusal in [
        Answer::status(401),
        Answer::status(402),
        Answer::status(429).body(r#"{"message":"no money"}"#),
    ] {
        let (first, other) = (Wire::new([refusal]), good());
        three(&first, &other).chat("hi").await.unwrap();
        assert_eq!(models(&first), ["ara-1"]);
        assert_eq!(models(&other), ["ara-3"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_out_of_reach_is_out_of_reach_for_every_model() {
    for kind in [
        TransportErrorKind::Connect,
        TransportErrorKind::Tls,
        TransportErrorKind::Timeout,
    ] {
        let failure = Answer::fails(kind, WirePhase::Tcp, Sent::Never);
        let (first, other) = (Wire::new([failure]), good());
        three(&first, &other).chat("hi").await.unwrap();
        assert!(models(&first).iter().all(|model| model == "ara-1"));
        assert_eq!(models(&other), ["ara-3"]);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_the_model_s_own_trouble_is_not_that_of_the_next() {
    for status in [403, 404, 503, 529] {
        let first = Wire::by(move |request| {
            if request.body.starts_with(br#"{"model":"ara-1""#) {
                Answer::status(status)
            } else {
                Answer::json(HI)
            }
        });
        let other = good();
        three(&first, &other).chat("hi").await.unwrap();
        let asked = models(&first);
        assert_eq!(asked.last().unwrap(), "ara-2", "{status}: {asked:?}");
        assert_eq!(other.requests(), 0);
    }
}

fn failing(error: impl Fn() -> Error + Send + Sync + 'static) -> Backend {
    backend(move |_| std::future::ready(Err(error())))
}

#[tokio::test(start_paused = true)]
async fn trouble_of_a_provider_rules_out_all_its_accounts() {
    let failure = || Error::new(ErrorKind::Server, "all down").with_scope(Scope::Provider);
    let other = good();
    let last = plain(&other).model("ara");
    let fallback = failing(failure).model("one");
    let fallback = fallback.or(backend(|_| async { panic!("of the same provider") }).model("two"));
    let answer = fallback.or(last).chat("hi").await.unwrap();
    assert_eq!(answer.meta().attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_could_serve_ends_there() {
    for kind in [
        ErrorKind::InvalidRequest,
        ErrorKind::TooLarge,
        ErrorKind::ContentFilter,
        ErrorKind::Redirect,
        ErrorKind::Cancelled,
        ErrorKind::Closed,
        ErrorKind::Config,
        ErrorKind::Conflict,
    ] {
        let other = good();
        let first = failing(move || Error::new(kind, "no")).model("one");
        let error = first.or(model(&other)).chat("hi").await.unwrap_err();
        assert_eq!((error.kind(), error.recovery()), (kind, Recovery::None));
        assert_eq!(
            (other.requests(), error.attempts().len()),
            (0, 1),
            "{kind:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_an_effect_is_asked_of_the_next_only_if_it_had_none() {
    let refused = Answer::fails(TransportErrorKind::Connect, WirePhase::Tcp, Sent::Never);
    for (failure, class, goes_on) in [
        (refused, Class::Effect, 1),
        (Answer::status(529), Class::Effect, 1),
        (Answer::status(503), Class::Effect, 0),
        (Answer::reset(), Class::Effect, 0),
        (Answer::status(503), Class::Billed, 1),
        (Answer::reset(), Class::Read, 1),
    ] {
        let (first, other) = (Wire::new([failure.clone()]), good());
        let fallback = model(&first).or(model(&other));
        let request = RawRequest::post("/x", &Json::empty_object()).class(class);
        let acted = fallback.backend().call(Call::new(request)).await;
        assert_eq!(other.requests(), goes_on, "{failure:?} {class:?}");
        assert_eq!(acted.is_ok(), goes_on == 1);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_asked_again_after_content_was_shown() {
    let first = Wire::new([Answer::events([HI]).broken()]);
    let second = Wire::new([Answer::events([HI, STOP])]);
    let call = model(&first).or(model(&second)).chat("hi");
    let error = call.stream().await.unwrap().collect().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Interrupted, Delivery::Committed)
    );
    assert_eq!(
        (error.partial().unwrap().text().as_str(), second.requests()),
        ("hi", 0)
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_has_the_attempts_of_all_models_in_their_order_with_the_waits() {
    let first = Wire::new([
        Answer::status(500),
        Answer::status(429).header("retry-after", "2"),
        Answer::status(503),
    ]);
    let second = Wire::new([Answer::status(403)]);
    let third = Wire::new([Answer::status(401)]);
    let fallback = model(&first).or(model(&second)).or(model(&third));
    let error = fallback.chat("hi").await.unwrap_err();
    let kinds: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.kind)
        .collect();
    use ErrorKind::{Auth, Permission, RateLimited, Server};
    assert_eq!(kinds, [Server, RateLimited, Server, Permission, Auth]);
    let waited: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.waited)
        .collect();
    assert!(waited[0].unwrap() <= SECOND / 4);
    assert!(
        (2_000..=2_200).contains(&waited[1].unwrap().as_millis()),
        "{waited:?}"
    );
    assert_eq!(
        waited[2..],
        [None, None, None],
        "the next model is not waited for"
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_over_a_fallback_keeps_the_attempts_that_were_made() {
    let first = Wire::new([Answer::status(403)]);
    let slow = Wire::new([Answer::json(HI).head_after(3_600 * SECOND)]);
    let began = Instant::now();
    let error = model(&first)
        .or(model(&slow))
        .chat("hi")
        .timeout(30 * SECOND)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::Timeout, Some(Phase::Total))
    );
    assert_eq!(began.elapsed(), 30 * SECOND);
    let kinds: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.kind)
        .collect();
    assert_eq!(kinds, [ErrorKind::Permission, ErrorKind::Timeout]);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_during_a_wait_keeps_the_attempts_that_were_made() {
    // Without layers of ours the caller's own deadline is the only one.
    let first = Wire::new([Answer::status(503)]);
    let bare = account(&first, |builder| builder.stack(Stack::bare()));
    let slow = backend(|_| std::future::pending());
    let call = bare.model("ara").or(slow.model("two")).chat("hi");
    let error = call.timeout(5 * SECOND).await.unwrap_err();
    let kinds: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.kind)
        .collect();
    assert_eq!(kinds, [ErrorKind::Server, ErrorKind::Timeout]);

    let second = Wire::new([
        Answer::status(503),
        Answer::json(HI).head_after(3_600 * SECOND),
    ]);
    let retried = account(&second, |builder| {
        builder.stack(Stack::bare().retry(Retry::default()))
    });
    let call = retried.model("ara").chat("hi").timeout(5 * SECOND);
    let error = call.into_future().await.unwrap_err();
    let kinds: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| attempt.kind)
        .collect();
    assert_eq!(kinds, [ErrorKind::Server, ErrorKind::Timeout]);
}

#[tokio::test(start_paused = true)]
async fn s12_a_conversation_too_long_for_one_model_is_tried_once_there() {
    let first = failing_once(ErrorKind::ContextLength);
    let other = good();
    let account = first.model("one");
    let answer = account.or(model(&other)).chat("hi").await.unwrap();
    assert_eq!((answer.text().as_str(), answer.meta().attempts), ("hi", 2));
    assert_eq!(other.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn s13_a_refusal_for_content_is_final_and_keeps_the_provider_s_reason() {
    let other = good();
    let first = failing_once(ErrorKind::ContentFilter).model("one");
    let error = first.or(model(&other)).chat("hi").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::ContentFilter, "as it is")
    );
    assert_eq!(other.requests(), 0);
}

/// Fails so the first time, behind the usual layers; a second time it must not be asked.
fn failing_once(kind: ErrorKind) -> Backend {
    let asked = std::sync::atomic::AtomicBool::new(false);
    let inner = failing(move || {
        let before = asked.swap(true, std::sync::atomic::Ordering::SeqCst);
        assert!(!before, "asked twice");
        Error::new(kind, "as it is").with_delivery(Delivery::Rejected)
    });
    Stack::default().around(inner).unwrap()
}

#[tokio::test(start_paused = true)]
async fn s15_a_primary_that_was_down_is_used_again_within_half_a_minute() {
    fastrand::seed(15);
    let recovers = Instant::now() + 60 * SECOND;
    let primary = Wire::by(move |request| {
        if request.at < recovers {
            Answer::status(503)
        } else {
            Answer::events([HI, STOP])
        }
    });
    let other = Wire::new([Answer::events([HI, STOP])]);
    let first = plain(&primary).model("ara-1");
    let model = first.clone().or(plain(&other).model("ara-2"));
    let began = Instant::now();
    for number in 0..40 {
        tokio::time::sleep_until(began + 4 * SECOND * number).await;
        model.chat("hi").buffered().await.unwrap();
    }
    let times: Vec<Instant> = primary.sent().iter().map(|seen| seen.at).collect();
    let back = times.iter().find(|at| **at >= recovers).unwrap();
    let down = times.iter().filter(|at| **at < recovers).count();
    println!(
        "S15: {down} requests while it is down, back {:?} after",
        *back - recovers
    );
    assert!(*back - recovers <= 30 * SECOND);
    assert!(down <= 30, "{down} requests for 15 calls");
    let after = times
        .iter()
        .filter(|at| **at >= recovers + 30 * SECOND)
        .count();
    assert!(after >= 17, "all of the last calls: {after}");
}

#[tokio::test(start_paused = true)]
async fn s16_the_answer_names_the_model_that_gave_it_and_failures_are_no_completions() {
    let primary = Wire::new([Answer::status(503)]);
    let other = Wire::new([Answer::events([
        r#"{"model":"ara-2-0613"}"#,
        HI,
        r#"{"usage":[3,4]}"#,
        STOP,
    ])]);
    let model = plain(&primary)
        .model("ara-1")
        .or(plain(&other).model("ara-2"));
    let answer = model.chat("hi").buffered().await.unwrap();
    assert_eq!(answer.model, "ara-2-0613");
    assert_eq!(answer.usage.output.total, Some(4));
    assert_eq!(answer.meta().attempts, 4);
    let stats = model.backend().stats().endpoints;
    let counted: Vec<_> = stats
        .iter()
        .map(|endpoint| (endpoint.calls, endpoint.completed, endpoint.output_tokens))
        .collect();
    assert_eq!(counted, [(3, 0, 0), (1, 1, 4)]);
}
