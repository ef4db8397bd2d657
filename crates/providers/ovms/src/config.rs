//! Its configuration: how all models stand, and reading it anew.
//!
//! <https://docs.openvino.ai/2026/model-server/ovms_docs_online_config_changes.html>

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, StatusCode, response::Parts};
use serde::Deserialize;
use trunkline_core::{Class, Operation, Result, protocol::read, raw::RawRequest};

/// How all models stand: `backend.ask(ConfigStatus)`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConfigStatus;

/// How a model stands, in each of its versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModelStatus {
    /// Its versions.
    #[serde(rename = "model_version_status")]
    pub versions: Vec<VersionStatus>,
}

impl ModelStatus {
    /// Whether any of its versions can be asked.
    pub fn is_available(&self) -> bool {
        self.versions.iter().any(VersionStatus::is_available)
    }
}

/// How one version of a model stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VersionStatus {
    /// Which one.
    pub version: String,
    /// `START`, `LOADING`, `AVAILABLE`, `UNLOADING`, `END`.
    pub state: String,
    /// What went wrong, if anything.
    pub status: VersionError,
}

/// What went wrong with a version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct VersionError {
    /// `OK`, or the kind of error.
    pub error_code: String,
    /// In words.
    pub error_message: String,
}

impl VersionStatus {
    /// Whether it can be asked.
    pub fn is_available(&self) -> bool {
        self.state == "AVAILABLE"
    }
}

impl Operation for ConfigStatus {
    type Output = BTreeMap<String, ModelStatus>;
    const NAME: &'static str = "ovms.config_status";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::get("/v1/config"))
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<Self::Output> {
        read(&body)
    }
}

/// Reads the configuration file and the folders of models anew, where they changed:
/// `backend.ask(ConfigReload)`. The answer comes when all is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConfigReload;

/// What came of reading the configuration anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reloaded {
    /// Whether anything had changed.
    pub changed: bool,
    /// How all models stand now.
    pub models: BTreeMap<String, ModelStatus>,
}

impl Operation for ConfigReload {
    type Output = Reloaded;
    const NAME: &'static str = "ovms.config_reload";
    /// To read it once more changes nothing.
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::new(
            Method::POST,
            "/v1/config/reload",
            Bytes::new(),
            Class::Read,
        ))
    }

    fn decode(&self, head: &Parts, body: Bytes) -> Result<Reloaded> {
        Ok(Reloaded {
            changed: head.status == StatusCode::CREATED,
            models: read(&body)?,
        })
    }
}
