//! What a service says of itself.
//!
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/cores/mega/http_service.py>

use std::collections::BTreeMap;

use bytes::Bytes;
use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{Class, Error, Operation, Result, protocol::read, raw::RawRequest};

use crate::health::READY;

/// Which service this is: `backend.ask(About)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About;

/// A service, by its own words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Service {
    /// Its name: `ChatQnAService`, `opea_service@embedding`.
    #[serde(rename = "Service Title")]
    pub title: Option<String>,
    /// The version of OPEA's components that it is made with: `1.5`.
    #[serde(rename = "Version")]
    pub version: Option<String>,
    /// What it is.
    #[serde(rename = "Service Description")]
    pub description: Option<String>,
}

impl Operation for About {
    type Output = Service;
    const NAME: &'static str = "opea.about";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get(READY))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Service> {
        read_service(&body)
    }
}

/// Reads the answer to a health check. A proxy in front may answer for somebody else.
pub(crate) fn read_service(body: &[u8]) -> Result<Service> {
    let service: Service = read(body)?;
    match service {
        Service {
            title: None,
            description: None,
            ..
        } => Err(Error::decode(
            "this is no service of OPEA: its health check names none",
        )),
        service => Ok(service),
    }
}

/// How long a microservice took, since it was started, by its name: `backend.ask(Statistics)`. A
/// gateway has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics;

/// How long a service took, in seconds; nothing where it has not been asked.
///
/// <https://github.com/opea-project/GenAIComps/blob/main/comps/cores/mega/base_statistics.py>
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Timings {
    /// Half of its answers took no longer.
    pub p50_latency: Option<f64>,
    /// 99 of 100 took no longer.
    pub p99_latency: Option<f64>,
    /// What they took on average.
    pub average_latency: Option<f64>,
    /// Half of its first words took no longer.
    pub p50_latency_first_token: Option<f64>,
    /// 99 of 100 took no longer.
    pub p99_latency_first_token: Option<f64>,
    /// What they took on average.
    pub average_latency_first_token: Option<f64>,
}

impl Operation for Statistics {
    type Output = BTreeMap<String, Timings>;
    const NAME: &'static str = "opea.statistics";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/v1/statistics"))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<Self::Output> {
        read(&body)
    }
}
