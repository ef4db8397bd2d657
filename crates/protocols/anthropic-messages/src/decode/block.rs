//! Blocks of content: one part each.
//!
//! <https://platform.claude.com/docs/en/api/messages/create>, "content"

use trunkline_core::{
    Content, Ext, Json, Part, Result, ToolCall,
    chat::{Executor, Opaque, OpaqueState, Reasoning, ToolInput, ToolKind, ToolResult, ToolStatus},
    protocol::read,
};

use super::{EventDecoder, Out};
use crate::{ORIGIN, fields::Fields};

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
            "tool_use" => self.call(at, &kind, block, out),
            "server_tool_use" | "mcp_tool_use" => self.call(at, &kind, block, out),
            kind if kind.ends_with("_tool_result") => self.result(at, kind, block, out),
            _ => {
                block = read(raw.as_bytes())?;
                self.unknown.push((at, block));
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
        let input = block.take("input");
        let mut call = ToolCall::new(id, name, ToolInput::from_text(""));
        let is_client_s = kind == "tool_use";
        if !is_client_s {
            call.executor = Executor::Provider;
            // Who runs it goes back with the rest of the block.
            let server = block.clone().text("server_name");
            call.kind = match server {
                Some(server) => ToolKind::Mcp(server.into()),
                None => ToolKind::Hosted(call.name.as_str().into()),
            };
        }
        let mut part = Part::new(Content::ToolCall(call));
        if !is_client_s {
            part = part.state(state(kind, block.to_json().get()));
        } else if !block.is_empty() {
            part.ext = ext(&block);
        }
        self.parts.start(at, part, out)?;
        // A stream begins with no arguments, which is not the same as to have none.
        match input {
            Some(input) if input.get() != "{}" => self.parts.grow(at, input.get(), out),
            _ => Ok(()),
        }
    }

    /// What a tool gave that the provider ran.
    fn result(&mut self, at: u64, kind: &str, mut block: Fields, out: &mut Out) -> Result<()> {
        #[derive(serde::Deserialize)]
        struct Kind {
            r#type: Option<String>,
        }
        let id = block.text("tool_use_id").unwrap_or_default();
        let content = block.take("content");
        let is_error = block
            .clone()
            .take("is_error")
            .is_some_and(|told| told.get() == "true");
        let inner = content.as_ref().and_then(|json| json.read::<Kind>().ok());
        let inner = inner.and_then(|inner| inner.r#type).unwrap_or_default();
        let mut result = ToolResult::text(id, "");
        result.output.clear();
        result.executor = Executor::Provider;
        result.name = kind
            .strip_suffix("_tool_result")
            .filter(|name| *name != "mcp")
            .map(str::to_owned);
        if is_error || inner.ends_with("_error") {
            result.status = ToolStatus::Error;
        }
        result.json = Some(content.unwrap_or_else(Json::null));
        let part = Part::new(Content::ToolResult(result));
        let part = part.state(state(kind, block.to_json().get()));
        self.parts.start(at, part, out)
    }
}

fn state(item: &str, data: impl Into<String>) -> OpaqueState {
    OpaqueState::new(format!("{ORIGIN}.{item}"), data)
}

fn ext(fields: &Fields) -> Ext {
    let mut ext = Ext::default();
    ext.insert(ORIGIN, fields.to_json());
    ext
}
