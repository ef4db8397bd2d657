//! Whether the server can serve, and how busy it is.
//!
//! <https://docs.vllm.ai/en/latest/usage/metrics/>

use serde::{Deserialize, Serialize};
use trunkline_core::{
    Error, Ext, Json, Result,
    health::{Load, Prometheus, Readiness},
};

use crate::PROVIDER;

const ASLEEP: &str = "it sleeps";

/// Reads an answer of `/health`, which is empty, of `/is_sleeping`, or of `/metrics`.
pub(crate) fn ready(body: &[u8]) -> Result<Readiness> {
    #[derive(Deserialize)]
    struct Sleep {
        is_sleeping: bool,
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start();
    if text.starts_with('<') {
        return Err(Error::decode(
            "a page, and not a server's word on its health",
        ));
    }
    let by_itself = serde_json::from_str::<Sleep>(text).map(|sleep| sleep.is_sleeping);
    let asleep = by_itself.unwrap_or_else(|_| is_asleep(&Prometheus::parse(text)) == Some(true));
    Ok(match asleep {
        true => Readiness::not_yet(ASLEEP),
        false => Readiness::ready(),
    })
}

/// Whether it sleeps, as the metrics of newer servers tell: one engine that does is enough, since requests
/// may go to it.
fn is_asleep(page: &Prometheus) -> Option<bool> {
    let states = page.samples().filter(|sample| {
        sample.name == "vllm:engine_sleep_state" && sample.label("sleep_state") == Some("awake")
    });
    let awake = states.map(|sample| sample.value);
    let least = awake.min_by(f64::total_cmp)?;
    Some(least == 0.0)
}

/// What else is worth knowing.
#[derive(Serialize)]
struct More {
    #[serde(skip_serializing_if = "Option::is_none")]
    sleeping: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix_cache_queries: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prefix_cache_hits: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preemptions: Option<f64>,
}

pub(crate) fn load(body: &[u8]) -> Result<Load> {
    let text = String::from_utf8_lossy(body);
    if text.trim_start().starts_with('<') {
        return Err(Error::decode("a page, and no metrics"));
    }
    let page = Prometheus::parse(&text);
    let of = |name: &str| page.sum(&format!("vllm:{name}"));
    // Of several engines the fullest counts; older servers have another name for it.
    let cache = page
        .max("vllm:kv_cache_usage_perc")
        .or_else(|| page.max("vllm:gpu_cache_usage_perc"));
    let mut load = Load::default()
        .running(of("num_requests_running"))
        .waiting(of("num_requests_waiting"))
        .cache(cache)
        .input_tokens(of("prompt_tokens_total"))
        .output_tokens(of("generation_tokens_total"));
    let more = Json::of(&More {
        sleeping: is_asleep(&page),
        prefix_cache_queries: of("prefix_cache_queries_total"),
        prefix_cache_hits: of("prefix_cache_hits_total"),
        preemptions: of("num_preemptions_total"),
    })?;
    if more.get() != "{}" {
        let mut ext = Ext::default();
        ext.insert(PROVIDER.id, more);
        load.ext = ext;
    }
    Ok(load)
}
