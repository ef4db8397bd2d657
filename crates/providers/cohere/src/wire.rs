//! The messages of Cohere's API, as they stand on the wire. What is unknown there is ignored, and
//! what may be absent is an `Option`: a field that Cohere adds tomorrow breaks nobody.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use trunkline_core::Json;

use crate::error::Fault;

/// The body of a request.
#[derive(Serialize)]
pub(crate) struct Ask<'a> {
    pub(crate) model: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) instructions: &'a str,
    pub(crate) turns: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) stop: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_use: Option<ToolUse<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stream: bool,
}

/// What one side says.
#[derive(Serialize)]
pub(crate) struct Turn<'a> {
    pub(crate) by: &'static str,
    pub(crate) parts: Vec<Say<'a>>,
}

/// A part on its way out. What came from Cohere and has no name here goes back as it came.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[rustfmt::skip]
pub(crate) enum Say<'a> {
    Text { text: &'a str },
    Call { id: &'a str, tool: &'a str, arguments: Cow<'a, Json> },
    Result { id: &'a str, text: Cow<'a, str>, failed: bool },
    #[serde(untagged)]
    Unknown(&'a Json),
}

#[derive(Serialize)]
pub(crate) struct Tool<'a> {
    pub(crate) name: &'a str,
    pub(crate) description: &'a str,
    pub(crate) parameters: Option<&'a Json>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ToolUse<'a> {
    Auto,
    Never,
    Must,
    Only(&'a str),
}

/// A whole answer; the events `begin` and `end` have some of it each.
#[derive(Deserialize)]
pub(crate) struct Answer {
    pub(crate) id: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) parts: Option<Vec<Json>>,
    pub(crate) ended: Option<String>,
    pub(crate) tokens: Option<Json>,
    pub(crate) fault: Option<Fault>,
}

/// The event `part`, which begins one, and `more`, by which one grows.
#[derive(Deserialize)]
pub(crate) struct Piece {
    pub(crate) at: u64,
    pub(crate) part: Option<Json>,
    pub(crate) text: Option<String>,
    pub(crate) arguments: Option<String>,
}

/// A part that comes in, read by its kind.
#[derive(Deserialize)]
pub(crate) struct Said {
    pub(crate) kind: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) tool: Option<String>,
    pub(crate) arguments: Option<Json>,
}

#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) read: Option<u64>,
    pub(crate) written: Option<u64>,
}
