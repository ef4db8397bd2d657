//! From the wire: events, and a whole answer as the events that would have made it, so that the two
//! cannot differ.
//!
//! <https://platform.openai.com/docs/api-reference/responses-streaming>

mod finish;
mod items;
mod message;
mod thoughts;
mod tools;
mod wire;

use std::{borrow::Cow, collections::VecDeque};

use serde_json::value::RawValue;
use trunkline_core::{
    ChatRequest, ChatResponse, Delta, Error, Ext, Json, Result, StreamChunk, TokenCount,
    http_transport::frame::Frame,
    protocol::{Decoder, Terminal, read},
    stream::{ChunkMeta, Fold, Parts},
};

use self::{
    items::Entry,
    wire::{Answer, Count, Event, Typed},
};
use crate::{Dialect, error::in_band};

/// Chunks on their way out.
type Out = VecDeque<StreamChunk>;

/// Reads a whole answer.
pub(crate) fn response(dialect: Dialect, body: &[u8]) -> Result<ChatResponse> {
    let answer: Answer<'_> = read(body)?;
    if answer.output.is_none() && answer.status.is_none() && answer.error.is_none() {
        return Err(Error::decode("the answer has neither output nor status"));
    }
    let (mut decoder, mut out) = (EventDecoder::new(dialect), Out::new());
    decoder.begin(&answer, &mut out);
    match decoder.end(answer, "completed", &mut out) {
        Ok(()) => Fold::of(out),
        // What came before it failed is still the caller's.
        Err(error) => match Fold::of(out) {
            Err(cut) => Err(match cut.partial() {
                Some(partial) if !partial.message.parts.is_empty() => {
                    error.with_partial(partial.clone())
                }
                _ => error,
            }),
            Ok(_) => Err(error),
        },
    }
}

/// Reads a count of a request's tokens.
pub(crate) fn count(request: &ChatRequest, body: &[u8]) -> Result<TokenCount> {
    let count: Count = read(body)?;
    Ok(TokenCount::new(&*request.model, count.input_tokens))
}

/// Turns the events of a stream into chunks.
#[derive(Debug)]
pub struct EventDecoder {
    dialect: Dialect,
    parts: Parts,
    entries: Vec<Entry>,
    /// Whether the application has something to run.
    calls: bool,
    /// Whether the application is asked for something that is no call of its own tools.
    waits: bool,
    refused: bool,
    over: bool,
}

impl EventDecoder {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            parts: Parts::default(),
            entries: Vec::new(),
            calls: false,
            waits: false,
            refused: false,
            over: false,
        }
    }
}

impl Decoder for EventDecoder {
    fn frame(&mut self, frame: Frame, out: &mut Out) -> Result<()> {
        // What an event's name does not promise to be ours need not even be JSON.
        let name = frame.name.as_ref();
        let is_ours = name.starts_with(b"response.")
            || matches!(name, b"" | b"message" | b"error" | b"keepalive");
        if !is_ours || &*frame.data == b"[DONE]" {
            return Ok(());
        }
        if name == b"error" {
            return Err(self.failed(&frame.data));
        }
        // Most events by far. Their name is their type, so they are read once.
        if name == b"response.output_text.delta" {
            return self.text(read(&frame.data)?, out);
        }
        let typed: Typed<'_> = read(&frame.data)?;
        let kind = typed.name.unwrap_or_default();
        match &*kind {
            "response.created" => {
                let event: Event<'_> = read(&frame.data)?;
                self.begin(&answer(event.response)?, out);
            }
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => {
                let event: Event<'_> = read(&frame.data)?;
                let status = kind.strip_prefix("response.").unwrap_or_default();
                self.end(answer(event.response)?, status, out)?;
            }
            "error" => return Err(self.failed(&frame.data)),
            "keepalive" => out.push_back(StreamChunk::KeepAlive),
            "" if is_error(&frame.data) => return Err(self.failed(&frame.data)),
            kind => {
                if let Some(kind) = kind.strip_prefix("response.") {
                    self.event(kind, &frame.data, out)?;
                }
            }
        }
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        if self.over {
            Terminal::Last
        } else {
            Terminal::Open
        }
    }
}

impl EventDecoder {
    /// An event about an item or a piece of it, by the end of its type.
    fn event(&mut self, kind: &str, data: &[u8], out: &mut Out) -> Result<()> {
        match kind {
            "output_item.added" | "output_item.done" => {
                let event: Event<'_> = read(data)?;
                match event.item {
                    Some(item) => {
                        let is_done = kind == "output_item.done";
                        self.item(event.output_index, item, is_done, out)
                    }
                    None => Ok(()),
                }
            }
            "content_part.added" | "reasoning_part.added" => self.part(read(data)?, false, out),
            "content_part.done" | "reasoning_part.done" => self.part(read(data)?, true, out),
            "output_text.delta" | "output_text.done" => self.text(read(data)?, out),
            "refusal.delta" | "refusal.done" => self.refusal(read(data)?, out),
            "output_text.annotation.added" => self.annotation(read(data)?, out),
            "reasoning_text.delta" | "reasoning_text.done" => self.thought(read(data)?, out),
            "reasoning_summary_text.delta" | "reasoning_summary_text.done" => {
                self.summary(read(data)?, out)
            }
            "reasoning_summary_part.added" | "reasoning_summary_part.done" => Ok(()),
            "function_call_arguments.delta"
            | "function_call_arguments.done"
            | "custom_tool_call_input.delta"
            | "custom_tool_call_input.done"
            | "mcp_call_arguments.delta"
            | "mcp_call_arguments.done"
            | "code_interpreter_call_code.delta"
            | "code_interpreter_call_code.done" => self.arguments(read(data)?, out),
            phase => self.progress(phase, data, out),
        }
    }

    /// What the provider is doing. A picture that is not done yet comes along as it is.
    fn progress(&mut self, phase: &str, data: &[u8], out: &mut Out) -> Result<()> {
        let event: Event<'_> = read(data)?;
        let at = self.find(event.output_index, event.item_id.as_deref());
        let name = at.map(|at| items::name(at, 0)).unwrap_or_default();
        if phase.ends_with(".partial_image")
            && at.is_some()
            && let Ok(json) = read::<&RawValue>(data)
        {
            let mut ext = Ext::default();
            ext.insert(self.dialect.provider, json.into());
            // One that comes for a picture that is whole already is of no use.
            let _ = self.parts.delta(name, Delta::Ext(ext), out);
        }
        self.parts.progress(name, Cow::Owned(phase.to_owned()), out);
        Ok(())
    }

    fn begin(&mut self, answer: &Answer<'_>, out: &mut Out) {
        let mut meta = ChunkMeta::new(answer.id.clone(), answer.model.clone());
        meta.created = answer.created_at.and_then(finish::seconds);
        meta.service_tier.clone_from(&answer.service_tier);
        out.push_back(StreamChunk::Meta(Box::new(meta)));
    }

    fn failed(&self, json: &[u8]) -> Error {
        in_band(self.dialect, &String::from_utf8_lossy(json))
    }
}

/// The answer that an event is about. One without is about an answer of which nothing is told.
fn answer(raw: Option<&RawValue>) -> Result<Answer<'_>> {
    raw.map_or_else(|| Ok(Answer::default()), |raw| read(raw.get().as_bytes()))
}

/// Whether JSON that is no event says what went wrong.
fn is_error(data: &[u8]) -> bool {
    read::<Answer<'_>>(data).is_ok_and(|answer| answer.error.is_some())
}

/// The JSON of an object of these fields, without those that are not there.
fn object(fields: &[(&str, Option<&RawValue>)]) -> Option<Json> {
    let fields = fields
        .iter()
        .filter_map(|(name, value)| Some((*name, (*value)?)));
    let fields: std::collections::BTreeMap<_, _> = fields.collect();
    (!fields.is_empty()).then(|| Json::of(&fields).ok())?
}
