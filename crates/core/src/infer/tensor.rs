//! Tensors: a name, a type, a shape, and bytes.

use std::{collections::BTreeMap, fmt};

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{DataType, Element};
use crate::{Error, ErrorKind, Json, Result, json::base64};

/// A tensor: its elements in rows, the last dimension the fastest, as they lie in memory and on a
/// binary wire. Numbers have their lowest byte first; a string of bytes has its length, in four such
/// bytes, before it.
///
/// Its bytes always fit its shape. To clone it copies no data.
///
/// ```
/// use trunkline_core::infer::{DataType, Tensor};
///
/// let tensor = Tensor::of("x", [1, 3], &[1_i64, -2, 3])?;
/// assert_eq!((tensor.data_type(), tensor.to_vec::<i64>()?), (DataType::Int64, vec![1, -2, 3]));
///
/// let words = Tensor::of_bytes("words", [2], ["sea", "otter"])?;
/// assert_eq!(words.to_bytes()?[1], "otter");
/// assert!(Tensor::of("x", [2, 2], &[1.0_f32]).is_err());
/// # Ok::<(), trunkline_core::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Tensor {
    name: String,
    data_type: DataType,
    shape: Vec<u64>,
    data: Bytes,
    parameters: BTreeMap<String, Json>,
}

impl Tensor {
    /// A tensor of these elements, of this shape; `[]` is the shape of a single one.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](ErrorKind::InvalidRequest): the shape holds another number of elements.
    pub fn of<E: Element>(
        name: impl Into<String>,
        shape: impl Into<Vec<u64>>,
        elements: &[E],
    ) -> Result<Self> {
        let size = E::DATA_TYPE.size().unwrap_or_default();
        let mut data = Vec::with_capacity(size * elements.len());
        elements.iter().for_each(|element| element.write(&mut data));
        Self::raw(name, E::DATA_TYPE, shape, data)
    }

    /// A tensor of strings of bytes.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](ErrorKind::InvalidRequest): the shape holds another number of elements, or
    /// one of them is 4 GiB or longer.
    pub fn of_bytes<S: AsRef<[u8]>>(
        name: impl Into<String>,
        shape: impl Into<Vec<u64>>,
        elements: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let name = name.into();
        let mut data = Vec::new();
        for element in elements {
            let element = element.as_ref();
            let Ok(length) = u32::try_from(element.len()) else {
                return Err(invalid(&name, "has a string of 4 GiB or more"));
            };
            data.extend_from_slice(&length.to_le_bytes());
            data.extend_from_slice(element);
        }
        Self::raw(name, DataType::Bytes, shape, data)
    }

    /// A tensor of bytes as they are on a binary wire.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](ErrorKind::InvalidRequest): they do not fit the shape.
    pub fn raw(
        name: impl Into<String>,
        data_type: DataType,
        shape: impl Into<Vec<u64>>,
        data: impl Into<Bytes>,
    ) -> Result<Self> {
        let (name, shape, data) = (name.into(), shape.into(), data.into());
        let size = shape
            .iter()
            .try_fold(1_u64, |size, of| size.checked_mul(*of));
        let Some(elements) = size else {
            return Err(invalid(&name, &format!("has no such shape: {shape:?}")));
        };
        let found = match data_type.size() {
            Some(size) if data.len() % size != 0 => {
                let what = format!("has {} bytes, which end inside of an element", data.len());
                return Err(invalid(&name, &what));
            }
            Some(size) => (data.len() / size) as u64,
            None => match pieces(&data).map(Iterator::count) {
                Some(found) => found as u64,
                None => return Err(invalid(&name, "has strings whose lengths do not add up")),
            },
        };
        if found != elements {
            let what = format!("has {found} elements, and its shape {shape:?} holds {elements}");
            return Err(invalid(&name, &what));
        }
        Ok(Self {
            name,
            data_type,
            shape,
            data,
            parameters: BTreeMap::new(),
        })
    }

    /// Sets a parameter of this tensor.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<Json>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What its elements are.
    pub fn data_type(&self) -> DataType {
        self.data_type
    }

    /// How many elements each of its dimensions has.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// How many elements it has.
    pub fn elements(&self) -> u64 {
        self.shape.iter().product()
    }

    /// Its bytes, as they are on a binary wire.
    pub fn data(&self) -> &Bytes {
        &self.data
    }

    /// Its parameters.
    pub fn parameters(&self) -> &BTreeMap<String, Json> {
        &self.parameters
    }

    /// Its elements, as numbers of its own type.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode): they are of another type, which the error names.
    pub fn to_vec<E: Element>(&self) -> Result<Vec<E>> {
        let size = self.of_type(E::DATA_TYPE)?.unwrap_or(1);
        Ok(self.data.chunks_exact(size).filter_map(E::read).collect())
    }

    /// Its strings of bytes; they share its memory.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode): its elements are no strings.
    pub fn to_bytes(&self) -> Result<Vec<Bytes>> {
        self.of_type(DataType::Bytes)?;
        let pieces = pieces(&self.data).into_iter().flatten();
        Ok(pieces.map(|piece| self.data.slice_ref(piece)).collect())
    }

    fn of_type(&self, wanted: DataType) -> Result<Option<usize>> {
        if self.data_type == wanted {
            return Ok(wanted.size());
        }
        Err(Error::decode(format!(
            "the tensor `{}` is of {}, and was read as {wanted}",
            self.name, self.data_type
        )))
    }
}

/// The strings in `data`, if their lengths add up.
fn pieces(data: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    fn split(data: &[u8]) -> Option<(&[u8], &[u8])> {
        let (length, rest) = data.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        rest.split_at_checked(length)
    }
    let mut rest = data;
    while !rest.is_empty() {
        rest = split(rest)?.1;
    }
    let mut rest = data;
    Some(std::iter::from_fn(move || {
        let (piece, others) = split(rest)?;
        rest = others;
        Some(piece)
    }))
}

fn invalid(name: &str, what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidRequest,
        format!("the tensor `{name}` {what}"),
    )
}

/// Without its data, which may be a prompt.
impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tensor")
            .field("name", &self.name)
            .field("data_type", &self.data_type)
            .field("shape", &self.shape)
            .field("bytes", &self.data.len())
            .finish_non_exhaustive()
    }
}

/// Its data is stored as base64 of its bytes: every number comes back to the bit.
#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    data_type: DataType,
    shape: Vec<u64>,
    #[serde(with = "base64")]
    data: Bytes,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<String, Json>,
}

impl Serialize for Tensor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored {
            name: self.name.clone(),
            data_type: self.data_type,
            shape: self.shape.clone(),
            data: self.data.clone(),
            parameters: self.parameters.clone(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tensor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let tensor = Self::raw(stored.name, stored.data_type, stored.shape, stored.data);
        let mut tensor = tensor.map_err(|error| de::Error::custom(error.message()))?;
        tensor.parameters = stored.parameters;
        Ok(tensor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_do_not_fit_are_refused_with_their_reason() {
        let refused = |data_type, shape: &[u64], data: &'static [u8]| {
            let error = Tensor::raw("x", data_type, shape, data).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            error.message().to_owned()
        };
        assert!(refused(DataType::Fp32, &[1], &[0; 3]).contains("inside of an element"));
        assert!(refused(DataType::Fp32, &[2], &[0; 4]).contains("has 1 elements"));
        assert!(refused(DataType::Int8, &[u64::MAX, 2], &[]).contains("no such shape"));
        assert!(refused(DataType::Bytes, &[1], &[9, 0, 0, 0, 1]).contains("do not add up"));
        assert!(refused(DataType::Bytes, &[], &[]).contains("has 0 elements"));
    }

    #[test]
    fn a_shape_without_dimensions_holds_one_and_one_with_a_zero_none() {
        assert_eq!(Tensor::of("x", [], &[true]).unwrap().elements(), 1);
        assert_eq!(Tensor::of::<f64>("x", [3, 0], &[]).unwrap().elements(), 0);
    }

    #[test]
    fn what_is_stored_comes_back_to_the_bit() {
        let odd = [f64::NAN, -0.0, f64::NEG_INFINITY, 5e-324];
        let tensor = Tensor::of("x", [2, 2], &odd).unwrap();
        let tensor = tensor.parameter("k", Json::null());
        let json = serde_json::to_string(&tensor).unwrap();
        let back: Tensor = serde_json::from_str(&json).unwrap();
        assert_eq!(back, tensor);
        let cut = json.replace("\"shape\":[2,2]", "\"shape\":[2,3]");
        assert!(serde_json::from_str::<Tensor>(&cut).is_err());
    }
}
