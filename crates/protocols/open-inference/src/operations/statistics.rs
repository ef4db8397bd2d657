//! What models did since the server was started. Triton has it.
//!
//! <https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_statistics.md>

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{Class, Json, Operation, Result, protocol::read, raw::RawRequest};

use super::Which;

/// What models did: `backend.ask(Statistics::all())`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics(Option<Which>);

impl Statistics {
    /// All models.
    pub fn all() -> Self {
        Self::default()
    }

    /// This model, in all its versions.
    pub fn of(model: impl Into<String>) -> Self {
        let model = model.into();
        Self(Some(Which {
            model,
            version: None,
        }))
    }

    /// This version of it.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        if let Some(which) = &mut self.0 {
            which.version = Some(version.into());
        }
        self
    }
}

/// What one version of a model did.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModelStatistics {
    /// The model.
    pub name: String,
    /// Which version.
    pub version: Option<String>,
    /// When it was asked last, in milliseconds since 1970; 0 for never.
    pub last_inference: u64,
    /// Inferences that succeeded; a batch of eight is eight.
    pub inference_count: u64,
    /// How often it ran; a batch of eight is one.
    pub execution_count: u64,
    /// How often, and how long, by what: `success`, `fail`, `queue`, `compute_input`,
    /// `compute_infer`, `compute_output`, `cache_hit`, `cache_miss`.
    pub inference_stats: BTreeMap<String, DurationStat>,
    /// The same for each answer of a model that gives several to one request, by the answer's number:
    /// `compute_infer`, `compute_output`, `success`, `fail`, `empty_response`, `cancel`.
    pub response_stats: BTreeMap<String, BTreeMap<String, DurationStat>>,
    /// The same for each size of batch, as the server says it.
    pub batch_stats: Option<Json>,
    /// The memory that it takes, as the server says it.
    pub memory_usage: Option<Json>,
}

/// How often something was done, and how long that took in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DurationStat {
    /// How often.
    pub count: u64,
    /// How long in all, in nanoseconds.
    pub ns: u64,
}

impl DurationStat {
    /// How long on average; `None` for never.
    pub fn mean(&self) -> Option<Duration> {
        self.ns.checked_div(self.count).map(Duration::from_nanos)
    }
}

#[derive(Deserialize)]
struct All {
    model_stats: Vec<ModelStatistics>,
}

impl Operation for Statistics {
    type Output = Vec<ModelStatistics>;
    const NAME: &'static str = "v2.statistics";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        match &self.0 {
            Some(which) => which.get("/stats"),
            None => Ok(RawRequest::get("/v2/models/stats")),
        }
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<Vec<ModelStatistics>> {
        let all: All = read(&body)?;
        Ok(all.model_stats)
    }
}
