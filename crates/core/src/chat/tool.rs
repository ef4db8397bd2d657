//! Tools, their calls and their results.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Part;
use crate::{Error, ErrorKind, Ext, Json, Result};

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Tool {
    /// How the model calls it.
    pub name: String,
    /// When to call it, and what it gives.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// JSON schema of its arguments; `None` for a tool that the provider brings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Json>,
    /// Whether the provider shall hold the model to the schema; `None` leaves it to the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// What kind of tool it is.
    #[serde(default)]
    pub kind: ToolKind,
    /// What providers want to know beyond, by provider id.
    #[serde(default, skip_serializing_if = "Ext::is_empty")]
    pub ext: Ext,
}

/// What kind of tool it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolKind {
    /// The application runs it, on JSON arguments.
    #[default]
    Function,
    /// The application runs it, on text.
    Custom,
    /// The provider runs it; its name there.
    Hosted(Box<str>),
    /// A server of the Model Context Protocol runs it; the server's label.
    Mcp(Box<str>),
}

/// The id that ties a result to its call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(Box<str>);

impl CallId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: Into<Box<str>>> From<T> for CallId {
    fn from(id: T) -> Self {
        Self(id.into())
    }
}

/// The model calls a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// Ties the result to this call.
    pub id: CallId,
    /// Whether the id is ours, because the provider gave none.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic_id: bool,
    /// Which tool.
    pub name: String,
    /// The arguments.
    pub input: ToolInput,
    /// What kind of tool.
    #[serde(default)]
    pub kind: ToolKind,
    /// Who runs it.
    #[serde(default)]
    pub executor: Executor,
}

/// The arguments of a call, as the model wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolInput {
    /// JSON, its text unchanged.
    Json(Json),
    /// Text, for custom tools.
    Text(String),
    /// Meant to be JSON and is not: the model erred, or was cut. Never repaired.
    Invalid {
        /// What the model wrote.
        raw: String,
        /// What is wrong with it.
        error: String,
    },
}

/// Who runs a tool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Executor {
    /// The application.
    #[default]
    Client,
    /// The provider.
    Provider,
}

/// What a tool answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolResult {
    /// The call it answers.
    pub call: CallId,
    /// Which tool; some providers want it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How it went.
    #[serde(default)]
    pub status: ToolStatus,
    /// The answer: text, images, documents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub output: Vec<Part>,
    /// The answer as JSON, where the tool gave it so.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "crate::json::present"
    )]
    pub json: Option<Json>,
    /// Who ran it.
    #[serde(default)]
    pub executor: Executor,
    /// More will follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preliminary: bool,
}

/// How a tool's run went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolStatus {
    /// Well.
    #[default]
    Ok,
    /// It failed; the output says how.
    Error,
    /// It was not allowed to run.
    Denied,
    /// It was stopped before its end.
    Incomplete,
}

impl Tool {
    /// A tool that the application runs, with the JSON schema of its arguments.
    pub fn new(
        name: impl Into<String>,
        description: impl Into<String>,
        schema: impl Into<Json>,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            schema: Some(schema.into()),
            strict: None,
            kind: ToolKind::Function,
            ext: Ext::default(),
        }
    }

    /// A tool that the provider brings, by its name there: `web_search`.
    pub fn hosted(name: impl Into<String>) -> Self {
        let name = name.into();
        Self {
            kind: ToolKind::Hosted(name.as_str().into()),
            name,
            description: String::new(),
            schema: None,
            strict: None,
            ext: Ext::default(),
        }
    }

    /// Holds the model to the schema, or not.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = Some(strict);
        self
    }
}

impl ToolCall {
    /// A call that the application shall run.
    pub fn new(id: impl Into<CallId>, name: impl Into<String>, input: ToolInput) -> Self {
        Self {
            id: id.into(),
            synthetic_id: false,
            name: name.into(),
            input,
            kind: ToolKind::Function,
            executor: Executor::Client,
        }
    }

    /// Reads the arguments.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`]: the model wrote arguments that are no JSON, or that do not fit `T`.
    /// Give the error's text back as the result of the call, and most models try again.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T> {
        let wrong = |what: String| {
            let name = &self.name;
            Error::new(
                ErrorKind::Decode,
                format!("the arguments that the model wrote for `{name}` {what}"),
            )
        };
        match &self.input {
            ToolInput::Json(json) => json
                .read()
                .map_err(|error| wrong(format!("do not fit: {}", position(&error)))),
            ToolInput::Text(text) => {
                serde_json::from_value(serde_json::Value::String(text.clone()))
                    .map_err(|error| wrong(format!("do not fit: {}", position(&error))))
            }
            ToolInput::Invalid { error, .. } => Err(wrong(format!("are no JSON: {error}"))),
        }
    }

    /// The arguments as text, as the model wrote them.
    pub fn arguments(&self) -> &str {
        match &self.input {
            ToolInput::Json(json) => json.get(),
            ToolInput::Text(text) => text,
            ToolInput::Invalid { raw, .. } => raw,
        }
    }

    /// The arguments as JSON, for wires that want an object: what the model wrote wrong is the text
    /// that it wrote.
    pub fn arguments_json(&self) -> Cow<'_, Json> {
        match &self.input {
            ToolInput::Json(json) => Cow::Borrowed(json),
            _ => Cow::Owned(Json::of(self.arguments()).unwrap_or_else(|_| Json::null())),
        }
    }

    /// Whether the arguments are whole. Never run a call that is not.
    pub fn is_complete(&self) -> bool {
        !matches!(self.input, ToolInput::Invalid { .. })
    }
}

/// What serde found wrong, without the value it found it in: values are the model's words.
pub(crate) fn position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let shown = match error.classify() {
        serde_json::error::Category::Data
            if text.starts_with("invalid ") || text.starts_with("unknown ") =>
        {
            let expected = text
                .find("expected")
                .and_then(|at| text.get(at..))
                .unwrap_or("another value");
            format!("a value is not what was asked for, {expected}")
        }
        _ => text,
    };
    shown.replace(" at line 0 column 0", "")
}

impl ToolInput {
    /// What a model wrote as JSON arguments. Nothing at all means the empty object.
    pub fn from_text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.trim().is_empty() {
            return Self::Json(Json::empty_object());
        }
        match serde_json::from_str::<&serde_json::value::RawValue>(&text) {
            Ok(raw) if raw.get().len() == text.len() => {
                Json::parse(text).map_or_else(|_| Self::Json(Json::empty_object()), Self::Json)
            }
            Ok(raw) => Self::Json(raw.into()),
            Err(error) => Self::Invalid {
                error: error.to_string(),
                raw: text,
            },
        }
    }
}

impl ToolResult {
    /// What the tool answered, as one text: its JSON, or all words of its output.
    pub fn to_text(&self) -> Cow<'_, str> {
        match (self.output.as_slice(), &self.json) {
            ([], Some(json)) => Cow::Borrowed(json.get()),
            ([one], _) => Cow::Borrowed(one.as_text().unwrap_or_default()),
            (parts, _) => parts.iter().filter_map(Part::as_text).collect(),
        }
    }

    /// The answer of a tool, in words.
    pub fn text(call: impl Into<CallId>, output: impl Into<String>) -> Self {
        Self {
            call: call.into(),
            name: None,
            status: ToolStatus::Ok,
            output: vec![Part::text(output)],
            json: None,
            executor: Executor::Client,
            preliminary: false,
        }
    }

    /// Sets how it went.
    #[must_use]
    pub fn status(mut self, status: ToolStatus) -> Self {
        self.status = status;
        self
    }
}
