//! What protocols need to write and read bodies.

use std::{collections::BTreeMap, time::SystemTime};

use serde::{Deserialize, Serialize};

use super::hints::rfc3339;
use crate::{
    ChatRequest, Content, Error, ErrorKind, Json, Message, Part, Result, Role, Tool, Warning,
    chat::{Source, ToolChoice, ToolKind, Warnings},
};

/// Reads JSON of a provider.
///
/// # Errors
///
/// [`Decode`](crate::ErrorKind::Decode), with the place and without what stands there.
pub fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T> {
    // Cheaper than asking of every string whether it is UTF-8.
    let value = match std::str::from_utf8(json) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(json),
    };
    value.map_err(|cause| {
        let (line, column) = (cause.line(), cause.column());
        let what =
            format!("the answer has another form than documented (line {line}, column {column})");
        Error::decode(what).with_source(cause)
    })
}

/// Seconds since 1970 of a moment as RFC 3339 writes it; `None` for what is none, or before.
///
/// ```
/// use trunkline_core::protocol::seconds;
///
/// for (moment, expected) in [
///     ("1970-01-01T00:00:00Z", Some(0)),
///     ("2024-02-29T23:59:59.999999999Z", Some(1_709_251_199)),
///     ("2025-05-10T08:06:48.639712648-07:00", Some(1_746_889_608)),
///     ("2026-01-01T05:30:00+05:30", Some(1_767_225_600)),
///     ("0001-01-01T00:00:00Z", None),
///     ("2026-13-01T00:00:00Z", None),
///     ("2026-01-01T00:00:00", None),
///     ("yesterday", None),
/// ] {
///     assert_eq!(seconds(moment), expected, "{moment}");
/// }
/// ```
pub fn seconds(moment: &str) -> Option<u64> {
    let since_1970 = rfc3339(moment)?.duration_since(SystemTime::UNIX_EPOCH);
    since_1970.ok().map(|time| time.as_secs())
}

/// About how many bytes the body of a request will have, so that it is allocated once.
pub fn room(request: &ChatRequest) -> usize {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let tools = request.tools.iter();
    let tools = tools.map(|tool| tool.schema.as_ref().map_or(0, |schema| schema.get().len()) + 128);
    256 + parts.map(room_of).sum::<usize>() + tools.sum::<usize>() + request.messages.len() * 48
}

fn room_of(part: &Part) -> usize {
    match &part.content {
        Content::Text(text) => text.text.len() + text.text.len() / 16 + 32,
        Content::Media(media) => match &media.source {
            Source::Bytes(bytes) => bytes.len() * 4 / 3 + 128,
            Source::Url(text) | Source::Text(text) => text.len() + 128,
            _ => 128,
        },
        Content::ToolCall(call) => call.arguments().len() * 9 / 8 + call.name.len() + 128,
        Content::ToolResult(result) => result.output.iter().map(room_of).sum::<usize>() + 128,
        _ => 64,
    }
}

/// Writes the body of a request, and what only `provider` takes of its options over it. `room` is
/// about how long it will be: that of a chat is [`room`]'s to say, 0 will do for what is short.
///
/// # Errors
///
/// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): it cannot be written as JSON.
pub fn write(
    body: &impl Serialize,
    provider: &str,
    options: &BTreeMap<String, Json>,
    room: usize,
) -> Result<Vec<u8>> {
    let invalid = |what: &'static str| {
        move |cause: serde_json::Error| {
            Error::new(ErrorKind::InvalidRequest, what).with_source(cause)
        }
    };
    let mut bytes = Vec::with_capacity(room);
    serde_json::to_writer(&mut bytes, body)
        .map_err(invalid("the request cannot be written as JSON"))?;
    let Some(options) = options.get(provider) else {
        return Ok(bytes);
    };
    let merged = options.merge_into(&String::from_utf8_lossy(&bytes));
    merged.map(String::into_bytes).map_err(invalid(
        "the provider's options cannot be merged into the body",
    ))
}

/// The instructions of a request, for wires that have one place for them, before all turns; and the
/// turns that are left. Instructions that stood later leave a warning: their place is lost.
pub fn instructions<'a>(
    request: &'a ChatRequest,
    warnings: &mut Warnings,
) -> (String, Vec<&'a Message>) {
    let (mut instructions, mut turns) = (Vec::new(), Vec::new());
    for (number, message) in request.messages.iter().enumerate() {
        match message.role {
            Role::System | Role::Developer => {
                instructions.push(message.text());
                if !turns.is_empty() {
                    warnings.push(Warning::Hoisted { message: number });
                }
            }
            _ => turns.push(message),
        }
    }
    (instructions.join("\n\n"), turns)
}

/// The tools of a request, for wires that know functions only: others leave a warning, and so does
/// the wish that arguments keep strictly to their schema. Where only some of them are allowed, the
/// others are left out.
pub fn functions<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Vec<&'a Tool> {
    let allowed = match &request.tool_choice {
        Some(ToolChoice::Allowed(names)) => Some(names),
        _ => None,
    };
    if allowed.is_some() {
        warnings.push(Warning::coerced(
            "tool_choice",
            "allowed tools",
            "those tools only",
        ));
    }
    let mut functions = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        warnings.unsupported_if(tool.strict == Some(true), "tools.strict");
        warnings.unsupported_if(tool.kind != ToolKind::Function, "tools.kind");
        let is_allowed = allowed.is_none_or(|names| names.contains(&tool.name));
        if tool.kind == ToolKind::Function && is_allowed {
            functions.push(tool);
        }
    }
    functions
}
