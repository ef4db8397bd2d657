//! A stream's verdict: at its end where the circuit is closed, at its first content where it tries.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{advance, sleep};
use trunkline_core::{
    Call, ChatResponse, ChatStream, Error, ErrorKind, Json, Message, Model, Part, Phase, Prime,
    Reply, Result, Role,
    chat::{Finish, FinishKind},
    http_transport::{Phase as WirePhase, Sent, TransportErrorKind},
    middleware::{Breaker, CircuitState, Circuits, Stack},
    raw::RawRequest,
};

use crate::support::{Answer, Wire, account, parrot::backend};

const HI: &str = r#"{"say":"hi"}"#;
const STOP: &str = r#"{"stop":1}"#;

fn whole() -> Answer {
    Answer::events([HI, STOP])
}

/// Breaks off after its first content.
fn broken() -> Answer {
    Answer::events([HI]).broken()
}

/// So many seconds to the first content.
fn hesitant(seconds: u64) -> Answer {
    Answer::events([]).pause(seconds).event(HI).event(STOP)
}

struct Line {
    model: Model,
    circuits: Circuits,
}

fn line(breaker: Breaker, answers: impl IntoIterator<Item = Answer>) -> Line {
    let circuits = breaker.circuits().unwrap();
    let wire = Wire::new(answers);
    let bare = account(&wire, |builder| builder.stack(Stack::bare()));
    let backend = bare.backend().clone().layer(circuits.clone());
    Line {
        model: backend.model("m"),
        circuits,
    }
}

impl Line {
    async fn open(&self) -> Result<ChatStream> {
        self.model.chat("hi").stream().await
    }

    async fn read(&self) -> Result<String> {
        Ok(self.open().await?.collect().await?.text())
    }

    fn state(&self) -> CircuitState {
        *self.circuits.watch("m").borrow()
    }

    /// Samples, failures among them, and results that came too late.
    fn counts(&self) -> (u32, u32, u64) {
        let status = &self.circuits.states()[0];
        (status.samples, status.failures, status.stale)
    }
}

/// A line that has just opened and rested, before these answers.
async fn rested(answers: impl IntoIterator<Item = Answer>) -> Line {
    let failures = (0..10).map(|_| Answer::status(503));
    let line = line(Breaker::default(), failures.chain(answers));
    for _ in 0..10 {
        line.open().await.unwrap_err();
    }
    assert_eq!(line.state(), CircuitState::Open);
    advance(Duration::from_secs(6)).await;
    line
}

#[tokio::test(start_paused = true)]
async fn a_stream_counts_when_it_ends_and_not_when_it_begins() {
    let line = line(Breaker::default(), [whole()]);
    let mut stream = line.open().await.unwrap();
    stream.next().await.unwrap().unwrap();
    assert_eq!(line.counts(), (0, 0, 0));
    stream.collect().await.unwrap();
    assert_eq!(line.counts(), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn streams_that_break_off_open_it() {
    let line = line(Breaker::default(), [broken()]);
    for _ in 0..10 {
        assert_eq!(line.state(), CircuitState::Closed);
        assert_eq!(
            line.read().await.unwrap_err().kind(),
            ErrorKind::Interrupted
        );
    }
    assert_eq!(line.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_to_its_end_is_no_sample() {
    let line = line(Breaker::default(), [whole()]);
    for _ in 0..50 {
        drop(line.open().await.unwrap());
    }
    assert_eq!(line.counts(), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn f085_a_filtered_or_cut_answer_is_the_endpoint_s_success() {
    for kind in [FinishKind::Refusal, FinishKind::MaxTokens] {
        let finish = Finish::new(kind);
        let declined = backend(move |_| {
            let message = Message::new(Role::Assistant, [Part::text("")]);
            let answer = ChatResponse::new("m", message, finish.clone());
            async { Ok(Reply::Chat(answer)) }
        });
        let circuits = Breaker::default().circuits().unwrap();
        let model = declined.layer(circuits.clone()).model("m");
        model.chat("hi").await.unwrap();
        let status = &circuits.states()[0];
        assert_eq!((status.samples, status.failures), (1, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn f041_every_overloaded_attempt_is_a_failure() {
    let busy = || Answer::events([r#"{"error":"overloaded"}"#]);
    let line = line(Breaker::default(), [busy(), busy(), whole()]);
    for _ in 0..3 {
        let _ = line.read().await;
    }
    assert_eq!(line.counts(), (3, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn three_probes_whose_first_content_came_close_it_while_they_run() {
    let line = rested([Answer::events([HI]).hangs()]).await;
    let mut running = Vec::new();
    for _ in 0..3 {
        assert_ne!(line.state(), CircuitState::Closed);
        running.push(line.open().await.unwrap());
    }
    assert_eq!(line.state(), CircuitState::Closed);
    assert_eq!(line.counts(), (0, 0, 0));
    drop(running);
    assert_eq!(line.counts(), (0, 0, 0), "nor when they are dropped");
}

#[tokio::test(start_paused = true)]
async fn the_head_of_a_probe_s_stream_decides_nothing() {
    let line = rested([Answer::events([HI]).hangs()]).await;
    let mut running = Vec::new();
    for _ in 0..3 {
        let stream = line.model.chat("hi").prime(Prime::Head).stream().await;
        running.push(stream.unwrap());
    }
    assert_eq!(line.state(), CircuitState::HalfOpen);
    for stream in &mut running {
        while !stream.next().await.unwrap().unwrap().is_output() {}
    }
    assert_eq!(line.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_s_later_interruption_is_one_failure_once_it_has_closed() {
    let late = || Answer::events([HI]).pause(10).broken();
    let line = rested([late()]).await;
    let mut running = Vec::new();
    for _ in 0..3 {
        running.push(line.open().await.unwrap());
    }
    assert_eq!(line.state(), CircuitState::Closed);
    running.remove(0).collect().await.unwrap_err();
    assert_eq!(line.counts(), (1, 1, 0));
    assert_eq!(line.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_s_later_interruption_changes_nothing_while_others_still_try() {
    let line = rested([broken(), whole(), whole()]).await;
    line.read().await.unwrap_err();
    assert_eq!(
        line.state(),
        CircuitState::HalfOpen,
        "it was decided before"
    );
    assert_eq!(line.counts(), (0, 0, 1));
    line.read().await.unwrap();
    line.read().await.unwrap();
    assert_eq!(line.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_before_its_first_content_opens_it_again() {
    let line = rested([Answer::events([]).broken()]).await;
    line.open().await.unwrap_err();
    assert_eq!(line.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_raw_answer_counts_when_its_body_has_been_read() {
    let line = line(Breaker::default(), [Answer::json("{}")]);
    let circuits = &line.circuits;
    let ask = || {
        let request = RawRequest::post("/x", &Json::empty_object());
        line.model.backend().call(Call::new(request))
    };
    drop(ask().await.unwrap().into_raw().unwrap());
    assert_eq!(circuits.states()[0].samples, 0, "dropped unread");
    let response = ask().await.unwrap().into_raw().unwrap();
    assert_eq!(circuits.states()[0].samples, 0, "not yet");
    response.into_body().collect(100).await.unwrap();
    assert_eq!(circuits.states()[0].samples, 1);
}

#[tokio::test(start_paused = true)]
async fn four_slow_streams_of_five_open_it_where_slowness_counts() {
    let slow = Breaker::default().slow(Duration::from_secs(20), 0.8);
    for (breaker, quick, expected) in [
        (slow, 4, CircuitState::Open),
        (slow, 5, CircuitState::Closed),
        (Breaker::default(), 0, CircuitState::Closed),
    ] {
        // What takes just as long as the threshold is not slow.
        let answers = (0..20).map(|nth| hesitant(if nth < quick { 20 } else { 21 }));
        let line = line(breaker, answers);
        join_all((0..20).map(|_| line.read())).await;
        assert_eq!(line.state(), expected, "{quick} of 20 were quick");
    }
}

#[tokio::test(start_paused = true)]
async fn who_gave_no_content_in_time_was_slow_and_who_answers_whole_is_not_timed() {
    let breaker = Breaker::default()
        .slow(Duration::from_secs(2), 1.0)
        .consecutive(1_000)
        .failure_rate(1.0)
        .over(5);
    for (phase, expected) in [
        (Phase::FirstContent, CircuitState::Open),
        (Phase::Head, CircuitState::Open),
        (Phase::ByteIdle, CircuitState::Closed),
    ] {
        let circuits = breaker.circuits().unwrap();
        let model = backend(move |call: Call| async move {
            if call.op.name() == "chat" {
                sleep(Duration::from_secs(3)).await;
                return Ok(Reply::Chat(ChatResponse::of_text("m", "hi")));
            }
            Err(Error::timeout(phase, Duration::from_secs(3)))
        })
        .layer(circuits.clone())
        .model("m");
        // One success keeps the failure rate below 1.
        model.chat("hi").await.unwrap();
        for _ in 0..5 {
            assert!(!circuits.is_open("m"));
            model.chat("hi").stream().await.unwrap_err();
        }
        assert_eq!(*circuits.watch("m").borrow(), expected, "{phase:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_left_or_was_given_back_in_order_is_no_failure_and_an_unreachable_host_is() {
    let refused = Answer::fails(TransportErrorKind::Connect, WirePhase::Tcp, Sent::Never);
    let goaway = Answer::fails(
        TransportErrorKind::Interrupted,
        WirePhase::Head,
        Sent::Rejected,
    );
    for (answer, failures) in [(refused, 1), (goaway, 0), (Answer::reset(), 1)] {
        let line = line(Breaker::default(), [answer]);
        line.open().await.unwrap_err();
        assert_eq!(line.counts().1, failures);
    }
}
