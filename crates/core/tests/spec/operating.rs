//! What an operator sees and is told: by errors, statistics and events.

use std::{future::IntoFuture, time::Duration};

use futures_util::future::join_all;
use tower::{limit::ConcurrencyLimitLayer, timeout::TimeoutLayer};
use trunkline_core::{
    Call, ErrorKind, Phase, Recovery,
    middleware::{Breaker, CircuitState, Deadline, Gate, Pick, Pool, RateLimit, Retry, Stack},
};

use crate::{
    support::{
        Answer, Wire, bare, model,
        parrot::{builder, chat_op, endpoints},
    },
    trace::recorded,
};

const HI: &str = r#"{"say":"hi"}"#;
const SECOND: Duration = Duration::from_secs(1);

fn ok() -> Answer {
    Answer::json(HI)
}

fn first() -> Stack {
    Stack::default().pick(Pick::First)
}

#[tokio::test(start_paused = true)]
async fn a_circuit_that_was_opened_by_hand_is_told_from_one_that_opened() {
    let wire = Wire::by(|_| ok());
    let account = endpoints(&wire, 1, Stack::default());
    account.backend().circuits()[0].1.force_open();
    let error = account.model("ara").chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::CircuitOpen);
    assert!(error.message().contains("by hand"), "{error}");
    assert_eq!(error.retry_after(), None, "nobody knows");
}

#[tokio::test(start_paused = true)]
async fn of_several_open_circuits_the_one_that_rests_says_when_to_come_again() {
    for by_hand in [0, 1] {
        let wire = Wire::by(|_| Answer::status(503));
        let stack = first().retry(None);
        let account = endpoints(&wire, 2, stack);
        account.backend().circuits()[by_hand].1.force_open();
        let model = account.model("ara");
        for _ in 0..10 {
            model.chat("hi").await.unwrap_err();
        }
        let error = model.chat("hi").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::CircuitOpen);
        let wait = error.retry_after().unwrap();
        assert!((4 * SECOND..=6 * SECOND).contains(&wait), "{wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_let_in_is_counted_where_it_was_not() {
    let wire = Wire::by(|_| ok().head_after(SECOND));
    let account = endpoints(&wire, 2, first().endpoint_limits(Gate::new(1, 1)));
    let refused = |of: usize| account.backend().stats().endpoints[of].refused.clone();
    let model = account.model("ara");
    let calls = join_all((0..5).map(|_| model.chat("hi").into_future())).await;
    assert_eq!(calls.iter().filter(|call| call.is_err()).count(), 1);
    // Three would not fit into the first, and one of them neither into the second.
    assert_eq!(refused(0)["queue_full"], 3);
    assert_eq!(refused(1)["queue_full"], 1);

    account.backend().circuits()[0].1.force_open();
    model.chat("hi").await.unwrap();
    assert!(
        !refused(0).contains_key("circuit_open"),
        "the other serves all"
    );
    account.backend().circuits()[1].1.force_open();
    model.chat("hi").await.unwrap_err();
    assert_eq!(
        (refused(0)["circuit_open"], refused(1)["circuit_open"]),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn statistics_tell_of_each_key_and_write_times_in_seconds() {
    let wire = Wire::by(|request| match request.key() {
        "key-1" => Answer::status(401),
        _ => ok().head_after(2 * SECOND),
    });
    let keys = builder().key("key-1").key("key-2").client(wire.client());
    let account = keys.build().unwrap();
    for _ in 0..3 {
        account.model("ara").chat("hi").await.unwrap();
    }
    let stats = account.backend().stats();
    let calls: Vec<_> = stats
        .keys
        .iter()
        .map(|key| (key.calls, key.refused))
        .collect();
    assert_eq!(calls, [(1, 1), (3, 0)]);
    let json = serde_json::to_value(&stats).unwrap();
    let endpoint = &json["endpoints"][0];
    assert!(
        endpoint["duration"]["p50"].as_f64().unwrap() >= 2.0,
        "{endpoint}"
    );
    assert!(endpoint["circuits"][0]["retry_after"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_change_of_a_circuit_names_its_endpoint() {
    let wire = Wire::by(|_| ok());
    let account = endpoints(&wire, 2, Stack::default());
    account.backend().circuits()[1].1.watch("ara");
    let (record, ()) = recorded(async {
        account.backend().circuits()[1].1.force_open();
    })
    .await;
    for line in ["to=forced_open", "model=ara", "endpoint=b.example"] {
        assert!(record.has(line), "{}", record.text());
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_say_which_model_of_which_provider_and_answers_which_model_it_was() {
    let down = Wire::new([Answer::status(503)]);
    let up = Wire::new([ok()]);
    let of = |wire: &Wire, name: &str| model(wire).backend().model(name.to_owned());
    let (record, answer) = recorded(
        of(&down, "ara-1")
            .or(of(&up, "ara-2"))
            .chat("hi")
            .into_future(),
    )
    .await;
    assert_eq!(answer.unwrap().meta().model.as_deref(), Some("ara-2"));
    for line in ["from=ara-1", "to=ara-2", "error.type=server"] {
        assert!(record.has(line), "{}", record.text());
    }

    let bare = bare(&down).backend().model("ara-3");
    let error = of(&down, "ara-1").or(bare).chat("hi").await.unwrap_err();
    let tried: Vec<_> = error
        .attempts()
        .iter()
        .map(|attempt| (attempt.provider.as_deref(), attempt.model.as_deref()))
        .collect();
    let parrot = Some("parrot");
    assert_eq!(tried[..3], [(parrot, Some("ara-1")); 3]);
    assert_eq!(tried[3..], [(parrot, Some("ara-3"))]);
    assert_eq!(error.model(), Some("ara-3"));
}

#[tokio::test(start_paused = true)]
async fn who_is_behind_tower_s_timeout_is_given_up_and_another_serves() {
    let slow = Wire::by(|_| ok().head_after(100 * SECOND));
    let well = Wire::by(|_| ok());
    let in_time = |wire: &Wire| {
        let backend = bare(wire).backend().clone();
        backend.layer(TimeoutLayer::new(SECOND))
    };
    let fallback = in_time(&slow).model("ara").or(model(&well));
    assert_eq!(fallback.chat("hi").await.unwrap().text(), "hi");

    let pool = Pool::new([in_time(&slow), in_time(&well)]).stack(first());
    let answer = pool.build().unwrap().model("ara").chat("hi").await.unwrap();
    assert_eq!((answer.meta().attempts, slow.requests()), (2, 2));

    let alone = Stack::default().around(in_time(&slow)).unwrap();
    let error = alone.model("ara").chat("hi").await.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Head));
    assert_eq!(
        error.recovery(),
        Recovery::OtherModel,
        "nobody else is there"
    );
    assert_eq!(slow.requests(), 3, "and it is not asked twice");
}

#[tokio::test(start_paused = true)]
async fn layers_that_look_at_readiness_go_together() {
    let wire = Wire::by(|_| ok().head_after(SECOND));
    let backend = || bare(&wire).backend().clone();
    let ask = |backend: &trunkline_core::Backend| backend.call(Call::new(chat_op()));

    // A backend is always ready, so a layer of its own never sees that it is busy.
    let apart = backend()
        .layer(ConcurrencyLimitLayer::new(1))
        .layer(tower::load_shed::LoadShedLayer::new());
    let (one, two) = tokio::join!(ask(&apart), ask(&apart));
    assert!(one.is_ok() && two.is_ok());

    let together = tower::ServiceBuilder::new()
        .load_shed()
        .concurrency_limit(1);
    let together = backend().layer(together.into_inner());
    let (one, two) = tokio::join!(ask(&together), ask(&together));
    assert!(one.is_ok());
    assert_eq!(two.unwrap_err().kind(), ErrorKind::QueueFull);
}

#[tokio::test(start_paused = true)]
async fn a_setting_that_cannot_work_is_named_as_it_was_written() {
    let wire = Wire::new([ok()]);
    let gate = |gate: Gate| Stack::default().endpoint_limits(gate);
    for (stack, named) in [
        (Stack::default().key_concurrency(0), "`key_concurrency`"),
        (
            Stack::default().deadline(Deadline::default().total(Duration::ZERO)),
            "`total`",
        ),
        (
            Stack::default().deadline(Deadline::default().max_stream(Duration::ZERO)),
            "`max_stream`",
        ),
        (gate(Gate::new(0, 1)), "`running`"),
        (gate(Gate::new(1, 0)), "`waiting`"),
        (gate(Gate::new(1, 1).weight("a", 0)), "`weight`"),
        (
            Stack::default().retry(Retry::default().attempts(0)),
            "`attempts`",
        ),
    ] {
        let account = builder().key("key-1").client(wire.client()).stack(stack);
        let error = account.build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(named), "{named}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_breaker_that_cannot_work_tells_each_call_where_it_is_a_layer() {
    let wire = Wire::new([ok()]);
    for breaker in [
        Breaker::default().failure_rate(f64::NAN),
        Breaker::default().over(0),
        Breaker::default().consecutive(0),
        Breaker::default().probes(0),
    ] {
        let backend = bare(&wire).backend().clone().layer(breaker);
        let error = backend.model("ara").chat("hi").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("breaker's"), "{error}");
    }
    assert_eq!(wire.requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_given_twice_is_refused() {
    let wire = Wire::by(|_| ok());
    let account = || builder().client(wire.client()).key("key-1");
    let twice = account().key("key-2").key("key-1").build();
    let error = twice.unwrap_err();
    assert!(error.message().contains("twice"), "{error}");
    assert!(!error.message().contains("key-1"), "{error}");
    // A key may be one tenant's and everybody's.
    assert!(account().tenant_key("a", "key-1").build().is_ok());

    let member = || bare(&wire).backend().clone();
    let one = member();
    let error = Pool::new([one.clone(), one]).build().unwrap_err();
    assert!(error.message().contains("twice"), "{error}");
    assert!(Pool::new([member(), member()]).build().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_ours_is_not_said_to_be_the_provider_s() {
    let wire = Wire::by(|_| ok());
    let limits = RateLimit::new().requests_per_minute(1);
    let account = builder().key("key-1").client(wire.client());
    let account = account.key_limits(limits).build().unwrap();
    let model = account.model("ara");
    model.chat("hi").await.unwrap();
    let error = model.chat("hi").timeout(SECOND).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert!(error.message().contains("its own limit"), "{error}");
    assert_eq!(
        account.backend().circuits()[0].1.states()[0].state,
        CircuitState::Closed
    );
}
