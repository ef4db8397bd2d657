//! The messages of the API, as they stand on the wire. What comes in is read by its `type` first;
//! fields that are unknown are ignored, and what may be absent is an `Option`.
//!
//! <https://platform.claude.com/docs/en/api/messages/create>,
//! <https://platform.claude.com/docs/en/build-with-claude/streaming>

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use trunkline_core::{
    Json,
    chat::{Base64, Ttl},
};

/// The body of a request.
#[derive(Default, Serialize)]
pub(crate) struct Ask<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) anthropic_version: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) system: Vec<Block<'a>>,
    pub(crate) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Definition<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_tier: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stream: bool,
}

/// What one side says.
#[derive(Serialize)]
pub(crate) struct Turn<'a> {
    pub(crate) role: &'static str,
    pub(crate) content: Vec<Block<'a>>,
}

/// A block on its way out.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Block<'a> {
    Known(Known<'a>),
    /// As it came from the provider, or with fields that have no name here.
    Json(Cow<'a, Json>),
}

#[derive(Serialize)]
pub(crate) struct Known<'a> {
    #[serde(flatten)]
    pub(crate) content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Content<'a> {
    Text {
        text: &'a str,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        citations: Vec<&'a Json>,
    },
    Image {
        source: Source<'a>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
    },
    Thinking {
        thinking: &'a str,
        signature: &'a str,
    },
    RedactedThinking {
        data: &'a str,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: Cow<'a, Json>,
    },
    ServerToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        input: Cow<'a, Json>,
    },
    McpToolUse {
        id: Cow<'a, str>,
        name: &'a str,
        server_name: &'a str,
        input: Cow<'a, Json>,
    },
    ToolResult {
        tool_use_id: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<Output<'a>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Output<'a> {
    Text(&'a str),
    Blocks(Vec<Block<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[rustfmt::skip]
pub(crate) enum Source<'a> {
    Base64 { media_type: &'a str, data: Data<'a> },
    Url { url: &'a str },
    File { file_id: &'a str },
    Text { media_type: &'static str, data: Cow<'a, str> },
}

#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Data<'a> {
    Bytes(Base64<'a>),
    /// Base64 already.
    Text(&'a str),
}

#[derive(Clone, Copy, Serialize)]
pub(crate) struct CacheControl {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<Ttl>,
}

impl CacheControl {
    pub(crate) fn ephemeral(ttl: Option<Ttl>) -> Self {
        let kind = "ephemeral";
        Self { kind, ttl }
    }
}

/// A tool that the model may call.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Definition<'a> {
    Function {
        name: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        description: &'a str,
        input_schema: Cow<'a, Json>,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
    Hosted {
        r#type: Cow<'a, str>,
        name: Cow<'a, str>,
    },
    Mcp {
        r#type: &'static str,
        mcp_server_name: &'a str,
    },
    /// With fields that have no name here.
    Json(Json),
}

#[derive(Serialize)]
pub(crate) struct Choice<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) disable_parallel_tool_use: Option<bool>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Thinking {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) budget_tokens: Option<u64>,
}

#[derive(Serialize)]
pub(crate) struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<OutputFormat<'a>>,
}

#[derive(Serialize)]
pub(crate) struct OutputFormat<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) schema: &'a Json,
}

#[derive(Serialize)]
pub(crate) struct Metadata<'a> {
    pub(crate) user_id: &'a str,
}

/// A name, which costs nothing to read.
#[derive(Deserialize)]
pub(crate) struct Name<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A name that may be absent.
pub(crate) fn name<'a>(name: &'a Option<Name<'_>>) -> &'a str {
    name.as_ref().map_or("", |name| &name.0)
}

/// An event of a stream. Its parts are read once the `type` says what they are.
#[derive(Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Option<Name<'a>>,
    pub(crate) index: Option<u64>,
    #[serde(borrow)]
    pub(crate) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) delta: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) usage: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) context_management: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

/// By what a block grows.
#[derive(Deserialize)]
pub(crate) struct Grown<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Option<Name<'a>>,
    pub(crate) text: Option<String>,
    pub(crate) thinking: Option<String>,
    pub(crate) signature: Option<String>,
    pub(crate) partial_json: Option<String>,
    pub(crate) citation: Option<Json>,
}

/// What a call cost.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) input_tokens: Option<u64>,
    pub(crate) cache_read_input_tokens: Option<u64>,
    pub(crate) cache_creation_input_tokens: Option<u64>,
    pub(crate) cache_creation: Option<CacheCreation>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) output_tokens_details: Option<OutputDetails>,
    pub(crate) server_tool_use: Option<Json>,
    pub(crate) iterations: Option<Vec<Json>>,
}

#[derive(Deserialize)]
pub(crate) struct CacheCreation {
    pub(crate) ephemeral_5m_input_tokens: Option<u64>,
    pub(crate) ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Deserialize)]
pub(crate) struct OutputDetails {
    pub(crate) thinking_tokens: Option<u64>,
}

/// A citation, whatever it points into.
#[derive(Deserialize)]
pub(crate) struct Cited {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) cited_text: Option<String>,
    pub(crate) document_index: Option<u64>,
    pub(crate) document_title: Option<String>,
    pub(crate) file_id: Option<String>,
    pub(crate) start_char_index: Option<u64>,
    pub(crate) end_char_index: Option<u64>,
    pub(crate) start_page_number: Option<u64>,
    pub(crate) end_page_number: Option<u64>,
    pub(crate) start_block_index: Option<u64>,
    pub(crate) end_block_index: Option<u64>,
    pub(crate) search_result_index: Option<u64>,
    pub(crate) source: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) url: Option<String>,
}
