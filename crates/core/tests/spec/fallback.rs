//! One model, and another where it cannot serve.

use std::time::Duration;

use tokio::time::Instant;
use trunkline_core::{ChatRequest, ErrorKind, chat::Effort};

use crate::support::{Answer, Wire, bare, model};

const HI: &str = r#"{"say":"hi"}"#;
const STOP: &str = r#"{"stop":1}"#;

fn good() -> Wire {
    Wire::new([Answer::events([HI, STOP])])
}

#[tokio::test(start_paused = true)]
async fn the_second_serves_what_the_first_cannot() {
    let (first, second) = (
        Wire::new([Answer::status(503)]),
        Wire::new([Answer::json(HI)]),
    );
    let answer = model(&first).or(model(&second)).chat("hi").await.unwrap();
    assert_eq!((first.requests(), second.requests()), (3, 1));
    assert_eq!(answer.meta().attempts, 4);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_wrong_is_wrong_everywhere() {
    let (first, second) = (
        Wire::new([Answer::status(400)]),
        Wire::new([Answer::json(HI)]),
    );
    let error = model(&first)
        .or(model(&second))
        .chat("hi")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), second.requests()),
        (ErrorKind::InvalidRequest, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn if_both_fail_every_attempt_of_both_is_told() {
    let (first, second) = (
        Wire::new([Answer::status(503)]),
        Wire::new([Answer::status(401)]),
    );
    let error = model(&first)
        .or(model(&second))
        .chat("hi")
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts().len()), (ErrorKind::Auth, 4));

    let error = bare(&first).or(bare(&second)).chat("hi").await.unwrap_err();
    assert_eq!(error.attempts().len(), 2, "without a retry layer as well");
}

#[tokio::test(start_paused = true)]
async fn s06_s07_a_silent_first_gives_way_in_ten_seconds_and_the_last_has_its_time() {
    let silent = || Answer::events([HI, STOP]).head_after(Duration::from_secs(120));
    let hesitant = || Answer::events([]).pause(20).event(HI).event(STOP);
    for slow in [silent(), hesitant()] {
        let first = Wire::new([slow]);
        let began = Instant::now();
        let answer = model(&first)
            .or(model(&good()))
            .chat("hi")
            .buffered()
            .await
            .unwrap();
        assert_eq!((answer.text().as_str(), first.requests()), ("hi", 1));
        assert_eq!(began.elapsed(), Duration::from_secs(10));
    }
    let last = Wire::new([hesitant()]);
    let down = Wire::new([Answer::status(401)]);
    assert!(
        model(&down)
            .or(model(&last))
            .chat("hi")
            .buffered()
            .await
            .is_ok()
    );
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_to_think_is_given_a_minute() {
    let thinking = Wire::new([Answer::events([]).pause(50).event(HI).event(STOP)]);
    let request = ChatRequest::from("hi").effort(Effort::High);
    model(&thinking)
        .or(model(&good()))
        .chat(request)
        .buffered()
        .await
        .unwrap();
    assert_eq!(thinking.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_three_only_the_last_is_waited_for() {
    let hesitant = || Wire::new([Answer::events([]).pause(20).event(HI).event(STOP)]);
    let wires = [hesitant(), hesitant(), hesitant()];
    let [one, two, three] = &wires;
    let began = Instant::now();
    model(one)
        .or(model(two))
        .or(model(three))
        .chat("hi")
        .buffered()
        .await
        .unwrap();
    assert_eq!(began.elapsed(), Duration::from_secs(40));
}
