//! How many tokens a request is, by the provider's own count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Meta, Warning};
use crate::Ext;

/// How many tokens a request would be, counted by the provider without an answer being made.
///
/// What an answer then costs is in its [`Usage`](super::Usage): providers count what they add
/// themselves, and call their counts estimates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TokenCount {
    /// All tokens that would go in, cached ones included.
    pub input: u64,
    /// Those that a cache has, where the provider tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<u64>,
    /// By kind of content: `text`, `image`, `audio`, `video`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_modality: BTreeMap<String, u64>,
    /// The model that was counted for, as the provider calls it; empty where it does not say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// What the provider adds.
    #[serde(skip_serializing_if = "Ext::is_empty")]
    pub ext: Ext,
    /// What of the request was not carried as asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    /// The HTTP side of it. Not stored.
    #[serde(skip)]
    pub meta: Meta,
}

impl TokenCount {
    /// So many tokens, for this model.
    pub fn new(model: impl Into<String>, input: u64) -> Self {
        Self {
            input,
            model: model.into(),
            ..Self::default()
        }
    }
}
