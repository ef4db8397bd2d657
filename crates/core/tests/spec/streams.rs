//! What a caller sees of a stream, and what watches it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::{advance, sleep};
use trunkline_core::{
    Call, ChatRequest, ChatResponse, ChatStream, Delivery, End, ErrorKind, Limit, Observe, Op,
    Phase, Prime, Reply, StreamChunk,
    chat::FinishKind,
    middleware::{Deadline, Stack},
};

use crate::support::{Answer, Wire, account, bare, parrot::backend};

#[derive(Clone, Default)]
struct Diary(Arc<Mutex<Vec<String>>>);

impl Diary {
    fn read(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Observe for Diary {
    fn on_event(&mut self, chunk: &StreamChunk) {
        if chunk.is_output() {
            self.0.lock().unwrap().push("content".to_owned());
        }
    }

    fn on_end(self: Box<Self>, end: End<'_>) {
        let entry = match end {
            End::Complete => "complete".to_owned(),
            End::Failed(error) => format!("failed: {}", error.kind().name()),
            _ => "dropped".to_owned(),
        };
        self.0.lock().unwrap().push(entry);
    }
}

async fn open(wire: &Wire, prime: Prime) -> trunkline_core::Result<ChatStream> {
    bare(wire).chat("hi").prime(prime).stream().await
}

async fn watched(wire: &Wire) -> (ChatStream, Diary) {
    let diary = Diary::default();
    let mut stream = open(wire, Prime::FirstContent).await.unwrap();
    stream.observe(diary.clone());
    (stream, diary)
}

async fn rest(stream: &mut ChatStream) -> Vec<trunkline_core::Result<StreamChunk>> {
    let mut rest = Vec::new();
    while let Some(chunk) = stream.next().await {
        rest.push(chunk);
    }
    rest
}

const TALK: [&str; 5] = [
    r#"{"model":"ara"}"#,
    r#"{"ping":1}"#,
    r#"{"say":"Hel"}"#,
    r#"{"say":"lo"}"#,
    r#"{"stop":1}"#,
];

#[tokio::test(start_paused = true)]
async fn the_handover_waits_as_long_as_it_is_told_to() {
    // One event a second, from the first on.
    let slow = || {
        TALK.iter().fold(Answer::events([]), |answer, event| {
            answer.pause(1).event(event)
        })
    };
    for (prime, seconds) in [
        (Prime::Head, 0),
        (Prime::FirstChunk, 1),
        (Prime::FirstContent, 3),
        (Prime::Complete, 5),
    ] {
        let began = tokio::time::Instant::now();
        let stream = open(&Wire::new([slow()]), prime).await.unwrap();
        assert_eq!(began.elapsed(), Duration::from_secs(seconds), "{prime:?}");
        assert_eq!(stream.collect().await.unwrap().text(), "Hello", "{prime:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_fails_before_the_handover_fails_the_call() {
    let early = Answer::events([r#"{"model":"ara"}"#, r#"{"error":"overloaded"}"#]);
    for prime in [Prime::FirstContent, Prime::Complete] {
        let error = open(&Wire::new([early.clone()]), prime).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::Overloaded, Delivery::Responded)
        );
    }
    let mut stream = open(&Wire::new([early]), Prime::Head).await.unwrap();
    let items = rest(&mut stream).await;
    let error = items.last().unwrap().as_ref().unwrap_err();
    assert_eq!(
        error.delivery(),
        Delivery::Responded,
        "nothing had been shown"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_waited_for_to_its_end_is_never_committed() {
    let late = Answer::events([r#"{"say":"Hel"}"#, r#"{"error":"overloaded"}"#]);
    let error = open(&Wire::new([late]), Prime::Complete).await.unwrap_err();
    assert_eq!(error.delivery(), Delivery::Responded);
    assert_eq!(error.partial().unwrap().text(), "Hel");
}

#[tokio::test(start_paused = true)]
async fn f081_what_fails_after_content_ends_the_stream_once_with_all_that_came() {
    let mut answer = Answer::events([r#"{"model":"ara"}"#, r#"{"usage":[7,3]}"#])
        .header("x-request-id", "req_9");
    for _ in 0..20 {
        answer = answer.event(r#"{"say":"x"}"#);
    }
    let wire = Wire::new([answer.event(r#"{"error":"overloaded"}"#)]);

    let (mut stream, diary) = watched(&wire).await;
    let items = rest(&mut stream).await;

    let error = items.last().unwrap().as_ref().unwrap_err();
    assert_eq!(items.iter().filter(|item| item.is_err()).count(), 1);
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Overloaded, Delivery::Committed)
    );
    assert_eq!(
        (error.request_id(), error.provider(), error.endpoint()),
        (Some("req_9"), "parrot", Some("api.parrot.example"))
    );
    let partial = error.partial().unwrap();
    assert_eq!(partial.text(), "x".repeat(20));
    assert_eq!(partial.usage.input.total, Some(7));
    assert!(!error.is_retryable());
    assert_eq!(diary.read().last().unwrap(), "failed: overloaded");
    assert_eq!(
        wire.open_bodies(),
        0,
        "the connection is let go of before the stream is"
    );
    assert!(stream.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn watchers_learn_the_end_once() {
    let whole = || Wire::new([Answer::events(TALK)]);

    let (mut stream, diary) = watched(&whole()).await;
    rest(&mut stream).await;
    drop(stream);
    assert_eq!(diary.read(), ["content", "content", "content", "complete"]);

    let (mut stream, diary) = watched(&whole()).await;
    while !matches!(
        stream.next().await.unwrap().unwrap(),
        StreamChunk::Delta { .. }
    ) {}
    drop(stream);
    assert_eq!(diary.read(), ["content", "dropped"]);

    let (mut stream, diary) = watched(&whole()).await;
    while !matches!(
        stream.next().await.unwrap().unwrap(),
        StreamChunk::Finish { .. }
    ) {}
    drop(stream);
    assert_eq!(
        diary.read().last().unwrap(),
        "complete",
        "whoever has seen the finish has had it all"
    );
}

#[tokio::test(start_paused = true)]
async fn a_stream_read_ahead_and_dropped_unread_was_dropped() {
    let diary = Diary::default();
    let mut stream = open(&Wire::new([Answer::events(TALK)]), Prime::Complete)
        .await
        .unwrap();
    stream.observe(diary.clone());
    drop(stream);
    assert_eq!(diary.read(), ["dropped"]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_no_stream_is_over_at_once() {
    let diary = Diary::default();
    let _reply = Reply::Chat(ChatResponse::of_text("ara", "hi")).observe(diary.clone());
    assert_eq!(diary.read(), ["complete"]);
}

#[tokio::test(start_paused = true)]
async fn signs_of_life_are_not_kept_for_the_caller_while_content_is_waited_for() {
    let events = (0..5_000).fold(Answer::events([]), |answer, _| {
        answer.event(r#"{"ping":1}"#).event(r#"{"busy":1}"#)
    });
    let wire = Wire::new([TALK
        .iter()
        .fold(events, |answer, event| answer.event(event))]);
    let mut stream = open(&wire, Prime::FirstContent).await.unwrap();
    let first: Vec<_> = [stream.next().await, stream.next().await]
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    assert!(
        matches!(first[..], [StreamChunk::Start { .. }, StreamChunk::Meta(_)]),
        "{first:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_thousand_chunks_without_content_are_enough() {
    let events = (0..2_000).fold(Answer::events([]), |answer, _| {
        answer.event(r#"{"model":"ara"}"#)
    });
    let error = open(&Wire::new([events.clone()]), Prime::FirstContent)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.limit()),
        (ErrorKind::LimitExceeded, Some(Limit::Events))
    );

    // That bound is for what is held for the caller; a whole answer is bounded by its size.
    let whole = events.event(r#"{"say":"x"}"#).event(r#"{"stop":1}"#);
    assert_eq!(
        bare(&Wire::new([whole]))
            .chat("hi")
            .prime(Prime::Complete)
            .stream()
            .await
            .map(|_| ())
            .map_err(|e| e.kind()),
        Err(ErrorKind::LimitExceeded),
        "content is still waited for first"
    );
}

#[tokio::test(start_paused = true)]
async fn only_the_words_of_the_first_answer_are_its_text() {
    let mut response = ChatResponse::of_text("ara", "one");
    let other = ChatResponse::of_text("ara", "two");
    response
        .candidates
        .push(trunkline_core::chat::Candidate::new(
            1,
            other.message,
            other.finish,
        ));

    let mut words = ChatStream::from_response(response).text();

    assert_eq!(words.try_next().await.unwrap().as_deref(), Some("one"));
    assert_eq!(words.try_next().await.unwrap(), None);
    assert_eq!(words.partial().candidates[0].message.text(), "two");
}

#[tokio::test(start_paused = true)]
async fn f112_a_deadline_in_the_midst_of_a_stream_ends_it_with_what_came() {
    let wire = Wire::new([Answer::events([r#"{"say":"Hel"}"#]).hangs()]);
    let model = account(&wire, |builder| builder).model("ara");

    let mut stream = model
        .chat("hi")
        .timeout(Duration::from_secs(20))
        .stream()
        .await
        .unwrap();
    let began = tokio::time::Instant::now();
    let items = rest(&mut stream).await;

    let error = items.last().unwrap().as_ref().unwrap_err();
    assert_eq!(began.elapsed(), Duration::from_secs(20));
    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::Timeout, Some(Phase::Total))
    );
    assert_eq!(error.partial().unwrap().text(), "Hel");
    assert_eq!(wire.open_bodies(), 0);
}

#[tokio::test(start_paused = true)]
async fn after_the_finish_a_deadline_takes_nothing_away() {
    let wire = Wire::new([Answer::events(TALK).hangs()]);
    let model = account(&wire, |builder| builder).model("ara");
    let mut stream = model
        .chat("hi")
        .timeout(Duration::from_secs(2))
        .stream()
        .await
        .unwrap();
    while !matches!(
        stream.next().await.unwrap().unwrap(),
        StreamChunk::Finish { .. }
    ) {}
    assert!(stream.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_nobody_bounds_lives_for_an_hour() {
    let endless = |_: Call| async {
        let beats = futures_util::stream::unfold(0, |n| async move {
            sleep(Duration::from_secs(60)).await;
            let chunk = match n {
                0 => StreamChunk::Start {
                    warnings: Vec::new(),
                },
                1 => StreamChunk::PartStart {
                    ix: 0,
                    candidate: 0,
                    part: Box::new(trunkline_core::Part::text("")),
                },
                _ => StreamChunk::text(0, "x"),
            };
            Some((Ok(chunk), n + 1))
        });
        Ok(Reply::ChatStream(ChatStream::new(beats)))
    };
    let stacked = Stack::default()
        .deadline(Deadline::default())
        .around(backend(endless))
        .unwrap();
    let began = tokio::time::Instant::now();
    let mut stream = stacked
        .call(Call::new(Op::ChatStream(Arc::new(ChatRequest::from("hi")))))
        .await
        .unwrap()
        .into_chat_stream()
        .unwrap();

    let items = rest(&mut stream).await;

    assert_eq!(
        items.last().unwrap().as_ref().unwrap_err().phase(),
        Some(Phase::Total)
    );
    assert_eq!(began.elapsed(), Duration::from_secs(3_600));
}

#[tokio::test(start_paused = true)]
async fn an_answer_collected_carries_where_it_came_from() {
    let stream = open(&Wire::new([Answer::events(TALK)]), Prime::FirstContent)
        .await
        .unwrap();
    advance(Duration::from_secs(1)).await;
    let response = stream.collect().await.unwrap();
    assert_eq!(response.finish.kind, FinishKind::Stop);
    assert_eq!(
        response.meta().endpoint.as_deref(),
        Some("api.parrot.example")
    );
    assert_eq!(response.model, "ara");
}
