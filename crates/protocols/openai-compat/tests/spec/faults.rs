//! The fault matrix, as far as it is this wire's: what comes over it.

use std::time::Duration;

use trunkline_core::{Call, Content, ErrorKind, StreamChunk, chat::FinishKind, protocol::Protocol};
use trunkline_openai_compat::{Dialect, OpenAiCompat};
use trunkline_testkit::{
    Peer,
    peer::{Exchange, Reply},
};

use crate::support::{
    HI, STOP, account, call, chat, chat_stream, delta, finish, head, sse, stream, whole,
};

#[tokio::test]
async fn f044_a_page_is_no_answer() {
    let page = format!(
        "<html>\u{1b}[31mchecking your browser{}</html>",
        "x".repeat(4_000)
    );
    let reply = || {
        Reply::status(200)
            .header("content-type", "text/html; charset=utf-8")
            .body(page.clone())
    };
    for op in [chat("hi".into()), chat_stream()] {
        let peer = Peer::start([reply(), reply()]).await;
        let error = account(&peer.url())
            .backend()
            .call(Call::new(op))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        let text = error.to_string();
        assert!(
            text.contains("text/html") && text.contains("checking"),
            "{text}"
        );
        assert!(text.len() <= 1_024 && !text.contains('\u{1b}'), "{text}");
        assert_eq!(peer.requests().len(), 1, "never retried");
    }
}

#[tokio::test]
async fn f046_an_answer_without_an_answer() {
    for body in [
        "",
        "{}",
        r#"{"unexpected":1}"#,
        "[]",
        "7",
        "null",
        r#"{"id":"c","choices":[]}"#,
    ] {
        let peer =
            Peer::start([Reply::status(200).json(body), Reply::status(200).json(body)]).await;
        let account = account(&peer.url());
        let error = account
            .backend()
            .call(Call::new(chat("hi".into())))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body:?}");
        assert_eq!(peer.requests().len(), 1, "{body:?}");
    }
}

#[test]
fn f047_an_error_in_any_shape_is_classified_by_its_status() {
    for body in [
        r#""no""#,
        r#"["no"]"#,
        r#"{"error":{"error":{"message":"no","code":1234}}}"#,
        r#"{"error":"no","code":1234}"#,
        r#"{"detail":[{"msg":"no"}]}"#,
    ] {
        for (status, kind) in [(400, ErrorKind::InvalidRequest), (503, ErrorKind::Server)] {
            let error = OpenAiCompat(Dialect::OPENAI).error(&head(status), body.as_bytes());
            assert_eq!((error.kind(), error.message()), (kind, "no"), "{body}");
        }
    }
}

#[test]
fn f053_invalid_utf8_is_an_error_and_what_came_before_stays() {
    let mut body = format!("data: {HI}\n\n").into_bytes();
    body.extend_from_slice(
        b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\xff\"}}]}\n\n",
    );
    let read = sse(body);
    assert_eq!(read.partial.text(), "Hi");
    assert_eq!(read.error().kind(), ErrorKind::Decode);
}

#[test]
fn f054_data_without_a_blank_empty_and_in_several_lines() {
    let (one, two) = HI.split_at(HI.find("\"choices").unwrap());
    let body =
        format!("data:{HI}\n\ndata\n\ndata: \n\ndata: {one}\ndata: {two}\n\ndata:  {STOP}\n\n");
    assert_eq!(sse(body).answer().text(), "HiHi");
}

#[tokio::test]
async fn f056_blank_lines_before_the_answer() {
    let body = format!(
        "{}{}",
        "\n".repeat(5_000),
        r#"{"id":"c","choices":[{"message":{"content":"Hi"}}]}"#
    );
    let peer = Peer::start(Reply::status(200).json(body)).await;
    let answer = call(&peer, chat("hi".into()))
        .await
        .unwrap()
        .into_chat()
        .unwrap();
    assert_eq!(answer.text(), "Hi");
    assert_eq!(
        whole("\u{feff}{\"choices\":[{\"message\":{\"content\":\"Hi\"}}]}")
            .unwrap()
            .text(),
        "Hi"
    );
}

#[test]
fn f057_what_nobody_told_us_of_is_passed_over() {
    let body = format!(
        "event: ping\ndata: {{\"type\":\"ping\"}}\n\nevent: heartbeat\ndata: 12:30\n\nevent: message\ndata: {HI}\n\n\
         unknown: field\ndata: {{\"id\":\"c\",\"new\":{{\"a\":[1]}},\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"!\",\"mood\":7}}}}]}}\n\n\
         event: status\ndata: {STOP}\n\n"
    );
    assert_eq!(sse(body).answer().text(), "Hi!");
    let piece = r#"{"content":[{"type":"hologram","data":[1.0]},{"type":"text","text":"Hi"}]}"#;
    let answer = stream(&[delta(piece), finish("stop")]).answer();
    let kinds: Vec<_> = answer
        .message
        .parts
        .iter()
        .map(|part| &part.content)
        .collect();
    assert!(
        matches!(kinds[0], Content::Opaque(opaque) if &*opaque.kind == "openai.hologram"
        && opaque.payload.get() == r#"{"type":"hologram","data":[1.0]}"#)
    );
    assert_eq!(answer.text(), "Hi");
}

#[test]
fn f058_what_follows_the_last_word_is_ignored() {
    let body =
        format!("data: {HI}\n\ndata: [DONE]\n\ndata: {HI}\n\ndata: {{\"error\":\"late\"}}\n\n");
    assert_eq!(sse(body).answer().text(), "Hi");
}

#[test]
fn f059_a_finish_or_the_last_word_or_both() {
    for end in [
        format!("data: {STOP}\n\n"),
        "data: [DONE]\n\n".to_owned(),
        format!("data: {STOP}\n\ndata: [DONE]\n\n"),
    ] {
        let answer = sse(format!("data: {HI}\n\n{end}")).answer();
        assert_eq!(answer.finish.kind, FinishKind::Stop);
    }
}

#[test]
fn f060_neither_is_an_interruption() {
    let read = sse(format!("data: {HI}\n\n"));
    assert_eq!(read.partial.text(), "Hi");
    assert_eq!(read.error().kind(), ErrorKind::Interrupted);
}

#[tokio::test]
async fn f064_nothing_is_ever_reconnected() {
    let reply = Reply::sse([HI])
        .chunked([format!("retry: 1\nid: 7\ndata: {HI}\n\n")])
        .no_last_chunk();
    let peer = Peer::start([reply.clone(), reply]).await;
    let account = account(&peer.url());
    let mut stream = account
        .backend()
        .call(Call::new(chat_stream()))
        .await
        .unwrap()
        .into_chat_stream()
        .unwrap();
    let error = loop {
        match stream.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => break error,
            None => panic!("a cut stream is no answer"),
        }
    };
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(peer.requests().len(), 1);
}

#[tokio::test]
async fn f065_an_event_without_its_blank_line_counts_after_a_clean_end_only() {
    let events = format!("data: {HI}\n\ndata: {STOP}");
    let clean = Peer::start(Reply::sse([HI]).chunked([events.clone()])).await;
    let reply = call(&clean, chat_stream())
        .await
        .unwrap()
        .into_chat_stream()
        .unwrap();
    assert_eq!(reply.collect().await.unwrap().text(), "Hi");

    let broken = Peer::start(Exchange::from(
        Reply::sse([HI]).chunked([events]).no_last_chunk().reset(),
    ))
    .await;
    let error = match call(&broken, chat_stream()).await {
        Ok(reply) => reply
            .into_chat_stream()
            .unwrap()
            .collect()
            .await
            .unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(
        error.kind(),
        ErrorKind::Interrupted,
        "what was cut is no event"
    );
}

#[tokio::test]
async fn f066_a_stream_that_is_answered_whole() {
    let body =
        r#"{"id":"c","model":"m","choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}"#;
    let peer = Peer::start(Reply::status(200).json(body)).await;
    let mut stream = call(&peer, chat_stream())
        .await
        .unwrap()
        .into_chat_stream()
        .unwrap();
    let mut chunks = Vec::new();
    while let Some(chunk) = stream.next().await {
        chunks.push(chunk.unwrap());
    }
    assert!(matches!(chunks.last(), Some(StreamChunk::Finish { .. })));
    assert_eq!(stream.collect().await.unwrap().text(), "Hi");
}
