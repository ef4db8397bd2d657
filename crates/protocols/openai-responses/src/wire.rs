//! A request of the Responses API as it stands on the wire.
//!
//! <https://platform.openai.com/docs/api-reference/responses/create>

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Serialize, Serializer, ser::SerializeMap};
use trunkline_core::{Json, chat::Base64};

/// The body of a request.
#[derive(Serialize)]
pub(crate) struct Body<'a> {
    pub(crate) model: &'a str,
    pub(crate) input: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_output_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_logprobs: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<ToolDef<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<TextSettings<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_tier: Option<&'a str>,
    #[serde(flatten)]
    pub(crate) user: BTreeMap<&'static str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) metadata: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) include: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) store: Option<bool>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) stream: bool,
}

/// An item of the conversation on its way out. What came from the provider as an item of its own goes
/// back as it came.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Item<'a> {
    Message(Message<'a>),
    FunctionCall {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        call_id: &'a str,
        name: &'a str,
        arguments: &'a str,
        #[serde(flatten)]
        more: BTreeMap<String, Json>,
    },
    CustomToolCall {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        call_id: &'a str,
        name: &'a str,
        input: &'a str,
        #[serde(flatten)]
        more: BTreeMap<String, Json>,
    },
    FunctionCallOutput(Output<'a>),
    CustomToolCallOutput(Output<'a>),
    Reasoning {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        summary: Vec<Piece<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        content: Vec<Piece<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<&'a str>,
    },
    McpApprovalResponse {
        approval_request_id: &'a str,
        approve: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'a str>,
    },
    #[serde(untagged)]
    Raw(Cow<'a, Json>),
}

#[derive(Serialize)]
pub(crate) struct Message<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    pub(crate) role: &'static str,
    pub(crate) content: Vec<Piece<'a>>,
    /// Items with an id say how they ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<&'static str>,
    #[serde(flatten)]
    pub(crate) more: BTreeMap<String, Json>,
}

#[derive(Serialize)]
pub(crate) struct Output<'a> {
    pub(crate) call_id: &'a str,
    pub(crate) output: Told<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<&'static str>,
}

/// What a tool answered: one text, or pieces.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Told<'a> {
    Text(Cow<'a, str>),
    Pieces(Vec<Piece<'a>>),
}

/// A piece of a message, with the place where a cache may end after it.
#[derive(Serialize)]
pub(crate) struct Piece<'a> {
    #[serde(flatten)]
    pub(crate) what: What<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_cache_breakpoint: Option<Breakpoint>,
}

#[derive(Serialize)]
pub(crate) struct Breakpoint {
    pub(crate) mode: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum What<'a> {
    InputText {
        text: &'a str,
    },
    OutputText {
        text: &'a str,
        annotations: Vec<&'a Json>,
    },
    SummaryText {
        text: &'a str,
    },
    ReasoningText {
        text: &'a str,
    },
    Refusal {
        refusal: &'a str,
    },
    InputImage {
        #[serde(skip_serializing_if = "Option::is_none")]
        image_url: Option<Place<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<&'a str>,
        detail: &'static str,
    },
    InputFile {
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_data: Option<Place<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_url: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<&'a str>,
    },
}

/// Where bytes are: at an address, or here, written without a copy between.
pub(crate) enum Place<'a> {
    Url(&'a str),
    Bytes(&'a str, Base64<'a>),
}

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Url(url) => serializer.serialize_str(url),
            Self::Bytes(media_type, bytes) => {
                serializer.collect_str(&format_args!("data:{media_type};base64,{bytes}"))
            }
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ToolDef<'a> {
    Function {
        name: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        description: &'a str,
        parameters: Option<&'a Json>,
        strict: bool,
        #[serde(flatten)]
        more: BTreeMap<String, Json>,
    },
    Custom {
        name: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        description: &'a str,
        #[serde(flatten)]
        more: BTreeMap<String, Json>,
    },
    Mcp {
        server_label: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        server_description: &'a str,
        #[serde(flatten)]
        more: BTreeMap<String, Json>,
    },
    #[serde(untagged)]
    Hosted {
        r#type: &'a str,
        #[serde(flatten)]
        more: BTreeMap<String, Json>,
    },
}

/// Whether and which tool must be called.
pub(crate) enum Choice<'a> {
    Word(&'static str),
    One(Chosen<'a>),
    Some(Vec<Chosen<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Chosen<'a> {
    Function {
        name: &'a str,
    },
    Custom {
        name: &'a str,
    },
    Mcp {
        server_label: &'a str,
    },
    #[serde(untagged)]
    Hosted {
        r#type: &'a str,
    },
}

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Word(word) => serializer.serialize_str(word),
            Self::One(tool) => tool.serialize(serializer),
            Self::Some(tools) => {
                let mut choice = serializer.serialize_map(Some(3))?;
                choice.serialize_entry("type", "allowed_tools")?;
                choice.serialize_entry("mode", "auto")?;
                choice.serialize_entry("tools", tools)?;
                choice.end()
            }
        }
    }
}

#[derive(Serialize)]
pub(crate) struct TextSettings<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<Form<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verbosity: Option<Json>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Form<'a> {
    Text,
    JsonObject,
    JsonSchema {
        name: &'a str,
        schema: &'a Json,
        strict: bool,
    },
}

#[derive(Serialize)]
pub(crate) struct Thinking {
    pub(crate) effort: &'static str,
}
