//! Whether a server can serve, how busy it is, and what a pool makes of that.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{advance, sleep};
use trunkline_core::{
    Account, AccountConfig, Backend, Capabilities, Check, ErrorKind, HttpClient, ProviderDef,
    Result, account::Builder,
};

use crate::support::{
    Answer, Wire,
    parrot::{Parrot, account},
};

static COUNTED: ProviderDef = ProviderDef::new("counted", "COUNTED", built)
    .key_optional()
    .capabilities(Capabilities::NONE.chat().stream().load());

fn built(config: AccountConfig, client: HttpClient) -> Result<Backend> {
    let builder = Builder::of(&COUNTED, Parrot).config(config);
    Ok(builder.client(client).build()?.backend().clone())
}

const HI: &str = r#"{"say":"hi"}"#;

/// Two endpoints that count their requests.
fn counted(wire: &Wire) -> Account {
    let builder = Builder::of(&COUNTED, Parrot).client(wire.client());
    let builder = builder.endpoint("https://a.example/v1");
    builder.endpoint("https://b.example/v1").build().unwrap()
}

fn chats(wire: &Wire, host: &str) -> usize {
    let sent = wire.sent();
    let chats = sent.iter().filter(|seen| seen.uri.path() == "/v1/chat");
    chats.filter(|seen| seen.host() == host).count()
}

#[tokio::test(start_paused = true)]
async fn of_two_replicas_the_one_that_others_keep_busy_gets_less() {
    fastrand::seed(7);
    let wire = Wire::by(|request| match (request.uri.path(), request.host()) {
        ("/v1/metrics", "a.example") => Answer::status(200).body("busy 50\n"),
        ("/v1/metrics", _) => Answer::status(200).body("busy 0\n"),
        _ => Answer::json(HI).head_after(Duration::from_millis(20)),
    });
    let account = counted(&wire);
    let model = account.model("ara");
    model.chat("hi").await.unwrap();
    sleep(Duration::from_millis(5)).await;
    for _ in 0..100 {
        model.chat("hi").await.unwrap();
    }
    assert!(
        chats(&wire, "a.example") <= 2,
        "{}",
        chats(&wire, "a.example")
    );

    let stats = account.backend().stats();
    let busy = stats.endpoints[0].server.as_ref().unwrap();
    assert_eq!(
        (busy.running, stats.endpoints[0].endpoint.as_str()),
        (Some(50.0), "a.example")
    );
    assert!(busy.age.unwrap() < Duration::from_secs(2));
    let calls: u64 = stats.endpoints.iter().map(|endpoint| endpoint.calls).sum();
    assert_eq!(calls, 101, "to look at the gauges is no call");
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_is_asked_once_a_second_while_it_is_used_and_seldom_if_it_does_not_tell() {
    let wire = Wire::by(|request| match (request.uri.path(), request.host()) {
        ("/v1/metrics", "a.example") => Answer::status(501),
        ("/v1/metrics", _) => Answer::status(200).body("busy 0\n"),
        _ => Answer::json(HI).head_after(Duration::from_millis(100)),
    });
    let model = counted(&wire).model("ara");
    for _ in 0..100 {
        model.chat("hi").await.unwrap();
    }
    let asked = |host| {
        let sent = wire.sent();
        let asked = sent.iter().filter(|seen| seen.uri.path() == "/v1/metrics");
        asked.filter(|seen| seen.host() == host).count()
    };
    assert_eq!(asked("a.example"), 1);
    assert!(
        (9..=11).contains(&asked("b.example")),
        "{}",
        asked("b.example")
    );
    advance(Duration::from_secs(60)).await;
    sleep(Duration::from_secs(60)).await;
    assert_eq!(asked("a.example"), 1, "who is not used is not asked");
}

#[tokio::test(start_paused = true)]
async fn of_two_replicas_one_that_is_ten_times_slower_gets_at_most_15_of_100() {
    fastrand::seed(11);
    let wire = Wire::by(|request| {
        let slow = request.host() == "a.example";
        Answer::json(HI).head_after(Duration::from_millis(if slow { 200 } else { 20 }))
    });
    let account = counted(&wire);
    let caller = || async {
        for _ in 0..50 {
            account.model("ara").chat("hi").await.unwrap();
        }
    };
    join_all((0..16).map(|_| caller())).await;
    let share = chats(&wire, "a.example") as f64 / 800.0;
    assert!(share <= 0.15, "{share}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_loads_its_model_is_not_ready_and_has_not_failed() {
    let asleep = || Answer::status(503).body(r#"{"message":"asleep"}"#);
    let wire = Wire::by(move |_| asleep());
    let account = account(&wire, |builder| builder);
    let backend = account.backend();

    let error = backend.check(Check::Ready).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady);
    assert_eq!((wire.requests(), error.message()), (1, "asleep"));

    let error = account.model("ara").chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady);
    assert_eq!(wire.requests(), 4, "a chat is tried again");
    assert!(!error.is_endpoint_failure());
}

#[tokio::test(start_paused = true)]
async fn one_that_is_ready_says_so_and_one_that_does_not_say_has_to_list_its_models() {
    let wire = Wire::by(|_| Answer::json("{}"));
    let account = account(&wire, |builder| builder);
    account.backend().check(Check::Ready).await.unwrap();
    assert_eq!(wire.sent()[0].uri.path(), "/v1/health");
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_the_load_gets_what_the_server_says() {
    let wire =
        Wire::by(|_| Answer::status(200).body("# HELP busy\nbusy{a=\"1\"} 2\nbusy{a=\"2\"} 3\n"));
    let account = counted(&wire);
    let load = account.backend().load().await.unwrap();
    assert_eq!((load.running, load.waiting), (Some(5.0), None));
    assert_eq!(
        load.meta
            .endpoint
            .as_deref()
            .map(|host| host.ends_with(".example")),
        Some(true)
    );
}
