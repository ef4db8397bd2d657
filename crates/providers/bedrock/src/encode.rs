//! To the wire: a request as Converse's JSON. What Converse has no word for leaves a warning.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use trunkline_core::{
    ChatRequest, Json, Result, Role, Warning,
    chat::{Content, Executor, Format, ToolChoice, ToolKind, Warnings},
    protocol::{room, within, write},
};

use crate::{
    PROVIDER, blocks,
    model::{Family, family, needs_tool_for_schema},
    think,
    wire::{Ask, Block, Choice, Inference, InputSchema, TextFormat, Tool, ToolConfig, Turn, Type},
};

/// The tool that a model must call where it cannot hold its answer to a schema.
pub(crate) const JSON_TOOL: &str = "json_answer";

/// The body of a request.
pub(crate) fn body(request: &ChatRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    let request = within(PROVIDER.capabilities, request, warnings)?;
    write(
        &ask(&request, warnings),
        PROVIDER.id,
        &request.options,
        room(&request),
    )
}

/// The body of a question how many tokens a request has: what of it is read by the model.
///
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CountTokens.html>
pub(crate) fn count(request: &ChatRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    #[derive(serde::Serialize)]
    struct Count<'a> {
        input: Input<'a>,
    }
    #[derive(serde::Serialize)]
    struct Input<'a> {
        converse: Ask<'a>,
    }
    let request = within(PROVIDER.capabilities, request, warnings)?;
    let asked = ask(&request, warnings);
    let converse = Ask {
        system: asked.system,
        messages: asked.messages,
        tool_config: asked.tool_config,
        additional_model_request_fields: asked.additional_model_request_fields,
        ..Ask::default()
    };
    let input = Input { converse };
    write(
        &Count { input },
        PROVIDER.id,
        &BTreeMap::new(),
        room(&request),
    )
}

pub(crate) fn ask<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Ask<'a> {
    let (system, messages) = turns(request, warnings);
    let last = messages.last().map(|turn| turn.role);
    // Converse has the word, and these models refuse it.
    let refuses = family(&request.model) == Family::Claude;
    warnings.unsupported_if(refuses && last == Some("assistant"), "prefill");
    let mut ask = Ask {
        system,
        messages,
        tool_config: tool_config(request, warnings),
        inference_config: Inference {
            max_tokens: request.max_output_tokens,
            temperature: request.temperature,
            top_p: request.top_p,
            stop_sequences: &request.stop,
        },
        service_tier: request.service_tier.as_deref().map(|kind| Type { kind }),
        request_metadata: Some(&request.metadata).filter(|metadata| !metadata.is_empty()),
        ..Ask::default()
    };
    if let Some(Format::Schema {
        name,
        schema,
        strict,
    }) = &request.format
    {
        if !strict {
            warnings.push(Warning::coerced("format.strict", "false", "true"));
        }
        if !needs_tool_for_schema(&request.model) {
            let schema = schema.get();
            ask.output_config.text_format = Some(TextFormat { name, schema });
        } else if answers_by_tool(request) {
            warnings.push(Warning::coerced("format", "schema", "a tool to be called"));
        } else {
            warnings.push(Warning::unsupported("schema"));
        }
    }
    think::apply(request, &mut ask, warnings);
    ask
}

/// Whether the answer comes as a call of [`JSON_TOOL`]. A tool that is named goes first.
pub(crate) fn answers_by_tool(request: &ChatRequest) -> bool {
    let has_schema = matches!(request.format, Some(Format::Schema { .. }));
    let is_named = matches!(request.tool_choice, Some(ToolChoice::Named(_)));
    has_schema && needs_tool_for_schema(&request.model) && (request.tools.is_empty() || !is_named)
}

/// Instructions, and turns of which no two of one side follow each other.
fn turns<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> (Vec<Block<'a>>, Vec<Turn<'a>>) {
    let (mut system, mut turns) = (Vec::new(), Vec::<Turn<'_>>::new());
    let mut writer = blocks::Writer::default();
    let mut before = None;
    for (number, message) in request.messages.iter().enumerate() {
        warnings.unsupported_if(message.name.is_some(), "name");
        let content = writer.message(message, warnings);
        let role = match message.role {
            Role::System | Role::Developer => {
                if !turns.is_empty() {
                    warnings.push(Warning::Hoisted { message: number });
                }
                system.extend(content);
                continue;
            }
            // Nothing is left of it.
            _ if content.is_empty() => continue,
            Role::Assistant => "assistant",
            _ => "user",
        };
        match turns.last_mut().filter(|last| last.role == role) {
            Some(last) => {
                // Results of tools, and what the user says to them, are one turn by nature.
                if before == Some(message.role) && message.role != Role::Tool {
                    warnings.push(Warning::Merged { message: number });
                }
                last.content.extend(content);
            }
            None => turns.push(Turn { role, content }),
        }
        before = Some(message.role);
    }
    (system, turns)
}

fn tool_config<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Option<ToolConfig<'a>> {
    let allowed = match &request.tool_choice {
        Some(ToolChoice::Allowed(names)) => Some(names),
        _ => None,
    };
    if allowed.is_some() && !request.tools.is_empty() {
        warnings.push(Warning::coerced(
            "tool_choice",
            "allowed tools",
            "those tools only",
        ));
    }
    let mut tools = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        if allowed.is_some_and(|names| !names.contains(&tool.name)) {
            continue;
        }
        tools.push(match &tool.kind {
            ToolKind::Function => Tool::Spec {
                name: &tool.name,
                description: &tool.description,
                input_schema: schema(tool.schema.as_ref()),
                strict: tool.strict,
            },
            ToolKind::Hosted(name) => Tool::System { name },
            _ => {
                warnings.push(Warning::unsupported("tools.kind"));
                continue;
            }
        });
        // `{"cachePoint":{"type":"default"}}`: it stands between the tools.
        tools.extend(tool.ext.get(PROVIDER.id).map(Tool::Unknown));
    }
    let by_tool = answers_by_tool(request);
    if let (true, Some(Format::Schema { schema: json, .. })) = (by_tool, &request.format) {
        tools.push(Tool::Spec {
            name: JSON_TOOL,
            description: "Gives the answer.",
            input_schema: schema(Some(json)),
            strict: None,
        });
    }
    if tools.is_empty() {
        return called_before(request, warnings);
    }
    let tool_choice = match &request.tool_choice {
        Some(ToolChoice::None) if by_tool => Some(Choice::Tool { name: JSON_TOOL }),
        _ if by_tool && request.tools.is_empty() => Some(Choice::Tool { name: JSON_TOOL }),
        _ if by_tool => Some(Choice::Any {}),
        // There is no word for it. Without tools none is called; but a conversation in which one
        // was called needs them.
        Some(ToolChoice::None) if !has_calls(request) => return None,
        Some(ToolChoice::None) => {
            warnings.push(Warning::coerced("tool_choice", "none", "auto"));
            None
        }
        Some(ToolChoice::Required) => Some(Choice::Any {}),
        Some(ToolChoice::Named(name)) => Some(Choice::Tool { name }),
        Some(_) => Some(Choice::Auto {}),
        None => None,
    };
    Some(ToolConfig { tools, tool_choice })
}

/// The tools of a conversation in which some were called and that offers none: it is refused unless
/// they are told again.
fn called_before<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Option<ToolConfig<'a>> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let names = parts.filter_map(|part| match &part.content {
        Content::ToolCall(call) if call.executor == Executor::Client => Some(call.name.as_str()),
        _ => None,
    });
    let names: BTreeSet<_> = names.collect();
    if names.is_empty() {
        return None;
    }
    let to = "those that were called before";
    warnings.push(Warning::coerced("tools", "none", to));
    let tools = names.into_iter().map(|name| Tool::Spec {
        name,
        description: "",
        input_schema: schema(None),
        strict: None,
    });
    Some(ToolConfig {
        tools: tools.collect(),
        tool_choice: None,
    })
}

fn schema(schema: Option<&Json>) -> InputSchema<'_> {
    let json = match schema {
        Some(schema) => Cow::Borrowed(schema),
        None => Cow::Owned(Json::from(serde_json::json!({ "type": "object" }))),
    };
    InputSchema { json }
}

fn has_calls(request: &ChatRequest) -> bool {
    let mut parts = request.messages.iter().flat_map(|message| &message.parts);
    parts.any(|part| matches!(part.content, Content::ToolCall(_) | Content::ToolResult(_)))
}
