//! What a request asks for that this dialect cannot say: one warning for each.

use serde_json::value::RawValue;
use trunkline_core::{
    ChatRequest, Content, Part, Role, Warning,
    chat::{Source, ToolChoice, ToolKind, ToolStatus, Warnings},
    protocol::survey,
};

use crate::{Dialect, ReasoningReplay};

pub(super) fn settings(dialect: Dialect, request: &ChatRequest, warnings: &mut Warnings) {
    let can = dialect.capabilities;
    survey(can, request, warnings);
    if let Some(ToolChoice::Allowed(_)) = request.tool_choice
        && can.tool_choice
        && !dialect.allowed_tools
    {
        warnings.push(Warning::coerced(
            "tool_choice",
            "allowed tools",
            "those tools only",
        ));
    }
    for tool in &request.tools {
        if let ToolKind::Mcp(_) = tool.kind {
            warnings.push(Warning::unsupported("tools.mcp"));
        }
    }
}

pub(super) fn messages(dialect: Dialect, request: &ChatRequest, warnings: &mut Warnings) {
    for message in &request.messages {
        if message.role == Role::Developer && !dialect.developer_role {
            warnings.push(Warning::coerced("role", "developer", "system"));
        }
        warnings.unsupported_if(message.name.is_some() && !dialect.names, "name");
        for part in &message.parts {
            self::part(dialect, message.role, part, warnings);
        }
    }
}

fn part(dialect: Dialect, role: Role, part: &Part, warnings: &mut Warnings) {
    if let Some(state) = &part.state {
        let goes = signature_of(dialect, part).is_some()
            || STATES
                .iter()
                .any(|name| state_of(dialect, part, name).is_some());
        if !goes || role != Role::Assistant {
            warnings.push(Warning::StateDropped {
                kind: state.kind.clone(),
            });
        }
    }
    match &part.content {
        Content::Media(_) if role == Role::Assistant && super::message::is_spoken(part) => {}
        Content::Media(media) => {
            if let Some(feature) = super::message::unsendable(dialect, role, media) {
                warnings.push(Warning::unsupported(feature));
            }
        }
        Content::ToolResult(result) => {
            if result.status != ToolStatus::Ok {
                let status = match result.status {
                    ToolStatus::Denied => "denied",
                    ToolStatus::Incomplete => "incomplete",
                    _ => "error",
                };
                warnings.push(Warning::coerced("tool_result.status", status, "text"));
            }
            if result
                .output
                .iter()
                .any(|part| !matches!(part.content, Content::Text(_)))
            {
                warnings.push(Warning::unsupported("tool_result.media"));
            }
        }
        Content::Reasoning(_)
            if dialect.reasoning_replay.is_some() && !is_from_here(dialect, part) =>
        {
            let provider = part.origin.as_ref().map_or("", |origin| &*origin.provider);
            warnings.push(Warning::StateDropped {
                kind: format!("{provider}.reasoning").into(),
            });
        }
        Content::Opaque(opaque) if !opaque.is_of(dialect.provider) => {
            warnings.push(Warning::StateDropped {
                kind: opaque.kind.clone(),
            });
        }
        Content::CachePoint(_) => warnings.push(Warning::unsupported("cache_point")),
        Content::Approval(_) => warnings.push(Warning::unsupported("approval")),
        Content::Reasoning(reasoning) if reasoning.redacted && part.state.is_none() => {
            warnings.push(Warning::unsupported("reasoning.redacted"));
        }
        _ => {}
    }
}

/// Whether a part is this provider's own, or the application's.
pub(super) fn is_from_here(dialect: Dialect, part: &Part) -> bool {
    part.origin
        .as_ref()
        .is_none_or(|origin| &*origin.provider == dialect.provider)
}

/// The fields of a message or a call in which providers want their state back.
const STATES: [&str; 2] = ["reasoning_details", "extra_content"];

/// The state of a part that goes back in the field `name`.
pub(super) fn state_of<'a>(dialect: Dialect, part: &'a Part, name: &str) -> Option<&'a RawValue> {
    // A call has but one of them.
    if matches!(part.content, Content::ToolCall(_)) && name != "extra_content" {
        return None;
    }
    serde_json::from_str(part.state_of(dialect.provider, name)?).ok()
}

/// The signature of a thought that goes back as a piece of content.
pub(super) fn signature_of(dialect: Dialect, part: &Part) -> Option<&str> {
    let goes = dialect.reasoning_replay == Some(ReasoningReplay::Piece)
        && matches!(part.content, Content::Reasoning(_));
    part.state_of(dialect.provider, "signature")
        .filter(|_| goes)
}

/// Whether the file is one that this provider stores.
pub(super) fn file_of(dialect: Dialect, source: &Source) -> Option<&str> {
    match source {
        Source::File(ids) => ids.get(dialect.provider).map(String::as_str),
        _ => None,
    }
}
