//! Inference by the API of TensorFlow Serving: servers before July 2026 have it.
//!
//! <https://docs.openvino.ai/2025/model-server/ovms_docs_rest_api_tfs.html#predict-api>,
//! <https://www.tensorflow.org/tfx/serving/api_rest#predict_api>

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::response::Parts;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;
use trunkline_core::{
    Class, Error, ErrorKind, Json, Operation, Result,
    infer::{DataType, Tensor},
    protocol::{Fields, read},
    raw::RawRequest,
};

use crate::status::place;

/// What a model makes of tensors, by TensorFlow Serving's API: `backend.ask(Predict::columns("resnet",
/// [image]))`. The way of today is [`Model::infer`](trunkline_core::Model::infer), which is exact and
/// has types; a server of July 2026 or later has no other.
///
/// ```
/// use trunkline_core::{Operation, infer::Tensor};
/// use trunkline_ovms::Predict;
///
/// let x = Tensor::of("x", [2, 2], &[1_i32, 2, 3, 4])?;
/// let body = |predict: Predict| predict.encode().map(|request| request.body);
/// assert_eq!(body(Predict::columns("m", [x.clone()]))?, r#"{"inputs":{"x":[[1,2],[3,4]]}}"#);
/// assert_eq!(body(Predict::rows("m", [x]))?, r#"{"instances":[{"x":[1,2]},{"x":[3,4]}]}"#);
/// # Ok::<(), trunkline_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Predict {
    model: String,
    version: Option<String>,
    signature: Option<String>,
    rows: bool,
    inputs: Vec<Tensor>,
}

impl Predict {
    /// Each input whole, by its name: the form `inputs`. A sole input without a name goes alone.
    pub fn columns(model: impl Into<String>, inputs: impl IntoIterator<Item = Tensor>) -> Self {
        Self {
            model: model.into(),
            version: None,
            signature: None,
            rows: false,
            inputs: inputs.into_iter().collect(),
        }
    }

    /// Row by row, each with its part of every input: the form `instances`. All inputs have to have as
    /// many rows, in their first dimension.
    pub fn rows(model: impl Into<String>, inputs: impl IntoIterator<Item = Tensor>) -> Self {
        Self {
            rows: true,
            ..Self::columns(model, inputs)
        }
    }

    /// Asks this version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Names the signature; `serving_default` unless set.
    #[must_use]
    pub fn signature_name(mut self, name: impl Into<String>) -> Self {
        self.signature = Some(name.into());
        self
    }

    /// How many rows there are, which has to be the same for all inputs.
    fn count(&self) -> Result<u64> {
        let rows = |tensor: &Tensor| tensor.shape().first().copied();
        let count = self.inputs.first().and_then(rows);
        match count {
            Some(count) if self.inputs.iter().all(|tensor| rows(tensor) == Some(count)) => {
                Ok(count)
            }
            _ => Err(Error::new(
                ErrorKind::InvalidRequest,
                "row by row, all inputs have to have as many rows in their first dimension",
            )),
        }
    }
}

#[derive(Serialize)]
struct Ask<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<Inputs<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instances: Option<Vec<Inputs<'a>>>,
}

/// Inputs by name, or the sole one; whole, or one row of each.
struct Inputs<'a> {
    tensors: &'a [Tensor],
    row: Option<u64>,
}

impl Serialize for Inputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nested = |tensor| Nested::of(tensor, self.row);
        if let [sole] = self.tensors
            && sole.name().is_empty()
        {
            return nested(sole).serialize(serializer);
        }
        let mut map = serializer.serialize_map(Some(self.tensors.len()))?;
        for tensor in self.tensors {
            map.serialize_entry(tensor.name(), &nested(tensor))?;
        }
        map.end()
    }
}

/// The elements of a tensor, or of a part of it, in as many lists as it has dimensions.
struct Nested<'a> {
    tensor: &'a Tensor,
    shape: &'a [u64],
    /// The number of its first element.
    from: u64,
}

impl<'a> Nested<'a> {
    fn of(tensor: &'a Tensor, row: Option<u64>) -> Self {
        let whole = Self {
            tensor,
            shape: tensor.shape(),
            from: 0,
        };
        match row {
            Some(row) => whole.part(row),
            None => whole,
        }
    }

    /// Its part of this number, along the first of its dimensions.
    fn part(&self, number: u64) -> Self {
        let shape = self.shape.get(1..).unwrap_or_default();
        let size: u64 = shape.iter().product();
        Self {
            tensor: self.tensor,
            shape,
            from: self.from + number * size,
        }
    }
}

impl Serialize for Nested<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.shape.first() {
            Some(count) => serializer.collect_seq((0..*count).map(|number| self.part(number))),
            None => element(self.tensor, self.from, serializer),
        }
    }
}

/// One element: a number, or bytes as base64.
fn element<S: Serializer>(tensor: &Tensor, at: u64, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::Error as _;

    let size = tensor.data_type().size().unwrap_or(1);
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    let from = at.saturating_mul(size);
    let bytes = tensor
        .data()
        .get(from..from.saturating_add(size))
        .unwrap_or_default();
    macro_rules! number {
        ($type:ty) => {
            match bytes.try_into() {
                Ok(bytes) => <$type>::from_le_bytes(bytes).serialize(serializer),
                Err(_) => Err(S::Error::custom("an element is missing")),
            }
        };
    }
    match tensor.data_type() {
        DataType::Bool => serializer.serialize_bool(bytes != [0]),
        DataType::Uint8 => number!(u8),
        DataType::Uint16 => number!(u16),
        DataType::Uint32 => number!(u32),
        DataType::Uint64 => number!(u64),
        DataType::Int8 => number!(i8),
        DataType::Int16 => number!(i16),
        DataType::Int32 => number!(i32),
        DataType::Int64 => number!(i64),
        DataType::Fp32 => number!(f32),
        DataType::Fp64 => number!(f64),
        DataType::Bytes => {
            let all = tensor.to_bytes().map_err(S::Error::custom)?;
            let Some(bytes) = all.get(at) else {
                return Err(S::Error::custom("an element is missing"));
            };
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry("b64", &BASE64_STANDARD.encode(bytes))?;
            map.end()
        }
        other => Err(S::Error::custom(format_args!(
            "{other} has no form in JSON"
        ))),
    }
}

/// What a model made of tensors, as JSON, which has no types.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Predicted {
    /// Of inputs in columns: what came out, all of it, or by name.
    Outputs(Json),
    /// Of inputs in rows: what came out for each.
    Predictions(Vec<Json>),
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    outputs: Option<&'a RawValue>,
    predictions: Option<Vec<Json>>,
}

impl Predicted {
    /// An output in columns, by its name, as the numbers in it, the last dimension the fastest; the
    /// sole one where outputs have no names. `None` where there is none, or it holds no numbers.
    pub fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        let Self::Outputs(outputs) = self else {
            return None;
        };
        match serde_json::from_str::<Fields<Json>>(outputs.get()) {
            Ok(fields) => {
                let (_, named) = fields.0.into_iter().find(|(field, _)| field == name)?;
                flat(named.get())
            }
            Err(_) => flat(outputs.get()),
        }
    }
}

/// The numbers in nested lists.
fn flat(json: &str) -> Option<Vec<f64>> {
    json.split(['[', ']', ','])
        .map(str::trim)
        .filter(|token| !token.is_empty())
        .map(|token| token.parse().ok())
        .collect()
}

impl Operation for Predict {
    type Output = Predicted;
    const NAME: &'static str = "ovms.predict";
    const CLASS: Class = Class::Billed;

    fn encode(&self) -> Result<RawRequest> {
        let path = place(&self.model, self.version.as_deref())? + ":predict";
        let tensors = self.inputs.as_slice();
        let rows = |count| {
            (0..count)
                .map(|row| Inputs {
                    tensors,
                    row: Some(row),
                })
                .collect()
        };
        let ask = Ask {
            signature_name: self.signature.as_deref(),
            inputs: (!self.rows).then_some(Inputs { tensors, row: None }),
            instances: self.rows.then(|| self.count().map(rows)).transpose()?,
        };
        Ok(RawRequest::post(path, &Json::of(&ask)?))
    }

    fn decode(&self, _: &Parts, body: Bytes) -> Result<Predicted> {
        let answer: Answer<'_> = read(&body)?;
        match (answer.outputs, answer.predictions) {
            (Some(outputs), _) => Ok(Predicted::Outputs(outputs.into())),
            (None, Some(predictions)) => Ok(Predicted::Predictions(predictions)),
            (None, None) => Err(Error::decode(
                "an answer without `outputs` and `predictions`",
            )),
        }
    }
}
