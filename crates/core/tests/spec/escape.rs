//! Nothing that holds a key shows it.

use std::sync::Arc;

use http::{HeaderName, HeaderValue, Request};
use trunkline_core::{
    Body, Call, Error, Op, Result, Secret,
    middleware::Stack,
    protocol::{Auth, Authorize},
};

use crate::support::{Answer, Wire, account, builder, parrot::KEY};

/// The forms in which a key may leak.
fn forms() -> Vec<String> {
    let hex = KEY
        .bytes()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    let list = KEY
        .bytes()
        .map(|byte| byte.to_string())
        .collect::<Vec<_>>()
        .join(", ");
    vec!["canary".to_owned(), hex, list, "c2stY2FuYXJ5".to_owned()]
}

fn shows_none(what: &str, shown: &str) {
    for form in forms() {
        assert!(!shown.contains(&form), "{what}: {shown}");
    }
}

#[tokio::test]
async fn f125_no_public_type_shows_a_key() {
    let wire = Wire::new([Answer::status(401).body(KEY)]);
    let builder = || {
        builder()
            .key(KEY)
            .header("x-org", KEY)
            .client(wire.client())
    };
    shows_none("Builder", &format!("{:?}", builder()));
    shows_none("Secret", &format!("{:?}", Secret::from(KEY)));

    let account = account(&wire, |builder| {
        builder.header("x-org", KEY).stack(Stack::bare())
    });
    let model = account.model("ara");
    shows_none(
        "Account",
        &format!(
            "{account:?} {:?} {:?}",
            account.backend(),
            account.backend().info()
        ),
    );
    let call = model.chat("hi").key(KEY).header("x-gateway", KEY);
    shows_none("ChatCall", &format!("{call:?}"));
    shows_none(
        "EmbedCall",
        &format!("{:?}", model.embed(["a"]).key(KEY).header("x-gateway", KEY)),
    );
    shows_none(
        "RerankCall",
        &format!(
            "{:?}",
            model.rerank("q", ["a"]).key(KEY).header("x-gateway", KEY)
        ),
    );
    shows_none(
        "CountTokensCall",
        &format!(
            "{:?}",
            model.count_tokens("a").key(KEY).header("x-gateway", KEY)
        ),
    );
    shows_none(
        "Endpoint",
        &format!("{:?}", account.backend().endpoint("/x").key(KEY)),
    );

    let mut plain = Call::new(Op::Chat(Arc::new("hi".into())));
    plain.key = Some(KEY.into());
    shows_none("Call", &format!("{plain:?}"));

    let error: Error = call.await.unwrap_err();
    shows_none(
        "Error",
        &format!("{error} {error:?} {:?}", error.attempts()),
    );
    shows_none(
        "Stats",
        &format!(
            "{:?} {}",
            account.backend().stats(),
            serde_json::to_string(&account.backend().stats()).unwrap()
        ),
    );

    struct Signer;
    impl Authorize for Signer {
        async fn authorize(&self, request: &mut Request<Body>) -> Result<()> {
            request.headers_mut().insert(
                HeaderName::from_static("x-signature"),
                HeaderValue::from_static(KEY),
            );
            Ok(())
        }
    }
    shows_none("Auth", &format!("{:?}", Auth::custom(Signer)));
}

/// As a signature that was refused is answered: with what was signed.
#[tokio::test]
async fn what_was_made_for_a_request_is_not_repeated_by_its_error() {
    const TOKEN: &str = "session-token-canary";
    struct Signer;
    impl Authorize for Signer {
        async fn authorize(&self, request: &mut Request<Body>) -> Result<()> {
            let mut token = HeaderValue::from_static(TOKEN);
            token.set_sensitive(true);
            request
                .headers_mut()
                .insert(HeaderName::from_static("x-token"), token);
            Ok(())
        }
    }
    let echo = Answer::status(403).body(format!(r#"{{"error":"you signed {TOKEN}"}}"#));
    let wire = Wire::new([echo]);
    let account = builder().authorize(Signer).client(wire.client());
    let model = account.build().unwrap().model("ara");
    let error = model.chat("hi").await.unwrap_err();
    assert!(error.body().is_some(), "or there is nothing to leave out");
    shows_none("Error", &format!("{error} {error:?} {:?}", error.body()));
}

#[test]
fn what_serde_says_of_values_is_left_out_of_a_cause() {
    let cause = serde_json::from_str::<u8>(r#""answer-canary""#).unwrap_err();
    assert!(
        cause.to_string().contains("canary"),
        "or there is nothing to leave out"
    );
    let error = Error::decode("the answer cannot be read").with_source(cause);
    let chain = std::error::Error::source(&error).unwrap().to_string();
    assert!(!format!("{error:?} {chain}").contains("canary"), "{chain}");
    assert!(chain.contains("line 1"), "{chain}");
}

#[test]
fn endless_attempts_of_forging_a_line_fail() {
    let error = Error::config("a\nERROR forged").with_code("c\r\nx");
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
}
