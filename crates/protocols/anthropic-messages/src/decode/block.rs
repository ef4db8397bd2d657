//! Blocks of content: one part each.
//!
//! <https://platform.claude.com/docs/en/api/messages/create>, "content"

use serde::Deserialize;
use trunkline_core::{
    Content, Error, Json, Limit, Part, Result, ToolCall,
    chat::{Executor, Opaque, OpaqueState, Reasoning, ToolInput, ToolKind, ToolResult, ToolStatus},
    protocol::read,
};

use super::{EventDecoder, Out};
use crate::{ORIGIN, fields::Fields};

/// How many blocks without a name here may be open at once. On the wire it is one at a time.
const MAX_UNKNOWN: usize = 64;

impl EventDecoder {
    /// A block begins, with as much of it as there is.
    pub(super) fn start(&mut self, at: u64, raw: &str, out: &mut Out) -> Result<()> {
        let mut block: Fields = read(raw.as_bytes())?;
        let kind = block.text("type").unwrap_or_default();
        match &*kind {
            "text" => {
                self.parts.start(at, Part::text(""), out)?;
                self.say(at, block.text("text"), out)?;
                let citations = block.take("citations");
                let citations = citations.and_then(|list| list.read::<Vec<Json>>().ok());
                for citation in citations.unwrap_or_default() {
                    self.cite(at, citation, out)?;
                }
                Ok(())
            }
            "thinking" => {
                let part = Part::new(Content::Reasoning(Reasoning::default()));
                self.parts.start(at, part, out)?;
                self.say(at, block.text("thinking"), out)?;
                self.sign(at, block.text("signature").unwrap_or_default(), out)
            }
            "redacted_thinking" => {
                let mut reasoning = Reasoning::default();
                reasoning.redacted = true;
                let data = block.text("data").unwrap_or_default();
                let part = Part::new(reasoning).state(state(&kind, data));
                self.parts.start(at, part, out)
            }
            "tool_use" | "server_tool_use" | "mcp_tool_use" => self.call(at, &kind, block, out),
            kind if kind.ends_with("_tool_result") => self.result(at, kind, raw, out),
            _ => {
                if self.unknown.len() >= MAX_UNKNOWN {
                    let what = format!("more than {MAX_UNKNOWN} unknown blocks are open at once");
                    return Err(Error::limit_exceeded(Limit::Events, what));
                }
                self.unknown.push((at, read(raw.as_bytes())?));
                Ok(())
            }
        }
    }

    /// A block is whole.
    pub(super) fn stop(&mut self, at: u64, out: &mut Out) -> Result<()> {
        if let Some(open) = self.unknown.iter().position(|(open, _)| *open == at) {
            let (_, block) = self.unknown.remove(open);
            let kind = block.clone().text("type").unwrap_or_default();
            let unknown = Opaque::new(format!("{ORIGIN}.{kind}"), block.to_json());
            self.parts
                .start(at, Part::new(Content::Opaque(unknown)), out)?;
        }
        if let Some(whole) = self.inputs.iter().position(|(call, _)| *call == at) {
            let (_, input) = self.inputs.remove(whole);
            self.parts.grow(at, input.get(), out)?;
        }
        self.parts.end(at, out);
        Ok(())
    }

    fn say(&mut self, at: u64, words: Option<String>, out: &mut Out) -> Result<()> {
        match words.filter(|words| !words.is_empty()) {
            Some(words) => self.parts.grow(at, words, out),
            None => Ok(()),
        }
    }

    /// A call: the application's to run, or one that the provider runs.
    fn call(&mut self, at: u64, kind: &str, mut block: Fields, out: &mut Out) -> Result<()> {
        let id = block.text("id").unwrap_or_default();
        let name = block.text("name").unwrap_or_default();
        let mut call = ToolCall::new(id.as_str(), name, ToolInput::from_text(""));
        let is_client_s = kind == "tool_use";
        if !is_client_s {
            call.executor = Executor::Provider;
            call.kind = match block.text("server_name") {
                Some(server) => ToolKind::Mcp(server.into()),
                None => ToolKind::Hosted(call.name.as_str().into()),
            };
        }
        let mut part = Part::new(Content::ToolCall(call));
        if !is_client_s {
            part = part.state(state(kind, id));
        }
        if let Some(caller) = block.take("caller") {
            let mut more = Fields::default();
            more.set("caller".to_owned(), caller);
            part.ext.insert(ORIGIN, more.to_json());
        }
        if let Some(input) = block.take("input").filter(|input| input.get() != "{}") {
            self.inputs.push((at, input));
        }
        self.parts.start(at, part, out)
    }

    /// What a tool gave that the provider ran. All of the block goes back as it came.
    fn result(&mut self, at: u64, kind: &str, raw: &str, out: &mut Out) -> Result<()> {
        #[derive(Deserialize)]
        struct Kind {
            r#type: Option<String>,
        }
        let mut block: Fields = read(raw.as_bytes())?;
        let content = block.take("content").unwrap_or_else(Json::null);
        let is_error = block.take("is_error");
        let inner = content.read::<Kind>().ok().and_then(|inner| inner.r#type);
        let failed = is_error.is_some_and(|told| told.get() == "true")
            || inner.is_some_and(|kind| kind.ends_with("_error"));
        let mut result = ToolResult::text(block.text("tool_use_id").unwrap_or_default(), "");
        result.output.clear();
        result.executor = Executor::Provider;
        result.name = kind
            .strip_suffix("_tool_result")
            .filter(|name| *name != "mcp")
            .map(str::to_owned);
        if failed {
            result.status = ToolStatus::Error;
        }
        result.json = Some(content);
        let part = Part::new(Content::ToolResult(result)).state(state(kind, raw));
        self.parts.start(at, part, out)
    }
}

fn state(item: &str, data: impl Into<String>) -> OpaqueState {
    OpaqueState::new(format!("{ORIGIN}.{item}"), data)
}
