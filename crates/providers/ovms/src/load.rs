//! How busy it is, by its metrics, which have to be turned on: `--metrics_enable`.
//!
//! <https://docs.openvino.ai/2026/model-server/ovms_docs_metrics.html>

use serde::Serialize;
use trunkline_core::{
    Ext, Json, Result,
    health::{Load, Prometheus},
};

use crate::PROVIDER;

/// What is told beside the load.
#[derive(Serialize)]
struct Beside {
    #[serde(skip_serializing_if = "Option::is_none")]
    ovms_requests_success: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ovms_requests_fail: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ovms_streams: Option<f64>,
}

pub(crate) fn read(body: &[u8]) -> Result<Load> {
    let page = Prometheus::parse(&String::from_utf8_lossy(body));
    // From its arrival to its answer; graphs, which generate, are counted apart.
    let there = page.sum("ovms_current_requests");
    let graphs = page.sum("ovms_current_graphs");
    // Those that are being computed: told only where this metric is asked for by name.
    let active = page.sum("ovms_infer_req_active");
    let waiting = there
        .zip(active)
        .map(|(there, active)| (there - active).max(0.0));
    let running = [active.or(there), graphs]
        .into_iter()
        .flatten()
        .reduce(|a, b| a + b);
    let beside = Beside {
        ovms_requests_success: page.sum("ovms_requests_success"),
        ovms_requests_fail: page.sum("ovms_requests_fail"),
        ovms_streams: page.sum("ovms_streams"),
    };
    let mut load = Load::default().running(running).waiting(waiting);
    let mut ext = Ext::default();
    ext.insert(PROVIDER.id, Json::of(&beside)?);
    load.ext = ext;
    Ok(load)
}
