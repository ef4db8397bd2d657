//! Whether a service is there, and how busy a megaservice is.
//!
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/cores/mega/http_service.py>,
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/cores/telemetry/README.md>

use serde::Serialize;
use trunkline_core::{
    Ext, Json, Result,
    health::{Load, Prometheus, Readiness},
};

use crate::{PROVIDER, about};

/// The health check that every service has.
pub(crate) const READY: &str = "/v1/health_check";
/// The metrics that every service has.
pub(crate) const LOAD: &str = "/metrics";

/// A service that answers is ready: it does not look at those behind it.
pub(crate) fn ready(body: &[u8]) -> Result<Readiness> {
    about::read_service(body).map(|_| Readiness::ready())
}

/// What is measured of streamed answers since the service was started.
#[derive(Serialize)]
struct Measured {
    #[serde(skip_serializing_if = "Option::is_none")]
    first_token_latency: Option<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inter_token_latency: Option<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_latency: Option<Latency>,
}

/// How often it was measured, and how many seconds that was in all.
#[derive(Serialize)]
struct Latency {
    count: f64,
    seconds: f64,
}

pub(crate) fn load(body: &[u8]) -> Result<Load> {
    let page = Prometheus::parse(&String::from_utf8_lossy(body));
    let latency = |name: &str| {
        let of = |end: &str| page.sum(&format!("megaservice_{name}_{end}"));
        Some(Latency {
            count: of("count")?,
            seconds: of("sum")?,
        })
    };
    let measured = Measured {
        first_token_latency: latency("first_token_latency"),
        inter_token_latency: latency("inter_token_latency"),
        request_latency: latency("request_latency"),
    };
    // It is counted up and down, and a restart of one of several workers may take it below nothing.
    let running = page.sum("megaservice_request_pending");
    let running = running.map(|requests| requests.max(0.0));
    let mut load = Load::default().running(running);
    let json = Json::of(&measured)?;
    if json.get() != "{}" {
        let mut ext = Ext::default();
        ext.insert(PROVIDER.id, json);
        load.ext = ext;
    }
    Ok(load)
}
