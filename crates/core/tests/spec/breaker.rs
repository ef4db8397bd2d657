//! When a circuit opens, how long it rests, and what closes it again.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    task::JoinHandle,
    time::{Instant, advance, sleep},
};
use trunkline_core::{
    Backend, Call, ChatRequest, ChatResponse, Delivery, Error, ErrorKind, Op, Phase, Recovery,
    Reply, Result, Scope,
    middleware::{Breaker, CircuitState, Circuits},
    object::{ObjectOutcome, ObjectReply},
};

use crate::support::parrot::backend;

/// What an endpoint does with its calls, until it is told something else.
#[derive(Clone, Copy)]
pub(crate) enum Does {
    Well,
    Fail(ErrorKind),
    /// Fails, and asks to be left alone for so many seconds.
    FailFor(u64),
    TimeOut(Phase),
    /// Answers after so many seconds.
    Take(u64),
    Hang,
    /// Is not asked: what is wanted is made here.
    Sign,
}

const DOWN: Does = Does::Fail(ErrorKind::Server);

/// An endpoint behind a breaker.
#[derive(Clone)]
pub(crate) struct Endpoint {
    does: Arc<Mutex<Does>>,
    asked: Arc<Mutex<Vec<Instant>>>,
    pub(crate) circuits: Circuits,
    pub(crate) backend: Backend,
}

impl Endpoint {
    pub(crate) fn new(breaker: Breaker) -> Self {
        let does = Arc::new(Mutex::new(Does::Well));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let circuits = breaker.circuits().unwrap();
        let (doing, log) = (does.clone(), asked.clone());
        let bare = backend(move |_| {
            log.lock().unwrap().push(Instant::now());
            let does: Does = *doing.lock().unwrap();
            async move {
                match does {
                    Does::Well => {}
                    Does::Fail(kind) => return Err(failure(kind)),
                    Does::FailFor(seconds) => {
                        let hint = Duration::from_secs(seconds);
                        return Err(failure(ErrorKind::Overloaded).with_retry_after(hint));
                    }
                    Does::TimeOut(phase) => {
                        return Err(Error::timeout(phase, Duration::from_secs(1)));
                    }
                    Does::Take(seconds) => sleep(Duration::from_secs(seconds)).await,
                    Does::Hang => std::future::pending().await,
                    Does::Sign => {
                        let url = ObjectOutcome::Url("https://a.example/signed".into());
                        return Ok(Reply::Object(ObjectReply::new(url)));
                    }
                }
                Ok(Reply::Chat(ChatResponse::of_text("m", "hi")))
            }
        });
        Self {
            does,
            asked,
            backend: bare.layer(circuits.clone()),
            circuits,
        }
    }

    pub(crate) fn does(&self, does: Does) -> &Self {
        *self.does.lock().unwrap() = does;
        self
    }

    /// How many calls it got.
    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    pub(crate) async fn ask(&self, model: &str) -> Result<Reply> {
        self.backend.call(call(model)).await
    }

    /// `count` calls of the model `m`, one after the other.
    pub(crate) async fn times(&self, count: usize, does: Does) {
        self.does(does);
        for _ in 0..count {
            let _ = self.ask("m").await;
        }
    }

    /// A call that is under way when this returns.
    async fn begin(&self, does: Does) -> JoinHandle<Result<Reply>> {
        self.does(does);
        let call = tokio::spawn(self.backend.call(call("m")));
        tokio::task::yield_now().await;
        call
    }

    pub(crate) fn state(&self) -> CircuitState {
        *self.circuits.watch("m").borrow()
    }

    /// Samples, failures among them, and results that came too late.
    fn counts(&self) -> (u32, u32, u64) {
        let status = &self.circuits.states()[0];
        (status.samples, status.failures, status.stale)
    }

    /// What is left of its rest, as a refusal tells it.
    async fn rest(&self) -> Duration {
        let refusal = self.ask("m").await.unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::CircuitOpen);
        refusal.retry_after().unwrap()
    }

    /// Opens it and waits until its rest is over.
    async fn rested(self) -> Self {
        self.times(10, DOWN).await;
        assert_eq!(self.state(), CircuitState::Open);
        advance(Duration::from_secs(6)).await;
        self
    }
}

pub(crate) fn call(model: &str) -> Call {
    let request = ChatRequest::from("hi");
    Call::new(Op::Chat(Arc::new(request))).with_model(model)
}

fn failure(kind: ErrorKind) -> Error {
    Error::new(kind, "of the endpoint").with_delivery(Delivery::Responded)
}

fn endpoint() -> Endpoint {
    Endpoint::new(Breaker::default())
}

fn seconds(range: std::ops::RangeInclusive<f64>, time: Duration) {
    assert!(
        range.contains(&time.as_secs_f64()),
        "{time:?} not in {range:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn half_of_twenty_results_open_it_and_not_half_of_nineteen() {
    let endpoint = endpoint();
    for _ in 0..9 {
        endpoint.times(1, Does::Well).await;
        endpoint.times(1, DOWN).await;
    }
    endpoint.times(1, DOWN).await;
    assert_eq!(endpoint.counts(), (19, 10, 0));
    assert_eq!(endpoint.state(), CircuitState::Closed, "10 of 19");
    endpoint.times(1, Does::Well).await;
    assert_eq!(endpoint.state(), CircuitState::Open, "10 of 20 is equality");
}

#[tokio::test(start_paused = true)]
async fn less_than_half_does_not_open_it() {
    let endpoint = endpoint();
    for _ in 0..9 {
        endpoint.times(1, DOWN).await;
        endpoint.times(2, Does::Well).await;
        endpoint.times(1, DOWN).await;
        endpoint.times(1, Does::Well).await;
    }
    assert_eq!(endpoint.counts(), (45, 18, 0));
    assert_eq!(endpoint.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn ten_failures_in_a_row_open_it_and_a_success_between_does_not() {
    let endpoint = endpoint();
    endpoint.times(9, DOWN).await;
    endpoint.times(1, Does::Well).await;
    assert_eq!(endpoint.state(), CircuitState::Closed);
    let endpoint = self::endpoint();
    endpoint.times(9, DOWN).await;
    assert_eq!(endpoint.state(), CircuitState::Closed);
    endpoint.times(1, DOWN).await;
    assert_eq!(endpoint.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn what_is_made_without_asking_is_no_sample_and_closes_nothing() {
    let endpoint = endpoint();
    endpoint.times(20, Does::Sign).await;
    assert_eq!(endpoint.counts(), (0, 0, 0));
    let endpoint = endpoint.rested().await;
    endpoint.times(5, Does::Sign).await;
    assert_eq!(endpoint.state(), CircuitState::HalfOpen);
    endpoint.times(3, Does::Well).await;
    assert_eq!(endpoint.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn f095_long_health_does_not_delay_it() {
    let endpoint = endpoint();
    for _ in 0..10_000 {
        endpoint.times(1, Does::Well).await;
        advance(Duration::from_millis(10)).await;
    }
    let asked = endpoint.asked();
    endpoint.times(100, DOWN).await;
    assert_eq!(endpoint.asked() - asked, 10);
    assert_eq!(endpoint.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn what_happened_thirty_seconds_ago_is_forgotten() {
    for (later, samples) in [(26, 19), (30, 0)] {
        let endpoint = endpoint();
        for _ in 0..9 {
            endpoint.times(1, DOWN).await;
            endpoint.times(1, Does::Well).await;
        }
        endpoint.times(1, DOWN).await;
        advance(Duration::from_secs(later)).await;
        assert_eq!(endpoint.counts().0, samples, "after {later} s");
        endpoint.times(1, DOWN).await;
        let opened = endpoint.state() == CircuitState::Open;
        assert_eq!(opened, samples > 0, "after {later} s");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_the_endpoint_s_fault_is_no_sample() {
    let endpoint = endpoint();
    for kind in [
        ErrorKind::Auth,
        ErrorKind::Config,
        ErrorKind::ContentFilter,
        ErrorKind::ContextLength,
        ErrorKind::Decode,
        ErrorKind::InvalidRequest,
        ErrorKind::NotFound,
        ErrorKind::Permission,
        ErrorKind::QueueFull,
        ErrorKind::QuotaExhausted,
        ErrorKind::Tls,
    ] {
        endpoint.times(50, Does::Fail(kind)).await;
    }
    endpoint.times(50, Does::TimeOut(Phase::Total)).await;
    assert_eq!(endpoint.counts(), (0, 0, 0));
    assert_eq!(endpoint.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn f099_a_thousand_429_leave_it_closed_and_lack_of_capacity_does_not() {
    let endpoint = endpoint();
    endpoint
        .times(1_000, Does::Fail(ErrorKind::RateLimited))
        .await;
    assert_eq!(endpoint.counts(), (0, 0, 0));
    endpoint.times(10, Does::Fail(ErrorKind::Overloaded)).await;
    assert_eq!(endpoint.state(), CircuitState::Open);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_says_nothing_of_the_endpoint() {
    let endpoint = endpoint();
    for _ in 0..100 {
        endpoint.begin(Does::Hang).await.abort();
    }
    tokio::task::yield_now().await;
    assert_eq!((endpoint.asked(), endpoint.counts()), (100, (0, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_endpoint_s_and_tells_how_long() {
    let endpoint = endpoint();
    endpoint.times(10, DOWN).await;
    let refusal = endpoint.ask("m").await.unwrap_err();
    assert_eq!(endpoint.asked(), 10, "nothing was sent");
    assert_eq!(
        (refusal.kind(), refusal.scope(), refusal.delivery()),
        (ErrorKind::CircuitOpen, Scope::Endpoint, Delivery::NotSent)
    );
    assert_eq!(refusal.recovery(), Recovery::Elsewhere);
    assert!(
        !refusal.is_endpoint_failure(),
        "a breaker above counts it not"
    );
    let rest = refusal.retry_after().unwrap();
    advance(Duration::from_secs(1)).await;
    assert_eq!(endpoint.rest().await, rest - Duration::from_secs(1));
    advance(rest - Duration::from_secs(1) - Duration::from_millis(1)).await;
    assert_eq!(endpoint.rest().await, Duration::from_millis(1));
    advance(Duration::from_millis(1)).await;
    endpoint.does(Does::Well).ask("m").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn it_rests_five_seconds_then_ten_each_time_and_a_fifth_more_or_less() {
    let mut first = Vec::new();
    for _ in 0..100 {
        let endpoint = endpoint();
        endpoint.times(10, DOWN).await;
        first.push(endpoint.rest().await);
        for _ in 0..3 {
            advance(endpoint.rest().await).await;
            endpoint.times(1, DOWN).await;
            seconds(8.0..=12.0, endpoint.rest().await);
        }
        advance(endpoint.rest().await).await;
        endpoint.times(3, Does::Well).await;
        endpoint.times(10, DOWN).await;
        seconds(4.0..=6.0, endpoint.rest().await);
    }
    for rest in &first {
        seconds(4.0..=6.0, *rest);
    }
    first.sort();
    assert!(first[99] - first[0] > Duration::from_secs(1), "they spread");
}

#[tokio::test(start_paused = true)]
async fn the_server_s_hint_makes_its_rest_longer_never_shorter_and_a_minute_at_most() {
    for (hint, range) in [
        (20, 20.0..=20.0),
        (60, 60.0..=60.0),
        (3_600, 60.0..=60.0),
        (1, 4.0..=6.0),
    ] {
        let endpoint = endpoint();
        endpoint.times(9, DOWN).await;
        endpoint.times(1, Does::FailFor(hint)).await;
        seconds(range.clone(), endpoint.rest().await);
    }
    let endpoint = endpoint();
    endpoint.times(9, Does::FailFor(20)).await;
    endpoint.times(1, DOWN).await;
    seconds(4.0..=6.0, endpoint.rest().await);

    let probed = self::endpoint().rested().await;
    probed.times(1, Does::FailFor(45)).await;
    seconds(45.0..=45.0, probed.rest().await);
}

#[tokio::test(start_paused = true)]
async fn after_its_rest_three_calls_may_try_and_their_success_closes_it() {
    let endpoint = endpoint().rested().await;
    assert_eq!(endpoint.state(), CircuitState::Open, "nobody has asked");
    let mut probes = Vec::new();
    for _ in 0..3 {
        probes.push(endpoint.begin(Does::Take(2)).await);
    }
    assert_eq!(endpoint.state(), CircuitState::HalfOpen);
    assert_eq!(
        endpoint.rest().await,
        Duration::from_secs(1),
        "ask again soon"
    );
    assert_eq!(endpoint.asked(), 13);
    for probe in probes {
        probe.await.unwrap().unwrap();
    }
    assert_eq!(endpoint.state(), CircuitState::Closed);
    assert_eq!(endpoint.counts(), (0, 0, 0), "with a clean slate");
}

#[tokio::test(start_paused = true)]
async fn one_probe_s_failure_opens_it_again_and_the_others_come_too_late() {
    let endpoint = endpoint().rested().await;
    let slow = endpoint.begin(Does::Take(2)).await;
    endpoint.times(1, Does::Well).await;
    endpoint.times(1, DOWN).await;
    assert_eq!(endpoint.state(), CircuitState::Open);
    seconds(8.0..=12.0, endpoint.rest().await);
    slow.await.unwrap().unwrap();
    assert_eq!(
        (endpoint.state(), endpoint.counts().2),
        (CircuitState::Open, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_by_no_fault_of_the_endpoint_decides_nothing() {
    let endpoint = endpoint().rested().await;
    endpoint.times(50, Does::Fail(ErrorKind::RateLimited)).await;
    assert_eq!(endpoint.state(), CircuitState::HalfOpen);
    assert_eq!(endpoint.asked(), 60, "each gave back its place");
    endpoint.times(3, Does::Well).await;
    assert_eq!(endpoint.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn f096_failures_of_calls_from_before_change_nothing() {
    let endpoint = endpoint();
    let failing = backend(|_| async {
        sleep(Duration::from_secs(20)).await;
        Err(failure(ErrorKind::Server))
    })
    .layer(endpoint.circuits.clone());
    let late: Vec<_> = (0..50)
        .map(|_| tokio::spawn(failing.call(call("m"))))
        .collect();
    tokio::task::yield_now().await;
    let endpoint = endpoint.rested().await;
    let _probes = [
        endpoint.begin(Does::Hang).await,
        endpoint.begin(Does::Hang).await,
    ];
    assert_eq!(endpoint.state(), CircuitState::HalfOpen);
    for call in late {
        assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Server);
    }
    assert_eq!(endpoint.state(), CircuitState::HalfOpen);
    assert_eq!(endpoint.counts(), (0, 0, 50));
    let _third = endpoint.begin(Does::Hang).await;
    assert_eq!(endpoint.asked(), 13, "one place was left");
    assert!(endpoint.circuits.is_open("m"), "and no more");
}

#[tokio::test(start_paused = true)]
async fn f097_a_probe_whose_caller_goes_away_gives_back_its_place_at_once() {
    let endpoint = endpoint().rested().await;
    let probes = [
        endpoint.begin(Does::Hang).await,
        endpoint.begin(Does::Hang).await,
        endpoint.begin(Does::Hang).await,
    ];
    assert!(endpoint.circuits.is_open("m"));
    probes[1].abort();
    tokio::task::yield_now().await;
    assert!(!endpoint.circuits.is_open("m"));
    assert_eq!(endpoint.state(), CircuitState::HalfOpen, "and says nothing");
    let _next = endpoint.begin(Does::Hang).await;
    assert!(endpoint.circuits.is_open("m"));
}

#[tokio::test(start_paused = true)]
async fn f098_probes_that_never_finish_make_room_after_thirty_seconds() {
    let endpoint = endpoint().rested().await;
    let mut endless = Vec::new();
    for _ in 0..3 {
        endless.push(endpoint.begin(Does::Take(31)).await);
    }
    advance(Duration::from_millis(29_999)).await;
    assert_eq!(endpoint.rest().await, Duration::from_millis(1));
    advance(Duration::from_millis(1)).await;
    endpoint.times(2, Does::Well).await;
    assert_eq!(endpoint.state(), CircuitState::HalfOpen);
    for probe in endless {
        probe.await.unwrap().unwrap();
    }
    assert_eq!(
        endpoint.state(),
        CircuitState::HalfOpen,
        "late successes do not count"
    );
    assert_eq!(endpoint.counts().2, 3);
    endpoint.times(1, Does::Well).await;
    assert_eq!(endpoint.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_longer_lease_lets_slow_answers_close_it() {
    let breaker = Breaker::default().lease(Duration::from_secs(120));
    let endpoint = Endpoint::new(breaker).rested().await;
    endpoint.times(3, Does::Take(45)).await;
    assert_eq!(endpoint.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn f116_the_wall_clock_is_not_asked() {
    let breaker = Breaker::default().rest(Duration::from_millis(10));
    let endpoint = Endpoint::new(breaker);
    endpoint.times(10, DOWN).await;
    // The wall clock moves on, ours stands still.
    std::thread::sleep(Duration::from_millis(50));
    let left = endpoint.rest().await;
    seconds(0.008..=0.012, left);
    // Ours moves on by an hour while the wall clock all but stands still.
    advance(Duration::from_secs(3_600)).await;
    endpoint.does(Does::Well).ask("m").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn after_a_leap_of_eight_hours_it_tries_again() {
    let endpoint = endpoint();
    endpoint.times(10, DOWN).await;
    advance(Duration::from_secs(8 * 3_600)).await;
    endpoint.times(3, Does::Well).await;
    assert_eq!(endpoint.state(), CircuitState::Closed);
}

#[tokio::test(start_paused = true)]
async fn f092_in_an_outage_at_most_three_calls_get_through_each_rest() {
    let endpoint = endpoint();
    endpoint.does(DOWN);
    for _ in 0..10_000 {
        let _ = endpoint.ask("m").await;
        advance(Duration::from_millis(10)).await;
    }
    let asked = endpoint.asked.lock().unwrap().clone();
    let mut probes = asked[10..].iter().peekable();
    let mut periods = 0;
    while let Some(first) = probes.next() {
        periods += 1;
        let mut together = 1;
        while probes
            .next_if(|next| **next - *first < Duration::from_secs(4))
            .is_some()
        {
            together += 1;
        }
        assert!(together <= 3, "{together} probes in one period");
    }
    // 100 s, of which the first five and then ten at a time are rests.
    assert!((9..=13).contains(&periods), "{periods} periods");
}

#[tokio::test(start_paused = true)]
async fn f092_calls_that_come_at_once_find_three_places() {
    let endpoint = endpoint().rested().await;
    let mut calls = Vec::new();
    for _ in 0..1_000 {
        calls.push(endpoint.begin(Does::Hang).await);
    }
    assert_eq!(endpoint.asked(), 13);
}
