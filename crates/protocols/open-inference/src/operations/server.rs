//! The server itself.
//!
//! <https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md#server-metadata>

use bytes::Bytes;
use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{Class, Operation, Result, protocol::read, raw::RawRequest};

use super::Probe;

/// What the server is: `backend.ask(Server)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Server;

/// What a server is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ServerMetadata {
    /// `triton`, `mlserver`, `OpenVINO Model Server`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it has beyond the protocol: `binary_tensor_data`, `model_repository`. Some have an
    /// extension and do not name it.
    pub extensions: Vec<String>,
}

impl ServerMetadata {
    /// Whether it names this extension.
    pub fn has(&self, extension: &str) -> bool {
        self.extensions.iter().any(|known| known == extension)
    }
}

impl Operation for Server {
    type Output = ServerMetadata;
    const NAME: &'static str = "v2.server";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/v2"))
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<ServerMetadata> {
        read(&body)
    }
}

/// Whether the server lives, which says nothing of its models: `backend.ask(Live)`. One that does not
/// is mostly an error; whether it can serve, `backend.check(Check::Ready)` asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Live;

impl Operation for Live {
    type Output = bool;
    const NAME: &'static str = "v2.live";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/v2/health/live"))
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<bool> {
        Ok(Probe::read(&body).live.unwrap_or(true))
    }
}
