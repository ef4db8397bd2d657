//! What an answer cost, in tokens and otherwise.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use super::Ttl;
use crate::Json;

/// What an answer cost. What the provider does not tell is `None`, never zero.
///
/// Normalised: `input.total` includes what was read from and written to a cache, `output.total`
/// includes reasoning. [`raw`](Self::raw) holds the provider's own words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// What went in.
    #[serde(default)]
    pub input: InTokens,
    /// What came out.
    #[serde(default)]
    pub output: OutTokens,
    /// The runs behind one answer, where there were several: compaction, an advisor, a fallback.
    /// Those on another model are in no total.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub iterations: Vec<UsageIteration>,
    /// What is billed, where that is not tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed: Option<Box<Billed>>,
    /// How often the provider ran each of its own tools.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub server_tools: BTreeMap<String, u64>,
    /// What the provider says of its own time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timing: Option<Box<Timing>>,
    /// How far these figures can be trusted.
    #[serde(default)]
    pub completeness: Completeness,
    /// The provider's own words.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::json::present"
    )]
    pub raw: Option<Json>,
}

/// Tokens that went in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct InTokens {
    /// All of them, cached ones included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Those that no cache had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncached: Option<u64>,
    /// Those that a cache had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// Those that were put into a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// The same, by how long they stay.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cache_write_by_ttl: BTreeMap<Ttl, u64>,
    /// Those of the prompts of provider-run tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_prompt: Option<u64>,
    /// By kind of content: `text`, `image`, `audio`, `video`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_modality: BTreeMap<String, u64>,
}

/// Tokens that came out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OutTokens {
    /// All of them, reasoning included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<u64>,
    /// Those of the answer's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<u64>,
    /// Those of reasoning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// By kind of content.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_modality: BTreeMap<String, u64>,
    /// Those of a prediction that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted_accepted: Option<u64>,
    /// Those of a prediction that was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted_rejected: Option<u64>,
}

/// One of several runs behind an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UsageIteration {
    /// What it was for, in the provider's word.
    pub kind: String,
    /// On which model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What it cost.
    pub usage: Usage,
}

impl UsageIteration {
    /// A run and its cost.
    pub fn new(kind: impl Into<String>, model: Option<String>, usage: Usage) -> Self {
        Self {
            kind: kind.into(),
            model,
            usage,
        }
    }
}

/// What is billed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Billed {
    /// Units in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<f64>,
    /// Units out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<f64>,
    /// Searches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub searches: Option<f64>,
    /// Images.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub images: Option<f64>,
    /// Seconds of sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub characters: Option<f64>,
}

/// What the provider says of its own time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Timing {
    /// In its queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Duration>,
    /// Loading the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<Duration>,
    /// Reading the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Duration>,
    /// Writing the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completion: Option<Duration>,
    /// All of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Duration>,
}

/// How far figures can be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Completeness {
    /// The provider gave none.
    #[default]
    Missing,
    /// They are ours, by rule of thumb.
    Estimated,
    /// The answer was cut before the last of them came.
    Partial,
    /// They are the provider's last word.
    Final,
}

impl Usage {
    /// Final figures: tokens in and out.
    pub fn new(input: u64, output: u64) -> Self {
        Self {
            input: InTokens {
                total: Some(input),
                ..InTokens::default()
            },
            output: OutTokens {
                total: Some(output),
                ..OutTokens::default()
            },
            completeness: Completeness::Final,
            ..Self::default()
        }
    }

    /// These counts, as far as the provider told them, and the provider's own words.
    pub fn told(input: Option<u64>, output: Option<u64>, raw: Json) -> Self {
        let mut usage = Self::default();
        usage.input.total = input;
        usage.output.total = output;
        usage.completeness = Completeness::Final;
        usage.raw = Some(raw);
        usage
    }

    /// Tokens in and out together, where both are known.
    pub fn total(&self) -> Option<u64> {
        self.input.total?.checked_add(self.output.total?)
    }
}
