//! Calls within what a provider allows: who waits, who is told at once, and what is put right.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};
use tower::limit::ConcurrencyLimitLayer;
use trunkline_core::{
    Backend, Call, ChatRequest, ChatResponse, ChatStream, Delivery, Error, ErrorKind, Op, Reply,
    Result, Scope, StreamChunk, Usage, middleware::RateLimit,
};

use crate::support::parrot::backend;

const SECOND: Duration = Duration::from_secs(1);

/// One token in and nine out.
fn ten_tokens() -> Call {
    let request = ChatRequest::from("abcd").max_output_tokens(9);
    Call::new(Op::Chat(Arc::new(request)))
}

fn ten_streamed_tokens() -> Call {
    let request = ChatRequest::from("abcd").max_output_tokens(9);
    Call::new(Op::ChatStream(Arc::new(request)))
}

/// An answer that cost so many tokens; none says nothing of them.
fn answer(tokens: Option<u64>) -> ChatResponse {
    let mut answer = ChatResponse::of_text("m", "hi");
    if let Some(tokens) = tokens {
        answer.usage = Usage::new(1, tokens - 1);
    }
    answer
}

/// Answers at once, at that cost.
fn costing(tokens: Option<u64>) -> Backend {
    backend(move |_| async move { Ok(Reply::Chat(answer(tokens))) })
}

fn failing(error: impl Fn() -> Error + Send + Sync + 'static) -> Backend {
    backend(move |_| {
        let error = error();
        async { Err(error) }
    })
}

/// How long a call takes that succeeds.
async fn time(backend: &Backend, call: Call) -> Duration {
    let began = Instant::now();
    backend.call(call).await.unwrap();
    began.elapsed()
}

/// A call that fails without any time passing.
async fn refused(backend: &Backend, call: Call) -> Error {
    let began = Instant::now();
    let error = backend.call(call).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO, "it was told at once");
    assert_eq!(error.delivery(), Delivery::NotSent);
    error
}

fn one_a_second() -> RateLimit {
    RateLimit::new().requests_per_minute(60).request_burst(1)
}

/// A hundred at once, and one every 600 ms.
fn hundred_tokens() -> RateLimit {
    RateLimit::new().tokens_per_minute(100)
}

#[tokio::test(start_paused = true)]
async fn calls_beyond_the_burst_are_sent_in_order_at_the_rate() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let limited = costing(None).layer(one_a_second());
    let began = Instant::now();
    join_all((0..4).map(|number| {
        let (limited, order) = (&limited, &order);
        async move {
            limited.call(ten_tokens()).await.unwrap();
            order.lock().unwrap().push((number, began.elapsed()));
        }
    }))
    .await;
    let expected: Vec<_> = (0..4).map(|number| (number, SECOND * number)).collect();
    assert_eq!(*order.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn who_would_wait_beyond_the_deadline_is_told_at_once_when_to_come_back() {
    let limited = costing(None).layer(one_a_second());
    let first_five = join_all((0..5).map(|_| limited.call(ten_tokens())));
    let sixth = async {
        let error = refused(&limited, ten_tokens().timeout(SECOND * 4)).await;
        assert_eq!(
            (error.kind(), error.scope(), error.retry_after()),
            (ErrorKind::RateLimited, Scope::Key, Some(SECOND * 5)),
        );
        assert!(error.message().contains("5s"), "{error}");
        // Five seconds are there, and nothing beyond them to be answered in.
        refused(&limited, ten_tokens().timeout(SECOND * 5)).await;
        time(&limited, ten_tokens().timeout(SECOND * 6)).await
    };
    let (_, waited) = tokio::join!(first_five, sixth);
    assert_eq!(waited, SECOND * 5);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_longest_wait() {
    for (longest, second) in [
        (SECOND, None),
        (SECOND / 2, Some(SECOND)),
        (Duration::ZERO, Some(SECOND)),
    ] {
        let limited = costing(None).layer(one_a_second().longest_wait(longest));
        time(&limited, ten_tokens()).await;
        match second {
            None => assert_eq!(time(&limited, ten_tokens()).await, SECOND),
            wait => assert_eq!(refused(&limited, ten_tokens()).await.retry_after(), wait),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn f107_what_never_fits_is_told_at_once_even_behind_others() {
    let limited = costing(None).layer(hundred_tokens().token_burst(20));
    let large = ChatRequest::from("abcd").max_output_tokens(20);
    let others = join_all((0..5).map(|_| limited.call(ten_tokens())));
    let last = async {
        let error = refused(&limited, Call::new(Op::Chat(Arc::new(large)))).await;
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let message = error.message();
        assert!(
            message.contains("21 tokens") && message.contains("than 20 "),
            "{message}"
        );
        assert!(!error.is_retryable());
    };
    tokio::join!(others, last);
}

#[tokio::test(start_paused = true)]
async fn a_small_call_does_not_overtake_a_large_one() {
    let limited = costing(None).layer(hundred_tokens());
    for _ in 0..5 {
        time(&limited, ten_tokens()).await;
    }
    let sixty = ChatRequest::from("abcd").max_output_tokens(59);
    let large = time(&limited, Call::new(Op::Chat(Arc::new(sixty))));
    // The large one waits for ten more tokens, and the small one, which would fit, for ten after it.
    let waited = tokio::join!(biased; large, time(&limited, ten_tokens()));
    assert_eq!(waited, (SECOND * 6, SECOND * 12));
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_leaves_the_line() {
    let limited = costing(None).layer(one_a_second());
    time(&limited, ten_tokens()).await;
    let impatient = async {
        let given_up = tokio::time::timeout(SECOND / 2, limited.call(ten_tokens())).await;
        assert!(given_up.is_err());
    };
    let (_, waited) = tokio::join!(impatient, time(&limited, ten_tokens()));
    assert_eq!(waited, SECOND);
    assert_eq!(
        time(&limited, ten_tokens().timeout(SECOND * 3 / 2)).await,
        SECOND,
        "nobody is thought to be ahead who has left"
    );
}

#[tokio::test(start_paused = true)]
async fn the_line_is_bounded() {
    // Ten a millisecond: nobody would wait long.
    let fast = RateLimit::new()
        .requests_per_minute(600_000)
        .request_burst(1);
    let limited = costing(None).layer(fast);
    let results = join_all((0..1_030).map(|_| limited.call(ten_tokens()))).await;
    let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1_030 - 1 - 1_024);
    for error in errors {
        assert_eq!(
            (error.kind(), error.delivery()),
            (ErrorKind::QueueFull, Delivery::NotSent)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn those_at_the_end_of_the_line_are_told_that_it_is_too_long_for_them() {
    let limited = costing(None).layer(one_a_second().longest_wait(SECOND * 10));
    let results = join_all((0..20).map(|_| limited.call(ten_tokens()))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 11);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_used_is_there_for_the_next() {
    let limited = costing(Some(1)).layer(hundred_tokens());
    // One each; the last of them finds the ten that it may need.
    for _ in 0..91 {
        assert_eq!(time(&limited, ten_tokens()).await, Duration::ZERO);
    }
    assert_eq!(time(&limited, ten_tokens()).await, SECOND * 6 / 10);
}

#[tokio::test(start_paused = true)]
async fn what_was_used_beyond_the_estimate_is_owed() {
    let limited = costing(Some(110)).layer(hundred_tokens());
    time(&limited, ten_tokens()).await;
    // Ten are owed, and ten more are wanted, at 600 ms each.
    assert_eq!(time(&limited, ten_tokens()).await, SECOND * 12);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_says_nothing_of_its_cost_keeps_the_estimate() {
    let limited = costing(None).layer(hundred_tokens());
    for _ in 0..10 {
        assert_eq!(time(&limited, ten_tokens()).await, Duration::ZERO);
    }
    assert_eq!(time(&limited, ten_tokens()).await, SECOND * 6);
}

/// Answers with a stream that costs two tokens and takes a second.
fn streaming() -> Backend {
    backend(|_| async {
        let chunks = futures_util::StreamExt::then(
            futures_util::stream::iter([
                StreamChunk::Start { warnings: vec![] },
                StreamChunk::Usage(Box::new(Usage::new(1, 1))),
                StreamChunk::Finish {
                    candidate: 0,
                    reason: trunkline_core::chat::Finish::new(
                        trunkline_core::chat::FinishKind::Stop,
                    ),
                    usage: None,
                    ext: trunkline_core::Ext::default(),
                },
            ]),
            |chunk| async {
                if let StreamChunk::Finish { .. } = chunk {
                    sleep(SECOND).await;
                }
                Ok(chunk)
            },
        );
        Ok(Reply::ChatStream(ChatStream::new(chunks)))
    })
}

/// Streams that take all the tokens there are.
async fn ten_streams(limited: &Backend) -> Vec<ChatStream> {
    let streams = join_all((0..10).map(|_| limited.call(ten_streamed_tokens()))).await;
    streams
        .into_iter()
        .map(|stream| stream.unwrap().into_chat_stream().unwrap())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_stream_s_tokens_are_put_right_at_its_end_and_whoever_waits_is_let_in_then() {
    let limited = streaming().layer(hundred_tokens());
    let mut streams = ten_streams(&limited).await;
    let reading = async {
        let first = streams.pop().unwrap();
        first.collect().await.unwrap();
    };
    // The first that ends gives back eight after a second; in it and a fifth more two are earned.
    let (_, waited) = tokio::join!(reading, time(&limited, ten_streamed_tokens()));
    assert_eq!(waited, Duration::from_millis(1_200));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_keeps_its_estimate() {
    let limited = streaming().layer(hundred_tokens());
    for mut stream in ten_streams(&limited).await {
        // Even where it had told a cost: more may have been generated since.
        stream.next().await.unwrap().unwrap();
        stream.next().await.unwrap().unwrap();
    }
    assert_eq!(time(&limited, ten_streamed_tokens()).await, SECOND * 6);
}

#[tokio::test(start_paused = true)]
async fn what_the_provider_did_not_act_on_gives_all_back() {
    for delivery in [Delivery::NotSent, Delivery::Rejected] {
        let broken = failing(move || Error::new(ErrorKind::Connect, "x").with_delivery(delivery));
        let limited = broken.layer(hundred_tokens().requests_per_minute(1));
        for _ in 0..50 {
            refused_by_backend(&limited, ErrorKind::Connect).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_it_may_have_acted_on_gives_nothing_back() {
    for delivery in [Delivery::MaybeProcessed, Delivery::Responded] {
        let broken = failing(move || Error::new(ErrorKind::Server, "x").with_delivery(delivery));
        let limited = broken.layer(hundred_tokens().longest_wait(Duration::ZERO));
        for _ in 0..10 {
            refused_by_backend(&limited, ErrorKind::Server).await;
        }
        refused_by_backend(&limited, ErrorKind::RateLimited).await;
    }
}

async fn refused_by_backend(limited: &Backend, kind: ErrorKind) {
    let error = limited.call(ten_tokens()).await.unwrap_err();
    assert_eq!(error.kind(), kind);
}

#[tokio::test(start_paused = true)]
async fn a_429_s_wait_holds_for_the_next_calls_too() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let limited = backend(move |_| {
        let is_first = seen.fetch_add(1, SeqCst) == 0;
        async move {
            if is_first {
                return Err(Error::new(ErrorKind::RateLimited, "slow down")
                    .with_delivery(Delivery::Rejected)
                    .with_retry_after(SECOND * 8));
            }
            Ok(Reply::Chat(answer(None)))
        }
    })
    .layer(RateLimit::new());
    limited.call(ten_tokens()).await.unwrap_err();
    let error = refused(&limited, ten_tokens().timeout(SECOND * 5)).await;
    assert_eq!(error.retry_after(), Some(SECOND * 8));
    assert!(error.message().contains("asked for a pause"), "{error}");
    assert_eq!(calls.load(SeqCst), 1);
    assert_eq!(time(&limited, ten_tokens()).await, SECOND * 8);
}

#[tokio::test(start_paused = true)]
async fn a_pause_too_long_for_who_waits_already_is_told_when_it_is_learned() {
    let limited = backend(|_| async {
        sleep(SECOND / 2).await;
        Err(Error::new(ErrorKind::RateLimited, "slow down")
            .with_delivery(Delivery::Rejected)
            .with_retry_after(SECOND * 30))
    })
    .layer(one_a_second());
    let waiting = async {
        let began = Instant::now();
        let error = limited.call(ten_tokens().timeout(SECOND * 5)).await;
        (began.elapsed(), error.unwrap_err())
    };
    let (_, (waited, error)) = tokio::join!(biased; limited.call(ten_tokens()), waiting);
    assert_eq!(waited, SECOND / 2);
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.retry_after(), Some(SECOND * 30));
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_work_fail_every_call() {
    let limited = costing(None).layer(RateLimit::new().requests_per_minute(0));
    let error = refused(&limited, ten_tokens()).await;
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("requests_per_minute"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_layer_keeps_tower_s_contract_with_what_is_below_it() {
    // A concurrency limit panics if it is called without having been polled ready.
    let limited = costing(None)
        .layer(ConcurrencyLimitLayer::new(2))
        .layer(one_a_second());
    let began = Instant::now();
    let results = join_all((0..4).map(|_| limited.call(ten_tokens()))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(began.elapsed(), SECOND * 3);
}
