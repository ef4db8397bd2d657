//! Everything that a network can send is bounded.

use trunkline_core::{Error, ErrorKind, Limit, StreamChunk, middleware::Stack, protocol::Limits};

use crate::support::{Answer, Wire, account};

const HI: &str = r#"{"say":"hi"}"#;

async fn with(limits: Limits, answer: Answer) -> (usize, Option<Error>) {
    let wire = Wire::new([answer]);
    let model = account(&wire, |builder| builder.stack(Stack::bare()).limits(limits)).model("ara");
    let mut stream = match model.chat("hi").stream().await {
        Ok(stream) => stream,
        Err(error) => return (0, Some(error)),
    };
    let mut words = 0;
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => words += usize::from(matches!(chunk, StreamChunk::Delta { .. })),
            Err(error) => return (words, Some(error)),
        }
    }
    (words, None)
}

fn limit(error: Option<Error>) -> Option<Limit> {
    let error = error?;
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    error.limit()
}

fn said(times: usize) -> Answer {
    (0..times)
        .fold(Answer::events([]), |answer, _| answer.event(HI))
        .event(r#"{"stop":1}"#)
}

#[tokio::test]
async fn the_bytes_and_the_events_of_a_stream() {
    let (words, error) = with(Limits::default().stream_events(10), said(10)).await;
    assert_eq!(
        (words, limit(error)),
        (10, Some(Limit::Events)),
        "the eleventh is one too many"
    );
    assert!(
        with(Limits::default().stream_events(11), said(10))
            .await
            .1
            .is_none()
    );

    let frame = format!("data: {HI}\n\n").len() as u64;
    let (words, error) = with(Limits::default().stream_bytes(3 * frame), said(10)).await;
    assert_eq!((words, limit(error)), (3, Some(Limit::Body)));
}

#[tokio::test]
async fn f061_a_line_without_an_end() {
    let endless = (0..64).fold(Answer::events([HI]).body("data: "), |answer, _| {
        answer.body("x".repeat(1 << 10))
    });
    let (words, error) = with(Limits::default().event(16 << 10), endless).await;
    assert_eq!((words, limit(error)), (1, Some(Limit::Line)));
}

#[tokio::test]
async fn f063_an_event_of_too_many_lines() {
    let lines = Answer::events([HI])
        .body("data: x\n".repeat(10_000))
        .body("\n");
    let (words, error) = with(Limits::default().event(16 << 10), lines).await;
    assert_eq!((words, limit(error)), (1, Some(Limit::Event)));
}

#[tokio::test]
async fn f062_a_hundred_thousand_events_in_one_read_arrive_in_order() {
    let events: String = (0..100_000)
        .map(|n| format!("data: {{\"say\":\"{n} \"}}\n\n"))
        .collect();
    let wire = Wire::new([Answer::events([]).body(events).event(r#"{"stop":1}"#)]);
    let answer = account(&wire, |builder| builder)
        .model("ara")
        .chat("hi")
        .buffered()
        .await
        .unwrap();
    let expected: String = (0..100_000).map(|n| format!("{n} ")).collect();
    assert!(answer.text() == expected);
}

#[tokio::test]
async fn f130_a_whole_answer_without_an_end() {
    let answer = |pieces: usize| {
        (0..pieces)
            .fold(Answer::json(r#"{"say":""#), |answer, _| {
                answer.body("x".repeat(1_000))
            })
            .body(r#""}"#)
    };
    let wire = Wire::new([answer(1_000)]);
    let model = account(&wire, |builder| {
        builder
            .stack(Stack::bare())
            .limits(Limits::default().body(10_000))
    })
    .model("ara");
    let error = model.chat("hi").await.unwrap_err();
    assert_eq!(limit(Some(error)), Some(Limit::Body));
    assert!(wire.bytes_read() < 12_000, "{}", wire.bytes_read());

    // In one piece, and then nothing: there is no need to wait for more.
    let wire = Wire::new([Answer::json("x".repeat(20_000)).hangs()]);
    let model = account(&wire, |builder| {
        builder
            .stack(Stack::bare())
            .limits(Limits::default().body(10_000))
    })
    .model("ara");
    assert_eq!(
        limit(Some(model.chat("hi").await.unwrap_err())),
        Some(Limit::Body)
    );
}

#[tokio::test]
async fn f130_an_answer_of_just_the_size_is_read() {
    let body = format!(r#"{{"say":"{}"}}"#, "x".repeat(100));
    let size = body.len();
    let pieces = Answer::json(&body[..50]).body(&body[50..]);
    for (limit, fits) in [(size, true), (size - 1, false)] {
        let wire = Wire::new([pieces.clone()]);
        let model = account(&wire, |builder| {
            builder
                .stack(Stack::bare())
                .limits(Limits::default().body(limit))
        })
        .model("ara");
        assert_eq!(model.chat("hi").await.is_ok(), fits, "{limit} of {size}");
    }
}
