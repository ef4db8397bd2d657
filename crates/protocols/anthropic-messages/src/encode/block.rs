//! One part of a message as one block.

use std::borrow::Cow;

use trunkline_core::{
    Content as Said, Json, Part, ToolCall, Warning,
    chat::{Executor, Media, Source as From, Text, ToolKind, ToolResult, ToolStatus, Warnings},
};

use super::turns::call_id;
use crate::{
    ORIGIN,
    tools::{json, patched},
    wire::{Block, Content, Data, Known, Output, Source},
};

/// The block of a part in a turn of this role; nothing where the wire has no word for it.
pub(super) fn of<'a>(part: &'a Part, role: &str, warnings: &mut Warnings) -> Option<Block<'a>> {
    let by_model = role == "assistant";
    let block = match &part.content {
        Said::Text(text) => words(text, by_model, part, warnings).map(known),
        Said::Refusal(refusal) => plain(&refusal.text).map(known),
        Said::Media(media) if role == "user" => media_of(part, media, warnings).map(known),
        Said::Reasoning(reasoning) if by_model => {
            let thinking = reasoning.text.as_deref().unwrap_or_default();
            let redacted = part.state_of(ORIGIN, "redacted_thinking");
            let signed = part.state_of(ORIGIN, "signature");
            return match (redacted, signed) {
                (Some(data), _) => Some(known(Content::RedactedThinking { data })),
                (_, Some(signature)) => Some(known(Content::Thinking {
                    thinking,
                    signature,
                })),
                // Thoughts without a signature are refused.
                _ => left_out(part, warnings),
            };
        }
        Said::ToolCall(call) if by_model && call.executor == Executor::Provider => {
            match server_call(part, call) {
                Some(block) => return more(part, block),
                None => return left_out(part, warnings),
            }
        }
        Said::ToolCall(call) if by_model => Some(known(tool_use(call, warnings))),
        Said::ToolResult(_) if by_model => {
            return match server_result(part) {
                Some(block) => Some(block),
                None => left_out(part, warnings),
            };
        }
        Said::ToolResult(result) if role == "user" => Some(known(tool_result(result, warnings))),
        Said::Opaque(opaque) if opaque.is_of(ORIGIN) => {
            return Some(Block::Json(Cow::Borrowed(&opaque.payload)));
        }
        _ => return left_out(part, warnings),
    };
    // What another provider wants to have back with its part.
    warnings.state_dropped(part);
    more(part, block?)
}

/// The block with what has no name here: the application's settings for a document, who called.
fn more<'a>(part: &Part, block: Block<'a>) -> Option<Block<'a>> {
    Some(match part.ext.get(ORIGIN) {
        Some(more) => Block::Json(Cow::Owned(patched(&Json::of(&block).ok()?, more))),
        None => block,
    })
}

fn known(content: Content<'_>) -> Block<'_> {
    Block::Known(Known {
        content,
        cache_control: None,
    })
}

fn left_out<'a>(part: &Part, warnings: &mut Warnings) -> Option<Block<'a>> {
    match part.state {
        Some(_) => warnings.state_dropped(part),
        None => warnings.left_out(part),
    }
    None
}

/// An empty text is refused, and says nothing.
fn plain(text: &str) -> Option<Content<'_>> {
    let citations = Vec::new();
    (!text.trim().is_empty()).then_some(Content::Text { text, citations })
}

fn words<'a>(
    text: &'a Text,
    by_model: bool,
    part: &Part,
    warnings: &mut Warnings,
) -> Option<Content<'a>> {
    let Some(mut content) = plain(&text.text) else {
        if !text.text.is_empty() {
            warnings.left_out(part);
        }
        return None;
    };
    let ours = text
        .annotations
        .iter()
        .filter_map(|cited| cited.ext.get(ORIGIN));
    if let Content::Text { citations, .. } = &mut content
        && by_model
    {
        *citations = ours.collect();
    }
    Some(content)
}

/// <https://platform.claude.com/docs/en/build-with-claude/vision>,
/// <https://platform.claude.com/docs/en/build-with-claude/pdf-support>
fn media_of<'a>(part: &Part, media: &'a Media, warnings: &mut Warnings) -> Option<Content<'a>> {
    warnings.unsupported_if(media.detail.is_some(), "detail");
    warnings.unsupported_if(media.transcript.is_some(), "transcript");
    let kind = &media.media_type;
    let is_text = kind.top_level() == "text";
    if !kind.is_image() && !is_text && !matches!(kind.subtype(), "pdf" | "*") {
        return unfit(part, warnings);
    }
    let source = match &media.source {
        From::Bytes(bytes) if is_text => match String::from_utf8_lossy(bytes) {
            Cow::Borrowed(text) => plain_source(text),
            Cow::Owned(_) => return unfit(part, warnings),
        },
        From::Text(text) => plain_source(text),
        From::Bytes(_) => Source::Base64 {
            media_type: kind.as_str(),
            data: Data::Bytes(media.base64()?),
        },
        From::Url(url) => match url.strip_prefix("data:") {
            None => Source::Url { url },
            Some(data) => {
                let Some((media_type, data)) = data.split_once(";base64,") else {
                    return unfit(part, warnings);
                };
                let data = Data::Text(data);
                Source::Base64 { media_type, data }
            }
        },
        From::File(ids) => match ids.get(ORIGIN) {
            Some(file_id) => Source::File { file_id },
            None => return unfit(part, warnings),
        },
        _ => return unfit(part, warnings),
    };
    let title = media.filename.as_deref();
    if kind.is_image() {
        warnings.unsupported_if(title.is_some(), "filename");
        return Some(Content::Image { source });
    }
    Some(Content::Document { source, title })
}

fn plain_source(text: &str) -> Source<'_> {
    Source::Text {
        // The one type that plain text may have here.
        media_type: "text/plain",
        data: text.into(),
    }
}

fn unfit<'a>(part: &Part, warnings: &mut Warnings) -> Option<Content<'a>> {
    warnings.left_out(part);
    None
}

fn tool_use<'a>(call: &'a ToolCall, warnings: &mut Warnings) -> Content<'a> {
    Content::ToolUse {
        id: call_id(call.id.as_str()),
        name: &call.name,
        input: object(call, warnings),
    }
}

/// The arguments of a call, which are an object here.
fn object<'a>(call: &'a ToolCall, warnings: &mut Warnings) -> Cow<'a, Json> {
    let arguments = call.arguments_json();
    if arguments.get().starts_with('{') {
        return arguments;
    }
    if matches!(arguments.get(), "null" | r#""""#) {
        return Cow::Owned(Json::empty_object());
    }
    let to = r#"{"arguments":…}"#;
    warnings.push(Warning::coerced("tool_call.input", "no object", to));
    Cow::Owned(json(format!(r#"{{"arguments":{arguments}}}"#)))
}

/// <https://platform.claude.com/docs/en/agents-and-tools/tool-use/handle-tool-calls>
fn tool_result<'a>(result: &'a ToolResult, warnings: &mut Warnings) -> Content<'a> {
    let content = match (result.output.as_slice(), &result.json) {
        ([], Some(json)) => Some(Output::Text(json.get())),
        ([one], _) if one.as_text().is_some() && one.ext.is_empty() => one
            .as_text()
            .filter(|text| !text.is_empty())
            .map(Output::Text),
        (parts, _) => {
            let blocks = parts.iter().filter_map(|part| match &part.content {
                Said::Text(_) | Said::Media(_) | Said::Opaque(_) => of(part, "user", warnings),
                _ => left_out(part, warnings),
            });
            let blocks: Vec<_> = blocks.collect();
            (!blocks.is_empty()).then_some(Output::Blocks(blocks))
        }
    };
    // A failure without a word is refused: it says at least of what kind it is.
    let is_silent = match &content {
        Some(Output::Text(text)) => text.trim().is_empty(),
        Some(Output::Blocks(_)) => false,
        None => true,
    };
    let content = match result.status {
        ToolStatus::Denied if is_silent => Some(Output::Text("denied")),
        ToolStatus::Incomplete if is_silent => Some(Output::Text("incomplete")),
        ToolStatus::Error if is_silent => Some(Output::Text("error")),
        _ => content,
    };
    Content::ToolResult {
        tool_use_id: call_id(result.call.as_str()),
        content,
        is_error: result.status != ToolStatus::Ok,
    }
}

/// A call that the provider ran.
fn server_call<'a>(part: &'a Part, call: &'a ToolCall) -> Option<Block<'a>> {
    let (id, name) = (Cow::Borrowed(call.id.as_str()), call.name.as_str());
    let input = call.arguments_json();
    let content = match &call.kind {
        ToolKind::Mcp(server_name) => {
            part.state_of(ORIGIN, "mcp_tool_use")?;
            Content::McpToolUse {
                id,
                name,
                server_name,
                input,
            }
        }
        _ => {
            part.state_of(ORIGIN, "server_tool_use")?;
            Content::ServerToolUse { id, name, input }
        }
    };
    Some(known(content))
}

/// What a call gave that the provider ran, as it came.
fn server_result(part: &Part) -> Option<Block<'_>> {
    let state = part.state.as_ref()?;
    let kind = state.kind.strip_prefix(ORIGIN)?.strip_prefix('.')?;
    let block = Json::parse(part.state_of(ORIGIN, kind)?).ok()?;
    Some(Block::Json(Cow::Owned(block)))
}
