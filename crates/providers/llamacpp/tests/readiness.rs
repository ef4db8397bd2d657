//! A server that loads its model, whole answers with timings, and its connections.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use trunkline_core::{
    Backend, Call, Check, Delivery, ErrorKind, HttpClient, Op, Recovery, TokenizeRequest,
};
use trunkline_llamacpp::{LlamaCpp, Timings};
use trunkline_testkit::{
    Peer,
    peer::{Reply, Script},
};

fn at(peer: &Peer) -> LlamaCpp {
    let builder = LlamaCpp::builder().client(HttpClient::shared());
    builder.endpoint(peer.url()).build().unwrap()
}

fn loading() -> Reply {
    let error =
        json!({"error": {"message": "Loading model", "type": "unavailable_error", "code": 503}});
    Reply::status(503).json(error)
}

fn answer() -> Value {
    json!({"choices": [{"finish_reason": "stop", "index": 0, "message": {"role": "assistant", "content": "Hi."}}],
        "model": "tiny", "object": "chat.completion", "id": "chatcmpl-1",
        "usage": {"completion_tokens": 2, "prompt_tokens": 5, "total_tokens": 7},
        "timings": {"cache_n": 3, "prompt_n": 2, "prompt_ms": 1.5, "predicted_n": 2, "predicted_ms": 4.0}})
}

#[tokio::test]
async fn a_server_that_loads_is_not_ready_and_well() {
    let peer = Peer::start(Script::new([loading()]).repeat_last()).await;
    let server = at(&peer);
    let ready = server
        .bare()
        .call(Call::new(Op::Ready(Arc::default())))
        .await;
    let ready = ready.unwrap().into_ready().unwrap();
    assert_eq!(
        (ready.ready, ready.detail.as_deref()),
        (false, Some("Loading model"))
    );
    let error = server.bare().check(Check::Ready).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady);
    let error = server.bare().model("m").chat("Hello").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::NotReady, Delivery::Rejected)
    );
    assert_eq!(error.recovery(), Recovery::Later);
    assert!(!error.is_endpoint_failure());
}

#[tokio::test]
async fn a_chat_waits_for_the_model_and_tells_its_timings() {
    let whole = Reply::status(200).json(answer());
    let peer = Peer::start(Script::new([loading(), loading(), whole])).await;
    let answer = at(&peer).model("m").chat("Hello").await.unwrap();
    assert_eq!(peer.requests().len(), 3);
    let timing = answer.usage.timing.as_ref().unwrap();
    assert_eq!(timing.prompt, Some(Duration::from_micros(1_500)));
    let timings = Timings::of(&answer).unwrap();
    assert_eq!((timings.cache_n, timings.predicted_n), (Some(3), Some(2)));
}

#[tokio::test]
async fn a_stream_says_that_its_connection_ends_with_it() {
    let done =
        json!({"choices": [{"finish_reason": "stop", "index": 0, "delta": {"content": "Hi."}}]});
    let peer = Peer::start(Script::new([
        Reply::sse([done.to_string(), "[DONE]".to_owned()]),
        Reply::status(200).json(answer()),
    ]))
    .await;
    let model = at(&peer).model("m");
    let stream = model.chat("Hello").stream().await.unwrap();
    assert_eq!(stream.collect().await.unwrap().text(), "Hi.");
    model.chat("Hello").await.unwrap();
    let requests = peer.requests();
    assert_eq!(requests[0].header("connection"), Some("close"));
    assert_eq!(requests[1].header("connection"), None);
    assert_eq!(requests[0].path, "/v1/chat/completions");
}

#[tokio::test]
async fn a_token_that_is_half_a_character_is_shown_as_its_bytes() {
    let tokens = json!({"tokens": [{"id": 300, "piece": "an"}, {"id": 202, "piece": [195]}, {"id": 7, "piece": null}]});
    let peer = Peer::start(Reply::status(200).json(tokens)).await;
    let request = TokenizeRequest::new("anÃ").special(false);
    let tokens = Backend::from(at(&peer))
        .model("m")
        .tokenize_request(request)
        .await
        .unwrap();
    let texts: Vec<_> = tokens
        .tokens
        .iter()
        .map(|token| token.text.as_deref())
        .collect();
    assert_eq!(texts, [Some("an"), Some("[195]"), None]);
    let body: Value = serde_json::from_str(&peer.requests()[0].text()).unwrap();
    assert_eq!(
        body,
        json!({"model": "m", "content": "anÃ", "add_special": false, "with_pieces": true})
    );
}
