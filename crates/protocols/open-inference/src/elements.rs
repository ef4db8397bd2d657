//! The elements of a tensor, written as JSON: flat, the last dimension the fastest.

use serde::{Serialize, Serializer, ser::SerializeSeq};
use trunkline_core::infer::{DataType, Element, Tensor};

/// The elements of a tensor that [has a form](lacks) in JSON.
pub(crate) struct Elements<'a>(pub(crate) &'a Tensor);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.data_type() {
            DataType::Bool => each::<bool, S>(self.0, serializer),
            DataType::Uint8 => each::<u8, S>(self.0, serializer),
            DataType::Uint16 => each::<u16, S>(self.0, serializer),
            DataType::Uint32 => each::<u32, S>(self.0, serializer),
            DataType::Uint64 => each::<u64, S>(self.0, serializer),
            DataType::Int8 => each::<i8, S>(self.0, serializer),
            DataType::Int16 => each::<i16, S>(self.0, serializer),
            DataType::Int32 => each::<i32, S>(self.0, serializer),
            DataType::Int64 => each::<i64, S>(self.0, serializer),
            DataType::Fp32 => each::<f32, S>(self.0, serializer),
            DataType::Fp64 => each::<f64, S>(self.0, serializer),
            DataType::Bytes => strings(self.0, serializer),
            other => Err(serde::ser::Error::custom(format_args!(
                "{other} has no form in JSON"
            ))),
        }
    }
}

fn each<E: Element + Serialize, S: Serializer>(
    tensor: &Tensor,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut all = serializer.serialize_seq(None)?;
    for element in numbers::<E>(tensor) {
        all.serialize_element(&element)?;
    }
    all.end()
}

fn strings<S: Serializer>(tensor: &Tensor, serializer: S) -> Result<S::Ok, S::Error> {
    let mut all = serializer.serialize_seq(None)?;
    for element in tensor.to_bytes().unwrap_or_default() {
        let text = std::str::from_utf8(&element).map_err(serde::ser::Error::custom)?;
        all.serialize_element(text)?;
    }
    all.end()
}

fn numbers<E: Element>(tensor: &Tensor) -> impl Iterator<Item = E> {
    let size = tensor.data_type().size().unwrap_or(1);
    tensor.data().chunks_exact(size).filter_map(E::read)
}

/// Why a tensor has no form in JSON, if it has none.
pub(crate) fn lacks(tensor: &Tensor) -> Option<&'static str> {
    match tensor.data_type() {
        DataType::Fp32 if !numbers::<f32>(tensor).all(f32::is_finite) => Some("NaN or an infinity"),
        DataType::Fp64 if !numbers::<f64>(tensor).all(f64::is_finite) => Some("NaN or an infinity"),
        DataType::Fp16 => Some("elements of FP16"),
        DataType::Bf16 => Some("elements of BF16"),
        DataType::Bytes if !is_text(tensor) => Some("strings that are no UTF-8"),
        _ => None,
    }
}

fn is_text(tensor: &Tensor) -> bool {
    let strings = tensor.to_bytes().unwrap_or_default();
    strings
        .iter()
        .all(|string| std::str::from_utf8(string).is_ok())
}
