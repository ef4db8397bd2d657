//! The messages of Cohere's chat, as they stand on the wire. What is unknown there is ignored, and
//! what may be absent is an `Option`: a field that Cohere adds tomorrow breaks nobody.
//!
//! <https://docs.cohere.com/reference/chat>, <https://docs.cohere.com/reference/chat-stream>

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use trunkline_core::{
    Json,
    chat::{Base64, MediaType},
};

/// The body of a request.
#[derive(Serialize)]
pub(crate) struct Ask<'a> {
    pub(crate) model: &'a str,
    pub(crate) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) documents: Vec<Listed<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) strict_tools: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) presence_penalty: Option<f64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) logprobs: bool,
    pub(crate) stream: bool,
}

/// What one side says.
#[derive(Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
#[rustfmt::skip]
pub(crate) enum Turn<'a> {
    System { content: Words<'a> },
    User { content: Words<'a> },
    Assistant(Assistant<'a>),
    Tool { tool_call_id: &'a str, content: Words<'a> },
}

#[derive(Default, Serialize)]
pub(crate) struct Assistant<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) content: Vec<Block<'a>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) tool_plan: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) citations: Vec<&'a Json>,
}

/// A sole text is the shorter form of a list of one.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Words<'a> {
    Text(&'a str),
    Blocks(Vec<Block<'a>>),
}

/// A part on its way out. What came from Cohere and has no name here goes back as it came.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[rustfmt::skip]
pub(crate) enum Block<'a> {
    Text { text: &'a str },
    Thinking { thinking: &'a str },
    ImageUrl { image_url: ImageUrl<'a> },
    Document { document: Document<'a> },
    #[serde(untagged)]
    Unknown(&'a Json),
}

#[derive(Serialize)]
pub(crate) struct ImageUrl<'a> {
    pub(crate) url: Address<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<&'static str>,
}

/// Where an image is: on the web, or here, written into the body without a copy between.
#[derive(Clone, Copy)]
pub(crate) enum Address<'a> {
    Url(&'a str),
    Data(&'a MediaType, Base64<'a>),
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Data(media_type, bytes) => write!(f, "data:{media_type};base64,{bytes}"),
        }
    }
}

impl Serialize for Address<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One of the request's documents: of its messages, or of its options.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Listed<'a> {
    Ours(Document<'a>),
    Given(&'a RawValue),
}

#[derive(Serialize)]
pub(crate) struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<&'a str>,
    pub(crate) data: Fields<'a>,
}

/// The fields of a document: its own where it is a JSON object.
#[derive(Serialize)]
#[serde(untagged)]
#[rustfmt::skip]
pub(crate) enum Fields<'a> {
    Own(&'a RawValue),
    Text {
        #[serde(skip_serializing_if = "Option::is_none")] title: Option<&'a str>,
        text: &'a str,
    },
}

#[derive(Serialize)]
#[serde(untagged)]
#[rustfmt::skip]
pub(crate) enum Call<'a> {
    Function {
        id: &'a str,
        #[serde(rename = "type")] kind: &'static str,
        function: Function<'a>,
    },
    Unknown(&'a Json),
}

#[derive(Serialize)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    pub(crate) arguments: &'a str,
}

#[derive(Serialize)]
pub(crate) struct Tool<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) function: Described<'a>,
}

#[derive(Serialize)]
pub(crate) struct Described<'a> {
    pub(crate) name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) description: &'a str,
    pub(crate) parameters: Cow<'a, Json>,
}

#[derive(Serialize)]
pub(crate) struct ResponseFormat<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) json_schema: Option<Cow<'a, Json>>,
}

#[derive(Serialize)]
pub(crate) struct Thinking {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_budget: Option<u64>,
}

/// A whole answer.
#[derive(Deserialize)]
pub(crate) struct Answer<'a> {
    pub(crate) id: Option<String>,
    /// The message of the assistant; a string if this is an error.
    #[serde(borrow)]
    pub(crate) message: Option<&'a RawValue>,
    pub(crate) finish_reason: Option<String>,
    pub(crate) usage: Option<Json>,
    pub(crate) logprobs: Option<Json>,
}

#[derive(Deserialize)]
pub(crate) struct Message<'a> {
    #[serde(borrow)]
    pub(crate) content: Option<Vec<&'a RawValue>>,
    pub(crate) tool_plan: Option<String>,
    #[serde(borrow)]
    pub(crate) tool_calls: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(crate) citations: Option<Vec<&'a RawValue>>,
}

/// Any event of a stream; its `type` says which fields count.
#[derive(Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(rename = "type", borrow)]
    pub(crate) kind: Option<Cow<'a, str>>,
    pub(crate) id: Option<String>,
    pub(crate) index: Option<u32>,
    #[serde(borrow)]
    pub(crate) delta: Option<Delta<'a>>,
    pub(crate) logprobs: Option<Json>,
}

#[derive(Default, Deserialize)]
pub(crate) struct Delta<'a> {
    #[serde(borrow)]
    pub(crate) message: Option<Said<'a>>,
    pub(crate) finish_reason: Option<String>,
    pub(crate) usage: Option<Json>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

/// What an event adds: one thing, where `message-start` has empty lists.
#[derive(Default, Deserialize)]
pub(crate) struct Said<'a> {
    #[serde(borrow)]
    pub(crate) content: Option<&'a RawValue>,
    pub(crate) tool_plan: Option<String>,
    #[serde(borrow)]
    pub(crate) tool_calls: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) citations: Option<&'a RawValue>,
}

/// A block of content that comes in, or a piece of one.
#[derive(Deserialize)]
pub(crate) struct Piece {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) thinking: Option<String>,
}

/// A call that comes in, or a piece of its arguments.
#[derive(Deserialize)]
pub(crate) struct Called {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) function: Option<Named>,
}

#[derive(Default, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: Option<String>,
    pub(crate) arguments: Option<String>,
}
