//! Answers: JSON, and behind it the bytes of the tensors that came as such.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use http::response::Parts;
use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{
    Delivery, Error, InferResponse, Json, Result,
    infer::{DataType, Tensor},
    protocol::read,
};

use crate::{
    Dialect,
    encode::{JSON_LENGTH, SIZE},
    error, numbers,
    repair::repaired,
};

#[derive(Deserialize)]
struct Answer<'a> {
    model_name: Option<String>,
    model_version: Option<String>,
    id: Option<String>,
    parameters: Option<BTreeMap<String, Json>>,
    #[serde(borrow)]
    outputs: Option<Vec<Output<'a>>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Output<'a> {
    name: String,
    datatype: String,
    shape: Vec<u64>,
    parameters: Option<BTreeMap<String, Json>>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// The answer to a request for an inference.
pub(crate) fn response(dialect: &Dialect, head: &Parts, body: Bytes) -> Result<InferResponse> {
    let (json, mut rest) = parts(head, body)?;
    let mended;
    let answer: Answer<'_> = match serde_json::from_slice(&json) {
        Ok(answer) => answer,
        // Triton writes numbers that JSON has no word for.
        Err(_) => {
            let text = String::from_utf8_lossy(&json);
            mended = repaired(&text);
            match text {
                // Nothing to mend: the first error stands.
                Cow::Borrowed(text) if text == mended => read(&json)?,
                _ => read(mended.as_bytes())?,
            }
        }
    };
    let Some(outputs) = answer.outputs else {
        let error = answer.error.map(|error| error::in_band(dialect, error));
        return Err(error.unwrap_or_else(|| Error::decode("the answer has no outputs")));
    };
    let tensors = outputs.into_iter().map(|output| tensor(output, &mut rest));
    let tensors = tensors.collect::<Result<_>>()?;
    if !rest.is_empty() {
        let what = format!("{} bytes are left that belong to no output", rest.len());
        return Err(Error::decode(what));
    }
    let mut response = InferResponse::new(answer.model_name.unwrap_or_default(), tensors);
    response.version = answer.model_version.filter(|version| !version.is_empty());
    response.id = answer.id.filter(|id| !id.is_empty());
    response.parameters = answer.parameters.unwrap_or_default();
    Ok(response)
}

/// The JSON, and what follows it.
fn parts(head: &Parts, mut body: Bytes) -> Result<(Bytes, Bytes)> {
    let Some(length) = head.headers.get(JSON_LENGTH) else {
        return Ok((body, Bytes::new()));
    };
    let length = length
        .to_str()
        .ok()
        .and_then(|length| length.trim().parse().ok());
    match length.filter(|length| *length <= body.len()) {
        Some(length) => {
            let rest = body.split_off(length);
            Ok((body, rest))
        }
        None => Err(Error::decode(
            "the header Inference-Header-Content-Length says another length than the answer has",
        )),
    }
}

fn tensor(output: Output<'_>, rest: &mut Bytes) -> Result<Tensor> {
    let name = output.name;
    let wrong = |what: &str| Error::decode(format!("the output `{name}` {what}"));
    let Some(kind) = DataType::parse(&output.datatype) else {
        return Err(wrong(&format!(
            "is of the type {}, which is not known here; ask for the others by their names",
            output.datatype
        )));
    };
    let mut parameters = output.parameters.unwrap_or_default();
    let size = parameters.remove(SIZE).map(|size| size.read::<usize>());
    let data = match (size, output.data) {
        (Some(Ok(size)), _) if size <= rest.len() => rest.split_to(size),
        (Some(_), _) => return Err(wrong("is said to have bytes that did not come")),
        (None, Some(data)) => match numbers::bytes(kind, data.get()) {
            Some(bytes) => bytes.into(),
            None => return Err(wrong(&format!("has an element that is none of {kind}"))),
        },
        // OpenVINO says nothing of the bytes of an output that has none.
        (None, None) => Bytes::new(),
    };
    let tensor = Tensor::raw(name, kind, output.shape, data).map_err(|error| {
        Error::decode(format!("of the answer, {}", error.message()))
            .with_delivery(Delivery::Responded)
    })?;
    let parameters = parameters.into_iter();
    Ok(parameters.fold(tensor, |tensor, (name, value)| {
        tensor.parameter(name, value)
    }))
}
