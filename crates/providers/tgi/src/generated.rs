//! What a model wrote, token by token, and why it ended.
//!
//! <https://huggingface.co/docs/text-generation-inference/reference/api_reference>, and
//! `router/src/lib.rs` of its source.

use std::time::Duration;

use http::HeaderMap;
use serde::{Deserialize, Deserializer};
use trunkline_core::{
    Error, Result, Usage,
    chat::{Completeness, Finish, FinishKind, Timing},
    protocol::read,
};

use crate::error::{Fault, in_band};

/// What a model wrote.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Generated {
    /// The words; after the prompt, where
    /// [`return_full_text`](crate::Parameters::return_full_text) says so.
    pub text: String,
    /// Its tokens, and why it ended, unless [`details`](crate::Parameters::details) says no.
    pub details: Option<Details>,
    /// What it took, by the headers of the answer.
    pub usage: Usage,
}

/// Its tokens, and why it ended.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Details {
    /// Why it ended.
    #[serde(rename = "finish_reason", deserialize_with = "finish")]
    pub finish: Finish,
    /// How many tokens it is.
    pub generated_tokens: Option<u64>,
    /// What the draw began with, where tokens were drawn.
    pub seed: Option<u64>,
    /// The tokens of the prompt, where
    /// [`decoder_input_details`](crate::Parameters::decoder_input_details) says so.
    #[serde(default, deserialize_with = "present")]
    pub prefill: Vec<PrefillToken>,
    /// The tokens of the answer.
    #[serde(default, deserialize_with = "present")]
    pub tokens: Vec<Token>,
    /// The likeliest tokens at each place, where
    /// [`top_n_tokens`](crate::Parameters::top_n_tokens) says so.
    #[serde(default, deserialize_with = "present")]
    pub top_tokens: Vec<Vec<Token>>,
    /// The sequences that were not the best, where [`best_of`](crate::Parameters::best_of) asked for
    /// several.
    #[serde(default, deserialize_with = "present")]
    pub best_of_sequences: Vec<Sequence>,
    /// How many tokens the prompt is; only a stream tells it here.
    pub input_length: Option<u64>,
}

/// A sequence that was not the best.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Sequence {
    /// The words.
    #[serde(rename = "generated_text")]
    pub text: String,
    /// Its tokens, and why it ended.
    #[serde(flatten)]
    pub details: Details,
}

/// A token that the model wrote, or could have.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Token {
    /// Its number in the model's vocabulary.
    pub id: u32,
    /// Its text.
    #[serde(deserialize_with = "present")]
    pub text: String,
    /// The logarithm of its likelihood, where that is a number.
    pub logprob: Option<f64>,
    /// Whether it says something to the server only: that this is the end.
    #[serde(deserialize_with = "present")]
    pub special: bool,
}

/// A token of the prompt.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PrefillToken {
    /// Its number in the model's vocabulary.
    pub id: u32,
    /// Its text.
    #[serde(deserialize_with = "present")]
    pub text: String,
    /// The logarithm of its likelihood after those before it; the first has none.
    pub logprob: Option<f64>,
}

/// One token of a stream; the last of them has the whole text and the details.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct Piece {
    /// Which it is, from 1.
    pub index: Option<u64>,
    /// The token.
    pub token: Token,
    /// The likeliest at its place, where [`top_n_tokens`](crate::Parameters::top_n_tokens) says so.
    #[serde(default, deserialize_with = "present")]
    pub top_tokens: Vec<Token>,
    /// The whole text; only the last has it.
    pub generated_text: Option<String>,
    /// Why it ended; only the last has it, unless [`details`](crate::Parameters::details) says no.
    pub details: Option<Details>,
}

impl Generated {
    pub(crate) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Answer {
            generated_text: Option<String>,
            details: Option<Details>,
        }
        if let Ok(fault) = read::<Fault>(body)
            && fault.is_set()
        {
            return Err(in_band(fault));
        }
        // What stands in front of the server may give a list of one.
        let answer: Answer = match body.trim_ascii_start().first() {
            Some(b'[') => {
                let list: Vec<Answer> = read(body)?;
                let first = list.into_iter().next();
                first.ok_or_else(|| Error::decode("the answer is an empty list"))?
            }
            _ => read(body)?,
        };
        let text = answer.generated_text;
        let text = text.ok_or_else(|| Error::decode("an answer without `generated_text`"))?;
        let usage = usage(headers, answer.details.as_ref());
        Ok(Self {
            text,
            details: answer.details,
            usage,
        })
    }
}

impl Piece {
    /// The words that it adds: none if it is special.
    pub fn text(&self) -> &str {
        match self.token.special {
            true => "",
            false => &self.token.text,
        }
    }

    pub(crate) fn read(event: &[u8]) -> Result<Self> {
        let fault: Fault = read(event)?;
        match fault.is_set() {
            true => Err(in_band(fault)),
            false => read(event),
        }
    }
}

/// What it took. The server counts the prompt in a header, and its times in milliseconds.
fn usage(headers: &HeaderMap, details: Option<&Details>) -> Usage {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    let time = |name: &str| number(name).map(Duration::from_millis);
    let mut usage = Usage::default();
    usage.input.total = number("x-prompt-tokens");
    let written = details.and_then(|details| details.generated_tokens);
    usage.output.total = written.or_else(|| number("x-generated-tokens"));
    if usage.input.total.is_some() || usage.output.total.is_some() {
        usage.completeness = Completeness::Final;
    }
    let mut timing = Timing::default();
    timing.queue = time("x-queue-time");
    timing.total = time("x-total-time");
    if timing != Timing::default() {
        usage.timing = Some(timing.into());
    }
    usage
}

/// Why it ended, by the server's word.
fn finish<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Finish, D::Error> {
    let reason = String::deserialize(deserializer)?;
    let kind = match &*reason {
        "eos_token" | "stop" => FinishKind::Stop,
        "stop_sequence" => FinishKind::StopSequence(None),
        "length" => FinishKind::MaxTokens,
        _ => FinishKind::Other,
    };
    Ok(Finish::new(kind).raw(reason))
}

/// What may be `null`, which is nothing.
fn present<'de, T, D>(deserializer: D) -> std::result::Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}
