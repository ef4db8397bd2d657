use super::*;

fn millis(millis: u64) -> Option<Wait> {
    Some(Wait::For(Duration::from_millis(millis)))
}

fn since_1970(text: &str) -> Option<Wait> {
    reset(text, SystemTime::UNIX_EPOCH)
}

/// The same moment as httpdate writes it, written anew: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn rfc3339_of(moment: SystemTime) -> String {
    let date = httpdate::fmt_http_date(moment);
    let words: Vec<&str> = date.split(' ').collect();
    let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec";
    let month = months.split(' ').position(|month| month == words[2]);
    format!(
        "{}-{:02}-{}T{}",
        words[3],
        month.unwrap() + 1,
        words[1],
        words[4]
    )
}

#[test]
fn every_day_of_four_centuries_is_where_httpdate_has_it() {
    let day = 86_400;
    for days in 0..146_097 {
        // Another time of day for each.
        let seconds = days * day + days * 7_919 % day + 1;
        let moment = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let text = rfc3339_of(moment);
        assert_eq!(
            since_1970(&format!("{text}Z")),
            millis(seconds * 1_000),
            "{text}"
        );
    }
}

#[test]
fn a_moment_may_be_written_in_several_ways() {
    let nine = millis(9_000);
    for text in [
        "1970-01-01T00:00:09Z",
        "1970-01-01t00:00:09z",
        "1970-01-01 00:00:09Z",
        "1970-01-01T00:00:09.000Z",
        "1970-01-01T02:00:09+02:00",
        "1970-01-01T05:45:09+05:45",
        "1969-12-31T22:30:09-01:30",
    ] {
        assert_eq!(since_1970(text), nine, "{text}");
    }
    assert_eq!(since_1970("1970-01-01T00:00:09.25Z"), millis(9_250));
    // The last second of a minute, of an hour, of a day, of a year, and one that was put between.
    let end = Some(Wait::For(Duration::from_secs(365 * 86_400 - 1)));
    assert_eq!(since_1970("1970-12-31T23:59:59Z"), end);
    let leap = Some(Wait::For(Duration::from_secs(365 * 86_400)));
    assert_eq!(since_1970("1970-12-31T23:59:60Z"), leap);
}

#[test]
fn what_is_no_moment_is_none() {
    for text in [
        "1970-00-01T00:00:09Z",
        "1970-13-01T00:00:09Z",
        "1970-01-00T00:00:09Z",
        "1970-01-32T00:00:09Z",
        "1970-01-01T24:00:09Z",
        "1970-01-01T25:00:09Z",
        "1970-01-01T00:60:09Z",
        "1970-01-01T00:61:09Z",
        "1970-01-01T00:00:61Z",
        "1970-01-01T00:00:62Z",
        "1970-01-01T00:00:09",
        "1970-01-01T00:00Z",
        "1970-01T00:00:09Z",
        "19700-01-01T00:00:09Z",
        "1970-01-01T00:00:0xZ",
        "1970-01-01T00:00:09+0200",
        "1970-01-01T00:00:09+02:x0",
        "tomorrow",
        "",
    ] {
        assert_eq!(since_1970(text), None, "{text:?}");
    }
    assert_eq!(since_1970("1969-12-31T23:59:59Z"), None, "it is over");
}

#[test]
fn a_number_is_seconds_or_a_moment_by_its_size() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    assert_eq!(reset("999999999", at(0)), millis(999_999_999_000));
    assert_eq!(reset("1000000000", at(999_999_990)), millis(10_000));
    assert_eq!(
        reset("999999999999", at(999_999_999_990)),
        millis(9_000),
        "still seconds"
    );
    assert_eq!(reset("1000000000000", at(999_999_990)), millis(10_000));
    assert_eq!(reset("1000000000", at(1_000_000_000)), None, "it is over");
    assert_eq!(reset("99999999999999999999", at(0)), Some(Wait::TooLong));
}

#[test]
fn units_add_up() {
    for (text, nanos) in [
        ("7ns", 7),
        ("7us", 7_000),
        ("7µs", 7_000),
        ("1.5ms", 1_500_000),
        ("2s", 2_000_000_000),
        ("0m2s", 2_000_000_000),
        ("0.0h1m", 60_000_000_000),
        ("1h2m3.5s", 3_723_500_000_000),
        ("2d", 172_800_000_000_000),
    ] {
        let expected = Some(Wait::For(Duration::from_nanos(nanos)));
        assert_eq!(units(text), expected, "{text}");
    }
    assert_eq!(units("1s99999999999999999999h"), Some(Wait::TooLong));
    for text in [
        "", "0s", "5", "s", "s5s", "1m.5s", "1m5.s", "1w", "-1s", "1 s", "1S",
    ] {
        assert_eq!(units(text), None, "{text:?}");
    }
}

#[test]
fn decimals_are_digits_with_one_fraction_to_the_last_nanosecond() {
    let second = 1_000_000_000;
    let nanos = |nanos| Some(Wait::For(Duration::from_nanos(nanos)));
    assert_eq!(decimal("34.074824224", second), nanos(34_074_824_224));
    assert_eq!(decimal("0.0000000009", second), None, "less than a clock's");
    assert_eq!(decimal("1.0000000009", second), nanos(second));
    assert_eq!(decimal("1500.5", 1_000_000), nanos(1_500_500_000));
    assert_eq!(decimal("Infinity", second), Some(Wait::TooLong));
    assert_eq!(
        decimal("18446744073709551615", second),
        Some(Wait::For(Duration::from_secs(u64::MAX)))
    );
    let beyond = decimal("18446744073709551616", second);
    assert_eq!(beyond, Some(Wait::TooLong));
    // More hours than there are seconds to count them in.
    let hours = decimal("18446744073709551615", 3_600 * second);
    assert_eq!(hours, Some(Wait::TooLong));
    for text in ["", ".", "1.", ".5", "1.2.3", "+1", "1e3", "١"] {
        assert_eq!(decimal(text, second), None, "{text:?}");
    }
}
