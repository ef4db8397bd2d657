//! Layers alone, in order, and tower's own.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use tower::{
    Layer, ServiceExt,
    buffer::BufferLayer,
    limit::{ConcurrencyLimit, ConcurrencyLimitLayer},
    load_shed::LoadShedLayer,
    timeout::TimeoutLayer,
};
use trunkline_core::{
    Backend, Call, ChatResponse, Delivery, Error, ErrorKind, Op, Phase, Recovery, Reply, Result,
    middleware::{Deadline, Retry},
};

use crate::support::{
    Answer, Wire, bare,
    parrot::{backend, chat_op},
};

/// Answers after ten seconds.
fn slow() -> Backend {
    backend(|_| async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        Ok(Reply::Chat(ChatResponse::of_text("m", "hi")))
    })
}

async fn ask(backend: &Backend) -> Result<String> {
    backend
        .call(Call::new(chat_op()))
        .await?
        .into_chat()
        .map(|answer| answer.text())
}

#[tokio::test(start_paused = true)]
async fn tower_s_timeout_is_a_timeout_of_ours() {
    let error = ask(&slow().layer(TimeoutLayer::new(Duration::from_secs(1))))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::Timeout, Some(Phase::Head))
    );
    assert_eq!(
        error.delivery(),
        Delivery::MaybeProcessed,
        "nobody knows how far it had come"
    );
    assert_eq!(error.recovery(), Recovery::Elsewhere);
}

#[tokio::test(start_paused = true)]
async fn tower_s_concurrency_limit_lets_so_many_in() {
    let limited = slow().layer(ConcurrencyLimitLayer::new(2));
    let began = Instant::now();
    let answers = tokio::join!(ask(&limited), ask(&limited), ask(&limited), ask(&limited));
    assert!(answers.0.is_ok() && answers.1.is_ok() && answers.2.is_ok() && answers.3.is_ok());
    assert_eq!(began.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn tower_s_load_shedding_is_a_full_queue() {
    let service = tower::ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1));
    let shedding = slow().layer(service.into_inner());
    let (first, second) = tokio::join!(ask(&shedding), ask(&shedding));
    assert_eq!(first.unwrap(), "hi");
    let error = second.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::QueueFull, Delivery::NotSent)
    );
}

#[tokio::test(start_paused = true)]
async fn through_tower_s_buffer_our_errors_come_out_whole() {
    let failing =
        backend(|_| async { Err(Error::new(ErrorKind::RateLimited, "slow down").with_code("rl")) });
    let error = ask(&failing.layer(BufferLayer::new(8))).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::RateLimited, Some("rl"))
    );
    assert_eq!(ask(&slow().layer(BufferLayer::new(8))).await.unwrap(), "hi");
}

#[tokio::test(start_paused = true)]
async fn a_foreign_error_is_the_server_s_and_not_sent_again_for_certain() {
    let broken = tower::layer::layer_fn(|inner: Backend| {
        inner.map_err(|_| -> trunkline_core::BoxError { "something of theirs".into() })
    });
    let failing = backend(|_| async { Err(Error::new(ErrorKind::Connect, "x")) });
    let error = ask(&failing.layer(broken)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery()),
        (ErrorKind::Server, Delivery::MaybeProcessed)
    );
}

#[tokio::test(start_paused = true)]
async fn retry_keeps_tower_s_contract_with_what_is_below_it() {
    // A concurrency limit panics if it is called without having been polled ready.
    let wire = Wire::new([
        Answer::status(503),
        Answer::status(503),
        Answer::json(r#"{"say":"hi"}"#),
    ]);
    let inner = ConcurrencyLimit::new(bare(&wire).backend().clone(), 1);
    let service = Retry::default().layer(inner);
    for _ in 0..2 {
        let reply = service.clone().oneshot(Call::new(chat_op())).await.unwrap();
        assert_eq!(reply.into_chat().unwrap().text(), "hi");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_alone_bounds_a_call() {
    let bounded = slow().layer(Deadline::default().total(Duration::from_secs(3)));
    let began = Instant::now();
    let error = ask(&bounded).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (ErrorKind::Timeout, Some(Phase::Total))
    );
    assert_eq!(
        (began.elapsed(), error.recovery()),
        (Duration::from_secs(3), Recovery::None)
    );
    assert!(error.message().contains("3s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn of_two_deadlines_the_caller_s_counts() {
    let bounded = slow().layer(Deadline::default().total(Duration::from_secs(3)));
    let call = |seconds| Call::new(chat_op()).timeout(Duration::from_secs(seconds));
    assert!(bounded.call(call(11)).await.is_ok());
    assert!(bounded.call(call(2)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_late_already_is_not_begun() {
    let wire = Wire::new([Answer::json(r#"{"say":"hi"}"#)]);
    let bounded = bare(&wire).backend().clone().layer(Deadline::default());
    let error = bounded
        .call(Call::new(chat_op()).timeout(Duration::ZERO))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.delivery(), wire.requests()),
        (ErrorKind::Timeout, Delivery::NotSent, 0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_deadline_bounds_retries_and_their_waits_together() {
    let wire = Wire::new([Answer::status(503).head_after(Duration::from_secs(20))]);
    let backend = bare(&wire)
        .backend()
        .clone()
        .layer(Retry::default().attempts(10))
        .layer(Deadline::default().total(Duration::from_secs(50)));
    let began = Instant::now();
    let error = ask(&backend).await.unwrap_err();
    assert_eq!((error.kind(), wire.requests()), (ErrorKind::Timeout, 3));
    assert_eq!(began.elapsed(), Duration::from_secs(50));
}

#[tokio::test(start_paused = true)]
async fn what_layers_tell_each_other_arrives() {
    #[derive(Clone, Debug, PartialEq)]
    struct Note(u8);
    let reads = backend(|call: Call| async move {
        let note = call
            .extensions
            .get::<Note>()
            .map(|note| note.0.to_string())
            .unwrap_or_default();
        Ok(Reply::Chat(ChatResponse::of_text("m", note)))
    });
    let mut call = Call::new(Op::Chat(Arc::new("hi".into())));
    call.extensions.insert(Note(7));
    let layered = reads.layer(Retry::default()).layer(Deadline::default());
    assert_eq!(
        layered
            .call(call)
            .await
            .unwrap()
            .into_chat()
            .unwrap()
            .text(),
        "7"
    );
}
