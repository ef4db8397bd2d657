//! Where requests go, what tells that a server is ready, and what an answer has beside its words.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::{collections::VecDeque, sync::Arc};

use trunkline_core::{
    ChatRequest, Error, ErrorKind, HttpClient, Op, Reply, Result, StreamChunk, Warning,
    chat::{FinishKind, Warnings},
    health::{Load, Readiness, ReadyRequest},
    http_transport::frame::Frame,
    protocol::{Decoder, Protocol, Target, Terminal},
    stream::Fold,
};
use trunkline_testkit::peer::{Peer, Reply as Answer};
use trunkline_vllm::{Extras, Options, Server, StructuredOutputs, Version, Vllm};

fn server() -> Server {
    Server::default()
}

fn head(status: u16) -> http::response::Parts {
    let response = http::Response::builder().status(status);
    response.body(()).unwrap().into_parts().0
}

fn ready(body: &str) -> Result<Readiness> {
    let op = Op::Ready(Arc::default());
    server()
        .decode(&op, &head(200), body.to_owned().into())?
        .into_ready()
}

#[tokio::test]
async fn a_base_url_may_end_with_v1() {
    for habit in ["", "/", "/v1", "/v1/"] {
        let peer = Peer::start(Answer::status(200).json(r#"{"version":"1"}"#)).await;
        let base = format!("{}{habit}", peer.url());
        let vllm = Vllm::builder().endpoint(base).client(HttpClient::shared());
        let backend = vllm.build().unwrap().bare();
        backend.ask(Version).await.unwrap();
        let _ = backend.model("m").chat("Hi").await;
        let paths: Vec<_> = peer.requests().into_iter().map(|sent| sent.path).collect();
        assert_eq!(paths, ["/version", "/v1/chat/completions"], "{habit}");
    }
}

#[test]
fn what_tells_that_it_is_ready_is_a_setting() {
    let target = Target::parse("http://127.0.0.1:8000").unwrap();
    let asked = |word: Option<&str>| {
        let mut builder = Vllm::builder().client(HttpClient::shared());
        if let Some(word) = word {
            builder = builder.setting("ready", word);
        }
        builder.build().map(|_| ())
    };
    for word in [None, Some("health"), Some("metrics"), Some("is_sleeping")] {
        asked(word).unwrap();
    }
    let error = asked(Some("sleepy")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let path = |request: ReadyRequest| {
        let op = Op::Ready(Arc::new(request));
        let sent = server().encode(&op, &target, &mut Warnings::default());
        sent.unwrap().uri().path().to_owned()
    };
    assert_eq!(path(ReadyRequest::default()), "/health");
    assert_eq!(path(ReadyRequest::model("sql")), "/v1/models");
}

#[test]
fn a_server_that_sleeps_is_not_ready_where_it_tells() {
    assert!(ready("").unwrap().ready);
    assert!(ready(r#"{"is_sleeping":false}"#).unwrap().ready);
    assert!(!ready(r#"{"is_sleeping":true}"#).unwrap().ready);
    let state = |zero: u8, one: u8| {
        let of = |engine: u8, awake: u8| {
            format!(
                "vllm:engine_sleep_state{{engine=\"{engine}\",sleep_state=\"awake\"}} {awake}\n"
            )
        };
        ready(&(of(0, zero) + &of(1, one))).unwrap().ready
    };
    assert!(state(1, 1) && !state(1, 0) && !state(0, 0));
    assert!(ready("vllm:num_requests_running 1\n").unwrap().ready);
    assert_eq!(
        ready("<html>").unwrap_err().kind(),
        ErrorKind::Decode,
        "a gateway's page is no health"
    );
}

#[test]
fn load_that_is_not_told_is_not_zero() {
    let op = Op::Load(Arc::default());
    let load = |body: &str| -> Load {
        let reply = server().decode(&op, &head(200), body.to_owned().into());
        reply.unwrap().into_load().unwrap()
    };
    let untold = load("python_info 1\n");
    assert_eq!((untold.running, untold.cache), (None, None));
    let told = load(
        "vllm:num_requests_running{engine=\"0\"} 2\nvllm:num_requests_running{engine=\"1\"} 1\n",
    );
    assert_eq!((told.running, told.waiting), (Some(3.0), None));
}

fn warned(request: ChatRequest) -> Vec<Warning> {
    let target = Target::parse("http://127.0.0.1:8000").unwrap();
    let mut warnings = Warnings::default();
    let op = Op::Chat(Arc::new(request.model("m")));
    server().encode(&op, &target, &mut warnings).unwrap();
    warnings.into_vec()
}

#[test]
fn what_newer_servers_pass_over_in_silence_is_warned_of() {
    let guided = Options::new().guided_regex("a+");
    let request = ChatRequest::from("Hi").option(guided.clone());
    assert_eq!(
        warned(request.clone()),
        [Warning::unsupported("guided_regex")]
    );
    let both = request.option(Options::new().structured_outputs(StructuredOutputs::regex("a+")));
    assert_eq!(warned(both), []);
}

/// The chunks of a stream of these events.
fn chunks(events: &[String]) -> Result<Vec<StreamChunk>> {
    let op = Op::ChatStream(Arc::new(ChatRequest::from("Hi").model("m")));
    let mut decoder = server().decoder(&op, &head(200));
    let mut out = VecDeque::new();
    for event in events {
        decoder.frame(Frame::new(event.clone()), &mut out)?;
    }
    assert_ne!(decoder.terminal(), Terminal::Open);
    decoder.finish(&mut out)?;
    Ok(out.into())
}

#[test]
fn each_answer_of_a_stream_has_its_own_tokens_and_its_own_end() {
    let event = |index: u8, rest: &str| {
        format!(r#"{{"id":"c","model":"m","choices":[{{"index":{index},{rest}}}]}}"#)
    };
    let events = [
        event(0, r#""delta":{"content":"a"},"token_ids": [1, 2]"#),
        event(1, r#""delta":{"content":"b"},"token_ids":[3]"#),
        event(
            0,
            r#""delta":{"content":"c"},"token_ids":[4],"finish_reason":"stop","stop_reason":"x""#,
        ),
        event(
            1,
            r#""delta":{},"token_ids":[],"finish_reason":"stop","stop_reason":9"#,
        ),
        "[DONE]".to_owned(),
    ];
    let answer = Fold::of(chunks(&events).unwrap()).unwrap();
    let extras = Extras::of(&answer).unwrap();
    assert_eq!(extras.choices[&0].token_ids, Some(vec![1, 2, 4]));
    assert_eq!(extras.choices[&1].token_ids, Some(vec![3]));
    assert_eq!(extras.choices[&1].stop_reason.as_ref().unwrap().get(), "9");
    assert_eq!(
        answer.finish.kind,
        FinishKind::StopSequence(Some("x".into()))
    );
    assert_eq!(answer.candidates[0].finish.kind, FinishKind::Stop);
}

#[test]
fn words_that_look_like_it_are_words() {
    let words = r#""token_ids":[1],"prompt_text":"x""#;
    let content = serde_json::to_string(words).unwrap();
    let body = format!(
        r#"{{"id":"c","model":"m","choices":[{{"index":0,"message":{{"content":{content}}},"finish_reason":"stop"}}]}}"#
    );
    let op = Op::Chat(Arc::new(ChatRequest::from("Hi").model("m")));
    let reply = server().decode(&op, &head(200), body.into());
    let Ok(Reply::Chat(answer)) = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(
        (answer.text(), answer.ext.is_empty()),
        (words.to_owned(), true)
    );
}

fn refused(status: u16, body: &str) -> Error {
    server().error(&head(status), body.as_bytes())
}

#[test]
fn a_server_that_scales_is_not_ready_and_was_not_asked() {
    let error = refused(
        503,
        r#"{"error":"The model is currently scaling. Please try again later."}"#,
    );
    assert_eq!(error.kind(), ErrorKind::NotReady);
    assert_eq!(error.delivery(), trunkline_core::Delivery::Rejected);
    assert_eq!(refused(503, "").kind(), ErrorKind::Server);
}

#[test]
fn a_list_is_refused_only_if_it_is_clearly_anothers() {
    let op = Op::Models(Arc::default());
    let list = |owner: &str| {
        let body = format!(r#"{{"object":"list","data":[{{"id":"a","owned_by":"{owner}"}}]}}"#);
        server().decode(&op, &head(200), body.into()).map(|_| ())
    };
    for owner in ["vllm", "openai", "", "my-company"] {
        assert!(list(owner).is_ok(), "{owner}");
    }
    for owner in ["llamacpp", "sglang", "library", "a"] {
        assert_eq!(
            list(owner).unwrap_err().kind(),
            ErrorKind::Decode,
            "{owner}"
        );
    }
}
