//! What an answer cost. It comes in two events of a stream, of which the later one counts.
//!
//! <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>, "Tracking cache performance"

use std::collections::BTreeMap;

use trunkline_core::{
    Json, Usage,
    chat::{Completeness, Ttl, UsageIteration},
};

use crate::{fields::Fields, wire::Tokens};

/// The figures that have come so far.
pub(super) fn of(told: &Fields, completeness: Completeness) -> Usage {
    let mut usage = read(told.to_json());
    usage.completeness = completeness;
    usage
}

pub(super) fn tier(told: &Fields) -> Option<String> {
    told.clone().text("service_tier")
}

fn read(raw: Json) -> Usage {
    let Ok(tokens) = raw.read::<Tokens>() else {
        return Usage::told(None, None, raw);
    };
    // What the cache had, and what was put into it, is not among the input here.
    let cached = [
        tokens.cache_read_input_tokens,
        tokens.cache_creation_input_tokens,
    ];
    let total = tokens.input_tokens.map(|uncached| {
        let cached = cached.into_iter().flatten();
        cached.fold(uncached, u64::saturating_add)
    });
    let mut usage = Usage::told(total, tokens.output_tokens, raw);
    usage.input.uncached = tokens.input_tokens;
    [usage.input.cache_read, usage.input.cache_write] = cached;
    if let Some(written) = tokens.cache_creation {
        let by_ttl = [
            (Ttl::FiveMinutes, written.ephemeral_5m_input_tokens),
            (Ttl::OneHour, written.ephemeral_1h_input_tokens),
        ];
        let told = by_ttl.into_iter();
        usage.input.cache_write_by_ttl = told.filter_map(|(ttl, n)| Some((ttl, n?))).collect();
    }
    usage.output.reasoning = tokens
        .output_tokens_details
        .and_then(|details| details.thinking_tokens);
    usage.server_tools = server_tools(tokens.server_tool_use);
    let runs = tokens.iterations.unwrap_or_default();
    usage.iterations = runs.into_iter().map(run).collect();
    usage
}

/// `{"web_search_requests":2}`
fn server_tools(told: Option<Json>) -> BTreeMap<String, u64> {
    let told = told.and_then(|json| json.read::<BTreeMap<String, Option<u64>>>().ok());
    let told = told.unwrap_or_default().into_iter();
    told.filter_map(|(name, count)| {
        let name = name.strip_suffix("_requests").unwrap_or(&name);
        Some((name.to_owned(), count?))
    })
    .collect()
}

/// One of several runs behind an answer. That of an advisor is on another model.
///
/// <https://platform.claude.com/docs/en/agents-and-tools/tool-use/advisor-tool>
fn run(raw: Json) -> UsageIteration {
    let mut fields: Fields = raw.read().unwrap_or_default();
    let (kind, model) = (fields.text("type"), fields.text("model"));
    UsageIteration::new(kind.unwrap_or_default(), model, read(raw))
}
