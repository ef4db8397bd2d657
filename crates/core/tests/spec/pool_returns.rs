//! How endpoints and keys come back into use: by a probe's first content, by an answer, by time,
//! by hand.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use tokio::time::{Instant, advance};
use trunkline_core::{
    Account, ErrorKind, Phase, Prime, Recovery, Result, Secret,
    middleware::{CircuitState, Gate, KeySource, Pick, Pool, Retry, Stack},
    stats::KeyState,
};

use crate::support::{
    Answer, Wire,
    parrot::{HOSTS, builder, endpoints},
};

const HI: &str = r#"{"say":"hi"}"#;
const SECOND: Duration = Duration::from_secs(1);

fn ok() -> Answer {
    Answer::json(HI)
}

/// The answers of `a.example` in their order, the last for ever; the others are well.
fn first_host(answers: impl IntoIterator<Item = Answer>) -> Wire {
    let of_first = std::sync::Mutex::new(answers.into_iter().collect::<Vec<_>>());
    Wire::by(move |request| {
        let mut of_first = of_first.lock().unwrap();
        match request.host() {
            "a.example" if of_first.len() > 1 => of_first.remove(0),
            "a.example" => of_first[0].clone(),
            _ => ok(),
        }
    })
}

fn first() -> Stack {
    Stack::default().pick(Pick::First)
}

fn is_out(account: &Account) -> bool {
    account.backend().stats().endpoints[0].ejected
}

/// Only one key, without retries: each call is one request.
fn one_key(wire: &Wire) -> Account {
    let stack = Stack::default().retry(None).breaker(None);
    let account = builder().key("key-1").client(wire.client()).stack(stack);
    account.build().unwrap()
}

/// One call on `account`, and whether it was answered.
async fn ask(account: &Account) -> bool {
    account.model("ara").chat("hi").await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_was_handed_over_early_decides_with_its_first_content() {
    let failures = (0..5).map(|_| Answer::status(500));
    let late = Answer::events([r#"{"model":"ara"}"#])
        .pause(10)
        .event(HI)
        .pause(10)
        .event(r#"{"stop":1}"#);
    let wire = first_host(failures.chain([late]));
    let account = endpoints(&wire, 2, first());
    for _ in 0..5 {
        assert!(ask(&account).await);
    }
    assert!(is_out(&account));
    advance(34 * SECOND).await;

    let call = account.model("ara").chat("hi").prime(Prime::Head);
    let mut stream = call.stream().await.unwrap();
    assert_eq!(stream.meta().endpoint.as_deref(), Some("a.example"));
    assert!(!stream.next().await.unwrap().unwrap().is_output());
    assert!(is_out(&account), "a head is no content");
    while !stream.next().await.unwrap().unwrap().is_output() {}
    assert!(!is_out(&account), "and nobody waits for the end");
}

#[tokio::test(start_paused = true)]
async fn f081_streams_that_break_off_eject_their_endpoint_and_open_its_circuit() {
    let broken = || Answer::events([HI]).broken();
    let wire = Wire::by(move |_| broken());
    let read = async |account: &Account| {
        let stream = account.model("ara").chat("hi").stream().await?;
        stream.collect().await.map(drop)
    };
    let two = endpoints(&wire, 2, first());
    for _ in 0..5 {
        read(&two).await.unwrap_err();
    }
    assert!(is_out(&two), "each of them had content");

    let one = endpoints(&wire, 1, Stack::default());
    for _ in 0..10 {
        let error = read(&one).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
    }
    assert_eq!(read(&one).await.unwrap_err().kind(), ErrorKind::CircuitOpen);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_against_endpoints_is_forgotten_by_hand() {
    let failures = (0..10).map(|_| Answer::status(500));
    let wire = first_host(failures.chain([ok()]));
    let account = endpoints(&wire, 2, first());
    for _ in 0..5 {
        assert!(ask(&account).await);
    }
    assert!(is_out(&account));
    let (_, circuits) = &account.backend().circuits()[1];
    circuits.force_open();

    account.backend().restore();

    assert!(!is_out(&account));
    assert_eq!(circuits.states()[0].state, CircuitState::Closed);
    wire.forget();
    assert!(ask(&account).await);
    assert_eq!(wire.hosts(), HOSTS[..2], "the first is asked again");
}

#[tokio::test(start_paused = true)]
async fn a_pool_names_its_members() {
    let account = endpoints(&Wire::by(|_| ok()), 3, Stack::default());
    let members = account.backend().members();
    let names: Vec<_> = members.iter().map(|member| &*member.info().name).collect();
    assert_eq!(names, ["parrot"; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waited_its_time_in_one_line_is_not_put_into_another() {
    let wire = first_host([ok().head_after(100 * SECOND)]);
    let gate = Gate::new(1, 9).longest_wait(5 * SECOND);
    let model = endpoints(&wire, 2, first().endpoint_limits(gate)).model("ara");
    let busy = tokio::spawn(model.chat("hi").into_future());
    tokio::task::yield_now().await;
    let error = model.chat("hi").await.unwrap_err();
    assert_eq!(error.phase(), Some(Phase::Queue));
    assert_eq!(wire.requests(), 1);
    busy.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_may_have_been_done_is_not_done_a_third_time_at_a_third_endpoint() {
    let wire = Wire::by(|_| Answer::status(424).header("retry-after", "1"));
    let account = endpoints(&wire, 3, first());
    assert!(!ask(&account).await);
    assert_eq!(wire.hosts(), HOSTS[..2]);
}

#[tokio::test(start_paused = true)]
async fn rests_that_nobody_asked_for_double_until_an_answer_comes() {
    let limited = || Answer::status(429);
    let wire = Wire::new([limited(), limited(), limited(), ok(), limited(), ok()]);
    let account = one_key(&wire);
    for _ in 0..6 {
        ask(&account).await;
    }
    // Every call waits until the key's rest is over.
    let times = wire.times();
    let waits = times.windows(2).map(|pair| pair[1] - pair[0]);
    for (wait, longest) in waits.zip([1, 2, 4, 0, 1].map(Duration::from_secs)) {
        // Chance takes up to half, and the clock ticks in milliseconds.
        let bounds = longest / 2..=longest + Duration::from_millis(1);
        assert!(bounds.contains(&wait), "{times:?}");
    }
    assert_eq!(account.backend().stats().keys[0].refused, 4);
}

#[tokio::test(start_paused = true)]
async fn f090_a_key_of_which_nothing_is_left_rests_until_its_reset() {
    let last = ok()
        .header("x-ratelimit-remaining-requests", "0")
        .header("x-ratelimit-reset-requests", "7s");
    let wire = Wire::new([last, ok()]);
    let account = one_key(&wire);
    assert!(ask(&account).await);
    assert_eq!(account.backend().stats().keys[0].state, KeyState::Cooling);
    assert!(ask(&account).await);
    assert_eq!(wire.times()[1], 7 * SECOND);
    assert_eq!(account.backend().stats().keys[0].state, KeyState::Active);
}

#[tokio::test(start_paused = true)]
async fn f034_an_account_that_has_money_again_is_used_as_before() {
    let wire = Wire::new([Answer::status(402), ok(), ok()]);
    let keys = builder().key("key-1").key("key-2").client(wire.client());
    let account = keys.build().unwrap();
    let states = || account.backend().stats().keys;
    assert!(ask(&account).await);
    assert_eq!(states()[0].state, KeyState::Exhausted);
    advance(Duration::from_secs(3_601)).await;
    assert!(ask(&account).await);
    assert_eq!(states()[0].state, KeyState::Active);
    assert_eq!(wire.sent()[2].key(), "key-1");
}

#[tokio::test(start_paused = true)]
async fn f034_one_call_finds_out_whether_there_is_money_again_and_the_others_wait_for_it() {
    let wire = Wire::by(|_| Answer::status(402).head_after(SECOND));
    let keys = builder().key("key-1").tenant_key("a", "key-2");
    let account = keys.client(wire.client()).build().unwrap();
    let call = || account.model("ara").chat("hi").into_future();
    call().await.unwrap_err();
    advance(Duration::from_secs(3_601)).await;
    let (one, two) = tokio::join!(call(), call());
    assert!(one.is_err() && two.is_err());
    assert_eq!(wire.requests(), 2, "the second was told by the first");
}

#[tokio::test(start_paused = true)]
async fn a_pool_has_the_layers_that_it_is_given() {
    let wire = Wire::by(|_| Answer::status(503));
    let member = || crate::support::bare(&wire).backend().clone();
    let pool = Pool::new([member(), member()]).stack(Stack::default().retry(None));
    let model = pool.build().unwrap().model("ara");
    model.chat("hi").await.unwrap_err();
    assert_eq!(wire.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_many_models_those_that_rest_longest_are_remembered() {
    let wire = Wire::by(|request| {
        let is_short = request.body.starts_with(br#"{"model":"short"#);
        Answer::status(429).header("retry-after", if is_short { "61" } else { "3000" })
    });
    let account = one_key(&wire);
    let limit = async |name: String| {
        let error = account.model(name).chat("hi").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
    };
    for number in 0..56 {
        limit(format!("short-{number}")).await;
    }
    for number in 0..200 {
        limit(format!("long-{number}")).await;
    }
    advance(62 * SECOND).await;
    limit("long-200".to_owned()).await;
    let cooling = &account.backend().stats().keys[0].cooling;
    assert_eq!(cooling.len(), 201, "{cooling:?}");

    // Where none is over, there is a bound all the same.
    for number in 201..300 {
        limit(format!("long-{number}")).await;
    }
    let stats = account.backend().stats();
    assert_eq!(stats.keys[0].cooling.len(), 256);
    assert!(stats.keys[0].cooling.contains(&"long-299".to_owned()));
}

/// Gives `key-1`, `key-2` …, but for those times that it fails.
#[derive(Clone, Default)]
struct Vault {
    asked: Arc<AtomicUsize>,
    fails: usize,
}

impl KeySource for Vault {
    async fn fetch(&self) -> Result<Secret> {
        let number = self.asked.fetch_add(1, SeqCst) + 1;
        if number <= self.fails {
            return Err(trunkline_core::Error::config("the vault is shut"));
        }
        Ok(format!("key-{number}").into())
    }
}

fn with_vault(wire: &Wire, vault: &Vault) -> Account {
    let account = builder().client(wire.client()).key_from(vault.clone());
    account.build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_failed_is_left_alone_for_a_second() {
    let vault = Vault {
        fails: 1,
        ..Vault::default()
    };
    let wire = Wire::by(|_| ok());
    let account = with_vault(&wire, &vault);
    let call = || async { account.model("ara").chat("hi").await };

    let error = call().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(error.recovery(), Recovery::OtherModel, "there is no other");
    advance(Duration::from_millis(999)).await;
    assert_eq!(call().await.unwrap_err().kind(), ErrorKind::Auth);
    assert_eq!((vault.asked.load(SeqCst), wire.requests()), (1, 0));

    advance(Duration::from_millis(1)).await;
    call().await.unwrap();
    assert_eq!(vault.asked.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_secret_is_fetched_anew_before_another_key_is_taken() {
    let wire = Wire::by(|request| match request.key() {
        "key-1" => Answer::status(401),
        _ => ok(),
    });
    let keys = builder().key_from(Vault::default()).key("key-b");
    let account = keys.client(wire.client()).build().unwrap();
    assert!(ask(&account).await && ask(&account).await);
    let keys: Vec<_> = wire
        .sent()
        .iter()
        .map(|seen| seen.key().to_owned())
        .collect();
    assert_eq!(keys, ["key-1", "key-2", "key-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_tried_after_its_rest_is_shown_as_such() {
    let slow = ok().head_after(SECOND);
    let wire = Wire::new([Answer::status(429).header("retry-after", "5"), ok(), slow]);
    let keys = builder().key("key-1").key("key-2").client(wire.client());
    let account = keys.build().unwrap();
    let state = || account.backend().stats().keys[0].state;
    assert!(ask(&account).await);
    assert_eq!(state(), KeyState::Cooling);
    advance(6 * SECOND).await;
    let probe = tokio::spawn(account.model("ara").chat("hi").into_future());
    tokio::task::yield_now().await;
    assert_eq!(state(), KeyState::Probing);
    probe.await.unwrap().unwrap();
    assert_eq!(state(), KeyState::Active);
}

#[tokio::test(start_paused = true)]
async fn without_a_hint_an_endpoint_in_trouble_is_given_a_moment_and_a_limited_key_none() {
    for (status, waits) in [(503, true), (429, false)] {
        let wire = first_host([Answer::status(status)]);
        let ten = 10 * SECOND;
        let stack = first().retry(Retry::default().backoff(ten, ten));
        let hosts = HOSTS.iter().take(2);
        let builder = builder().key("key-1").key("key-2").client(wire.client());
        let account = hosts
            .fold(builder.stack(stack), |builder, host| {
                builder.endpoint(format!("https://{host}/v1"))
            })
            .build()
            .unwrap();
        assert!(ask(&account).await);
        let times = wire.times();
        assert_eq!(times.len(), 2, "{status}");
        assert_eq!(!times[1].is_zero(), waits, "{status}: {times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_vault_that_does_not_answer_has_half_a_minute() {
    struct Silent;
    impl KeySource for Silent {
        async fn fetch(&self) -> Result<Secret> {
            std::future::pending().await
        }
    }
    let wire = Wire::by(|_| ok());
    let account = builder().client(wire.client()).key_from(Silent);
    let model = account.build().unwrap().model("ara");
    let began = Instant::now();
    let error = model.chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(began.elapsed(), 30 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn f089_a_late_refusal_of_an_older_secret_does_not_bring_back_a_newer_one_that_was_refused() {
    let slow = Arc::new(AtomicUsize::new(0));
    let wire = Wire::by(move |request| match request.key() {
        // The first call with the first secret hears of it last.
        "key-1" if slow.fetch_add(1, SeqCst) == 0 => Answer::status(401).head_after(10 * SECOND),
        "key-1" | "key-2" => Answer::status(401),
        _ => ok(),
    });
    let vault = Vault::default();
    let model = with_vault(&wire, &vault).model("ara");
    let late = tokio::spawn(model.chat("hi").into_future());
    tokio::task::yield_now().await;
    model.chat("hi").await.unwrap_err();

    let began = Instant::now();
    late.await.unwrap().unwrap();
    assert_eq!(began.elapsed(), 10 * SECOND);
    let keys: Vec<_> = wire
        .sent()
        .iter()
        .map(|seen| seen.key().to_owned())
        .collect();
    assert_eq!(keys, ["key-1", "key-1", "key-2", "key-3"]);
    assert_eq!(vault.asked.load(SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_for_retries_is_told() {
    let wire = Wire::new([Answer::status(503), ok()]);
    let stack = Stack::default().retry(Retry::default());
    let account = endpoints(&wire, 1, stack);
    let left = || account.backend().stats().retry_budget.unwrap();
    assert!((left() - 10.0).abs() < 0.01);
    assert!(ask(&account).await);
    assert!((left() - 9.2).abs() < 0.01, "a retry, and a success");
}
