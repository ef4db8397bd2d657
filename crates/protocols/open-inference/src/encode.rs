//! Requests: JSON, and behind it the bytes of the tensors that go as such.
//!
//! <https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md#inference>

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, header};
use serde::{Serialize, Serializer, ser::SerializeMap};
use trunkline_core::{
    Error, ErrorKind, InferRequest, Json, Result,
    infer::{DataType, Tensor},
    protocol::{Target, write},
};

use crate::{
    Dialect, Encoding,
    elements::{Elements, lacks},
    encoding::asked,
    operations::place,
};

/// How long the JSON is that the bytes of tensors follow.
pub(crate) const JSON_LENGTH: HeaderName =
    HeaderName::from_static("inference-header-content-length");
/// The parameter of a tensor whose bytes follow: how many they are.
pub(crate) const SIZE: &str = "binary_data_size";
/// The parameter of a request that wants its outputs as bytes: those that it does not name.
const BINARY_OUTPUTS: &str = "binary_data_output";
/// The parameter of an output that is named, and wanted as bytes. Triton does not apply what is said
/// of all outputs to it, whatever its documentation says; KServe's own server does neither.
const BINARY: &str = "binary_data";

#[derive(Serialize)]
struct Ask<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Parameters::is_empty")]
    parameters: Parameters<'a>,
    inputs: Vec<Input<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    outputs: Vec<Output<'a>>,
}

#[derive(Serialize)]
struct Input<'a> {
    name: &'a str,
    shape: &'a [u64],
    datatype: DataType,
    #[serde(skip_serializing_if = "Parameters::is_empty")]
    parameters: Parameters<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Elements<'a>>,
}

#[derive(Serialize)]
struct Output<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Parameters::is_empty")]
    parameters: Parameters<'a>,
}

/// What the caller set, and what the encoding needs: the latter stands.
struct Parameters<'a> {
    set: &'a BTreeMap<String, Json>,
    options: Option<&'a BTreeMap<String, Json>>,
    ours: Option<(&'static str, Ours)>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
enum Ours {
    Size(usize),
    Yes(bool),
}

impl Parameters<'_> {
    fn is_empty(&self) -> bool {
        self.set.is_empty() && self.options.is_none_or(BTreeMap::is_empty) && self.ours.is_none()
    }
}

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all: BTreeMap<&str, &Json> = BTreeMap::new();
        let options = self.options.into_iter().flatten();
        all.extend(
            self.set
                .iter()
                .chain(options)
                .map(|(name, value)| (name.as_str(), value)),
        );
        let mut map = serializer.serialize_map(None)?;
        if let Some((name, value)) = &self.ours {
            all.remove(name);
            map.serialize_entry(name, value)?;
        }
        for (name, value) in all {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// The request for an inference.
pub(crate) fn request(
    dialect: &Dialect,
    request: &InferRequest,
    target: &Target,
) -> Result<Request<Bytes>> {
    let path = place(&request.model, request.version.as_deref())? + "/infer";
    distinct(&request.inputs)?;
    let asked = asked(request.options.get(dialect.provider), dialect.encoding)?;
    let binary = is_binary(asked.inputs, &request.inputs)?;
    let binary_outputs = match asked.outputs {
        Some(Encoding::Binary) => true,
        Some(Encoding::Json) => false,
        _ => binary,
    };
    let wanted = |parameter| binary_outputs.then_some((parameter, Ours::Yes(true)));
    let nothing = BTreeMap::new();
    let outputs = request.outputs.iter().map(|name| Output {
        name,
        parameters: Parameters {
            set: &nothing,
            options: None,
            ours: wanted(BINARY),
        },
    });
    let inputs = request.inputs.iter().map(|tensor| Input {
        name: tensor.name(),
        shape: tensor.shape(),
        datatype: tensor.data_type(),
        parameters: Parameters {
            set: tensor.parameters(),
            options: None,
            ours: size_of(tensor, binary),
        },
        data: (!binary).then_some(Elements(tensor)),
    });
    let ask = Ask {
        id: request.id.as_deref(),
        parameters: Parameters {
            set: &request.parameters,
            options: Some(&asked.parameters),
            ours: wanted(BINARY_OUTPUTS),
        },
        inputs: inputs.collect(),
        outputs: outputs.collect(),
    };
    let bytes: usize = request
        .inputs
        .iter()
        .map(|tensor| tensor.data().len())
        .sum();
    // A number takes three characters or so for each of its bytes.
    let room = 256 + 160 * request.inputs.len() + if binary { bytes } else { bytes * 3 };
    // What is the provider's own was laid among the parameters.
    let mut body = write(&ask, dialect.provider, &BTreeMap::new(), room)?;
    if !binary {
        return target.post(&path, body);
    }
    let length = body.len();
    request
        .inputs
        .iter()
        .for_each(|tensor| body.extend_from_slice(tensor.data()));
    let mut request = target.post(&path, body)?;
    let headers = request.headers_mut();
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(JSON_LENGTH, HeaderValue::from(length));
    Ok(request)
}

fn size_of(tensor: &Tensor, binary: bool) -> Option<(&'static str, Ours)> {
    binary.then(|| (SIZE, Ours::Size(tensor.data().len())))
}

fn is_binary(encoding: Encoding, inputs: &[Tensor]) -> Result<bool> {
    let lacking = || {
        inputs
            .iter()
            .find_map(|tensor| Some((tensor.name(), lacks(tensor)?)))
    };
    match encoding {
        Encoding::Binary => Ok(true),
        Encoding::Auto => Ok(lacking().is_some()),
        Encoding::Json => match lacking() {
            Some((name, what)) => Err(Error::new(
                ErrorKind::InvalidRequest,
                format!(
                    "the tensor `{name}` has {what}, for which JSON has no form; take the encoding `binary`"
                ),
            )),
            None => Ok(false),
        },
    }
}

/// Two inputs of one name are no question that a server can be meant to answer.
fn distinct(inputs: &[Tensor]) -> Result<()> {
    let mut names = BTreeSet::new();
    match inputs.iter().find(|tensor| !names.insert(tensor.name())) {
        Some(twice) => Err(Error::new(
            ErrorKind::InvalidRequest,
            format!("there are two inputs of the name `{}`", twice.name()),
        )),
        None => Ok(()),
    }
}
