//! How busy the server is, by its metrics.
//!
//! <https://huggingface.co/docs/text-generation-inference/reference/metrics>

use trunkline_core::{
    Ext, Json,
    health::{Load, Prometheus},
};

use crate::PROVIDER;

/// Reads the page. What was not measured yet is not there: a server that nobody asked anything has no
/// queue to tell of.
pub(crate) fn read(page: &str) -> Load {
    let page = Prometheus::parse(page);
    let taken = page.sum("tgi_batch_current_max_tokens");
    let room = page
        .sum("tgi_batch_max_total_tokens")
        .filter(|room| *room > 0.0);
    let cache = taken
        .zip(room)
        .map(|(taken, room)| (taken / room).clamp(0.0, 1.0));
    let mut load = Load::default()
        .running(page.sum("tgi_batch_current_size"))
        .waiting(page.sum("tgi_queue_size"))
        .cache(cache)
        .input_tokens(page.sum("tgi_request_input_length_sum"))
        .output_tokens(page.sum("tgi_request_generated_tokens_sum"));
    load.ext = counts(&page);
    load
}

/// How many requests there were, and how they ended.
fn counts(page: &Prometheus) -> Ext {
    let names = [
        "tgi_request_count",
        "tgi_request_success",
        "tgi_request_failure",
    ];
    let counted = names.into_iter();
    let counted = counted.filter_map(|name| Some((name, page.sum(name)?)));
    let counted: std::collections::BTreeMap<_, _> = counted.collect();
    let mut ext = Ext::default();
    if let (false, Ok(json)) = (counted.is_empty(), Json::of(&counted)) {
        ext.insert(PROVIDER.id, json);
    }
    ext
}
