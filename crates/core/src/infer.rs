//! Tensors out of tensors: inference without a chat.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Json,
    chat::{Meta, Warning},
    request::request_setters,
};

mod data_type;
mod tensor;

pub use data_type::{Bf16, DataType, Element, F16};
pub use tensor::Tensor;

/// A request for what a model makes of tensors.
///
/// ```
/// use trunkline_core::{InferRequest, infer::Tensor};
///
/// let request = InferRequest::new([Tensor::of("x", [2, 2], &[1.0_f32, 2.0, 3.0, 4.0])?]).output("y");
/// assert_eq!(request.inputs[0].shape(), [2, 2]);
/// # Ok::<(), trunkline_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct InferRequest {
    /// Which model; empty takes the one that the call is made on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// Which version of it; `None` leaves it to the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What the answer shall be called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What goes in, each by its name.
    pub inputs: Vec<Tensor>,
    /// What shall come out, by name; empty asks for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<String>,
    /// Parameters of the model or the server.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Json>,
    /// What only one provider takes, by its id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, Json>,
    /// It changes something at the server, a sequence say: it is not repeated where it may have been
    /// done already.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub effect: bool,
    /// Refuse, before sending, what the wire cannot carry as asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

/// What a model made of tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct InferResponse {
    /// What the answer is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The model, as the server calls it; empty where it does not say.
    pub model: String,
    /// The version that answered, where the server says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What came out, each by its name.
    pub outputs: Vec<Tensor>,
    /// What else the server says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Json>,
    /// What of the request was not carried as asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// The HTTP side of it. Not stored.
    #[serde(skip)]
    pub meta: Meta,
}

impl InferRequest {
    /// A request with these inputs.
    pub fn new(inputs: impl IntoIterator<Item = Tensor>) -> Self {
        Self {
            inputs: inputs.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Sets which version of the model.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Sets what the answer shall be called.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Adds an input.
    #[must_use]
    pub fn input(mut self, tensor: Tensor) -> Self {
        self.inputs.push(tensor);
        self
    }

    /// Asks for this output, and for no others that are not asked for as well.
    #[must_use]
    pub fn output(mut self, name: impl Into<String>) -> Self {
        self.outputs.push(name.into());
        self
    }

    /// Sets a parameter of the model or the server.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Says that it changes something at the server, so that it is not done twice.
    #[must_use]
    pub fn effect(mut self) -> Self {
        self.effect = true;
        self
    }
}

request_setters!(InferRequest: model, effect_option, strict);

impl InferResponse {
    /// These outputs.
    pub fn new(model: impl Into<String>, outputs: Vec<Tensor>) -> Self {
        Self {
            model: model.into(),
            outputs,
            ..Self::default()
        }
    }

    /// The output of this name.
    pub fn output(&self, name: &str) -> Option<&Tensor> {
        self.outputs.iter().find(|tensor| tensor.name() == name)
    }
}
