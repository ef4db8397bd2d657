//! Several keys: who is asked with which, and what becomes of a refused one.

use std::{
    future::IntoFuture,
    pin::pin,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::{Context, Waker},
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::{Instant, advance};
use trunkline_core::{
    Account, ErrorKind, Model, Result, Secret,
    middleware::{KeySource, Retry, Stack},
    stats::KeyState,
};

use crate::support::{
    Answer, Wire,
    parrot::{account, builder},
};

fn ok() -> Answer {
    Answer::json(r#"{"say":"hi"}"#)
}

/// Two keys, of which the first is refused like this.
fn first_key(refused: impl Fn() -> Answer + Send + Sync + 'static) -> Wire {
    Wire::by(move |request| {
        if request.key() == "key-1" {
            refused()
        } else {
            ok()
        }
    })
}

fn two_keys(wire: &Wire) -> Account {
    let keys = builder().client(wire.client()).key("key-1").key("key-2");
    keys.build().unwrap()
}

fn states(account: &Account) -> Vec<KeyState> {
    let stats = account.backend().stats();
    stats.keys.iter().map(|key| key.state).collect()
}

fn keys_of(wire: &Wire) -> Vec<String> {
    wire.sent()
        .iter()
        .map(|request| request.key().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn f087_a_rejected_key_is_put_away_and_the_call_goes_on_with_another() {
    let wire = first_key(|| Answer::status(401));
    let account = two_keys(&wire);
    let began = Instant::now();

    for _ in 0..3 {
        account.model("ara").chat("hi").await.unwrap();
    }

    assert_eq!(keys_of(&wire), ["key-1", "key-2", "key-2", "key-2"]);
    assert_eq!(states(&account), [KeyState::Invalid, KeyState::Active]);
    assert_eq!(began.elapsed(), Duration::ZERO, "nobody waits");

    let alone = Wire::new([Answer::status(401)]);
    let error = crate::support::model(&alone).chat("hi").await.unwrap_err();
    assert_eq!((error.kind(), alone.requests()), (ErrorKind::Auth, 1));
}

#[tokio::test(start_paused = true)]
async fn where_every_key_was_rejected_nothing_is_sent_until_somebody_restores_them() {
    let wire = Wire::new([Answer::status(401)]);
    let account = two_keys(&wire);
    let model = account.model("ara");
    model.chat("hi").await.unwrap_err();
    assert_eq!(wire.requests(), 2);
    let error = model.chat("hi").await.unwrap_err();
    assert_eq!((error.kind(), wire.requests()), (ErrorKind::Auth, 2));

    account.backend().restore();
    model.chat("hi").await.unwrap_err();
    assert_eq!(wire.requests(), 4);
}

#[tokio::test(start_paused = true)]
async fn f031_a_key_that_shall_wait_for_an_hour_is_not_waited_for() {
    let busy = || Answer::status(429).header("retry-after", "3600");
    let wire = first_key(busy);
    let account = two_keys(&wire);
    let began = Instant::now();
    account.model("ara").chat("hi").await.unwrap();
    assert_eq!(
        began.elapsed(),
        Duration::ZERO,
        "the other key is used at once"
    );
    assert_eq!(states(&account), [KeyState::Cooling, KeyState::Active]);

    let wire = Wire::by(move |_| busy());
    let model = two_keys(&wire).model("ara");
    let error = model.chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
    let error = model.chat("hi").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
    assert_eq!(
        (wire.requests(), began.elapsed()),
        (2, Duration::ZERO),
        "known without asking"
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_that_rests_for_one_model_serves_the_others() {
    let wire = Wire::by(|request| {
        let busy = request.key() == "key-1" && request.body.starts_with(br#"{"model":"ara-1""#);
        if busy {
            Answer::status(429).header("retry-after", "30")
        } else {
            ok()
        }
    });
    let account = two_keys(&wire);
    account.model("ara-1").chat("hi").await.unwrap();
    account.model("ara-2").chat("hi").await.unwrap();
    assert_eq!(keys_of(&wire), ["key-1", "key-2", "key-1"]);
}

#[tokio::test(start_paused = true)]
async fn after_its_rest_one_call_tries_and_the_others_wait_for_it() {
    let wire = Wire::new([
        Answer::status(429).header("retry-after", "5"),
        Answer::status(429).header("retry-after", "5"),
        ok().head_after(Duration::from_secs(2)),
        ok().head_after(Duration::from_secs(2)),
        ok(),
    ]);
    let account = two_keys(&wire);
    let model = account.model("ara");
    let calls = join_all((0..4).map(|_| model.chat("hi").into_future())).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
    let late = wire
        .times()
        .iter()
        .filter(|at| **at >= Duration::from_secs(7))
        .count();
    assert!(late >= 2, "{:?}", wire.times());
}

#[tokio::test(start_paused = true)]
async fn f034_an_account_without_money_is_left_alone_for_an_hour() {
    let empty = Answer::status(402);
    let wire = first_key(move || empty.clone());
    let account = two_keys(&wire);
    let model = account.model("ara");
    for _ in 0..3 {
        model.chat("hi").await.unwrap();
    }
    assert_eq!(keys_of(&wire), ["key-1", "key-2", "key-2", "key-2"]);
    assert_eq!(states(&account), [KeyState::Exhausted, KeyState::Active]);

    advance(Duration::from_secs(3_601)).await;
    model.chat("hi").await.unwrap();
    assert_eq!(keys_of(&wire)[4..], ["key-1", "key-2"], "it is tried again");
}

#[tokio::test(start_paused = true)]
async fn f088_a_denied_model_is_asked_with_the_other_key_for_five_minutes() {
    let wire = Wire::by(|request| {
        let denied = request.key() == "key-1" && request.body.starts_with(br#"{"model":"ara-1""#);
        if denied { Answer::status(403) } else { ok() }
    });
    let account = two_keys(&wire);
    account.model("ara-1").chat("hi").await.unwrap();
    account.model("ara-1").chat("hi").await.unwrap();
    account.model("ara-2").chat("hi").await.unwrap();
    assert_eq!(keys_of(&wire), ["key-1", "key-2", "key-2", "key-1"]);
    advance(Duration::from_secs(301)).await;
    account.model("ara-1").chat("hi").await.unwrap();
    assert_eq!(keys_of(&wire)[4..], ["key-1", "key-2"]);
}

/// Gives `key-1`, `key-2` …
#[derive(Clone, Default)]
struct Vault(std::sync::Arc<AtomicUsize>);

impl KeySource for Vault {
    async fn fetch(&self) -> Result<Secret> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let number = self.0.fetch_add(1, SeqCst) + 1;
        Ok(format!("key-{number}").into())
    }
}

fn with_vault(wire: &Wire, vault: &Vault) -> Model {
    let account = builder().client(wire.client()).key_from(vault.clone());
    account.build().unwrap().model("ara")
}

#[tokio::test(start_paused = true)]
async fn f089_a_rejected_secret_is_fetched_once_more_for_all_calls() {
    let wire = first_key(|| Answer::status(401).head_after(Duration::from_millis(10)));
    let vault = Vault::default();
    let model = with_vault(&wire, &vault);

    let calls = join_all((0..100).map(|_| model.chat("hi").into_future())).await;

    assert!(calls.iter().all(Result::is_ok));
    assert_eq!(vault.0.load(SeqCst), 2, "one fetch at first, one refresh");
    assert_eq!(wire.requests(), 200, "each call was retried once");
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_stays_wrong_is_not_fetched_for_ever() {
    let wire = Wire::new([Answer::status(401)]);
    let vault = Vault::default();
    let error = with_vault(&wire, &vault).chat("hi").await.unwrap_err();
    assert_eq!(
        (error.kind(), wire.requests(), vault.0.load(SeqCst)),
        (ErrorKind::Auth, 2, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn f099_rate_limits_open_no_circuit() {
    let wire = Wire::new([Answer::status(429)]);
    let account = two_keys(&wire);
    let model = account.model("ara").clone();
    for _ in 0..1_000 {
        model
            .chat("hi")
            .timeout(Duration::from_secs(5))
            .await
            .unwrap_err();
    }
    let stats = account.backend().stats();
    let circuits = &stats.endpoints[0].circuits;
    assert!(
        circuits.iter().all(|circuit| circuit.samples == 0),
        "{circuits:?}"
    );
    assert_eq!(states(&account), [KeyState::Cooling; 2]);
}

#[tokio::test(start_paused = true)]
async fn f116_neither_a_wait_nor_a_key_s_rest_goes_by_the_wall_clock() {
    // The first call waits for its second attempt itself; or it has none, and the next one waits
    // for the key.
    for attempts in [3, 1] {
        let busy = Answer::status(429).header("retry-after-ms", "20");
        let wire = Wire::new([busy, ok()]);
        let stack = Stack::default().retry(Retry::default().attempts(attempts));
        let keyed = builder().client(wire.client()).key("key-1").stack(stack);
        let model = keyed.build().unwrap().model("ara");
        if attempts == 1 {
            model.chat("hi").await.unwrap_err();
        }
        // Polled by hand: our own clock goes on only while a test waits.
        let mut call = pin!(model.chat("hi").into_future());
        let mut is_waiting = || {
            let cx = &mut Context::from_waker(Waker::noop());
            (0..100).all(|_| call.as_mut().poll(cx).is_pending())
        };
        assert!(is_waiting());
        std::thread::sleep(Duration::from_millis(60));
        assert!(is_waiting(), "the wall clock alone has moved on");
        assert_eq!(wire.requests(), 1);
        advance(Duration::from_secs(60)).await;
        call.await.unwrap();
        assert_eq!(wire.requests(), 2, "ours alone has moved on");
    }
}

#[tokio::test(start_paused = true)]
async fn f104_no_key_serves_more_calls_at_once_than_it_may() {
    let running = std::sync::Arc::new(std::sync::Mutex::new(std::collections::HashMap::new()));
    let wire = Wire::by(|_| ok().head_after(Duration::from_secs(1)));
    let mut keys = builder()
        .client(wire.client())
        .stack(Stack::default().key_concurrency(10));
    for number in 1..=5 {
        keys = keys.key(format!("key-{number}"));
    }
    let model = keys.build().unwrap().model("ara");
    let calls = join_all((0..1_000).map(|_| model.chat("hi").into_future())).await;
    assert!(calls.iter().all(Result::is_ok));
    for request in wire.sent() {
        let at = (request.at, request.key().to_owned());
        *running.lock().unwrap().entry(at).or_insert(0) += 1;
    }
    let running = running.lock().unwrap();
    assert!(running.values().all(|count| *count == 10), "{running:?}");
    assert_eq!(running.len(), 100, "fifty at a time, for twenty seconds");
}

#[tokio::test(start_paused = true)]
async fn f140_a_key_that_is_reserved_for_a_tenant_serves_nobody_else() {
    let wire = Wire::by(|request| match request.key() {
        "key-a" => ok(),
        _ => Answer::status(429).header("retry-after", "20"),
    });
    let model = builder()
        .client(wire.client())
        .tenant_key("a", "key-a")
        .key("key-1")
        .key("key-2")
        .build()
        .unwrap()
        .model("ara");

    let call = model.chat("hi").tenant("b").timeout(Duration::from_secs(5));
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    model.chat("hi").tenant("a").await.unwrap();
    assert_eq!(keys_of(&wire), ["key-1", "key-2", "key-a"]);
}

#[tokio::test(start_paused = true)]
async fn the_caller_s_own_key_stands_apart_from_the_pool_s() {
    let wire = Wire::by(|request| {
        if request.key() == "mine" {
            Answer::status(401)
        } else {
            ok()
        }
    });
    let account = two_keys(&wire);
    let error = account
        .model("ara")
        .chat("hi")
        .key("mine")
        .await
        .unwrap_err();
    assert_eq!((error.kind(), wire.requests()), (ErrorKind::Auth, 1));
    assert_eq!(states(&account), [KeyState::Active; 2]);
}

#[tokio::test(start_paused = true)]
async fn no_key_is_shown_by_statistics() {
    let wire = Wire::by(|_| ok());
    let account = account(&wire, |builder| builder.key("sk-canary-8e2b"));
    account.model("ara").chat("hi").await.unwrap();
    let stats = account.backend().stats();
    let shown = format!("{stats:?} {}", serde_json::to_string(&stats).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
    assert_eq!(stats.keys.len(), 2);
    assert_ne!(stats.keys[0].id, stats.keys[1].id);
}
