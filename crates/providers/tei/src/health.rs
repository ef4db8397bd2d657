//! Whether the server can serve, and how busy it is.
//!
//! `/health` and `/metrics` of <https://huggingface.github.io/text-embeddings-inference/>; the names
//! of metrics are in its sources, `core/src/queue.rs` and `router/src/http/server.rs`.

use std::collections::BTreeMap;

use trunkline_core::{
    Error, Ext, Json, Result,
    health::{Load, Prometheus, Readiness},
};

use crate::PROVIDER;

/// It listens once its model is loaded, and answers nothing where all is well.
pub(crate) fn ready() -> Readiness {
    Readiness::ready()
}

/// What it measures. Before its first request it has measured nothing, and the page is empty.
pub(crate) fn load(body: &[u8]) -> Result<Load> {
    let text = std::str::from_utf8(body).map_err(|_| Error::decode("the metrics are no text"))?;
    let page = Prometheus::parse(text);
    let mut sums = BTreeMap::new();
    for sample in page.samples() {
        let is_ours = sample.name.starts_with("te_") && !sample.name.ends_with("_bucket");
        if is_ours && sample.value.is_finite() {
            *sums.entry(&*sample.name).or_insert(0.0) += sample.value;
        }
    }
    // How many it works on it does not say: what it counts as begun and as ended differs between
    // routes.
    let mut load = Load::default()
        .waiting(page.sum("te_queue_size"))
        .input_tokens(page.sum("te_request_input_length_sum"));
    if !sums.is_empty() {
        let mut ext = Ext::default();
        ext.insert(PROVIDER.id, Json::of(&sums)?);
        load.ext = ext;
    }
    Ok(load)
}
