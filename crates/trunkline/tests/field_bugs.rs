//! Bugs of other libraries that only show with everything in place: account, stack, driver,
//! transport, wire.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{io, sync::Arc, time::Duration};

use trunkline::{
    ErrorKind, HttpClient, Model, Phase,
    account::Builder,
    http_transport::hyper::HyperTransport,
    middleware::{Deadline, Stack},
};
use trunkline_openai::{CHAT_COMPLETIONS, OpenAi, compatible};
use trunkline_testkit::peer::{Peer, PipePeer, Reply};

fn word(text: &str) -> String {
    format!(r#"{{"id":"1","model":"m","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#)
}

const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;

/// A model over pipes, so that hours pass in no time.
fn piped(peer: PipePeer, builder: Builder<trunkline_openai::Api>) -> Model {
    let peer = Arc::new(peer);
    let connect = tower::service_fn(move |_| {
        let peer = Arc::clone(&peer);
        async move { Ok::<_, io::Error>(peer.connect()) }
    });
    let transport = HyperTransport::builder()
        .connector(connect)
        .build()
        .unwrap();
    let account = builder
        .key("key")
        .endpoint("http://localhost/v1")
        .client(HttpClient::new(transport));
    account.build().unwrap().model("m")
}

#[tokio::test]
async fn bug_01_02_03_a_character_split_over_chunks_is_whole_kept_and_no_error() {
    let text = "né😀 漢字 — Ω";
    let reply = Reply::sse([word(text), STOP.to_owned()]).done();
    // Every byte comes alone.
    let bytes = reply_bytes(text).len();
    let peer = Peer::start(reply.slices(bytes)).await;
    let model = compatible("key", peer.url(), HttpClient::shared())
        .unwrap()
        .model("m");

    let answer = model
        .chat("Hello")
        .stream()
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();

    assert_eq!(answer.text(), text);
}

fn reply_bytes(text: &str) -> String {
    format!("data: {}\n\ndata: {STOP}\n\ndata: [DONE]\n\n", word(text))
}

#[tokio::test(start_paused = true)]
async fn bug_08_comments_do_not_hide_a_dead_model() {
    let keep_alives = std::iter::repeat_n(": keep-alive\n\n".to_owned(), 1_000);
    let body = std::iter::once(format!("data: {}\n\n", word("one"))).chain(keep_alives);
    let reply = Reply::status(200)
        .header("content-type", "text/event-stream")
        .chunked(body)
        .pause_between(Duration::from_secs(5));
    let model = piped(
        PipePeer::new(reply),
        OpenAi::builder().setting("api", CHAT_COMPLETIONS),
    );
    let began = tokio::time::Instant::now();

    let error = model
        .chat("Hello")
        .stream()
        .await
        .unwrap()
        .collect()
        .await
        .unwrap_err();

    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::Timeout, Some(Phase::ProgressIdle))
    );
    assert_eq!(error.partial().unwrap().text(), "one");
    let waited = began.elapsed().as_secs();
    assert!((295..=310).contains(&waited), "{waited} s");
}

#[tokio::test]
async fn bug_17_a_stream_that_is_dropped_closes_its_connection() {
    let peer = Peer::start(Reply::sse([word("one")]).no_last_chunk().stall()).await;
    let model = compatible("key", peer.url(), HttpClient::shared())
        .unwrap()
        .model("m");

    let mut words = model.chat("Hello").stream().await.unwrap().text();
    assert_eq!(words.try_next().await.unwrap().as_deref(), Some("one"));
    drop(words);

    let closed = peer.until(|seen| seen.connections.open == 0);
    tokio::time::timeout(Duration::from_secs(1), closed)
        .await
        .expect("closed within a second");
}

#[tokio::test(start_paused = true)]
async fn bug_18_the_total_does_not_cut_a_healthy_stream() {
    let words = (0..60)
        .map(|n| word(&format!("{n} ")))
        .chain([STOP.to_owned()]);
    let reply = Reply::sse(words)
        .done()
        .pause_between(Duration::from_secs(10));
    let stack = Stack::default().deadline(Deadline::default().total(Duration::from_secs(30)));
    let model = piped(
        PipePeer::new(reply),
        OpenAi::builder()
            .setting("api", CHAT_COMPLETIONS)
            .stack(stack),
    );

    let answer = model
        .chat("Hello")
        .stream()
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();

    assert!(answer.text().ends_with("59 "), "ten minutes, and whole");
}

#[tokio::test(start_paused = true)]
async fn bug_20_a_slow_first_word_is_no_stall() {
    let reply = Reply::sse([word("one"), STOP.to_owned()])
        .done()
        .pause_before_body(Duration::from_secs(80));
    let model = piped(
        PipePeer::new(reply),
        OpenAi::builder().setting("api", CHAT_COMPLETIONS),
    );

    let answer = model
        .chat("Hello")
        .stream()
        .await
        .unwrap()
        .collect()
        .await
        .unwrap();

    assert_eq!(answer.text(), "one");
    assert_eq!(answer.meta().attempts, 1, "it was asked once");
}
