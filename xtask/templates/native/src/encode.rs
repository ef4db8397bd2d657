//! To the wire: a request as Babel's JSON. What Babel has no word for leaves a warning.

use trunkline_core::{
    ChatRequest, Content, Message, Result, Role,
    chat::{ToolChoice, ToolStatus, Warnings},
    protocol::{functions, instructions, room, within, write},
};

use crate::{
    PROVIDER,
    wire::{Ask, Say, Tool, ToolUse, Turn},
};

/// The body of a request.
pub(crate) fn body(
    request: &ChatRequest,
    stream: bool,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    let request = within(PROVIDER.capabilities, request, warnings)?;
    let (instructions, messages) = instructions(&request, warnings);
    let mut turns = Vec::with_capacity(messages.len());
    for message in messages {
        let by = match message.role {
            Role::Assistant => "model",
            Role::Tool => "tool",
            _ => "user",
        };
        let parts = says(message, warnings);
        // Of what another provider's model said, nothing may be left.
        if !parts.is_empty() || message.parts.is_empty() {
            turns.push(Turn { by, parts });
        }
    }
    let ask = Ask {
        model: &request.model,
        instructions: &instructions,
        turns,
        max_tokens: request.max_output_tokens,
        temperature: request.temperature,
        stop: &request.stop,
        tools: tools(&request, warnings),
        tool_use: tool_use(&request),
        stream,
    };
    write(&ask, PROVIDER.id, &request.options, room(&request))
}

fn says<'a>(message: &'a Message, warnings: &mut Warnings) -> Vec<Say<'a>> {
    warnings.unsupported_if(message.name.is_some(), "name");
    let mut says = Vec::with_capacity(message.parts.len());
    for part in &message.parts {
        warnings.state_dropped(part);
        warnings.media_dropped(part);
        says.push(match &part.content {
            Content::Text(text) => Say::Text { text: &text.text },
            Content::Refusal(refusal) => Say::Text {
                text: &refusal.text,
            },
            Content::ToolCall(call) => Say::Call {
                id: call.id.as_str(),
                tool: &call.name,
                arguments: call.arguments_json(),
            },
            Content::ToolResult(result) => Say::Result {
                id: result.call.as_str(),
                text: result.to_text(),
                failed: result.status != ToolStatus::Ok,
            },
            Content::Opaque(opaque) if opaque.is_of(PROVIDER.id) => Say::Unknown(&opaque.payload),
            _ => {
                warnings.left_out(part);
                continue;
            }
        });
    }
    says
}

fn tools<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Vec<Tool<'a>> {
    let tool = |tool: &'a trunkline_core::Tool| Tool {
        name: &tool.name,
        description: &tool.description,
        parameters: tool.schema.as_ref(),
    };
    functions(request, warnings).into_iter().map(tool).collect()
}

fn tool_use(request: &ChatRequest) -> Option<ToolUse<'_>> {
    let choice = request
        .tool_choice
        .as_ref()
        .filter(|_| !request.tools.is_empty())?;
    Some(match choice {
        ToolChoice::None => ToolUse::Never,
        ToolChoice::Required => ToolUse::Must,
        ToolChoice::Named(name) => ToolUse::Only(name),
        _ => ToolUse::Auto,
    })
}
