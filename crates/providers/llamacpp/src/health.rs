//! Whether the server can serve, by `/health`, and how busy it is, by `/metrics`.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use std::collections::BTreeMap;

use serde::Deserialize;
use trunkline_core::{
    Error, Ext, Json, Result,
    health::{Load, Prometheus, Readiness},
};

use crate::PROVIDER;

/// A server that loads its model answers with status 503, which the driver reads. A success is one,
/// whatever stands in it; servers of 2024 told of their slots here.
pub(crate) fn ready(body: &[u8]) -> Readiness {
    #[derive(Deserialize)]
    struct Told {
        status: Option<String>,
    }
    let told = serde_json::from_slice::<Told>(body).ok();
    match told.and_then(|told| told.status) {
        Some(status) if status.starts_with("loading") => Readiness::not_yet(status),
        _ => Readiness::ready(),
    }
}

/// What its metrics begin with.
const PREFIX: &str = "llamacpp:";

/// Those that a load has fields for. How full the cache is, servers until 2025 told.
const KNOWN: [&str; 5] = [
    "requests_processing",
    "requests_deferred",
    "kv_cache_usage_ratio",
    "prompt_tokens_total",
    "tokens_predicted_total",
];

pub(crate) fn load(body: &[u8]) -> Result<Load> {
    let page = Prometheus::parse(&String::from_utf8_lossy(body));
    let of = |name: &str| page.sum(&format!("{PREFIX}{name}"));
    let [running, waiting, cache, input, output] = KNOWN.map(of);
    if running.is_none() && waiting.is_none() && output.is_none() {
        return Err(Error::decode("the metrics are not those of llama.cpp"));
    }
    let mut load = Load::default()
        .running(running)
        .waiting(waiting)
        .cache(cache)
        .input_tokens(input)
        .output_tokens(output);
    let others: BTreeMap<&str, f64> = page
        .samples()
        .filter(|sample| sample.labels.is_empty() && sample.value.is_finite())
        .filter_map(|sample| Some((sample.name.strip_prefix(PREFIX)?, sample.value)))
        .filter(|(name, _)| !KNOWN.contains(name))
        .collect();
    if !others.is_empty() {
        let mut ext = Ext::default();
        ext.insert(PROVIDER.id, Json::of(&others)?);
        load.ext = ext;
    }
    Ok(load)
}
