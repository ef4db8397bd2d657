//! What protocols need to write and read bodies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ChatRequest, Error, ErrorKind, Json, Message, Result, Role, Tool, Warning,
    chat::{ToolChoice, ToolKind, Warnings},
};

/// Reads JSON of a provider.
///
/// # Errors
///
/// [`Decode`](crate::ErrorKind::Decode), with the place and without what stands there.
pub fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|cause| {
        let (line, column) = (cause.line(), cause.column());
        let what =
            format!("the answer has another form than documented (line {line}, column {column})");
        Error::decode(what).with_source(cause)
    })
}

/// Writes the body of a request, and what only `provider` takes of its options over it.
///
/// # Errors
///
/// [`InvalidRequest`](crate::ErrorKind::InvalidRequest): it cannot be written as JSON.
pub fn write(
    body: &impl Serialize,
    provider: &str,
    options: &BTreeMap<String, Json>,
) -> Result<Vec<u8>> {
    let body = Json::of(body)?;
    match options.get(provider) {
        None => Ok(body.get().as_bytes().to_vec()),
        Some(options) => options
            .merge_into(body.get())
            .map(String::into_bytes)
            .map_err(|cause| {
                let what = "the provider's options cannot be merged into the body";
                Error::new(ErrorKind::InvalidRequest, what).with_source(cause)
            }),
    }
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
