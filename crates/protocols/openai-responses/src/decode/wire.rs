//! An answer of the Responses API as it stands on the wire. What is unknown there is ignored, and
//! what may be absent is an `Option`.
//!
//! <https://platform.openai.com/docs/api-reference/responses/object>,
//! <https://platform.openai.com/docs/api-reference/responses-streaming>

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A whole answer, and what the events at its beginning and its end have of it.
#[derive(Default, Deserialize)]
pub(super) struct Answer<'a> {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    /// A fraction with some servers.
    pub(super) created_at: Option<f64>,
    pub(super) status: Option<String>,
    pub(super) object: Option<String>,
    pub(super) service_tier: Option<String>,
    #[serde(borrow)]
    pub(super) output: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    pub(super) incomplete_details: Option<Incomplete>,
    /// What belongs to the answer as a whole and has no name in the vocabulary.
    #[serde(borrow)]
    pub(super) conversation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) moderation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) content_filters: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) tool_usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Incomplete {
    pub(super) reason: Option<String>,
}

/// The type of an event, an item, a piece.
#[derive(Deserialize)]
pub(super) struct Typed<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) name: Option<Cow<'a, str>>,
}

/// An event that is about one item, or a piece of it.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    pub(super) output_index: Option<u64>,
    pub(super) content_index: Option<u64>,
    pub(super) summary_index: Option<u64>,
    pub(super) item_id: Option<String>,
    pub(super) delta: Option<String>,
    /// The whole of what deltas made, by the name that each type of event has for it.
    pub(super) text: Option<String>,
    pub(super) arguments: Option<String>,
    pub(super) input: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) code: Option<String>,
    #[serde(borrow)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) part: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) annotation: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) response: Option<&'a RawValue>,
}

/// An item, as far as we know it.
#[derive(Deserialize)]
pub(super) struct Item<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Option<Cow<'a, str>>,
    pub(super) id: Option<String>,
    pub(super) role: Option<String>,
    pub(super) call_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) server_label: Option<String>,
    pub(super) arguments: Option<String>,
    pub(super) input: Option<String>,
    pub(super) code: Option<String>,
    pub(super) encrypted_content: Option<String>,
    pub(super) output_format: Option<String>,
    /// A picture in base64.
    pub(super) result: Option<String>,
    #[serde(borrow)]
    pub(super) content: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) summary: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) action: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) queries: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) results: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) outputs: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) output: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) phase: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) namespace: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) caller: Option<&'a RawValue>,
}

/// A piece of a message, of thoughts, of their summary.
#[derive(Default, Deserialize)]
pub(super) struct Piece<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Option<Cow<'a, str>>,
    pub(super) text: Option<String>,
    pub(super) refusal: Option<String>,
    #[serde(borrow)]
    pub(super) annotations: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
}

/// Where words come from.
#[derive(Deserialize)]
pub(super) struct Annotation {
    pub(super) url: Option<String>,
    pub(super) title: Option<String>,
    pub(super) filename: Option<String>,
    pub(super) file_id: Option<String>,
    pub(super) start_index: Option<u64>,
    pub(super) end_index: Option<u64>,
}

/// <https://platform.openai.com/docs/api-reference/responses/input-tokens>
#[derive(Deserialize)]
pub(super) struct Count {
    pub(super) input_tokens: u64,
}

/// What an answer cost. Some counts came out negative.
#[derive(Deserialize)]
pub(super) struct Tokens {
    pub(super) input_tokens: Option<i64>,
    pub(super) input_tokens_details: Option<InputDetails>,
    pub(super) output_tokens: Option<i64>,
    pub(super) output_tokens_details: Option<OutputDetails>,
}

#[derive(Deserialize)]
pub(super) struct InputDetails {
    pub(super) cached_tokens: Option<i64>,
    pub(super) cache_write_tokens: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct OutputDetails {
    pub(super) reasoning_tokens: Option<i64>,
}
