//! Tools and the choice among them.
//!
//! <https://platform.openai.com/docs/guides/function-calling>

use serde::{Serialize, Serializer, ser::SerializeMap};
use trunkline_core::{
    Json, Tool,
    chat::{ToolChoice, ToolKind},
};

use super::{List, Object};

pub(super) struct Definition<'a> {
    pub(super) tool: &'a Tool,
    pub(super) provider: &'static str,
}

impl Serialize for Definition<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Function<'a> {
            name: &'a str,
            #[serde(skip_serializing_if = "str::is_empty")]
            description: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            parameters: Option<&'a Json>,
            #[serde(skip_serializing_if = "Option::is_none")]
            strict: Option<bool>,
        }
        let Tool {
            name,
            description,
            schema,
            strict,
            kind,
            ext,
            ..
        } = self.tool;
        let mut body = serializer.serialize_map(None)?;
        match kind {
            ToolKind::Custom => {
                body.serialize_entry("type", "custom")?;
                body.serialize_entry(
                    "custom",
                    &Function {
                        name,
                        description,
                        parameters: None,
                        strict: None,
                    },
                )?;
            }
            ToolKind::Hosted(hosted) => {
                body.serialize_entry("type", hosted)?;
                let settings = ext
                    .get(self.provider)
                    .and_then(|json| json.read::<std::collections::BTreeMap<String, Json>>().ok());
                let settings = settings.into_iter().flatten();
                for (name, value) in settings.filter(|(name, _)| name != "type") {
                    body.serialize_entry(&name, &value)?;
                }
            }
            _ => {
                body.serialize_entry("type", "function")?;
                let parameters = schema.as_ref();
                body.serialize_entry(
                    "function",
                    &Function {
                        name,
                        description,
                        parameters,
                        strict: *strict,
                    },
                )?;
            }
        }
        body.end()
    }
}

pub(super) struct Choice<'a> {
    pub(super) choice: &'a ToolChoice,
    pub(super) tools: &'a [Tool],
}

impl Choice<'_> {
    fn named<'a>(&'a self, name: &'a str) -> Named<'a> {
        let tool = self.tools.iter().find(|tool| tool.name == name);
        let name = Object([("name", name)]);
        match tool.map(|tool| &tool.kind) {
            // OpenRouter's are forced by their type, which is all that names them.
            Some(ToolKind::Hosted(hosted)) => Named {
                r#type: hosted,
                function: None,
                custom: None,
            },
            Some(ToolKind::Custom) => Named {
                r#type: "custom",
                function: None,
                custom: Some(name),
            },
            _ => Named {
                r#type: "function",
                function: Some(name),
                custom: None,
            },
        }
    }
}

#[derive(Serialize)]
struct Named<'a> {
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<Object<&'a str, 1>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    custom: Option<Object<&'a str, 1>>,
}

impl Serialize for Choice<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.choice {
            ToolChoice::None => serializer.serialize_str("none"),
            ToolChoice::Required => serializer.serialize_str("required"),
            ToolChoice::Named(name) => self.named(name).serialize(serializer),
            ToolChoice::Allowed(names) => {
                #[derive(Serialize)]
                struct Allowed<T: Serialize> {
                    r#type: &'static str,
                    allowed_tools: Mode<T>,
                }
                #[derive(Serialize)]
                struct Mode<T: Serialize> {
                    mode: &'static str,
                    tools: T,
                }
                let tools = List(names.iter().map(|name| self.named(name)));
                Allowed {
                    r#type: "allowed_tools",
                    allowed_tools: Mode {
                        mode: "auto",
                        tools,
                    },
                }
                .serialize(serializer)
            }
            _ => serializer.serialize_str("auto"),
        }
    }
}
