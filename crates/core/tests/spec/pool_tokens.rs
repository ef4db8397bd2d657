//! Tokens that end by themselves: one call fetches, before the end, and nobody waits without need.

use std::{
    future::IntoFuture,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::{Instant, advance};
use trunkline_core::{
    Account, Capabilities, Error, ErrorKind, HttpClient, Model, ProviderDef, Result,
    account::{Credentials, Provider, Settings},
    middleware::{Token, TokenSource},
};

use crate::support::{
    Answer, Wire,
    parrot::{Parrot, builder},
};

/// Gives `token-1`, `token-2` …, each for an hour.
#[derive(Clone, Default)]
struct Mint {
    given: Arc<AtomicUsize>,
    broken: Arc<AtomicBool>,
}

impl TokenSource for Mint {
    async fn token(&self) -> Result<Token> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        if self.broken.load(SeqCst) {
            return Err(Error::config("no token today"));
        }
        let number = self.given.fetch_add(1, SeqCst) + 1;
        let token = format!("token-{number}");
        Ok(Token::new(token, Duration::from_secs(3_600)))
    }
}

fn ok() -> Answer {
    Answer::json(r#"{"say":"hi"}"#)
}

fn model(wire: &Wire, mint: &Mint) -> Model {
    let account = builder().client(wire.client()).token_from(mint.clone());
    account.build().unwrap().model("ara")
}

fn tokens(wire: &Wire) -> Vec<String> {
    let sent = wire.sent();
    sent.iter()
        .map(|request| request.key().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_fetched_once_for_all_calls() {
    let (wire, mint) = (Wire::new([ok()]), Mint::default());
    let model = model(&wire, &mint);
    let calls = join_all((0..100).map(|_| model.chat("hi").into_future())).await;
    assert!(calls.iter().all(Result::is_ok));
    assert_eq!(mint.given.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn near_its_end_one_call_renews_it_and_the_others_go_on() {
    let (wire, mint) = (Wire::new([ok()]), Mint::default());
    let model = model(&wire, &mint);
    model.chat("hi").await.unwrap();
    advance(Duration::from_secs(3_299)).await;
    model.chat("hi").await.unwrap();
    assert_eq!(
        mint.given.load(SeqCst),
        1,
        "more than five minutes are left"
    );

    advance(Duration::from_secs(2)).await;
    let began = Instant::now();
    let renewing = model.chat("hi").into_future();
    let others = join_all((0..10).map(|_| async {
        model.chat("hi").await.unwrap();
        began.elapsed()
    }));
    let (renewed, others) = tokio::join!(renewing, others);
    renewed.unwrap();
    assert!(
        others.iter().all(|took| *took < Duration::from_millis(50)),
        "{others:?}"
    );
    assert_eq!(mint.given.load(SeqCst), 2);
    assert_eq!(tokens(&wire).last().unwrap(), "token-2");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_costs_nothing_while_the_token_lives() {
    let (wire, mint) = (Wire::new([ok()]), Mint::default());
    let model = model(&wire, &mint);
    model.chat("hi").await.unwrap();
    mint.broken.store(true, SeqCst);
    advance(Duration::from_secs(3_400)).await;
    model.chat("hi").await.unwrap();

    advance(Duration::from_secs(300)).await;
    let error = model.chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(tokens(&wire), ["token-1", "token-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_renewed_before_its_end() {
    let wire = Wire::by(|request| match request.key() {
        "token-1" => Answer::status(401),
        _ => ok(),
    });
    let mint = Mint::default();
    model(&wire, &mint).chat("hi").await.unwrap();
    assert_eq!(tokens(&wire), ["token-1", "token-2"]);
}

/// A provider whose accounts need neither a key nor a base URL.
const CLOUD: ProviderDef = ProviderDef::of::<Cloud>("cloud", "CLOUD")
    .settings(&["region"])
    .capabilities(Capabilities::NONE.chat());

enum Cloud {}

impl Provider for Cloud {
    type Protocol = Parrot;
    const DEF: &'static ProviderDef = &CLOUD;

    fn protocol(_: &Settings) -> Result<Parrot> {
        Ok(Parrot)
    }

    fn base_url(settings: &Settings) -> Result<Option<String>> {
        let region = settings.get("region");
        Ok(region.map(|region| format!("https://{region}.cloud.example/v1")))
    }

    fn credentials(_: &Settings, _: &HttpClient) -> Result<Option<Credentials>> {
        Ok(Some(Credentials::tokens(Mint::default())))
    }
}

#[tokio::test(start_paused = true)]
async fn settings_make_up_what_an_account_was_not_given() {
    let wire = Wire::new([ok()]);
    let builder = || Account::<Cloud>::builder().client(wire.client());
    let nowhere = builder().build().unwrap_err();
    assert!(nowhere.to_string().contains("CLOUD_BASE_URL"), "{nowhere}");

    let north = builder().setting("region", "north").build().unwrap();
    north.model("ara").chat("hi").await.unwrap();
    let elsewhere = builder().endpoint("https://other.example").key("own");
    let elsewhere = elsewhere.setting("region", "north").build().unwrap();
    elsewhere.model("ara").chat("hi").await.unwrap();

    let sent = wire.sent();
    let hosts: Vec<_> = sent
        .iter()
        .map(|request| request.uri.host().unwrap())
        .collect();
    assert_eq!(hosts, ["north.cloud.example", "other.example"]);
    assert_eq!(tokens(&wire), ["token-1", "own"]);
}

#[test]
fn settings_show_their_names_only() {
    let wire = Wire::new([ok()]);
    static SEEN: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());
    enum Curious {}
    impl Provider for Curious {
        type Protocol = Parrot;
        const DEF: &'static ProviderDef = &CLOUD;
        fn protocol(settings: &Settings) -> Result<Parrot> {
            *SEEN.lock().unwrap() = format!("{settings:?}");
            Ok(Parrot)
        }
    }
    let builder = Account::<Curious>::builder().client(wire.client()).key("k");
    let _ = builder
        .setting("region", "s3cret")
        .endpoint("https://x.example")
        .build();
    assert_eq!(*SEEN.lock().unwrap(), r#"{"region"}"#);
}
