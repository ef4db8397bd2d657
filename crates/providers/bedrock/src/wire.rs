//! The messages of Converse, as they stand on the wire. Its unions are objects with one field.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize, ser::SerializeMap};
use trunkline_core::{Json, chat::Base64};

/// The body of a request.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ask<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) system: Vec<Block<'a>>,
    pub(crate) messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "Inference::is_empty")]
    pub(crate) inference_config: Inference<'a>,
    #[serde(skip_serializing_if = "Output::is_empty")]
    pub(crate) output_config: Output<'a>,
    #[serde(skip_serializing_if = "Additional::is_empty")]
    pub(crate) additional_model_request_fields: Additional,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_tier: Option<Type<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request_metadata: Option<&'a BTreeMap<String, String>>,
}

/// What one side says.
#[derive(Serialize)]
pub(crate) struct Turn<'a> {
    pub(crate) role: &'static str,
    pub(crate) content: Vec<Block<'a>>,
}

/// `{"type": "…"}`.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Type<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
}

/// A part on its way out. What came from Bedrock and has no name here goes back as it came.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[rustfmt::skip]
pub(crate) enum Block<'a> {
    Text(Cow<'a, str>),
    Json(&'a Json),
    Image(Media<'a>),
    Audio(Media<'a>),
    Video(Media<'a>),
    Document(Document<'a>),
    #[serde(rename_all = "camelCase")]
    ToolUse {
        tool_use_id: &'a str,
        name: &'a str,
        input: Cow<'a, Json>,
        #[serde(rename = "type", skip_serializing_if = "Option::is_none")] kind: Option<&'a str>,
    },
    #[serde(rename_all = "camelCase")]
    ToolResult {
        tool_use_id: &'a str,
        content: Vec<Block<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")] status: Option<&'static str>,
        #[serde(rename = "type", skip_serializing_if = "Option::is_none")] kind: Option<&'a str>,
    },
    ReasoningContent(Thought<'a>),
    CitationsContent {
        #[serde(skip_serializing_if = "Vec::is_empty")] content: Vec<Block<'a>>,
        citations: Vec<&'a Json>,
    },
    CachePoint {
        #[serde(rename = "type")] kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")] ttl: Option<&'static str>,
    },
    #[serde(untagged)]
    Unknown(&'a Json),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Thought<'a> {
    ReasoningText { text: &'a str, signature: &'a str },
    RedactedContent(&'a str),
}

#[derive(Serialize)]
pub(crate) struct Media<'a> {
    pub(crate) format: &'a str,
    pub(crate) source: Source<'a>,
}

#[derive(Serialize)]
pub(crate) struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) format: Option<&'a str>,
    pub(crate) name: Cow<'a, str>,
    pub(crate) source: Source<'a>,
    #[serde(flatten)]
    pub(crate) more: DocumentExt,
}

/// What a document may have in a part's `ext` of Bedrock.
#[derive(Default, Deserialize, Serialize)]
pub(crate) struct DocumentExt {
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    citations: Option<Citations>,
}

#[derive(Deserialize, Serialize)]
struct Citations {
    enabled: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Source<'a> {
    Bytes(Base64<'a>),
    S3Location { uri: &'a str },
    Text(&'a str),
}

#[derive(Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Inference<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) stop_sequences: &'a [String],
}

impl Inference<'_> {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolConfig<'a> {
    pub(crate) tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tool_choice: Option<Choice<'a>>,
}

#[derive(Serialize)]
#[rustfmt::skip]
pub(crate) enum Tool<'a> {
    #[serde(rename = "toolSpec", rename_all = "camelCase")]
    Spec {
        name: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")] description: &'a str,
        input_schema: InputSchema<'a>,
        #[serde(skip_serializing_if = "Option::is_none")] strict: Option<bool>,
    },
    #[serde(rename = "systemTool")]
    System { name: &'a str },
    #[serde(untagged)]
    Unknown(&'a Json),
}

#[derive(Serialize)]
pub(crate) struct InputSchema<'a> {
    pub(crate) json: Cow<'a, Json>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Choice<'a> {
    Auto {},
    Any {},
    Tool { name: &'a str },
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text_format: Option<TextFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effort: Option<&'static str>,
}

impl Output<'_> {
    fn is_empty(&self) -> bool {
        self.text_format.is_none() && self.effort.is_none()
    }
}

/// A schema, which Converse takes as a text.
pub(crate) struct TextFormat<'a> {
    pub(crate) name: &'a str,
    pub(crate) schema: &'a str,
}

impl Serialize for TextFormat<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Structure<'a> {
            json_schema: Schema<'a>,
        }
        #[derive(Serialize)]
        struct Schema<'a> {
            name: &'a str,
            schema: &'a str,
        }
        let (name, schema) = (self.name, self.schema);
        let mut format = serializer.serialize_map(Some(2))?;
        format.serialize_entry("type", "json_schema")?;
        let json_schema = Schema { name, schema };
        format.serialize_entry("structure", &Structure { json_schema })?;
        format.end()
    }
}

/// What Converse passes on to the model as it comes, each in the words of its family.
#[derive(Default, PartialEq, Serialize)]
pub(crate) struct Additional {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) thinking: Option<Thinking>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning_config: Option<&'static str>,
    #[serde(rename = "reasoningConfig", skip_serializing_if = "Option::is_none")]
    pub(crate) nova_reasoning: Option<NovaReasoning>,
    #[serde(rename = "inferenceConfig", skip_serializing_if = "Option::is_none")]
    pub(crate) nova_inference: Option<NovaInference>,
}

impl Additional {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(PartialEq, Serialize)]
pub(crate) struct Thinking {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) budget_tokens: Option<u32>,
}

#[derive(PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NovaReasoning {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_reasoning_effort: Option<&'static str>,
}

#[derive(PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NovaInference {
    pub(crate) top_k: u64,
}
