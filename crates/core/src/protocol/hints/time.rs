//! Numbers, durations and moments as providers write them.

use std::time::{Duration, SystemTime};

use super::Wait;

/// Decimal digits with at most one fraction, in units of so many nanoseconds. No sign, no
/// exponent, nothing else. Zero is no time.
pub(super) fn decimal(text: &str, nanos_per_unit: u64) -> Option<Wait> {
    if text.eq_ignore_ascii_case("inf") || text.eq_ignore_ascii_case("infinity") {
        return Some(Wait::TooLong);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let Some(nanos) = whole
        .parse::<u64>()
        .ok()
        .map(|whole| u128::from(whole) * u128::from(nanos_per_unit))
    else {
        return Some(Wait::TooLong);
    };
    let Ok(seconds) = u64::try_from(nanos / 1_000_000_000) else {
        return Some(Wait::TooLong);
    };
    let mut unit = nanos_per_unit;
    let below = fraction.bytes().fold(0_u64, |sum, digit| {
        unit /= 10;
        sum + u64::from(digit - b'0') * unit
    });
    let rest = u64::try_from(nanos % 1_000_000_000).unwrap_or(0);
    let wait = Duration::from_secs(seconds).saturating_add(Duration::from_nanos(rest + below));
    positive(wait)
}

/// A moment, seen from another.
pub(super) fn until(moment: SystemTime, now: SystemTime) -> Option<Wait> {
    positive(moment.duration_since(now).ok()?)
}

/// When a rate limit resets: `6m0s`, `12ms`; seconds; seconds or milliseconds since 1970; a date
/// and time (RFC 3339).
pub(super) fn reset(text: &str, now: SystemTime) -> Option<Wait> {
    if let Some(number) = decimal(text, 1_000_000_000) {
        let Wait::For(seconds) = number else {
            return Some(number);
        };
        let moment = match seconds.as_secs() {
            1_000_000_000_000.. => SystemTime::UNIX_EPOCH.checked_add(seconds / 1_000)?,
            1_000_000_000.. => SystemTime::UNIX_EPOCH.checked_add(seconds)?,
            _ => return Some(number),
        };
        return until(moment, now);
    }
    units(text).or_else(|| until(rfc3339(text)?, now))
}

/// A duration with units, as Go and Google write it: `1h2m3.5s`, `900ms`, `34.07s`.
pub(super) fn units(text: &str) -> Option<Wait> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let number_end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(number_end);
        let unit_end = tail
            .find(|c: char| !c.is_ascii_alphabetic() && c != 'µ')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_end);
        let nanos = match unit {
            "ns" => 1,
            "us" | "µs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            _ => return None,
        };
        match decimal(number, nanos) {
            Some(Wait::For(part)) => total = total.checked_add(part)?,
            Some(Wait::TooLong) => return Some(Wait::TooLong),
            // A zero among the parts is fine; anything else is not a number.
            None if number.bytes().all(|byte| byte == b'0' || byte == b'.')
                && !number.is_empty() => {}
            None => return None,
        }
        rest = tail;
    }
    positive(total)
}

/// `2026-11-24T01:02:03.5Z`, or with an offset.
pub(in super::super) fn rfc3339(text: &str) -> Option<SystemTime> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.splitn(3, '-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone_at = time.find(['Z', 'z', '+', '-'])?;
    let (clock, zone) = time.split_at(zone_at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, "0"));
    let mut clock = clock.splitn(3, ':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !(1..=12).contains(&month)
        || !(1..=31).contains(&day)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    let fraction = match decimal(&format!("0.{fraction}"), 1_000_000_000) {
        Some(Wait::For(fraction)) => fraction,
        _ => Duration::ZERO,
    };
    let local = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    let seconds = local - offset(zone)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?) + fraction)
}

fn number(digits: &str) -> Option<i64> {
    (digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

fn offset(zone: &str) -> Option<i64> {
    if zone.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    Some(sign * (number(hours)? * 3_600 + number(minutes)? * 60))
}

/// Days from 1970-01-01 in the Gregorian calendar, counting years from March so that the leap day
/// comes last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn positive(wait: Duration) -> Option<Wait> {
    (!wait.is_zero()).then_some(Wait::For(wait))
}

#[cfg(test)]
mod tests;
