//! Tools, and whether they must be called.
//!
//! <https://platform.claude.com/docs/en/agents-and-tools/tool-use/define-tools>

use std::borrow::Cow;

use trunkline_core::{
    ChatRequest, Json, Tool, Warning,
    chat::{ToolChoice, ToolKind, Warnings},
};

use crate::{
    ORIGIN,
    fields::Fields,
    tools::{name_of, patched, type_of},
    wire::Definition,
};

pub(super) use crate::wire::Choice;

/// The tools of a request.
pub(super) struct Definitions<'a> {
    pub(super) list: Vec<Definition<'a>>,
    /// How many of them have a cache mark.
    pub(super) marked: usize,
}

pub(super) fn definitions<'a>(
    request: &'a ChatRequest,
    warnings: &mut Warnings,
) -> Definitions<'a> {
    let allowed = match &request.tool_choice {
        Some(ToolChoice::Allowed(names)) if !request.tools.is_empty() => {
            let only = "those tools only";
            warnings.push(Warning::coerced("tool_choice", "allowed tools", only));
            Some(names)
        }
        _ => None,
    };
    let mut list = Vec::with_capacity(request.tools.len());
    let mut marked = 0;
    for tool in &request.tools {
        if allowed.is_some_and(|names| !names.contains(&tool.name)) {
            continue;
        }
        let Some(known) = definition(tool) else {
            warnings.push(Warning::unsupported("tools.kind"));
            continue;
        };
        list.push(match tool.ext.get(ORIGIN) {
            Some(more) => {
                let more_fields = more.read::<Fields>();
                marked += usize::from(more_fields.is_ok_and(|more| more.has("cache_control")));
                let known = Json::of(&known).unwrap_or_else(|_| Json::empty_object());
                Definition::Json(patched(&known, more))
            }
            None => known,
        });
    }
    Definitions { list, marked }
}

fn definition(tool: &Tool) -> Option<Definition<'_>> {
    Some(match &tool.kind {
        ToolKind::Function => Definition::Function {
            name: &tool.name,
            description: &tool.description,
            input_schema: match &tool.schema {
                Some(schema) => Cow::Borrowed(schema),
                None => Cow::Owned(crate::tools::json(r#"{"type":"object"}"#)),
            },
            strict: tool.strict,
        },
        ToolKind::Hosted(kind) => {
            let dated = type_of(kind);
            // Who names a tool by its type has not named it.
            let name = match &*tool.name {
                name if name == &**kind => name_of(dated),
                name => name,
            };
            Definition::Hosted {
                r#type: dated.into(),
                name: name.into(),
            }
        }
        ToolKind::Mcp(server) => Definition::Mcp {
            r#type: "mcp_toolset",
            mcp_server_name: server,
        },
        _ => return None,
    })
}

impl Choice<'_> {
    /// Whether a tool must be called.
    pub(super) fn is_forced(&self) -> bool {
        matches!(self.kind, "any" | "tool")
    }
}

/// Whether tools must be called, and how many at once.
pub(super) fn choice<'a>(request: &'a ChatRequest, tools: &[Definition<'_>]) -> Option<Choice<'a>> {
    if tools.is_empty() {
        return None;
    }
    let one_by_one = request.parallel_tools.map(|parallel| !parallel);
    let (kind, name) = match &request.tool_choice {
        None if one_by_one.is_none() => return None,
        Some(ToolChoice::None) => {
            return Some(Choice {
                kind: "none",
                name: None,
                disable_parallel_tool_use: None,
            });
        }
        Some(ToolChoice::Required) => ("any", None),
        Some(ToolChoice::Named(name)) => ("tool", Some(name.as_str())),
        _ => ("auto", None),
    };
    Some(Choice {
        kind,
        name,
        disable_parallel_tool_use: one_by_one,
    })
}
