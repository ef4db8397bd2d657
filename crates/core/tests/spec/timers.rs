//! The timers of one attempt. They run while we wait for the network, and at no other time.

use std::{future::IntoFuture, time::Duration};

use tokio::time::{Instant, advance, sleep};
use trunkline_core::{
    ChatStream, Delivery, Error, ErrorKind, Phase, Recovery, Result, StreamChunk,
    middleware::Stack, protocol::Timers,
};

use crate::support::{Answer, Wire, account, bare};

const SAY: &str = r#"{"say":"x"}"#;
const STOP: &str = r#"{"stop":1}"#;

async fn open(wire: &Wire) -> ChatStream {
    bare(wire).chat("hi").stream().await.unwrap()
}

async fn to_end(stream: &mut ChatStream) -> Result<()> {
    while let Some(chunk) = stream.next().await {
        chunk?;
    }
    Ok(())
}

async fn outcome(answer: Answer) -> (Result<()>, Duration) {
    let wire = Wire::new([answer]);
    let mut stream = open(&wire).await;
    let began = Instant::now();
    (to_end(&mut stream).await, began.elapsed())
}

fn phase(error: &Error) -> (ErrorKind, Option<Phase>, Delivery) {
    (error.kind(), error.phase(), error.delivery())
}

#[tokio::test(start_paused = true)]
async fn f108_a_stream_s_head_is_waited_for_120_s_and_nobody_is_asked_twice() {
    let wire = Wire::new([Answer::events([SAY]).head_after(Duration::from_secs(1_000))]);
    let began = Instant::now();

    let error = account(&wire, |builder| builder)
        .model("ara")
        .chat("hi")
        .stream()
        .await
        .unwrap_err();

    assert_eq!(
        phase(&error),
        (
            ErrorKind::Timeout,
            Some(Phase::Head),
            Delivery::MaybeProcessed
        )
    );
    assert_eq!(
        error.recovery(),
        Recovery::OtherModel,
        "there is no other endpoint"
    );
    assert_eq!(
        (began.elapsed(), wire.requests()),
        (Duration::from_secs(120), 1)
    );
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_whole_answer_comes_when_the_answer_is_ready() {
    let answer = Answer::json(r#"{"say":"hi"}"#).head_after(Duration::from_secs(500));
    assert_eq!(
        bare(&Wire::new([answer])).chat("hi").await.unwrap().text(),
        "hi"
    );
}

#[tokio::test(start_paused = true)]
async fn first_content_is_timed_from_the_sending_of_the_request() {
    let slow = || {
        Answer::events([])
            .header("x-request-id", "req_9")
            .head_after(Duration::from_secs(6))
            .pause(6)
            .event(SAY)
            .event(STOP)
    };
    let timers = |seconds| Timers::default().first_content(Duration::from_secs(seconds));
    let with = |wire: &Wire, seconds| {
        account(wire, |builder| {
            builder.stack(Stack::bare()).timers(timers(seconds))
        })
        .model("ara")
    };

    let began = Instant::now();
    let error = with(&Wire::new([slow()]), 10)
        .chat("hi")
        .stream()
        .await
        .unwrap_err();
    assert_eq!(
        phase(&error),
        (
            ErrorKind::Timeout,
            Some(Phase::FirstContent),
            Delivery::Responded
        )
    );
    assert_eq!(began.elapsed(), Duration::from_secs(10));
    assert_eq!(error.request_id(), Some("req_9"), "the head had come");

    let error = with(&Wire::new([slow()]), 5)
        .chat("hi")
        .buffered()
        .await
        .unwrap_err();
    assert_eq!(
        error.phase(),
        Some(Phase::Head),
        "no content comes before the head"
    );

    assert_eq!(
        with(&Wire::new([slow()]), 13)
            .chat("hi")
            .buffered()
            .await
            .unwrap()
            .text(),
        "x"
    );
}

#[tokio::test(start_paused = true)]
async fn f109_silence_ends_a_stream_after_90_s_with_what_came() {
    let (result, elapsed) = outcome(Answer::events([SAY, SAY, SAY]).hangs()).await;
    let error = result.unwrap_err();
    assert_eq!(
        phase(&error),
        (
            ErrorKind::Timeout,
            Some(Phase::ByteIdle),
            Delivery::Committed
        )
    );
    assert_eq!(error.partial().unwrap().text(), "xxx");
    assert_eq!(elapsed, Duration::from_secs(90));
}

#[tokio::test(start_paused = true)]
async fn f117_a_leap_of_eight_hours_ends_each_wait_once() {
    let leap = || advance(Duration::from_secs(8 * 3_600));

    let busy = Answer::status(503).header("retry-after", "30");
    let wire = Wire::new([busy, Answer::json(r#"{"say":"hi"}"#)]);
    let patient = Stack::default().deadline(None);
    let model = account(&wire, |builder| builder.stack(patient)).model("ara");
    let call = tokio::spawn(model.chat("hi").into_future());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(wire.requests(), 1);
    leap().await;
    assert_eq!(call.await.unwrap().unwrap().meta().attempts, 2);
    assert_eq!(wire.requests(), 2, "one attempt for all that it slept");

    let wire = Wire::new([Answer::events([SAY]).hangs()]);
    let mut stream = open(&wire).await;
    let reading = tokio::spawn(async move {
        let mut errors = Vec::new();
        while let Some(chunk) = stream.next().await {
            errors.extend(chunk.err());
        }
        errors
    });
    sleep(Duration::from_secs(1)).await;
    leap().await;
    let errors = reading.await.unwrap();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].phase(), Some(Phase::ByteIdle));
    assert_eq!((wire.requests(), wire.open_bodies()), (1, 0));
}

fn every_5_s(beat: &str, times: usize) -> Answer {
    (0..times).fold(Answer::events([SAY]), |answer, _| {
        answer.pause(5).body(beat)
    })
}

#[tokio::test(start_paused = true)]
async fn f110_comments_and_pings_keep_a_connection_alive_but_not_a_model() {
    for beat in [": keep-alive\n\n", "data: {\"ping\":1}\n\n", "\n"] {
        let (result, elapsed) = outcome(every_5_s(beat, 1_000)).await;
        assert_eq!(
            result.unwrap_err().phase(),
            Some(Phase::ProgressIdle),
            "{beat:?}"
        );
        assert_eq!(elapsed, Duration::from_secs(300), "{beat:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn f111_any_other_event_is_progress() {
    for beat in [SAY, r#"{"busy":1}"#, r#"{"unheard":"of"}"#] {
        let beat = format!("data: {beat}\n\n");
        let (result, elapsed) = outcome(every_5_s(&beat, 180).event(STOP)).await;
        assert!(result.is_ok(), "{beat}: {result:?}");
        assert_eq!(elapsed, Duration::from_secs(900));
    }
}

#[tokio::test(start_paused = true)]
async fn f111_the_limit_on_progress_can_be_raised() {
    let answer = every_5_s(": keep-alive\n\n", 102).event(STOP);
    let timers = Timers::default().progress_idle(Duration::from_secs(900));
    let wire = Wire::new([answer]);
    let model = account(&wire, |builder| builder.stack(Stack::bare()).timers(timers)).model("ara");
    assert_eq!(model.chat("hi").buffered().await.unwrap().text(), "x");
}

#[tokio::test(start_paused = true)]
async fn f113_a_caller_may_take_its_time() {
    let answer = (0..5)
        .fold(Answer::events([SAY]), |answer, _| {
            answer.pause(60).body(": keep-alive\n\n")
        })
        .event(SAY)
        .event(STOP);
    let wire = Wire::new([answer]);
    let mut stream = open(&wire).await;
    let mut words = 0;
    while let Some(chunk) = stream.next().await {
        words += usize::from(matches!(chunk.unwrap(), StreamChunk::Delta { .. }));
        sleep(Duration::from_secs(600)).await;
    }
    assert_eq!(words, 2);
}

#[tokio::test(start_paused = true)]
async fn f113_not_even_when_it_looked_in_vain_before_it_went_away() {
    // 50 s of waiting for the network in all, however long the caller is away in between.
    let answer = Answer::events([SAY])
        .pause(50)
        .body(": keep-alive\n\n")
        .pause(50)
        .event(SAY)
        .event(STOP);
    let wire = Wire::new([answer]);
    let mut stream = open(&wire).await;
    while !matches!(
        stream.next().await.unwrap().unwrap(),
        StreamChunk::Delta { .. }
    ) {}
    for _ in 0..2 {
        tokio::select! {
            biased;
            chunk = stream.next() => panic!("{chunk:?}"),
            () = sleep(Duration::from_secs(1)) => {}
        }
        sleep(Duration::from_secs(3_600)).await;
    }
    to_end(&mut stream).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn after_the_last_word_the_stream_ends_within_a_second() {
    let (result, elapsed) = outcome(Answer::events([SAY, STOP, "[DONE]"]).hangs()).await;
    assert!(result.is_ok());
    assert_eq!(elapsed, Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn f059_after_a_whole_answer_figures_are_waited_for_five_seconds() {
    let (result, elapsed) = outcome(Answer::events([SAY, STOP]).hangs()).await;
    assert!(result.is_ok());
    assert_eq!(elapsed, Duration::from_secs(5));

    let wire = Wire::new([Answer::events([SAY, STOP])
        .pause(4)
        .event(r#"{"usage":[1,2]}"#)
        .hangs()]);
    assert_eq!(
        open(&wire).await.collect().await.unwrap().usage.total(),
        Some(3)
    );
}

#[tokio::test(start_paused = true)]
async fn s11_signs_of_life_after_a_whole_answer_do_not_keep_it() {
    for beat in [": keep-alive\n\n", "data: {\"ping\":1}\n\n"] {
        let whole = Answer::events([SAY, STOP]);
        let answer = (0..1_000).fold(whole, |answer, _| answer.pause(3).body(beat));
        let (result, elapsed) = outcome(answer).await;
        assert!(result.is_ok(), "{beat:?}: {result:?}");
        assert_eq!(elapsed, Duration::from_secs(5), "{beat:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_answer_that_stalls_is_not_waited_for_long() {
    let stalled = Answer::json(r#"{"say":"#)
        .header("x-request-id", "req_9")
        .hangs();
    let error = bare(&Wire::new([stalled])).chat("hi").await.unwrap_err();
    assert_eq!(error.request_id(), Some("req_9"));
    assert_eq!(
        phase(&error),
        (
            ErrorKind::Timeout,
            Some(Phase::ByteIdle),
            Delivery::Responded
        )
    );

    let drops = (0..4)
        .fold(Answer::json(""), |answer, _| answer.pause(80).body("\n"))
        .body(r#"{"say":"hi"}"#);
    assert_eq!(
        bare(&Wire::new([drops])).chat("hi").await.unwrap().text(),
        "hi",
        "f056: blank lines are life"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_s_body_that_stalls_is_read_as_far_as_it_came() {
    let answer = Answer::status(503).body(r#"{"message":"on fire"}"#).hangs();
    let began = Instant::now();
    let error = bare(&Wire::new([answer])).chat("hi").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message()),
        (ErrorKind::Server, "on fire")
    );
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}
