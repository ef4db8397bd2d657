//! A router: a server that was started without a model, and has a child for each that is asked for.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use bytes::Bytes;
use http::response::Parts;
use serde::Serialize;
use trunkline_core::{Class, Json, Operation, Result, raw::RawRequest};

use crate::props::succeeded;

/// Has a router begin to load a model; [`models`](trunkline_core::Backend::models) tells how far it
/// is. One that is there already is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LoadModel {
    model: String,
}

impl LoadModel {
    /// The model of this name.
    pub fn new(model: impl Into<String>) -> Self {
        let model = model.into();
        Self { model }
    }
}

/// Has a router put a model away. One that is not there is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnloadModel {
    model: String,
}

impl UnloadModel {
    /// The model of this name.
    pub fn new(model: impl Into<String>) -> Self {
        let model = model.into();
        Self { model }
    }
}

impl Operation for LoadModel {
    type Output = ();
    const NAME: &'static str = "llamacpp.load_model";
    const CLASS: Class = Class::Effect;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::post("/models/load", &Json::of(self)?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<()> {
        succeeded(&body)
    }
}

impl Operation for UnloadModel {
    type Output = ();
    const NAME: &'static str = "llamacpp.unload_model";
    const CLASS: Class = Class::Effect;

    fn encode(&self) -> Result<RawRequest> {
        Ok(RawRequest::post("/models/unload", &Json::of(self)?))
    }

    fn decode(&self, _head: &Parts, body: Bytes) -> Result<()> {
        succeeded(&body)
    }
}
