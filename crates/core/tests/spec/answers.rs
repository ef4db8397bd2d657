//! What becomes of an answer: whole, streamed, torn, or no answer at all.

use serde_json::Value;
use trunkline_core::{ChatStream, Delivery, Error, ErrorKind, StreamChunk, middleware::Stack};

use crate::support::{Answer, Wire, account, bare, model};

const HI: &str = r#"{"say":"hi"}"#;
const STOP: &str = r#"{"stop":1}"#;

async fn read(mut stream: ChatStream) -> (Vec<StreamChunk>, Option<Error>) {
    let mut chunks = Vec::new();
    loop {
        match stream.next().await {
            Some(Ok(chunk)) => chunks.push(chunk),
            Some(Err(error)) => return (chunks, Some(error)),
            None => return (chunks, None),
        }
    }
}

async fn streamed(answer: Answer) -> (Vec<StreamChunk>, Option<Error>) {
    match bare(&Wire::new([answer])).chat("hi").stream().await {
        Ok(stream) => read(stream).await,
        Err(error) => (Vec::new(), Some(error)),
    }
}

#[tokio::test(start_paused = true)]
async fn f059_a_stream_whose_answer_is_whole_may_end_as_roughly_as_it_likes() {
    for answer in [
        Answer::events([HI, STOP]),
        Answer::events([HI, STOP, "[DONE]"]),
        Answer::events([HI, STOP]).broken(),
        Answer::events([HI, STOP]).body("data: {\"say\""),
        Answer::events([HI, STOP, "[DONE]"])
            .body("data: nonsense\n\n")
            .hangs(),
    ] {
        let (chunks, error) = streamed(answer.clone()).await;
        assert!(error.is_none(), "{answer:?}: {error:?}");
        assert!(
            chunks
                .iter()
                .any(|chunk| matches!(chunk, StreamChunk::Finish { .. }))
        );
    }
}

#[tokio::test]
async fn f060_a_stream_that_ends_without_its_finish_was_interrupted() {
    for answer in [
        Answer::events([HI]),
        Answer::events([HI, "[DONE]"]),
        Answer::events([HI]).broken(),
    ] {
        let (_, error) = streamed(answer).await;
        let error = error.unwrap();
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Interrupted, Delivery::Committed)
        );
        assert_eq!(error.partial().unwrap().text(), "hi");
    }
    let (_, error) = streamed(Answer::events([])).await;
    assert_eq!(
        error.unwrap().delivery(),
        Delivery::Responded,
        "nothing was shown"
    );
}

#[tokio::test]
async fn f065_a_last_event_without_its_blank_line_counts_if_the_body_ended_cleanly() {
    let (chunks, error) = streamed(Answer::events([HI]).body("data: {\"stop\":1}")).await;
    assert!(error.is_none() && matches!(chunks.last(), Some(StreamChunk::Finish { .. })));

    let (_, error) = streamed(Answer::events([HI]).body("data: {\"stop\":1}").broken()).await;
    assert_eq!(error.unwrap().kind(), ErrorKind::Interrupted);
}

#[tokio::test]
async fn what_was_read_before_a_failure_comes_before_it() {
    // One network read, of which the third event fails.
    let answer = Answer::events([]).body(format!(
        "data: {HI}\n\ndata: {HI}\n\ndata: oops\n\ndata: {HI}\n\n"
    ));
    let (chunks, error) = streamed(answer).await;
    assert_eq!(error.unwrap().kind(), ErrorKind::Decode);
    assert_eq!(
        chunks
            .iter()
            .filter(|chunk| matches!(chunk, StreamChunk::Delta { .. }))
            .count(),
        2
    );
}

#[tokio::test]
async fn f066_a_stream_that_is_answered_whole_is_a_stream_of_one_piece() {
    let (chunks, error) = streamed(Answer::json(HI)).await;
    assert!(error.is_none());
    assert_eq!(
        chunks
            .iter()
            .filter(|chunk| matches!(chunk, StreamChunk::Delta { .. }))
            .count(),
        1
    );

    let (_, error) = streamed(Answer::json(r#"{"error":"overloaded"}"#)).await;
    assert_eq!(error.unwrap().kind(), ErrorKind::Overloaded);
}

#[tokio::test]
async fn f044_a_page_for_people_is_no_answer_and_is_not_asked_for_again() {
    let page = || {
        Answer::status(200)
            .header("content-type", "text/html; charset=utf-8")
            .body(format!("<h1>\n{}", "é".repeat(9_000)))
    };
    let wire = Wire::new([page()]);
    for error in [
        model(&wire).chat("hi").await.unwrap_err(),
        model(&wire)
            .chat("hi")
            .stream()
            .await
            .map(|_| ())
            .unwrap_err(),
    ] {
        let shown = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(
            shown.contains("text/html") && shown.contains(r"<h1>\n"),
            "{shown}"
        );
        assert!(shown.len() < 700, "{shown}");
    }
    assert_eq!(wire.requests(), 2);
}

#[tokio::test]
async fn f046_an_answer_of_another_shape_is_not_paid_for_twice() {
    for body in ["", r#"{"unexpected":1}"#] {
        let wire = Wire::new([Answer::json(body)]);
        assert_eq!(
            model(&wire).chat("hi").await.unwrap_err().kind(),
            ErrorKind::Decode
        );
        assert_eq!(wire.requests(), 1);
    }
}

#[tokio::test]
async fn keep_raw_keeps_what_came() {
    let wire = Wire::new([Answer::json(HI)]);
    assert_eq!(
        bare(&wire)
            .chat("hi")
            .keep_raw()
            .await
            .unwrap()
            .meta()
            .raw
            .as_deref(),
        Some(HI.as_bytes())
    );

    let wire = Wire::new([Answer::events([HI]).body("data: {\"stop\":1}")]);
    let (chunks, _) = read(bare(&wire).chat("hi").keep_raw().stream().await.unwrap()).await;
    let raw: Vec<_> = chunks
        .iter()
        .filter_map(|chunk| match chunk {
            StreamChunk::Raw(bytes) => Some(&bytes[..]),
            _ => None,
        })
        .collect();
    assert_eq!(
        raw,
        [HI.as_bytes(), STOP.as_bytes()],
        "the last event as well"
    );
}

#[tokio::test]
async fn a_lenient_account_skips_what_cannot_be_read() {
    let answer = || {
        Answer::events([HI, "oops", HI])
            .body("data: {\"stop\":1}\n\n")
            .body("data: half")
    };
    let wire = Wire::new([answer()]);
    let lenient = account(&wire, |builder| builder.stack(Stack::bare()).lenient()).model("ara");
    let (chunks, error) = read(lenient.chat("hi").stream().await.unwrap()).await;
    assert!(error.is_none(), "{error:?}");
    assert_eq!(
        chunks
            .iter()
            .filter(|chunk| matches!(chunk, StreamChunk::Delta { .. }))
            .count(),
        2
    );

    let in_band = Wire::new([Answer::events([HI, r#"{"error":"overloaded"}"#])]);
    let lenient = account(&in_band, |builder| builder.stack(Stack::bare()).lenient()).model("ara");
    let (_, error) = read(lenient.chat("hi").stream().await.unwrap()).await;
    assert_eq!(
        error.unwrap().kind(),
        ErrorKind::Overloaded,
        "a failure is no unreadable event"
    );
}

#[tokio::test(start_paused = true)]
async fn a_buffered_call_shows_nothing_so_it_is_retried_wherever_it_broke() {
    let wire = Wire::new([
        Answer::events([HI, HI]).broken(),
        Answer::events([HI]),
        Answer::events([HI, STOP]),
    ]);
    let answer = model(&wire).chat("hi").buffered().await.unwrap();
    assert_eq!((answer.text().as_str(), answer.meta().attempts), ("hi", 3));
    assert_eq!(
        serde_json::from_slice::<Value>(&wire.sent()[0].body).unwrap()["stream"],
        true
    );

    let wire = Wire::new([Answer::events([HI]).broken()]);
    let error = bare(&wire).chat("hi").buffered().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Interrupted, Delivery::Responded)
    );
    assert_eq!(error.partial().unwrap().text(), "hi");
}

#[tokio::test]
async fn a_buffered_call_may_be_answered_whole() {
    assert_eq!(
        bare(&Wire::new([Answer::json(HI)]))
            .chat("hi")
            .buffered()
            .await
            .unwrap()
            .text(),
        "hi"
    );
}
