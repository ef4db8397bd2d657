//! What an answer of vLLM has beside those of others, to be read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use trunkline_core::{ChatResponse, Json};

use crate::PROVIDER;

/// What an answer of vLLM has beside those of others, as it stands in [`ChatResponse::ext`] under
/// `vllm`. Each is there if it was [asked for](crate::Options).
///
/// ```
/// use trunkline_core::ChatResponse;
/// use trunkline_vllm::Extras;
///
/// /// How surprising the prompt was, if its own tokens were asked for, and no others.
/// fn surprise(answer: &ChatResponse) -> Option<f64> {
///     let places = Extras::of(answer)?.prompt_logprobs?;
///     let tokens = places.iter().flatten().flat_map(|place| place.values());
///     Some(tokens.map(|token| -token.logprob).sum())
/// }
/// # let _ = surprise;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Extras {
    /// How likely each token of the prompt was, by its number, with others that were likely there.
    /// The first is `None`: nothing stands before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_logprobs: Option<Vec<Option<BTreeMap<String, TokenLogprob>>>>,
    /// The prompt's tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_token_ids: Option<Vec<u32>>,
    /// The prompt as the template made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_text: Option<String>,
    /// For the server that goes on with this one's cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kv_transfer_params: Option<Json>,
    /// The same for the cache of an encoder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ec_transfer_params: Option<Json>,
    /// What the server measured of this request, if it was started with
    /// `--enable-per-request-metrics`: times in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Json>,
    /// Of each answer, by its number from 0.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub choices: BTreeMap<u32, ChoiceExtras>,
}

/// What one of the answers has beside those of others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChoiceExtras {
    /// Its tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_ids: Option<Vec<u32>>,
    /// The token that ended it, of those that were named for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_reason: Option<Json>,
    /// Which experts each token went to: a NumPy file in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routed_experts: Option<Json>,
}

/// How likely a token was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenLogprob {
    /// The logarithm of its likelihood.
    pub logprob: f64,
    /// Its place among all tokens, from 1.
    #[serde(default)]
    pub rank: Option<u64>,
    /// Its text.
    #[serde(default)]
    pub decoded_token: Option<String>,
}

impl Extras {
    /// Those of an answer; `None` if it has none, or they have another form than documented, and
    /// then they are in its `ext` all the same.
    pub fn of(answer: &ChatResponse) -> Option<Self> {
        answer.ext.get(PROVIDER.id)?.read().ok()
    }
}
