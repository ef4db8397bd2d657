//! The end of a backend, in order.

use std::{future::IntoFuture, time::Duration};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep, timeout};
use trunkline_core::{
    Call, ChatStream, Delivery, ErrorKind, Recovery,
    middleware::{Gate, Pool, Stack},
    raw::RawRequest,
};

use crate::support::{
    Answer, Wire, model,
    parrot::{account, endpoints},
};

const HI: &str = r#"{"say":"hi"}"#;
const STOP: &str = r#"{"stop":1}"#;
const SECOND: Duration = Duration::from_secs(1);

/// `count` streams that have begun.
async fn streams(model: &trunkline_core::Model, count: usize) -> Vec<ChatStream> {
    let calls = (0..count).map(|_| model.chat("hi").stream());
    let streams = join_all(calls).await;
    streams.into_iter().map(Result::unwrap).collect()
}

#[tokio::test(start_paused = true)]
async fn f119_a_thousand_streams_finish_or_end_at_the_deadline_and_nobody_new_is_let_in() {
    // Half of them end in time.
    let number = std::sync::atomic::AtomicUsize::new(0);
    let wire = Wire::by(move |_| {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let pause = if number.is_multiple_of(2) { 3 } else { 600 };
        Answer::events([HI]).pause(pause).event(STOP)
    });
    let model = model(&wire);
    let streams = streams(&model, 1_000).await;
    let reading: Vec<_> = streams
        .into_iter()
        .map(|stream| tokio::spawn(stream.collect()))
        .collect();
    let began = Instant::now();
    let closing = tokio::spawn({
        let backend = model.backend().clone();
        async move { backend.close(5 * SECOND).await }
    });
    sleep(SECOND).await;

    let error = model.chat("hi").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Closed, Delivery::NotSent)
    );
    assert_eq!(
        (error.recovery(), began.elapsed()),
        (Recovery::None, SECOND)
    );
    assert_eq!(wire.requests(), 1_000);

    closing.await.unwrap();
    assert_eq!(began.elapsed(), 5 * SECOND);
    let results = join_all(reading).await;
    assert_eq!(began.elapsed(), 5 * SECOND, "nobody reads any longer");
    let (mut whole, mut ended) = (0, 0);
    for result in results {
        match result.unwrap() {
            Ok(answer) => whole += usize::from(answer.text() == "hi"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Closed);
                assert_eq!(error.delivery(), Delivery::Committed);
                ended += usize::from(error.partial().unwrap().text() == "hi");
            }
        }
    }
    assert_eq!((whole, ended), (500, 500));
    assert_eq!(wire.open_bodies(), 0);
    assert_eq!(model.backend().stats().endpoints[0].running, 0);
}

#[tokio::test(start_paused = true)]
async fn f119_who_is_done_before_the_deadline_is_not_waited_for_any_longer() {
    let wire = Wire::new([Answer::events([HI]).pause(2).event(STOP)]);
    let model = model(&wire);
    let began = Instant::now();
    let streams = streams(&model, 10).await;
    let reading = join_all(streams.into_iter().map(ChatStream::collect));
    let (answers, ()) = tokio::join!(reading, model.backend().close(3_600 * SECOND));
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(began.elapsed(), 2 * SECOND);

    model.backend().close(3_600 * SECOND).await;
    assert_eq!(began.elapsed(), 2 * SECOND, "closing twice is closing once");
}

#[tokio::test(start_paused = true)]
async fn f119_a_second_closing_may_be_less_patient() {
    let wire = Wire::new([Answer::events([HI]).pause(600).event(STOP)]);
    let model = model(&wire);
    let stream = streams(&model, 1).await.remove(0);
    let began = Instant::now();
    let backend = model.backend();
    let (result, (), ()) = tokio::join!(
        stream.collect(),
        backend.close(60 * SECOND),
        backend.close(SECOND)
    );
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Closed);
    assert_eq!(began.elapsed(), SECOND, "both are over");
}

#[tokio::test(start_paused = true)]
async fn f119_a_stream_that_nobody_reads_ends_when_it_is_read() {
    let wire = Wire::new([Answer::events([HI]).pause(600).event(STOP)]);
    let model = model(&wire);
    let mut stream = streams(&model, 1).await.remove(0);
    model.backend().close(SECOND).await;
    while let Some(chunk) = stream.next().await {
        if let Err(error) = chunk {
            assert_eq!(error.kind(), ErrorKind::Closed);
        }
    }
    assert_eq!(wire.open_bodies(), 0);
}

#[tokio::test(start_paused = true)]
async fn f119_who_waits_in_line_has_the_time_that_the_others_have() {
    for (patience, served) in [(60, 3), (15, 1)] {
        let wire = Wire::by(|_| Answer::json(HI).head_after(10 * SECOND));
        let stack = Stack::default().endpoint_limits(Gate::new(1, 10));
        let model = endpoints(&wire, 1, stack).model("ara");
        let began = Instant::now();
        let calls: Vec<_> = (0..3)
            .map(|_| tokio::spawn(model.chat("hi").into_future()))
            .collect();
        sleep(SECOND).await;
        model.backend().close(patience * SECOND).await;
        let results = join_all(calls).await.into_iter().map(Result::unwrap);
        let (well, ended): (Vec<_>, Vec<_>) = results.partition(Result::is_ok);
        assert_eq!(well.len(), served);
        for error in ended.into_iter().map(Result::unwrap_err) {
            assert_eq!(error.kind(), ErrorKind::Closed);
        }
        assert!(began.elapsed() <= (patience + 1) * SECOND);
        assert_eq!(model.backend().stats().endpoints[0].queued, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn f119_who_waits_for_the_next_attempt_is_waited_for_and_then_ended_with_what_was_tried() {
    let busy = || Answer::status(503).header("retry-after", "20");
    for patience in [60, 5] {
        let wire = Wire::new([busy(), Answer::json(HI)]);
        let model = model(&wire);
        let call = tokio::spawn(model.chat("hi").into_future());
        sleep(SECOND).await;
        let began = Instant::now();
        model.backend().close(patience * SECOND).await;
        assert!(call.is_finished() || began.elapsed() == 5 * SECOND);
        let result = call.await.unwrap();
        if patience == 60 {
            assert_eq!(result.unwrap().meta().attempts, 2);
            assert!(began.elapsed() < 21 * SECOND, "no longer than it takes");
        } else {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), wire.requests()), (ErrorKind::Closed, 1));
            let kinds: Vec<_> = error
                .attempts()
                .iter()
                .map(|attempt| attempt.kind)
                .collect();
            assert_eq!(kinds, [ErrorKind::Server, ErrorKind::Closed]);
            assert_eq!(began.elapsed(), 5 * SECOND);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f119_who_waits_for_a_key_is_ended() {
    let wire = Wire::by(|_| Answer::status(429).header("retry-after", "40"));
    let account = account(&wire, |builder| builder.key("key-2"));
    let model = account.model("ara");
    let calls: Vec<_> = (0..5)
        .map(|_| tokio::spawn(model.chat("hi").into_future()))
        .collect();
    sleep(SECOND).await;
    let began = Instant::now();
    account.backend().close(2 * SECOND).await;
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Closed);
    }
    assert_eq!(began.elapsed(), 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn f119_an_answer_of_one_s_own_request_is_ended_as_well() {
    let wire = Wire::new([Answer::status(200).body("a").pause(600).body("b")]);
    let model = model(&wire);
    let call = Call::new(RawRequest::get("/file"));
    let reply = model.backend().call(call).await.unwrap();
    let mut body = reply.into_raw().unwrap().into_body();
    let began = Instant::now();
    let reading = tokio::spawn(async move {
        let mut end = None;
        while let Some(chunk) = body.chunk().await {
            end = chunk.err();
        }
        end
    });
    model.backend().close(2 * SECOND).await;
    let end = timeout(SECOND, reading).await.unwrap().unwrap();
    assert!(end.is_some(), "it is not taken for whole");
    assert_eq!((wire.open_bodies(), began.elapsed()), (0, 2 * SECOND));
}

#[test]
fn f119_a_runtime_that_goes_takes_its_calls_with_it_and_closing_does_not_hang() {
    let began = std::time::Instant::now();
    let wire = Wire::new([Answer::events([HI]).pause(86_400).event(STOP)]);
    let model = model(&wire);
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    };
    let first = runtime();
    first.block_on(async {
        for stream in streams(&model, 1_000).await {
            tokio::spawn(stream.collect());
        }
        let waits = model.backend().clone();
        tokio::spawn(async move { waits.close(3_600 * SECOND).await });
        sleep(Duration::from_millis(50)).await;
    });
    drop(first);
    assert_eq!(wire.open_bodies(), 0);
    runtime().block_on(model.backend().close(3_600 * SECOND));
    assert!(began.elapsed() < 5 * SECOND, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn f119_a_fallback_closes_its_members_each_at_the_same_time() {
    let wires = [(); 2].map(|()| Wire::new([Answer::events([HI]).pause(600).event(STOP)]));
    let [one, two] = wires.each_ref().map(model);
    let fallback = one.clone().or(two.clone());
    let mut open = streams(&one, 1).await;
    open.extend(streams(&two, 1).await);
    let began = Instant::now();
    let ends = join_all(open.into_iter().map(ChatStream::collect));
    let (ends, ()) = tokio::join!(ends, fallback.backend().close(5 * SECOND));
    assert_eq!(began.elapsed(), 5 * SECOND);
    for end in ends {
        assert_eq!(end.unwrap_err().kind(), ErrorKind::Closed);
    }
    for model in [one, two, fallback] {
        assert_eq!(
            model.chat("hi").await.unwrap_err().kind(),
            ErrorKind::Closed
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_goes_through_two_pools_ends_with_either() {
    let wire = Wire::new([Answer::events([HI]).pause(600).event(STOP)]);
    let account = endpoints(&wire, 2, Stack::default());
    let outer = Pool::new([account.bare()]).build().unwrap();
    let mut stream = outer.model("ara").chat("hi").stream().await.unwrap();
    let began = Instant::now();
    let backend = account.backend().clone();
    let reads = async {
        loop {
            if let Err(error) = stream.next().await.unwrap() {
                return error;
            }
        }
    };
    let (error, ()) = tokio::join!(reads, backend.close(5 * SECOND));
    assert_eq!(error.kind(), ErrorKind::Closed);
    assert_eq!(began.elapsed(), 5 * SECOND);
}
