//! A key that makes a second request harmless: the same for all attempts of a call.

use std::collections::BTreeSet;

use trunkline_core::{
    Account, Call, Class, Json, Result, http_transport::TransportErrorKind, raw::RawRequest,
};

use crate::support::{
    Answer, Wire,
    parrot::{HOSTS, account},
};

const HEADER: &str = "idempotency-key";

fn keyed(wire: &Wire) -> Account {
    account(wire, |builder| builder.idempotency_header(HEADER))
}

fn keys(wire: &Wire) -> Vec<Option<String>> {
    let sent = wire.sent();
    let key = |seen: &crate::support::wire::Seen| seen.headers.get(HEADER).cloned();
    sent.iter()
        .map(|seen| Some(key(seen)?.to_str().unwrap().to_owned()))
        .collect()
}

async fn act(account: &Account, class: Class) -> Result<()> {
    let request = RawRequest::post("/x", &Json::empty_object()).class(class);
    account.backend().call(Call::new(request)).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn f091_all_attempts_of_a_call_carry_one_key_and_every_call_another() {
    let wire = Wire::new([Answer::status(503)]);
    let account = keyed(&wire);
    for _ in 0..3 {
        account.model("ara").chat("hi").await.unwrap_err();
    }
    let keys: Vec<String> = keys(&wire).into_iter().map(Option::unwrap).collect();
    assert_eq!(keys.len(), 9);
    let calls: Vec<BTreeSet<&String>> = keys.chunks(3).map(|call| call.iter().collect()).collect();
    assert!(calls.iter().all(|call| call.len() == 1), "{keys:?}");
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 3);

    let wire = Wire::new([Answer::json(r#"{"say":"hi"}"#)]);
    let call = keyed(&wire).model("ara").chat("hi");
    call.clone().await.unwrap();
    call.await.unwrap();
    let keys = self::keys(&wire);
    assert_ne!(keys[0], keys[1], "a cloned builder is another call");
}

#[tokio::test(start_paused = true)]
async fn f091_what_only_reads_needs_none_and_without_the_setting_there_is_none() {
    let wire = Wire::new([Answer::json("{}")]);
    act(&keyed(&wire), Class::Read).await.unwrap();
    act(&account(&wire, |builder| builder), Class::Effect)
        .await
        .unwrap();
    assert_eq!(keys(&wire), [None, None]);
}

#[tokio::test(start_paused = true)]
async fn f091_with_a_key_calls_with_effects_are_tried_again_as_the_table_says() {
    use trunkline_core::http_transport::{Phase, Sent};
    let late = || Answer::fails(TransportErrorKind::Timeout, Phase::Write, Sent::Maybe);
    for (failure, without, with) in [
        (Answer::status(503), 1, 3),
        (Answer::status(529), 1, 3),
        (Answer::reset(), 1, 3),
        (Answer::status(429), 3, 3),
        (Answer::status(408), 1, 1),
        (Answer::status(424), 1, 1),
        (Answer::status(400), 1, 1),
        (late(), 1, 1),
    ] {
        let wire = Wire::new([failure.clone()]);
        act(&account(&wire, |builder| builder), Class::Effect)
            .await
            .unwrap_err();
        assert_eq!(wire.requests(), without, "without: {failure:?}");
        wire.forget();
        act(&keyed(&wire), Class::Effect).await.unwrap_err();
        assert_eq!(wire.requests(), with, "with: {failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn f091_another_endpoint_does_not_know_the_first_one_s_keys() {
    let wire = Wire::by(|_| Answer::status(503));
    let account = account(&wire, |builder| {
        let builder = builder.idempotency_header(HEADER);
        let hosts = HOSTS.iter().take(2);
        hosts.fold(builder, |builder, host| {
            builder.endpoint(format!("https://{host}/v1"))
        })
    });
    act(&account, Class::Effect).await.unwrap_err();
    let hosts: BTreeSet<String> = wire.hosts().into_iter().collect();
    assert_eq!(
        hosts.len(),
        1,
        "what may have been done is not done elsewhere: {:?}",
        wire.hosts()
    );
}

#[tokio::test(start_paused = true)]
async fn another_model_is_another_request_with_a_key_of_its_own() {
    let wire = Wire::by(|request| {
        if request.body.starts_with(br#"{"model":"ara-1""#) {
            Answer::status(404)
        } else {
            Answer::json(r#"{"say":"hi"}"#)
        }
    });
    let account = keyed(&wire);
    let model = account.model("ara-1").or(account.model("ara-2"));
    model.chat("hi").await.unwrap();
    let keys = keys(&wire);
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
}
