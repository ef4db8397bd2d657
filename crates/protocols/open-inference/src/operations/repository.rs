//! The repository of models: what is in it, and what of it is loaded. Triton and MLServer have it.
//!
//! <https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_repository.md>

use std::collections::BTreeMap;

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    Class, Json, Operation, Result,
    protocol::{read, segment},
    raw::RawRequest,
};

use super::post;

pub(crate) const INDEX: &str = "/v2/repository/index";
pub(crate) const READY_ONLY: &str = r#"{"ready":true}"#;

/// What is in the repository, loaded or not: `backend.ask(Index::all())`. `backend.models()` lists
/// what is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Index {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    ready: bool,
}

impl Index {
    /// All models.
    pub fn all() -> Self {
        Self::default()
    }

    /// Those that are ready.
    pub fn ready() -> Self {
        Self { ready: true }
    }
}

/// One version of a model in the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct IndexEntry {
    /// The model's name.
    pub name: String,
    /// Which version, where it has any.
    pub version: Option<String>,
    /// `READY`, `LOADING`, `UNLOADING`, `UNAVAILABLE`; absent for what was never loaded.
    pub state: Option<String>,
    /// Why it is in this state: `unloaded`.
    pub reason: Option<String>,
}

impl IndexEntry {
    /// Whether it can be asked.
    pub fn is_ready(&self) -> bool {
        self.state.as_deref() == Some("READY")
    }
}

impl Operation for Index {
    type Output = Vec<IndexEntry>;
    const NAME: &'static str = "v2.index";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        let body = if self.ready { READY_ONLY } else { "{}" };
        Ok(post(INDEX.to_owned(), body.into(), Class::Read))
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<Vec<IndexEntry>> {
        read(&body)
    }
}

/// Loads a model of the repository, or loads it anew: `backend.ask(LoadModel::new("resnet"))`. The
/// answer comes when it is loaded.
///
/// Triton has to be started with `--model-control-mode=explicit`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LoadModel {
    model: String,
    parameters: BTreeMap<String, Json>,
}

impl LoadModel {
    /// This one.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            ..Self::default()
        }
    }

    /// Sets a parameter: Triton's `config`, its `file:1/model.onnx`.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }
}

/// Lets a model go: `backend.ask(UnloadModel::new("resnet"))`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnloadModel {
    model: String,
    parameters: BTreeMap<String, Json>,
}

impl UnloadModel {
    /// This one.
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            ..Self::default()
        }
    }

    /// Lets those go as well that were loaded because of it.
    #[must_use]
    pub fn with_dependents(self) -> Self {
        self.parameter("unload_dependents", serde_json::Value::Bool(true))
    }

    /// Sets a parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }
}

#[derive(Serialize)]
struct Change<'a> {
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: &'a BTreeMap<String, Json>,
}

/// To load or unload what is so already changes nothing: it may be done twice.
fn change(model: &str, what: &str, parameters: &BTreeMap<String, Json>) -> Result<RawRequest> {
    let path = format!("/v2/repository/models/{}/{what}", segment(model)?);
    let body = Json::of(&Change { parameters })?;
    Ok(post(path, body.get().into(), Class::Read))
}

impl Operation for LoadModel {
    type Output = ();
    const NAME: &'static str = "v2.load";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        change(&self.model, "load", &self.parameters)
    }

    fn decode(&self, _: &Parts, _: Bytes) -> Result<()> {
        Ok(())
    }
}

impl Operation for UnloadModel {
    type Output = ();
    const NAME: &'static str = "v2.unload";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        change(&self.model, "unload", &self.parameters)
    }

    fn decode(&self, _: &Parts, _: Bytes) -> Result<()> {
        Ok(())
    }
}
