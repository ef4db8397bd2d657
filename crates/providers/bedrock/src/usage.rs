//! What an answer cost. Converse counts tokens that a cache had, or was given, beside the input.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html>

use std::collections::BTreeMap;

use serde::Deserialize;
use trunkline_core::{Json, Usage, chat::Ttl};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
    cache_details: Option<Vec<Detail>>,
    server_tool_usage: Option<BTreeMap<String, Json>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Detail {
    ttl: Option<String>,
    input_tokens: Option<u64>,
}

pub(crate) fn usage(raw: Json) -> Option<Usage> {
    let told: Told = raw.read().ok()?;
    let (read, write) = (told.cache_read_input_tokens, told.cache_write_input_tokens);
    let cached = read.unwrap_or(0).saturating_add(write.unwrap_or(0));
    let total = told
        .input_tokens
        .map(|tokens| tokens.saturating_add(cached));
    let mut usage = Usage::told(total, told.output_tokens, raw);
    usage.input.cache_read = read;
    usage.input.cache_write = write;
    if read.is_some() || write.is_some() {
        usage.input.uncached = told.input_tokens;
    }
    for detail in told.cache_details.into_iter().flatten() {
        let ttl = match detail.ttl.as_deref() {
            Some("5m") => Ttl::FiveMinutes,
            Some("1h") => Ttl::OneHour,
            _ => continue,
        };
        let by_ttl = &mut usage.input.cache_write_by_ttl;
        by_ttl.extend(detail.input_tokens.map(|tokens| (ttl, tokens)));
    }
    let tools = told.server_tool_usage.into_iter().flatten();
    let tools = tools.filter_map(|(tool, times)| Some((tool, times.read().ok()?)));
    usage.server_tools.extend(tools);
    Some(usage)
}
