//! Settings that only Text Generation Inference takes.

use serde::Serialize;
use trunkline_core::Json;

trunkline_core::options! {
    /// What only Text Generation Inference takes of a chat, beside the settings that all providers
    /// share.
    ///
    /// <https://huggingface.co/docs/text-generation-inference/basic_tutorials/using_guidance>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_tgi::{Grammar, Options};
    ///
    /// let digits = Options::new().response_format(Grammar::regex("[0-9]{4}"));
    /// let request = ChatRequest::from("When did Nansen ski over Greenland?").option(digits);
    /// let sent = request.options["tgi"].get();
    /// assert_eq!(sent, r#"{"response_format":{"type":"regex","value":"[0-9]{4}"}}"#);
    /// ```
    pub struct Options for "tgi" {
        /// What the answer is held to. There may be no tools beside it.
        response_format: Grammar,
        /// What is put after the tools in the prompt, instead of the server's own words.
        tool_prompt: String,
    }
}

/// What a model is held to as it writes. The server compiles it, and keeps it for the next request.
///
/// <https://huggingface.co/docs/text-generation-inference/conceptual/guidance>
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Grammar {
    /// A JSON schema, which needs `properties`.
    Json(Json),
    /// A regular expression.
    Regex(String),
    /// A JSON schema with a name, since version 3.3.0.
    JsonSchema(NamedSchema),
}

/// A JSON schema with a name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NamedSchema {
    /// What it is called.
    pub name: String,
    /// The schema, which needs `properties`.
    pub schema: Json,
}

impl Grammar {
    /// A JSON schema, which needs `properties`.
    pub fn json(schema: impl Into<Json>) -> Self {
        Self::Json(schema.into())
    }

    /// A regular expression, over the whole answer.
    pub fn regex(pattern: impl Into<String>) -> Self {
        Self::Regex(pattern.into())
    }

    /// A JSON schema with a name, since version 3.3.0 of the server; [`json`](Self::json) does the
    /// same on all versions.
    pub fn json_schema(name: impl Into<String>, schema: impl Into<Json>) -> Self {
        let (name, schema) = (name.into(), schema.into());
        Self::JsonSchema(NamedSchema { name, schema })
    }
}
