//! What an answer cost. Counts that are zero are left out on the wire; nothing is made of that.
//!
//! <https://ai.google.dev/api/generate-content#UsageMetadata>

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::Usage;

use crate::wire::Word;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens<'a> {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    #[serde(borrow)]
    prompt_tokens_details: Option<Vec<Of<'a>>>,
    #[serde(borrow)]
    candidates_tokens_details: Option<Vec<Of<'a>>>,
    #[serde(borrow)]
    service_tier: Option<Word<'a>>,
    /// Vertex only.
    #[serde(borrow)]
    traffic_type: Option<Word<'a>>,
}

/// Tokens of one kind of content.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Of<'a> {
    #[serde(borrow)]
    modality: Option<Word<'a>>,
    token_count: Option<u64>,
}

/// The figures, and the class of service that stands among them.
pub(super) fn told(raw: &RawValue) -> Option<(Usage, Option<String>)> {
    let tokens: Tokens<'_> = serde_json::from_str(raw.get()).ok()?;
    let (prompt, cached) = (tokens.prompt_token_count, tokens.cached_content_token_count);
    let input = sum(prompt, tokens.tool_use_prompt_token_count);
    let output = sum(tokens.candidates_token_count, tokens.thoughts_token_count);
    let mut usage = Usage::told(input, output, raw.into());
    usage.input.cache_read = cached;
    usage.input.uncached = input
        .zip(cached)
        .map(|(all, cached)| all.saturating_sub(cached));
    usage.input.tool_prompt = tokens.tool_use_prompt_token_count;
    usage.input.by_modality = by_modality(tokens.prompt_tokens_details);
    usage.output.reasoning = tokens.thoughts_token_count;
    usage.output.by_modality = by_modality(tokens.candidates_tokens_details);
    usage.output.text = usage.output.by_modality.get("text").copied();
    let tier = tokens.service_tier.or(tokens.traffic_type);
    Some((usage, tier.map(|tier| tier.text().into_owned())))
}

/// Of two counts, those that are told.
fn sum(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.saturating_add(other)),
        (one, other) => one.or(other),
    }
}

pub(crate) fn by_modality(details: Option<Vec<Of<'_>>>) -> std::collections::BTreeMap<String, u64> {
    let named = details.into_iter().flatten().filter_map(|detail| {
        let name = detail.modality.as_ref()?.text().to_ascii_lowercase();
        Some((name, detail.token_count?))
    });
    named.collect()
}

/// Seconds since 1970 of a time as RFC 3339 writes it, in UTC: `2026-08-19T14:38:23.916396Z`.
pub(super) fn seconds(time: &str) -> Option<u64> {
    let (date, clock) = time.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|field| field.parse::<u64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let clock = clock.split('.').next()?;
    let mut clock = clock.splitn(3, ':').map(|field| field.parse::<u64>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years that begin in March end with the day that some of them lack.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let since = days.checked_sub(719_468)?;
    Some(since * 86_400 + hour * 3_600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_from_1970() {
        for (time, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T23:59:59.5Z", Some(951_868_799)),
            ("2026-08-19T14:38:23.916396Z", Some(1_787_150_303)),
            ("2026-08-19", None),
            ("2026-13-19T14:38:23Z", None),
            ("2026-08-19T14:38:23+02:00", None),
        ] {
            assert_eq!(seconds(time), expected, "{time}");
        }
    }
}
