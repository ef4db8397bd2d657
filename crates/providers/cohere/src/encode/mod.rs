//! To the wire: a request as Cohere's JSON. What Cohere has no word for leaves a warning.
//!
//! <https://docs.cohere.com/reference/chat>

use std::borrow::Cow;

use trunkline_core::{
    ChatRequest, Json, Result, Warning,
    chat::{Effort, Format, ReasoningSetting, ToolChoice, ToolKind, Warnings},
    protocol::{room, within, write},
};

use crate::{
    PROVIDER,
    wire::{Ask, Described, ResponseFormat, Thinking, Tool},
};

mod document;
mod message;
mod schema;

pub(crate) use document::ids as document_ids;
pub(crate) use message::{OPAQUE_CALL, address};

/// What a model may think where nobody says how long its answer may be: Cohere's reasoning models
/// write up to 32k tokens.
///
/// <https://docs.cohere.com/docs/command-a-reasoning>
const MOST_OUTPUT: u64 = 32_000;

/// The body of a request.
pub(crate) fn body(
    request: &ChatRequest,
    stream: bool,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    let request = within(PROVIDER.capabilities, request, warnings)?;
    let written = message::all(&request, warnings);
    let (documents, options) = document::joined(&request, written.documents);
    let (tools, strict_tools) = tools(&request, warnings);
    if let Some(most) = request.logprobs.filter(|most| *most > 0) {
        let all = format!("{most} others at each place");
        warnings.push(Warning::coerced(
            "logprobs",
            all,
            "those of the answer only",
        ));
    }
    let ask = Ask {
        model: &request.model,
        messages: written.turns,
        documents,
        tool_choice: tool_choice(&request, &tools, warnings),
        tools,
        strict_tools,
        response_format: format(&request, warnings),
        thinking: thinking(&request, warnings),
        max_tokens: request.max_output_tokens,
        stop_sequences: &request.stop,
        temperature: request.temperature,
        p: request.top_p,
        k: request.top_k,
        seed: request.seed,
        frequency_penalty: request.frequency_penalty,
        presence_penalty: request.presence_penalty,
        logprobs: request.logprobs.is_some(),
        stream,
    };
    write(&ask, PROVIDER.id, &options, room(&request))
}

/// The tools, and whether all are strict: Cohere asks that once for all of them.
fn tools<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> (Vec<Tool<'a>>, bool) {
    let only: Option<&[String]> = match &request.tool_choice {
        Some(ToolChoice::Allowed(names)) => Some(names),
        Some(ToolChoice::Named(name)) => Some(std::slice::from_ref(name)),
        _ => None,
    };
    let offered = request.tools.iter().filter(|tool| {
        warnings.unsupported_if(tool.kind != ToolKind::Function, "tools.kind");
        let is_one = only.is_none_or(|names| names.contains(&tool.name));
        tool.kind == ToolKind::Function && is_one
    });
    let offered: Vec<_> = offered.collect();
    let wishes = offered
        .iter()
        .filter(|tool| tool.strict == Some(true))
        .count();
    let strict = wishes > 0 && wishes == offered.len();
    warnings.unsupported_if(wishes > 0 && !strict, "tools.strict");
    let mut described = Vec::with_capacity(offered.len());
    for tool in offered {
        let parameters = match &tool.schema {
            Some(schema) if strict => schema::known(schema, "tools.schema", warnings),
            Some(schema) => Cow::Borrowed(schema),
            None => Cow::Owned(Json::empty_object()),
        };
        described.push(Tool {
            kind: "function",
            function: Described {
                name: &tool.name,
                description: &tool.description,
                parameters,
            },
        });
    }
    (described, strict)
}

/// Cohere cannot name the tool that must be called: it is offered alone, and a call is required.
fn tool_choice(
    request: &ChatRequest,
    tools: &[Tool<'_>],
    warnings: &mut Warnings,
) -> Option<&'static str> {
    let choice = request.tool_choice.as_ref()?;
    if tools.is_empty() {
        return None;
    }
    match choice {
        ToolChoice::None => Some("NONE"),
        ToolChoice::Required => Some("REQUIRED"),
        ToolChoice::Named(_) if request.tools.len() == 1 => Some("REQUIRED"),
        ToolChoice::Named(name) => {
            let sent = "a call of any tool, and that tool only";
            warnings.push(Warning::coerced("tool_choice", name.as_str(), sent));
            Some("REQUIRED")
        }
        ToolChoice::Allowed(_) => {
            let sent = "those tools only";
            warnings.push(Warning::coerced("tool_choice", "allowed tools", sent));
            None
        }
        _ => None,
    }
}

/// Cohere has no name for a schema, and holds every answer to it.
fn format<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Option<ResponseFormat<'a>> {
    let json_schema = match request.format.as_ref()? {
        Format::Json => None,
        Format::Schema { schema, strict, .. } => {
            if !strict {
                warnings.push(Warning::coerced("schema.strict", "false", "true"));
            }
            Some(schema::known(schema, "schema", warnings))
        }
        _ => return None,
    };
    Some(ResponseFormat {
        kind: "json_object",
        json_schema,
    })
}

/// Cohere knows budgets of tokens; an effort is that share of the longest answer.
///
/// <https://docs.cohere.com/docs/reasoning>
fn thinking(request: &ChatRequest, warnings: &mut Warnings) -> Option<Thinking> {
    let thinking = |kind, token_budget| Some(Thinking { kind, token_budget });
    let effort = match request.reasoning? {
        ReasoningSetting::Budget(0) => return thinking("disabled", None),
        ReasoningSetting::Budget(tokens) => return thinking("enabled", Some(tokens.into())),
        ReasoningSetting::Effort(effort) => effort,
        _ => return None,
    };
    let percent = match effort {
        Effort::None => return thinking("disabled", None),
        Effort::Minimal => 2,
        Effort::Low => 10,
        Effort::Medium => 30,
        Effort::High => 60,
        Effort::XHigh => 90,
        // As much as it likes, which is the default.
        _ => return thinking("enabled", None),
    };
    let most = request.max_output_tokens.unwrap_or(MOST_OUTPUT);
    let budget = (most.saturating_mul(percent) / 100).max(1);
    let sent = format!("a budget of {budget} tokens");
    warnings.push(Warning::coerced("reasoning", effort.as_str(), sent));
    thinking("enabled", Some(budget))
}
