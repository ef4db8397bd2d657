//! F090: what a provider says is left is never overdrawn.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use futures_util::future::join_all;
use tokio::time::Instant;
use trunkline_core::{
    Backend, Call, ChatResponse, Delivery, Error, ErrorKind, Reply, Result, middleware::RateLimit,
};

use crate::support::parrot::{backend, chat_op};

/// A provider that allows so many requests in each window, says so in headers, and refuses more.
#[derive(Clone)]
struct Provider(Arc<State>);

struct State {
    limit: u64,
    window: Duration,
    began: Instant,
    /// The number of the window, and how many requests came in it.
    used: Mutex<(u128, u64)>,
    refused: AtomicUsize,
}

impl Provider {
    fn new(limit: u64, window: Duration) -> Self {
        Self(Arc::new(State {
            limit,
            window,
            began: Instant::now(),
            used: Mutex::new((0, 0)),
            refused: AtomicUsize::new(0),
        }))
    }

    /// Somebody else uses the same key.
    fn used_by_others(self, requests: u64) -> Self {
        self.0.used.lock().unwrap().1 = requests;
        self
    }

    fn answer(&self) -> Result<Reply> {
        let state = &self.0;
        let elapsed = state.began.elapsed();
        let window = elapsed.as_millis() / state.window.as_millis();
        let end = state.window * (u32::try_from(window).unwrap() + 1);
        let mut used = state.used.lock().unwrap();
        if used.0 != window {
            *used = (window, 0);
        }
        if used.1 >= state.limit {
            state.refused.fetch_add(1, SeqCst);
            return Err(Error::new(ErrorKind::RateLimited, "beyond the limit")
                .with_delivery(Delivery::Rejected));
        }
        used.1 += 1;
        let mut answer = ChatResponse::of_text("m", "hi");
        for (name, value) in [
            ("x-ratelimit-limit-requests", state.limit.to_string()),
            (
                "x-ratelimit-remaining-requests",
                (state.limit - used.1).to_string(),
            ),
            (
                "x-ratelimit-reset-requests",
                format!("{}ms", (end - elapsed).as_millis()),
            ),
        ] {
            answer.meta.headers.insert(name, value.parse().unwrap());
        }
        Ok(Reply::Chat(answer))
    }

    /// Behind `limit`, where an answer takes a while.
    fn behind(&self, limit: RateLimit) -> Backend {
        let provider = self.clone();
        let backend = backend(move |_| {
            let answer = provider.answer();
            async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                answer
            }
        });
        backend.layer(limit)
    }

    fn refused(&self) -> usize {
        self.0.refused.load(SeqCst)
    }
}

const WINDOW: Duration = Duration::from_secs(10);

async fn ask(limited: &Backend) {
    limited.call(Call::new(chat_op())).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_provider_of_these_tests_refuses_whoever_does_not_wait() {
    let provider = Provider::new(4, WINDOW);
    let plain = provider.behind(RateLimit::new());
    let results = join_all((0..10).map(|_| plain.call(Call::new(chat_op())))).await;
    // Nothing was known before the first answers, and no limit was set.
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 6);
    assert_eq!(provider.refused(), 6);
}

#[tokio::test(start_paused = true)]
async fn f090_with_nothing_left_on_a_200_the_next_ten_calls_cause_no_429() {
    let provider = Provider::new(4, WINDOW).used_by_others(3);
    let limited = provider.behind(RateLimit::new());
    let began = Instant::now();
    ask(&limited).await;
    for _ in 0..10 {
        ask(&limited).await;
    }
    assert_eq!(provider.refused(), 0);
    // Four in each of the next two windows, two in the third.
    assert!(began.elapsed() > 3 * WINDOW, "{:?}", began.elapsed());
    assert!(began.elapsed() < 4 * WINDOW, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn f090_ten_calls_at_once_wait_for_the_reset_and_go_on_at_the_rate_that_was_set() {
    let provider = Provider::new(4, WINDOW).used_by_others(3);
    // As the provider allows: four in ten seconds. What others use it does not know.
    let limit = RateLimit::new().requests_per_minute(24).request_burst(1);
    let limited = provider.behind(limit);
    ask(&limited).await;
    let began = Instant::now();
    join_all((0..10).map(|_| ask(&limited))).await;
    assert_eq!(provider.refused(), 0);
    assert!(began.elapsed() > 3 * WINDOW, "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn f090_a_pause_holds_those_who_stand_in_line_already() {
    let provider = Provider::new(4, WINDOW).used_by_others(2);
    // Twice as fast as the provider.
    let limit = RateLimit::new().requests_per_minute(60).request_burst(1);
    let limited = provider.behind(limit);
    join_all((0..6).map(|_| ask(&limited))).await;
    assert_eq!(provider.refused(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_counts_although_more_was_believed() {
    let provider = Provider::new(20, WINDOW).used_by_others(14);
    let limit = RateLimit::new().requests_per_minute(60).request_burst(20);
    let limited = provider.behind(limit);
    ask(&limited).await;
    // Five are left, and twenty were believed to be; the rest is earned, one a second.
    let began = Instant::now();
    join_all((0..10).map(|_| ask(&limited))).await;
    assert_eq!(provider.refused(), 0);
    assert!(
        began.elapsed() >= Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}
