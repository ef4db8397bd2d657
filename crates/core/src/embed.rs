//! Vectors that stand for texts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Json,
    chat::{Media, Meta, ProviderOptions, Usage, Warning},
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

/// One vector, in the form that was asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Embedding {
    /// Numbers.
    Float(Vec<f32>),
}

impl Embedding {
    /// Its numbers.
    pub fn as_slice(&self) -> &[f32] {
        match self {
            Self::Float(vector) => vector,
        }
    }
}

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

    /// Sets the model, over the one that the call is made on.
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = model.into();
        self
    }

    /// Sets how long the vectors shall be.
    #[must_use]
    pub fn dimensions(mut self, dimensions: u32) -> Self {
        self.dimensions = Some(dimensions);
        self
    }

    /// Sets what they are for.
    #[must_use]
    pub fn purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = Some(purpose);
        self
    }

    /// Adds what only one provider takes.
    #[must_use]
    pub fn option<O: ProviderOptions>(mut self, options: O) -> Self {
        if let Ok(options) = Json::of(&options) {
            self.options.insert(O::PROVIDER.to_owned(), options);
        }
        self
    }
}

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
