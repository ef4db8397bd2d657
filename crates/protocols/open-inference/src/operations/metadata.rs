//! What a model takes and gives.
//!
//! <https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md#model-metadata>

use std::collections::BTreeMap;

use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Deserializer};
use trunkline_core::{
    Class, Error, ErrorKind, InferRequest, Json, Operation, Result, infer::Tensor, protocol::read,
    raw::RawRequest,
};

use super::Which;

/// What a model takes and gives: `backend.ask(Metadata::of("resnet"))`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata(Which);

impl Metadata {
    /// Of this model.
    pub fn of(model: impl Into<String>) -> Self {
        let model = model.into();
        Self(Which {
            model,
            version: None,
        })
    }

    /// Of this version of it; the server chooses one unless set.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.0.version = Some(version.into());
        self
    }
}

/// What a model takes and gives.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ModelMetadata {
    /// Its name.
    pub name: String,
    /// The versions that may be asked for.
    #[serde(deserialize_with = "or_empty")]
    pub versions: Vec<String>,
    /// What it is made of and runs on: `onnxruntime_onnx`, `OpenVINO`.
    #[serde(deserialize_with = "or_empty")]
    pub platform: String,
    /// What it takes; empty where the server does not say.
    #[serde(deserialize_with = "or_empty")]
    pub inputs: Vec<TensorMetadata>,
    /// What it gives; empty where the server does not say.
    #[serde(deserialize_with = "or_empty")]
    pub outputs: Vec<TensorMetadata>,
    /// What else the server says of it.
    #[serde(deserialize_with = "or_empty")]
    pub parameters: BTreeMap<String, Json>,
    /// What its file says of it, at OpenVINO: the names of its classes, say.
    pub rt_info: Option<Json>,
}

/// One tensor of a model.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TensorMetadata {
    /// Its name.
    pub name: String,
    /// The type of its elements, as the protocol calls it: `FP32`.
    pub datatype: String,
    /// Its dimensions; -1 where any length will do.
    pub shape: Vec<i64>,
}

fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl ModelMetadata {
    /// Whether a request fits: every input is one that the model has, with its type and its
    /// dimensions, none is missing, and what is asked for is among what the model gives. Where the
    /// server says nothing of inputs or outputs, nothing is held against them. An input that the model
    /// can do without is not told from others, and counts as missing.
    ///
    /// ```
    /// use trunkline_core::{InferRequest, infer::Tensor};
    /// use trunkline_open_inference::ModelMetadata;
    ///
    /// let model: ModelMetadata = serde_json::from_str(
    ///     r#"{"name":"m","inputs":[{"name":"x","datatype":"FP32","shape":[-1,2]}]}"#,
    /// ).unwrap();
    /// let fits = Tensor::of("x", [5, 2], &[0.0_f32; 10])?;
    /// assert!(model.check(&InferRequest::new([fits])).is_ok());
    /// let wide = Tensor::of("x", [5, 3], &[0.0_f32; 15])?;
    /// assert!(model.check(&InferRequest::new([wide])).is_err());
    /// # Ok::<(), trunkline_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](ErrorKind::InvalidRequest): what does not fit, by name.
    pub fn check(&self, request: &InferRequest) -> Result<()> {
        if !self.inputs.is_empty() {
            for tensor in &request.inputs {
                self.fits(tensor)?;
            }
            let given = |known: &&TensorMetadata| {
                request
                    .inputs
                    .iter()
                    .all(|tensor| tensor.name() != known.name)
            };
            if let Some(missing) = self.inputs.iter().find(given) {
                return Err(self.wrong(&format!("the input `{}` is missing", missing.name)));
            }
        }
        let unknown = |name: &&String| self.outputs.iter().all(|known| known.name != **name);
        match request.outputs.iter().find(unknown) {
            Some(name) if !self.outputs.is_empty() => {
                Err(self.wrong(&format!("there is no output `{name}`")))
            }
            _ => Ok(()),
        }
    }

    fn fits(&self, tensor: &Tensor) -> Result<()> {
        let name = tensor.name();
        let Some(known) = self.inputs.iter().find(|known| known.name == name) else {
            return Err(self.wrong(&format!("there is no input `{name}`")));
        };
        if known.datatype != tensor.data_type().as_str() {
            return Err(self.wrong(&format!(
                "the input `{name}` is of {}, and was given as {}",
                known.datatype,
                tensor.data_type()
            )));
        }
        let shape = tensor.shape();
        let mut pairs = known.shape.iter().zip(shape);
        // Any negative number stands for any length.
        let same =
            pairs.all(|(known, given)| u64::try_from(*known).map_or(true, |it| it == *given));
        if same && known.shape.len() == shape.len() {
            return Ok(());
        }
        Err(self.wrong(&format!(
            "the input `{name}` has the shape {:?}, and was given as {shape:?}",
            known.shape
        )))
    }

    fn wrong(&self, what: &str) -> Error {
        let message = format!("for the model `{}`, {what}", self.name);
        Error::new(ErrorKind::InvalidRequest, message)
    }
}

impl Operation for Metadata {
    type Output = ModelMetadata;
    const NAME: &'static str = "v2.metadata";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        self.0.get("")
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<ModelMetadata> {
        read(&body)
    }
}

/// How a model is configured, in the server's own words: `backend.ask(Config::of("resnet"))`. Triton
/// has it.
///
/// <https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_model_configuration.md>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config(Which);

impl Config {
    /// Of this model.
    pub fn of(model: impl Into<String>) -> Self {
        let model = model.into();
        Self(Which {
            model,
            version: None,
        })
    }

    /// Of this version of it; the highest unless set.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.0.version = Some(version.into());
        self
    }
}

impl Operation for Config {
    type Output = Json;
    const NAME: &'static str = "v2.config";
    const CLASS: Class = Class::Read;

    fn encode(&self) -> Result<RawRequest> {
        self.0.get("/config")
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<Json> {
        read(&body)
    }
}
