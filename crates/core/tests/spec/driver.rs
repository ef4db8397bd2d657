//! One exchange: what is sent, and what becomes of the answer.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};
use trunkline_core::{
    Call, ChatRequest, Delivery, Error, ErrorKind, Op, Warning, middleware::Stack,
};

use crate::support::{Answer, Wire, account, bare, model, parrot::KEY};

const HI: &str = r#"{"say":"hi"}"#;
const STOP: &str = r#"{"stop":1}"#;

async fn fails(answer: Answer) -> Error {
    bare(&Wire::new([answer])).chat("hi").await.unwrap_err()
}

#[tokio::test]
async fn a_request_goes_below_the_base_url_with_its_key() {
    let wire = Wire::new([Answer::json(HI)]);

    let answer = bare(&wire).chat("hi").await.unwrap();

    let sent = &wire.sent()[0];
    assert_eq!(
        (sent.method.clone(), sent.uri.to_string()),
        (Method::POST, "https://api.parrot.example/v1/chat".into())
    );
    assert_eq!(sent.headers["authorization"], format!("Bearer {KEY}"));
    assert!(sent.headers["authorization"].is_sensitive());
    assert!(
        sent.headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("trunkline/")
    );
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        json!({ "model": "ara", "stream": false, "words": "hi" })
    );
    assert_eq!(
        (
            answer.text().as_str(),
            answer.meta().status.unwrap().as_u16()
        ),
        ("hi", 200)
    );
    assert_eq!(answer.meta().attempts, 1);
}

#[tokio::test]
async fn of_one_header_the_call_s_stands_over_the_account_s_over_the_protocol_s() {
    let wire = Wire::new([Answer::json(HI)]);
    let account = account(&wire, |builder| {
        builder
            .header("content-type", "application/parrot")
            .header("x-org", "a")
            .header("user-agent", "mine")
    });

    account
        .model("ara")
        .chat("hi")
        .header("x-org", "b")
        .await
        .unwrap();

    let sent = &wire.sent()[0].headers;
    let all = |name: &str| {
        sent.get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(all("content-type"), ["application/parrot"]);
    assert_eq!(all("x-org"), ["b"]);
    assert_eq!(all("user-agent"), ["mine"]);
}

#[tokio::test]
async fn f141_no_call_leads_a_request_or_its_key_elsewhere() {
    let wire = Wire::new([Answer::json(HI)]);
    for name in [
        "host",
        "Authorization",
        "content-length",
        "transfer-encoding",
        "connection",
        "proxy-authorization",
    ] {
        let error = bare(&wire)
            .chat("hi")
            .header(name, "evil.example")
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{name}");

        let mut call = Call::new(Op::Chat(Arc::new("hi".into())));
        call.headers.insert(
            http::HeaderName::try_from(name).unwrap(),
            "evil.example".parse().unwrap(),
        );
        assert_eq!(
            bare(&wire).backend().call(call).await.unwrap_err().kind(),
            ErrorKind::Config,
            "{name}"
        );
    }
    let backend = bare(&wire).backend().clone();
    for path in ["https://evil.example/", "@evil.example", "//../../admin"] {
        assert_eq!(
            backend.endpoint(path).get().await.unwrap_err().kind(),
            ErrorKind::Config,
            "{path}"
        );
    }
    assert_eq!(wire.requests(), 0);
}

#[tokio::test]
async fn f141_a_call_s_own_key_goes_where_the_account_s_goes() {
    let wire = Wire::new([Answer::json(HI)]);
    bare(&wire).chat("hi").key("sk-other").await.unwrap();
    let sent = &wire.sent()[0];
    assert_eq!(sent.uri.host(), Some("api.parrot.example"));
    assert_eq!(sent.headers["authorization"], "Bearer sk-other");
}

#[tokio::test]
async fn a_patch_has_the_last_word_on_the_body() {
    let wire = Wire::new([Answer::json(HI)]);
    let patch = json!({ "words": null, "model": "other", "new": { "field": 1 } });
    bare(&wire)
        .chat(ChatRequest::from("hi").body_patch(patch))
        .await
        .unwrap();
    assert_eq!(
        wire.sent()[0].body,
        r#"{"model":"other","stream":false,"new":{"field":1}}"#
    );
}

#[tokio::test]
async fn what_is_lost_on_the_way_is_a_warning_or_under_strict_a_refusal() {
    let wire = Wire::new([Answer::json(HI)]);
    let lossy = || ChatRequest::from("hi").top_k(3).seed(1);

    let answer = bare(&wire).chat(lossy()).await.unwrap();
    assert_eq!(
        answer.warnings,
        [
            Warning::unsupported("top_k"),
            Warning::coerced("seed", "1", "2")
        ]
    );

    let error = bare(&wire).chat(lossy().strict()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Unsupported, Delivery::NotSent)
    );
    assert!(error.message().contains("top_k"));
    assert_eq!(wire.requests(), 1);

    let wire = Wire::new([Answer::events([HI, STOP])]);
    let answer = bare(&wire).chat(lossy()).buffered().await.unwrap();
    assert_eq!(answer.warnings.len(), 2, "streams carry them as well");
}

#[tokio::test]
async fn f043_a_redirect_is_an_error_that_names_the_host_and_nothing_else() {
    let answer = Answer::status(307).header(
        "location",
        "https://user:hunter2@evil.example/steal?key=hunter2",
    );
    let wire = Wire::new([answer]);
    let error = model(&wire).chat("hi").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status().unwrap().as_u16()),
        (ErrorKind::Redirect, 307)
    );
    assert!(error.to_string().contains("evil.example"));
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    assert_eq!(wire.requests(), 1);
}

#[tokio::test]
async fn f045_of_an_error_s_body_the_beginning_is_read() {
    let ten_megabytes = (0..2_560).fold(Answer::status(502), |answer, _| {
        answer.body("x".repeat(4 << 10))
    });
    let wire = Wire::new([ten_megabytes]);
    let error = bare(&wire).chat("hi").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Server);
    // 64 KiB, and the piece that passes them.
    assert!(wire.bytes_read() <= 68 << 10, "{}", wire.bytes_read());
    assert_eq!(error.body().unwrap().len(), 8 << 10);
    assert_eq!(wire.open_bodies(), 0);
}

#[tokio::test]
async fn an_error_carries_what_its_head_says() {
    let answer = Answer::status(429)
        .header("x-request-id", "req_1")
        .header("retry-after", "7")
        .body(r#"{"message":"slow down"}"#);
    let error = fails(answer).await;
    assert_eq!(error.request_id(), Some("req_1"));
    assert_eq!(error.retry_after(), Some(std::time::Duration::from_secs(7)));
    assert_eq!(
        error.to_string(),
        "parrot: rate limited (429, request req_1): slow down"
    );
    assert_eq!(error.endpoint(), Some("api.parrot.example"));
}

#[tokio::test]
async fn a_request_has_the_name_that_its_provider_gave_it() {
    for (names, expected) in [
        (&["cf-ray", "x-ds-trace-id"][..], "x-ds-trace-id"),
        (&["cf-ray", "msh-request-id"], "msh-request-id"),
        (
            &["cf-ray", "mistral-correlation-id"],
            "mistral-correlation-id",
        ),
        (&["nvcf-reqid"], "nvcf-reqid"),
        (&["cf-ray", "x-generation-id"], "x-generation-id"),
        (&["x-generation-id", "x-request-id"], "x-request-id"),
        (&["cf-ray"], "cf-ray"),
    ] {
        let answer = names.iter().fold(Answer::status(500), |answer, name| {
            answer.header(name, *name)
        });
        assert_eq!(fails(answer).await.request_id(), Some(expected));
    }
}

#[tokio::test]
async fn a_request_s_name_in_an_error_s_body_counts_where_no_header_has_one() {
    let body = r#"{"message":"no","request_id":"of-the-body"}"#;
    let error = fails(Answer::status(500).body(body)).await;
    assert_eq!(error.request_id(), Some("of-the-body"));
    let headed = Answer::status(500).header("x-request-id", "of-the-head");
    let error = fails(headed.body(body)).await;
    assert_eq!(error.request_id(), Some("of-the-head"));
}

#[tokio::test]
async fn a_reset_alone_is_a_hint_where_too_much_was_asked_and_nowhere_else() {
    for (status, name, expected) in [
        (429, "x-ratelimit-reset", Some(7)),
        (429, "x-ratelimit-reset-requests", None),
        (503, "x-ratelimit-reset", None),
    ] {
        let error = fails(Answer::status(status).header(name, "7")).await;
        let expected = expected.map(std::time::Duration::from_secs);
        assert_eq!(error.retry_after(), expected, "{status} {name}");
    }
    let left = Answer::status(429)
        .header("x-ratelimit-reset", "7")
        .header("x-ratelimit-remaining", "3");
    assert_eq!(fails(left).await.retry_after(), None);
}

#[tokio::test(start_paused = true)]
async fn a_waiting_time_on_a_success_makes_nobody_wait() {
    let wire = Wire::new([Answer::json(HI).header("retry-after", "9")]);
    let model = account(&wire, |builder| builder).model("ara");
    let begun = tokio::time::Instant::now();
    for _ in 0..2 {
        model.chat("hi").await.unwrap();
    }
    assert_eq!(begun.elapsed(), std::time::Duration::ZERO);
}

#[tokio::test]
async fn f125_a_key_that_a_provider_repeats_is_taken_out() {
    for (key, body) in [(None, KEY), (Some("sk-of-the-call"), "sk-of-the-call")] {
        let answer = Answer::status(401)
            .header("x-request-id", body)
            .body(format!(r#"{{"message":"wrong key {body}!"}}"#));
        let call = bare(&Wire::new([answer])).chat("hi");
        let error = key
            .map_or(call.clone(), |key| call.key(key))
            .await
            .unwrap_err();
        assert_eq!(error.message(), "wrong key ***!");
        let all = format!(
            "{error} {error:?} {}",
            String::from_utf8_lossy(error.body().unwrap())
        );
        assert!(!all.contains(body), "{all}");
    }
}

#[tokio::test]
async fn a_raw_request_goes_with_the_account_s_key_and_comes_back_unread() {
    let wire = Wire::new([Answer::json(r#"{"flagged":false}"#)]);
    let endpoint = bare(&wire).backend().endpoint("/moderations?x=1");
    let answer = endpoint
        .post(&json!({ "input": "hi" }).into())
        .await
        .unwrap();
    assert_eq!(answer.get(), r#"{"flagged":false}"#);
    let sent = &wire.sent()[0];
    assert_eq!(
        sent.uri.to_string(),
        "https://api.parrot.example/v1/moderations?x=1"
    );
    assert_eq!(sent.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(sent.headers["content-type"], "application/json");
}

#[tokio::test(start_paused = true)]
async fn a_raw_answer_that_never_ends_is_not_waited_for_for_ever() {
    let endpoint = bare(&Wire::new([Answer::json("{").hangs()]))
        .backend()
        .endpoint("/x");
    assert_eq!(endpoint.get().await.unwrap_err().kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn every_call_has_its_own_id_and_all_its_attempts_the_same() {
    use std::sync::Mutex;
    let ids = Arc::new(Mutex::new(Vec::new()));
    let seen = ids.clone();
    let backend = crate::support::parrot::backend(move |call: Call| {
        seen.lock().unwrap().push(call.id);
        async { Err(Error::new(ErrorKind::Connect, "no way")) }
    });
    let model = Stack::default().around(backend).unwrap().model("m");
    let call = model.chat("hi");
    tokio::time::pause();
    let _ = tokio::join!(call.clone(), call);
    let mut ids = ids.lock().unwrap().clone();
    assert_eq!(ids.len(), 6);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2);
}
