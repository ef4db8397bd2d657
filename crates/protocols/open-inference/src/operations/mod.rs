//! What the protocol has beside inference, as operations: `backend.ask(Server)`.

use http::Method;
use serde::Deserialize;
use trunkline_core::{Class, Result, health::Readiness, protocol::segment, raw::RawRequest};

mod metadata;
mod repository;
mod server;
mod statistics;

pub use metadata::{Config, Metadata, ModelMetadata, TensorMetadata};
pub(crate) use repository::{INDEX, READY_ONLY};
pub use repository::{Index, IndexEntry, LoadModel, UnloadModel};
pub use server::{Live, Server, ServerMetadata};
pub use statistics::{DurationStat, ModelStatistics, Statistics};

/// Where a model is: `/v2/models/resnet/versions/2`.
pub(crate) fn place(model: &str, version: Option<&str>) -> Result<String> {
    let model = segment(model)?;
    Ok(match version {
        Some(version) => format!("/v2/models/{model}/versions/{}", segment(version)?),
        None => format!("/v2/models/{model}"),
    })
}

/// A model, and which version of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Which {
    model: String,
    version: Option<String>,
}

impl Which {
    fn get(&self, what: &str) -> Result<RawRequest> {
        let place = place(&self.model, self.version.as_deref())?;
        Ok(RawRequest::get(format!("{place}{what}")))
    }
}

fn post(path: String, body: Vec<u8>, class: Class) -> RawRequest {
    let mut request = RawRequest::new(Method::POST, path, body, class);
    let json = http::HeaderValue::from_static("application/json");
    request.headers.insert(http::header::CONTENT_TYPE, json);
    request
}

/// What a probe says that answers with success: nothing at most servers, a word at some.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Probe {
    ready: Option<bool>,
    live: Option<bool>,
}

impl Probe {
    fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

pub(crate) fn readiness(body: &[u8]) -> Result<Readiness> {
    let probe = Probe::read(body);
    Ok(match probe.ready.or(probe.live) {
        Some(false) => Readiness::not_yet("it says that it is not ready"),
        _ => Readiness::ready(),
    })
}
