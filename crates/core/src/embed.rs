//! Vectors that stand for texts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

use crate::{
    Json,
    chat::{Media, Meta, Usage, Warning},
    request::request_setters,
};

/// A request for vectors, one for each input.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct EmbedRequest {
    /// Which model; empty takes the one that the call is made on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// What to embed.
    pub inputs: Vec<EmbedInput>,
    /// How long the vectors shall be, where the model can shorten them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dimensions: Option<u32>,
    /// In which numbers; `None` leaves it to the provider, which gives [`Precision::Float`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<Precision>,
    /// What they are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<Purpose>,
    /// The end user's pseudonym.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// What only one provider takes, by its id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, Json>,
    /// A JSON merge patch over the encoded body, last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<Json>,
    /// Refuse, before sending, what the wire cannot carry as asked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

/// One thing to embed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EmbedInput {
    /// Words.
    Text(String),
    /// Words, as the model's own tokens.
    Tokens(Vec<u32>),
    /// An image, say.
    Media(Box<Media>),
}

/// What vectors are for. Some models embed a question and its answer differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Purpose {
    /// To search with.
    Query,
    /// To be found.
    Document,
    /// To sort into classes.
    Classification,
    /// To group.
    Clustering,
}

/// In which numbers vectors are given. Smaller ones take less room and less time to compare, and lose
/// a little of what they say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Precision {
    /// 32 bits for each dimension.
    Float,
    /// A byte for each dimension, with a sign.
    Int8,
    /// A byte for each dimension, without a sign.
    Uint8,
    /// A bit for each dimension, eight of them packed into a byte with a sign.
    Binary,
    /// A bit for each dimension, eight of them packed into a byte without a sign.
    Ubinary,
}

impl Precision {
    /// Its name on the wires of those who have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Float => "float",
            Self::Int8 => "int8",
            Self::Uint8 => "uint8",
            Self::Binary => "binary",
            Self::Ubinary => "ubinary",
        }
    }
}

/// Vectors, in the order of the inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EmbedResponse {
    /// One for each input, in its order.
    pub vectors: Vec<Embedding>,
    /// The model, as the provider calls it.
    #[serde(default)]
    pub model: String,
    /// What they cost.
    #[serde(default)]
    pub usage: Usage,
    /// What of the request was not carried as asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// The HTTP side of it. Not stored.
    #[serde(skip)]
    pub meta: Meta,
}

/// One vector, in the numbers that were asked for. Stored as a list of numbers if they are floats, and
/// else by their name: `{"int8":[1,-2]}`.
///
/// ```
/// use trunkline_core::embed::Embedding;
///
/// let small: Embedding = serde_json::from_str(r#"{"int8":[1,-2]}"#)?;
/// assert_eq!(small, Embedding::Int8(vec![1, -2]));
/// assert_eq!((small.len(), small.as_slice()), (2, &[][..]));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(from = "Stored")]
#[non_exhaustive]
pub enum Embedding {
    /// A number for each dimension.
    Float(Vec<f32>),
    /// A number from -128 to 127 for each dimension.
    Int8(Vec<i8>),
    /// A number from 0 to 255 for each dimension.
    Uint8(Vec<u8>),
    /// A bit for each dimension, eight in a number from -128 to 127, in the provider's order.
    Binary(Vec<i8>),
    /// A bit for each dimension, eight in a number from 0 to 255, in the provider's order.
    Ubinary(Vec<u8>),
}

impl Embedding {
    /// Its numbers, if they are floats, as they are where nothing else was asked for; and else none.
    pub fn as_slice(&self) -> &[f32] {
        match self {
            Self::Float(vector) => vector,
            _ => &[],
        }
    }

    /// How many numbers it has: one for each dimension, or one for eight of them if they are bits.
    pub fn len(&self) -> usize {
        match self {
            Self::Float(vector) => vector.len(),
            Self::Int8(vector) | Self::Binary(vector) => vector.len(),
            Self::Uint8(vector) | Self::Ubinary(vector) => vector.len(),
        }
    }

    /// Whether it has no numbers at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What its numbers are.
    pub const fn precision(&self) -> Precision {
        match self {
            Self::Float(_) => Precision::Float,
            Self::Int8(_) => Precision::Int8,
            Self::Uint8(_) => Precision::Uint8,
            Self::Binary(_) => Precision::Binary,
            Self::Ubinary(_) => Precision::Ubinary,
        }
    }
}

/// The floats; [`as_slice`](Embedding::as_slice).
impl std::ops::Deref for Embedding {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        self.as_slice()
    }
}

impl From<Vec<f32>> for Embedding {
    fn from(vector: Vec<f32>) -> Self {
        Self::Float(vector)
    }
}

impl Serialize for Embedding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut named = match self {
            Self::Float(vector) => return vector.serialize(serializer),
            _ => serializer.serialize_map(Some(1))?,
        };
        let name = self.precision().as_str();
        match self {
            Self::Float(vector) => named.serialize_entry(name, vector)?,
            Self::Int8(vector) | Self::Binary(vector) => named.serialize_entry(name, vector)?,
            Self::Uint8(vector) | Self::Ubinary(vector) => named.serialize_entry(name, vector)?,
        }
        named.end()
    }
}

/// The forms in which a vector is stored.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Float(Vec<f32>),
    Named(Named),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Named {
    Int8(Vec<i8>),
    Uint8(Vec<u8>),
    Binary(Vec<i8>),
    Ubinary(Vec<u8>),
}

impl From<Stored> for Embedding {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Float(vector) => Self::Float(vector),
            Stored::Named(Named::Int8(vector)) => Self::Int8(vector),
            Stored::Named(Named::Uint8(vector)) => Self::Uint8(vector),
            Stored::Named(Named::Binary(vector)) => Self::Binary(vector),
            Stored::Named(Named::Ubinary(vector)) => Self::Ubinary(vector),
        }
    }
}

impl EmbedResponse {
    /// These vectors.
    pub fn new(model: impl Into<String>, vectors: Vec<Embedding>) -> Self {
        Self {
            vectors,
            model: model.into(),
            usage: Usage::default(),
            warnings: Vec::new(),
            meta: Meta::default(),
        }
    }
}

impl EmbedRequest {
    /// A request for one vector for each input.
    pub fn new<I: Into<EmbedInput>>(inputs: impl IntoIterator<Item = I>) -> Self {
        Self {
            inputs: inputs.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }

    /// Sets how long the vectors shall be.
    #[must_use]
    pub fn dimensions(mut self, dimensions: u32) -> Self {
        self.dimensions = Some(dimensions);
        self
    }

    /// Sets in which numbers.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = Some(precision);
        self
    }

    /// Sets what they are for.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = Some(purpose);
        self
    }
}

request_setters!(EmbedRequest: model, option, body_patch, strict);

impl From<&str> for EmbedInput {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for EmbedInput {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for EmbedInput {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u32>> for EmbedInput {
    fn from(tokens: Vec<u32>) -> Self {
        Self::Tokens(tokens)
    }
}
