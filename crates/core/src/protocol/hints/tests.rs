use http::{HeaderMap, HeaderName, HeaderValue};

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            )
        })
        .collect()
}

fn of_headers(pairs: &[(&'static str, &str)]) -> Option<Wait> {
    wait(&headers(pairs), b"")
}

fn millis(millis: u64) -> Option<Wait> {
    Some(Wait::For(Duration::from_millis(millis)))
}

#[test]
fn f027_f028_seconds_and_milliseconds_the_latter_first() {
    assert_eq!(of_headers(&[("retry-after", "2")]), millis(2_000));
    assert_eq!(of_headers(&[("retry-after", "1.5")]), millis(1_500));
    assert_eq!(
        of_headers(&[("retry-after-ms", "350"), ("retry-after", "10")]),
        millis(350)
    );
    assert_eq!(of_headers(&[("x-ms-retry-after-ms", "800")]), millis(800));
}

#[test]
fn f029_a_date_is_measured_against_the_answer_s_own() {
    let date = "Tue, 24 Nov 2020 10:00:00 GMT";
    for later in [
        "Tue, 24 Nov 2020 10:00:20 GMT",
        "Tuesday, 24-Nov-20 10:00:20 GMT",
        "Tue Nov 24 10:00:20 2020",
    ] {
        assert_eq!(
            of_headers(&[("date", date), ("retry-after", later)]),
            millis(20_000),
            "{later}"
        );
    }
    assert_eq!(
        of_headers(&[
            ("date", date),
            ("retry-after", "Tue, 24 Nov 2020 09:00:00 GMT")
        ]),
        None
    );
}

#[test]
fn f030_what_is_malformed_is_no_hint_and_what_overflows_is_a_long_one() {
    for value in [
        "",
        "0",
        "0.0",
        "-10",
        "+3",
        "NaN",
        "abc",
        "1e3",
        "0x10",
        "1,2",
        "1s",
        "1 ",
        "Zun, 29 Sep 2023 10:00:00 GMT",
    ] {
        let expected = (value == "1 ").then_some(Wait::For(Duration::from_secs(1)));
        assert_eq!(of_headers(&[("retry-after", value)]), expected, "{value:?}");
    }
    for value in ["inf", "99999999999999999999999999999999999"] {
        assert_eq!(
            of_headers(&[("retry-after", value)]),
            Some(Wait::TooLong),
            "{value:?}"
        );
    }
}

#[test]
fn f048_invalid_utf_8_is_passed_over_and_of_two_values_the_larger_counts() {
    let mut invalid = HeaderMap::new();
    invalid.insert("retry-after", HeaderValue::from_bytes(b"\xff\xfe").unwrap());
    assert_eq!(wait(&invalid, b""), None);

    let mut twice = headers(&[("retry-after", "1")]);
    twice.append("retry-after", HeaderValue::from_static("3"));
    assert_eq!(wait(&twice, b""), millis(3_000));
}

#[test]
fn f036_retry_info_in_the_body_with_nine_digits() {
    let detail =
        r#"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34.074824224s"}"#;
    let expected = Some(Wait::For(Duration::from_nanos(34_074_824_224)));
    let object = format!(r#"{{"error":{{"code":429,"details":[{{"@type":"x"}},{detail}]}}}}"#);
    let stringified = format!(
        r#"{{"error":{{"message":{}}}}}"#,
        serde_json::to_string(&object).unwrap()
    );
    for body in [object.clone(), format!("[{object}]"), stringified] {
        assert_eq!(wait(&HeaderMap::new(), body.as_bytes()), expected, "{body}");
    }
    assert_eq!(
        wait(&HeaderMap::new(), br#"{"retryDelay":"900ms"}"#),
        millis(900)
    );
    assert_eq!(
        wait(&HeaderMap::new(), br#"{"retry_after":7}"#),
        millis(7_000)
    );
}

#[test]
fn f038_minus_one_and_zero_say_nothing() {
    let azure = [
        ("retry-after-ms", "800"),
        ("x-ratelimit-remaining-tokens", "-1"),
        ("x-ratelimit-reset-tokens", "0"),
    ];
    assert_eq!(of_headers(&azure), millis(800));
    assert_eq!(of_headers(&azure[1..]), None);
}

#[test]
fn f039_the_reset_of_a_limit_that_is_used_up() {
    for (reset, expected) in [
        ("6m0s", 360_000),
        ("12ms", 12),
        ("1s", 1_000),
        ("1h2m3.5s", 3_723_500),
        ("9", 9_000),
    ] {
        let pairs = [
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", reset),
        ];
        assert_eq!(of_headers(&pairs), millis(expected), "{reset}");
        let left = [
            ("x-ratelimit-remaining-tokens", "5"),
            ("x-ratelimit-reset-tokens", reset),
        ];
        assert_eq!(of_headers(&left), None, "there is something left");
    }
}

#[test]
fn f039_the_longest_of_the_used_up_limits_counts() {
    let pairs = [
        ("x-ratelimit-remaining-tokens", "0"),
        ("x-ratelimit-reset-tokens", "2s"),
        ("x-ratelimit-remaining-requests", "0"),
        ("x-ratelimit-reset-requests", "5s"),
    ];
    assert_eq!(of_headers(&pairs), millis(5_000));
}

#[test]
fn f040_rfc_3339_and_epoch_resets() {
    let date = ("date", "Tue, 24 Nov 2020 10:00:00 GMT");
    for reset in [
        "2020-11-24T10:00:09Z",
        "2020-11-24T10:00:09.000Z",
        "2020-11-24T12:00:09+02:00",
        "1606212009",
        "1606212009000",
    ] {
        let pairs = [
            date,
            ("anthropic-ratelimit-tokens-remaining", "0"),
            ("anthropic-ratelimit-tokens-reset", reset),
        ];
        assert_eq!(of_headers(&pairs), millis(9_000), "{reset}");
    }
}

#[test]
fn a_limit_of_zero_or_less_is_none_and_is_waited_for_by_nobody() {
    for limit in ["-1", "0"] {
        assert_eq!(
            of_headers(&[
                ("x-ratelimit-limit-tokens", limit),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "9"),
            ]),
            None,
            "{limit}"
        );
    }
}

#[test]
fn f048_a_header_that_is_no_text_does_not_hide_one_that_is() {
    let mut headers = headers(&[("retry-after", "2")]);
    headers.append("retry-after", HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(wait(&headers, b""), millis(2_000));
}

#[test]
fn a_hint_that_is_nested_deeper_than_any_provider_nests_is_not_looked_for() {
    for open in ["[", r#"{"a":"#] {
        let nested = |levels: usize| {
            let close = if open == "[" { "]" } else { "}" };
            let hint = r#"{"retry_after":7}"#;
            format!("{}{hint}{}", open.repeat(levels), close.repeat(levels))
        };
        let of_body = |levels| wait(&HeaderMap::new(), nested(levels).as_bytes());
        assert_eq!(of_body(8), millis(7_000), "{open}");
        assert_eq!(of_body(9), None, "{open}");
    }
    // A text that holds a text that holds a text: each is a level, too.
    let wrapped = |times| {
        (0..times).fold(r#"{"retry_after":7}"#.to_owned(), |inner, _| {
            format!("[{}]", serde_json::to_string(&inner).unwrap())
        })
    };
    let of_body = |times| wait(&HeaderMap::new(), wrapped(times).as_bytes());
    assert_eq!((of_body(4), of_body(5)), (millis(7_000), None));
}

#[test]
fn a_hint_in_the_body_must_be_of_its_kind() {
    for body in [
        r#"{"retry_after":"7"}"#,
        r#"{"retryDelay":7}"#,
        r#"{"retry_after":-7}"#,
        r#"{"message":"retry_after 7"}"#,
        r#"{"retry_after":7"#,
    ] {
        assert_eq!(wait(&HeaderMap::new(), body.as_bytes()), None, "{body}");
    }
}

#[test]
fn tokens_of_one_direction_are_not_the_tokens_of_a_key() {
    let counted = |name: &'static str| {
        let headers = headers(&[(name, "5")]);
        quotas(&headers).next().unwrap().counted
    };
    for name in [
        "x-ratelimit-remaining-tokens-prompt",
        "x-ratelimit-remaining-tokens-generated",
        "x-ratelimit-remaining-tokens-cache-adjusted-prompt",
        "anthropic-ratelimit-input-tokens-remaining",
    ] {
        assert_eq!(counted(name), Counted::Other, "{name}");
    }
    for name in [
        "x-ratelimit-remaining-tokens",
        "x-ratelimit-remaining-tokens-minute",
        "anthropic-ratelimit-tokens-remaining",
    ] {
        assert_eq!(counted(name), Counted::Tokens, "{name}");
    }
}

#[test]
fn what_a_proxy_hands_on_of_its_provider_counts_after_its_own() {
    let hidden = [
        ("llm_provider-retry-after", "1"),
        ("llm_provider-x-ratelimit-remaining-tokens", "0"),
        ("llm_provider-x-ratelimit-reset-tokens", "6m0s"),
    ];
    assert_eq!(of_headers(&hidden), millis(1_000));
    let own = [("llm_provider-retry-after", "1"), ("retry-after", "3")];
    assert_eq!(of_headers(&own), millis(3_000));
}
