//! The tokens of texts, by the provider's own tokenizer.

use std::{collections::BTreeMap, ops::Range};

use serde::{Deserialize, Serialize};

use crate::{
    Json,
    chat::{Meta, Warning},
    request::request_setters,
};

/// A request for the tokens of a text.
///
/// ```
/// use trunkline_core::TokenizeRequest;
///
/// let request = TokenizeRequest::new("Otters sleep afloat.").special(false);
/// assert_eq!(request.special, Some(false));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TokenizeRequest {
    /// Which model's tokens; empty takes the one that the call is made on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// The text.
    pub text: String,
    /// Whether the tokens that the tokenizer puts around a text, its beginning say, are wanted;
    /// `None` leaves it to the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub special: Option<bool>,
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

/// The tokens of a text, in its order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TokenizeResponse {
    /// The tokens.
    pub tokens: Vec<Token>,
    /// What of the request was not carried as asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// The HTTP side of it. Not stored.
    #[serde(skip)]
    pub meta: Meta,
}

/// One token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Token {
    /// Its number in the model's vocabulary.
    pub id: u32,
    /// Its text, where the provider gives it. Pieces of a character are shown as the provider shows
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether it is one that the tokenizer put there, where the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub special: Option<bool>,
    /// Where in the text it stands, where the provider says so, and in its unit, bytes or characters:
    /// the provider's guide says which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Range<u64>>,
}

/// A request for the text of tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DetokenizeRequest {
    /// Whose tokens they are; empty takes the model that the call is made on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// The tokens, by their numbers.
    pub tokens: Vec<u32>,
    /// Whether special tokens are shown in the text; `None` leaves it to the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub special: Option<bool>,
}

/// The text of tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DetokenizeResponse {
    /// The text.
    pub text: String,
    /// What of the request was not carried as asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// The HTTP side of it. Not stored.
    #[serde(skip)]
    pub meta: Meta,
}

impl TokenizeRequest {
    /// A request for the tokens of `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    /// Sets whether the tokens that the tokenizer puts around a text are wanted.
    #[must_use]
    pub fn special(mut self, wanted: bool) -> Self {
        self.special = Some(wanted);
        self
    }
}

request_setters!(TokenizeRequest: model, option, body_patch, strict);

impl TokenizeResponse {
    /// These tokens.
    pub fn new(tokens: Vec<Token>) -> Self {
        Self {
            tokens,
            ..Self::default()
        }
    }

    /// Their numbers: what a request for their text takes.
    pub fn ids(&self) -> Vec<u32> {
        self.tokens.iter().map(|token| token.id).collect()
    }
}

impl Token {
    /// A token of which nothing else is known.
    pub fn new(id: u32) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    /// Sets its text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }
}

impl DetokenizeRequest {
    /// A request for the text of `tokens`.
    pub fn new(tokens: impl Into<Vec<u32>>) -> Self {
        Self {
            tokens: tokens.into(),
            ..Self::default()
        }
    }

    /// Sets whether special tokens are shown in the text.
    #[must_use]
    pub fn special(mut self, shown: bool) -> Self {
        self.special = Some(shown);
        self
    }
}

request_setters!(DetokenizeRequest: model);

impl DetokenizeResponse {
    /// This text.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}
