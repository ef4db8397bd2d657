use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::{Instant, advance};

use super::{limiter::Refused, *};
use crate::{Delivery, ErrorKind, Op, Recovery, Scope};

fn op() -> Op {
    // 1 token in, 9 out.
    let request = crate::ChatRequest::from("abcd").max_output_tokens(9);
    Op::Chat(Arc::new(request))
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            let value = HeaderValue::from_str(value).unwrap();
            (HeaderName::from_static(name), value)
        })
        .collect()
}

fn learned(pairs: &[(&'static str, &str)]) -> Option<Duration> {
    let limiter = Limiter::new(&RateLimit::new());
    limiter.learn(&headers(pairs), Instant::now());
    let until = limiter.paused_until()?;
    Some(until - Instant::now())
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

fn wait_of(limiter: &Limiter) -> Duration {
    match limiter.try_reserve(&op()) {
        Ok(_) => Duration::ZERO,
        Err(Refused::Wait { until }) => until - Instant::now(),
        Err(Refused::TooLarge(error)) => panic!("{error}"),
    }
}

#[test]
fn settings_that_cannot_work_are_refused_by_name() {
    let new = RateLimit::new;
    for (limit, names) in [
        (new().requests_per_minute(0), "`requests_per_minute`"),
        (new().tokens_per_minute(0), "`tokens_per_minute`"),
        (
            new().requests_per_minute(9).request_burst(0),
            "`request_burst`",
        ),
        (new().tokens_per_minute(9).token_burst(0), "`token_burst`"),
        (new().request_burst(1), "`requests_per_minute`"),
        (new().token_burst(1), "`tokens_per_minute`"),
        (
            new().requests_per_minute(9).request_burst(10),
            "`request_burst` (10)",
        ),
        (
            new().tokens_per_minute(9).token_burst(10),
            "`tokens_per_minute` (9)",
        ),
    ] {
        let error = limit.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains(names), "{error}");
    }
    for limit in [
        new(),
        new().requests_per_minute(1),
        new().tokens_per_minute(9).token_burst(9),
    ] {
        assert!(limit.check().is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn unless_set_the_burst_is_a_tenth_of_a_minute_s_requests_and_at_least_one() {
    for (per_minute, burst) in [(100, 10), (19, 1), (3, 1)] {
        let limiter = Limiter::new(&RateLimit::new().requests_per_minute(per_minute));
        let granted = (0..200).map_while(|_| limiter.try_reserve(&op()).ok());
        assert_eq!(granted.count(), burst);
    }
}

#[tokio::test(start_paused = true)]
async fn unless_set_a_minute_s_tokens_may_be_used_at_once() {
    let limiter = Limiter::new(&RateLimit::new().tokens_per_minute(100));
    let granted = (0..200).map_while(|_| limiter.try_reserve(&op()).ok());
    assert_eq!(granted.count(), 10);
    assert_eq!(wait_of(&limiter), Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn f107_a_call_larger_than_the_bucket_is_another_key_s_or_nobody_s() {
    let limiter = Limiter::new(&RateLimit::new().tokens_per_minute(20).token_burst(9));
    let Err(Refused::TooLarge(error)) = limiter.try_reserve(&op()) else {
        panic!("it was let in, or told to wait");
    };
    assert_eq!(
        (error.kind(), error.scope()),
        (ErrorKind::TooLarge, Scope::Key)
    );
    assert_eq!(error.delivery(), Delivery::NotSent);
    assert_eq!(error.recovery(), Recovery::OtherModel);
    let message = error.message();
    assert!(
        message.contains("10 tokens") && message.contains("than 9 "),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn f090_nothing_left_is_a_pause_until_the_reset_in_every_form_of_it() {
    for (reset, expected) in [
        ("6m0s", seconds(360)),
        ("12ms", Some(Duration::from_millis(12))),
        ("7", seconds(7)),
        ("26h", seconds(3_600)),
        ("inf", seconds(3_600)),
        ("Tue, 24 Nov 2020", None),
        ("-3", None),
        ("0", None),
    ] {
        let told = [
            ("x-ratelimit-limit-requests", "60"),
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", reset),
        ];
        assert_eq!(learned(&told), expected, "{reset}");
    }
}

#[tokio::test(start_paused = true)]
async fn f090_a_moment_is_measured_by_the_provider_s_own_clock() {
    let told = [
        ("date", "Tue, 24 Nov 2020 10:00:00 GMT"),
        ("anthropic-ratelimit-output-tokens-limit", "8000"),
        ("anthropic-ratelimit-output-tokens-remaining", "0"),
        (
            "anthropic-ratelimit-output-tokens-reset",
            "2020-11-24T10:00:30Z",
        ),
    ];
    assert_eq!(learned(&told), seconds(30));
}

#[tokio::test(start_paused = true)]
async fn the_longest_reset_of_what_is_used_up_counts() {
    let told = [
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "2s"),
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "5s"),
        ("x-ratelimit-remaining-tokens-day", "1"),
        ("x-ratelimit-reset-tokens-day", "9h"),
    ];
    assert_eq!(learned(&told), seconds(5));
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_zero_or_less_is_none() {
    for (limit, remaining) in [("-1", "-1"), ("-1", "0"), ("0", "-1"), ("0", "0")] {
        let told = [
            ("x-ratelimit-limit-tokens", limit),
            ("x-ratelimit-remaining-tokens", remaining),
            ("x-ratelimit-reset-tokens", "9"),
        ];
        assert_eq!(learned(&told), None, "{limit} {remaining}");
    }
}

#[tokio::test(start_paused = true)]
async fn other_headers_teach_nothing() {
    assert_eq!(learned(&[]), None);
    assert_eq!(learned(&[("remaining", "0"), ("reset", "9")]), None);
    assert_eq!(
        learned(&[("x-remaining-requests", "0"), ("x-reset-requests", "9")]),
        None
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_left_is_believed_where_it_is_less() {
    let limiter = Limiter::new(&RateLimit::new().requests_per_minute(60).request_burst(6));
    for (name, left) in [
        ("x-ratelimit-remaining-requests", 4),
        ("anthropic-ratelimit-requests-remaining", 3),
        ("x-ratelimit-remaining-req-minute", 2),
        ("x-ratelimit-remaining", 1),
    ] {
        limiter.learn(&headers(&[(name, &left.to_string())]), Instant::now());
        limiter.learn(&headers(&[(name, "500")]), Instant::now());
        // Only looked at: what fails unsent gives all back.
        let looked: Vec<_> = (0..9)
            .map_while(|_| limiter.try_reserve(&op()).ok())
            .collect();
        assert_eq!(looked.len(), left, "{name}");
        for reservation in looked {
            let unsent = Error::new(ErrorKind::Connect, "no way there");
            assert!(reservation.settle(Err(unsent)).is_err());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_left_are_believed_and_earned_back() {
    let limiter = Limiter::new(&RateLimit::new().tokens_per_minute(600));
    limiter.learn(
        &headers(&[("x-ratelimit-remaining-tokens", "5")]),
        Instant::now(),
    );
    assert_eq!(wait_of(&limiter), Duration::from_millis(500));
    advance(Duration::from_millis(500)).await;
    assert_eq!(wait_of(&limiter), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_429_pauses_its_key_as_long_as_it_says() {
    let told = || Error::new(ErrorKind::RateLimited, "slow down").with_delivery(Delivery::Rejected);
    let wait = Duration::from_secs(8);
    for (error, expected) in [
        (told().with_retry_after(wait), seconds(8)),
        (told().with_retry_after(Duration::MAX), seconds(3_600)),
        (told(), None),
        (told().with_retry_after(wait).with_scope(Scope::Model), None),
        (
            told()
                .with_retry_after(wait)
                .with_delivery(Delivery::NotSent),
            None,
        ),
        (
            told()
                .with_retry_after(wait)
                .with_kind(ErrorKind::Overloaded),
            None,
        ),
    ] {
        let limiter = Limiter::new(&RateLimit::new());
        limiter.learn_failure(&error, Instant::now());
        let paused = limiter.paused_until().map(|until| until - Instant::now());
        assert_eq!(paused, expected, "{error}");
    }
}
