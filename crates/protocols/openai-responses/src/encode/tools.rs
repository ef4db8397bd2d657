//! Tools and the choice among them.
//!
//! <https://platform.openai.com/docs/guides/function-calling>, <https://platform.openai.com/docs/guides/tools>

use std::collections::BTreeMap;

use trunkline_core::{
    ChatRequest, Ext, Json, Tool,
    chat::{ToolChoice, ToolKind},
};

use crate::{
    Dialect,
    wire::{Choice, Chosen, ToolDef},
};

pub(super) fn definitions(dialect: Dialect, tools: &[Tool]) -> Vec<ToolDef<'_>> {
    let define = |tool| definition(dialect, tool);
    tools.iter().map(define).collect()
}

fn definition(dialect: Dialect, tool: &Tool) -> ToolDef<'_> {
    let (name, description) = (tool.name.as_str(), tool.description.as_str());
    match &tool.kind {
        ToolKind::Custom => ToolDef::Custom {
            name,
            description,
            more: more(dialect, &tool.ext, &["type", "name"]),
        },
        ToolKind::Hosted(hosted) => ToolDef::Hosted {
            r#type: hosted,
            more: more(dialect, &tool.ext, &["type"]),
        },
        ToolKind::Mcp(label) => ToolDef::Mcp {
            server_label: label,
            server_description: description,
            more: more(
                dialect,
                &tool.ext,
                &["type", "server_label", "server_description"],
            ),
        },
        // Left out, `strict` would be true here, and optional parameters be demanded.
        _ => ToolDef::Function {
            name,
            description,
            parameters: tool.schema.as_ref(),
            strict: tool.strict == Some(true),
            more: more(
                dialect,
                &tool.ext,
                &["type", "name", "description", "parameters", "strict"],
            ),
        },
    }
}

/// What only this provider wants to know of something, but for what was said already.
pub(super) fn more(dialect: Dialect, ext: &Ext, said: &[&str]) -> BTreeMap<String, Json> {
    let fields = ext.get(dialect.provider).map(Json::read);
    let mut fields: BTreeMap<String, Json> = fields.and_then(Result::ok).unwrap_or_default();
    fields.retain(|name, _| !said.contains(&name.as_str()));
    fields
}

pub(super) fn choice(request: &ChatRequest) -> Option<Choice<'_>> {
    let choice = request.tool_choice.as_ref();
    let choice = choice.filter(|_| !request.tools.is_empty())?;
    let chosen = |name| chosen(&request.tools, name);
    Some(match choice {
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Required => Choice::Word("required"),
        ToolChoice::Named(name) => Choice::One(chosen(name)),
        ToolChoice::Allowed(names) => Choice::Some(names.iter().map(|name| chosen(name)).collect()),
        _ => Choice::Word("auto"),
    })
}

fn chosen<'a>(tools: &'a [Tool], name: &'a str) -> Chosen<'a> {
    let tool = tools.iter().find(|tool| tool.name == name);
    match tool.map(|tool| &tool.kind) {
        Some(ToolKind::Custom) => Chosen::Custom { name },
        Some(ToolKind::Hosted(hosted)) => Chosen::Hosted { r#type: hosted },
        Some(ToolKind::Mcp(server_label)) => Chosen::Mcp { server_label },
        _ => Chosen::Function { name },
    }
}
