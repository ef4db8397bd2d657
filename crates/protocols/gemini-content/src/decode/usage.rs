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
    Some((usage, tier.map(|tier| tier.text().to_owned())))
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
