//! How likely tokens were: `{"id":5,"token":" otter","bytes":[…],"logprob":-0.1,"top_logprobs":[…]}`.

use serde::Deserialize;

/// A token, how likely it was, and which others there were.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TokenProb {
    /// Its number in the model's vocabulary.
    pub id: u32,
    /// Its text; what is half of a character is not shown.
    pub token: String,
    /// The bytes of its text.
    pub bytes: Vec<u8>,
    /// The logarithm of its likelihood, before any sampler.
    pub logprob: Option<f64>,
    /// Its likelihood after all samplers, from 0 to 1, where that was
    /// [asked for](crate::CompletionOptions::post_sampling_probs).
    pub prob: Option<f64>,
    /// The likeliest tokens at its place, the best first. The one that was chosen need not be there.
    #[serde(alias = "top_logprobs", alias = "top_probs")]
    pub top: Vec<TokenProb>,
}
