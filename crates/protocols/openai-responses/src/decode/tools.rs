//! The calls of an answer: what the application shall run, and what the provider ran.
//!
//! <https://platform.openai.com/docs/guides/tools>

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::value::RawValue;
use trunkline_core::{
    Content, Json, Part, Result, ToolCall,
    chat::{
        Approval, ApprovalRequest, Executor, Media, OpaqueState, Source, ToolInput, ToolKind,
        ToolResult, ToolStatus,
    },
};

use super::{
    EventDecoder, Out,
    items::{missing, name},
    object,
    wire::{Event, Item},
};

impl EventDecoder {
    /// A call, as far as it is told; `false` for an item that is none.
    pub(super) fn tool(
        &mut self,
        at: usize,
        kind: &str,
        raw: &RawValue,
        item: &Item<'_>,
        is_done: bool,
        out: &mut Out,
    ) -> Result<bool> {
        let content = match kind {
            "function_call" | "custom_tool_call" => {
                return self.call(at, kind, item, is_done, out).map(|()| true);
            }
            _ => hosted(kind, item),
        };
        let Some(content) = content else {
            return Ok(false);
        };
        self.waits |= matches!(content, Content::Approval(_));
        let mut part = self.named(at, Part::new(content));
        if self.begins(at) {
            let mut first = part.clone();
            if let Content::ToolCall(call) = &mut first.content {
                call.input = ToolInput::Json(Json::empty_object());
            }
            self.parts.start(name(at, 0), first, out)?;
        }
        if is_done {
            let kind = format!("{}.item", self.dialect.provider);
            part.state = Some(OpaqueState::new(kind, raw.get()));
            self.parts.end_as(name(at, 0), part, out);
            if let Some(result) = result(kind_of(item), item) {
                let result = self.named(at, Part::new(result));
                self.parts.start(name(at, 1), result, out)?;
            }
        }
        Ok(true)
    }

    /// Whether this is the first that is told of an item.
    fn begins(&mut self, at: usize) -> bool {
        let entry = self.entries.get_mut(at);
        entry.is_some_and(|entry| !std::mem::replace(&mut entry.has_begun, true))
    }

    /// What the application shall run. It begins once its name is known.
    fn call(
        &mut self,
        at: usize,
        kind: &str,
        item: &Item<'_>,
        is_done: bool,
        out: &mut Out,
    ) -> Result<()> {
        let tool = item.name.as_deref().unwrap_or_default();
        if tool.is_empty() && !is_done {
            return Ok(());
        }
        self.calls = true;
        if self.begins(at) {
            let id = item.call_id.as_deref().filter(|id| !id.is_empty());
            let synthetic = || item.id.clone().unwrap_or_else(|| format!("call_{at}"));
            let call_id = id.map_or_else(synthetic, str::to_owned);
            let mut call = ToolCall::new(call_id, tool, ToolInput::from_text(""));
            call.synthetic_id = id.is_none();
            if kind == "custom_tool_call" {
                call.kind = ToolKind::Custom;
                call.input = ToolInput::Text(String::new());
            }
            let mut part = self.named(at, Part::new(call));
            let more = [("namespace", item.namespace), ("caller", item.caller)];
            if let Some(more) = object(&more) {
                part.ext.insert(self.dialect.provider, more);
            }
            self.parts.start(name(at, 0), part, out)?;
        }
        let whole = item.arguments.as_deref().or(item.input.as_deref());
        self.grow(at, whole, true, out)
    }

    pub(super) fn arguments(&mut self, event: Event<'_>, out: &mut Out) -> Result<()> {
        let Some(at) = self.find(event.output_index, event.item_id.as_deref()) else {
            return Ok(());
        };
        let whole = event.arguments.or(event.input).or(event.code);
        self.grow(at, event.delta.as_deref(), false, out)?;
        self.grow(at, whole.as_deref(), true, out)
    }

    /// Lets arguments grow: by these words, or up to them.
    fn grow(
        &mut self,
        at: usize,
        words: Option<&str>,
        is_whole: bool,
        out: &mut Out,
    ) -> Result<()> {
        let entry = self.entries.get_mut(at);
        let entry = entry.filter(|entry| entry.has_begun && entry.is_call());
        let (Some(entry), Some(words)) = (entry, words) else {
            return Ok(());
        };
        let Some(words) = missing(words, if is_whole { entry.said } else { 0 }) else {
            return Ok(());
        };
        entry.said += words.len();
        // Words for a call that is over are of no use.
        let _ = self.parts.grow(name(at, 0), words, out);
        Ok(())
    }
}

impl super::items::Entry {
    /// Whether it has arguments that come in pieces.
    fn is_call(&self) -> bool {
        matches!(
            self.kind.as_str(),
            "function_call" | "custom_tool_call" | "mcp_call" | "code_interpreter_call"
        )
    }
}

fn kind_of<'a>(item: &'a Item<'_>) -> &'a str {
    item.kind.as_deref().unwrap_or_default()
}

/// What the provider runs itself, or asks whether it may.
fn hosted(kind: &str, item: &Item<'_>) -> Option<Content> {
    let id = item.id.clone().unwrap_or_default();
    let json = |raw: Option<&RawValue>| raw.map_or_else(Json::empty_object, Json::from);
    let arguments = || ToolInput::from_text(item.arguments.clone().unwrap_or_default());
    let tool = item.name.clone().unwrap_or_default();
    let label = item.server_label.clone().unwrap_or_default();
    let (tool, input, server) = match kind {
        "web_search_call" => (
            "web_search".to_owned(),
            ToolInput::Json(json(item.action)),
            None,
        ),
        "file_search_call" => {
            let queries = object(&[("queries", item.queries)]);
            let queries = queries.unwrap_or_else(Json::empty_object);
            ("file_search".to_owned(), ToolInput::Json(queries), None)
        }
        "code_interpreter_call" => {
            let code = ToolInput::Text(item.code.clone().unwrap_or_default());
            ("code_interpreter".to_owned(), code, None)
        }
        "mcp_call" => (tool, arguments(), Some(label)),
        "mcp_approval_request" => {
            let mut call = ToolCall::new(id.clone(), tool, arguments());
            call.kind = ToolKind::Mcp(label.into());
            call.executor = Executor::Provider;
            let request = ApprovalRequest::new(id, call);
            return Some(Approval::Request(request).into());
        }
        "image_generation_call" => return Some(picture(item).into()),
        _ => return None,
    };
    let hosted = ToolKind::Hosted(tool.as_str().into());
    let mut call = ToolCall::new(id, tool, input);
    call.kind = server.map_or(hosted, |label| ToolKind::Mcp(label.into()));
    call.executor = Executor::Provider;
    Some(call.into())
}

/// A picture; without bytes while it is not there, or if it failed.
fn picture(item: &Item<'_>) -> Media {
    let format = item.output_format.as_deref().unwrap_or("png");
    let result = item.result.as_deref().unwrap_or_default();
    let bytes = STANDARD.decode(result).unwrap_or_default();
    Media::new(format!("image/{format}"), Source::Bytes(bytes.into()))
}

/// What came of a call that the provider ran, where its item tells.
fn result(kind: &str, item: &Item<'_>) -> Option<ToolResult> {
    let mut result = ToolResult::text(item.id.clone().unwrap_or_default(), "");
    result.output.clear();
    result.executor = Executor::Provider;
    match kind {
        "file_search_call" => result.json = Some(item.results?.into()),
        "code_interpreter_call" => result.json = Some(item.outputs?.into()),
        "mcp_call" => match (item.error, item.output) {
            (Some(error), _) => {
                result.status = ToolStatus::Error;
                result.json = Some(error.into());
            }
            (None, output) => {
                let text: String = serde_json::from_str(output?.get()).unwrap_or_default();
                result.output.push(Part::text(text));
            }
        },
        _ => return None,
    }
    Some(result)
}
