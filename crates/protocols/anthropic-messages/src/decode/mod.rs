//! From the wire: events, and a whole answer as the events that would have made it, so that the
//! two cannot differ.

use std::collections::VecDeque;

use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{
    ChatResponse, Delta, Error, Ext, Json, Result, StreamChunk,
    chat::{Completeness, Finish, FinishKind, OpaqueState, TokenCount},
    http_transport::frame::Frame,
    protocol::{Decoder, Terminal, read},
    stream::{ChunkMeta, Fold, Parts},
};

use crate::{
    Dialect, ORIGIN,
    error::in_band,
    fields::Fields,
    wire::{Event, Grown, name},
};

mod block;
mod citation;
mod usage;

/// Chunks on their way out.
type Out = VecDeque<StreamChunk>;

/// What an answer has beside its content that is worth keeping.
const BESIDE: [&str; 4] = [
    "container",
    "context_management",
    "stop_details",
    "diagnostics",
];

/// The events that say something.
const EVENTS: [&[u8]; 8] = [
    b"message_start",
    b"content_block_start",
    b"content_block_delta",
    b"content_block_stop",
    b"message_delta",
    b"message_stop",
    b"ping",
    b"error",
];

/// Reads a whole answer.
pub(crate) fn response(dialect: Dialect, body: &[u8]) -> Result<ChatResponse> {
    let mut answer: Fields = read(body)?;
    if let Some(error) = answer.take("error") {
        return Err(in_band(dialect, error.get()));
    }
    let (mut decoder, mut out) = (EventDecoder::new(dialect), Out::new());
    decoder.begin(&mut answer, &mut out);
    let content: Vec<Json> = match answer.take("content") {
        Some(content) => read(content.get().as_bytes())?,
        None => return Err(Error::decode("the answer has no content")),
    };
    for (at, raw) in (0..).zip(&content) {
        decoder.start(at, raw.get(), &mut out)?;
        decoder.stop(at, &mut out)?;
    }
    let beside = decoder.beside(&mut answer);
    let reason = answer
        .text("stop_reason")
        .ok_or_else(|| Error::decode("the answer does not say how it ended"))?;
    decoder.end(&reason, answer.text("stop_sequence"), beside, &mut out)?;
    Fold::of(out)
}

/// Reads a count of tokens.
///
/// <https://platform.claude.com/docs/en/build-with-claude/token-counting>
pub(crate) fn count(body: &[u8]) -> Result<TokenCount> {
    #[derive(Deserialize)]
    struct Counted {
        input_tokens: u64,
    }
    let counted: Counted = read(body)?;
    Ok(TokenCount::new("", counted.input_tokens))
}

/// Turns the events of a stream into chunks.
#[derive(Debug)]
pub struct EventDecoder {
    dialect: Dialect,
    parts: Parts,
    /// Blocks without a name here. They are passed on when they are whole.
    unknown: Vec<(u64, Fields)>,
    /// The arguments that a call began with. They count if no others come.
    inputs: Vec<(u64, Json)>,
    usage: Fields,
    finished: bool,
    over: bool,
}

impl Decoder for EventDecoder {
    fn frame(&mut self, frame: Frame, out: &mut Out) -> Result<()> {
        // What is added tomorrow is no reason to fail.
        let known = frame.name.is_empty() || EVENTS.contains(&&*frame.name);
        if frame.data.is_empty() || !known {
            return Ok(());
        }
        let event: Event<'_> = read(&frame.data)?;
        let index = event.index.unwrap_or_default();
        match (name(&event.kind), event.error) {
            ("ping", _) => out.push_back(StreamChunk::KeepAlive),
            ("error", error) => {
                return Err(in_band(self.dialect, error.map_or("{}", RawValue::get)));
            }
            ("", Some(error)) => return Err(in_band(self.dialect, error.get())),
            ("message_start", _) => {
                if let Some(message) = event.message {
                    self.begin(&mut read(message.get().as_bytes())?, out);
                }
            }
            ("content_block_start", _) if !self.finished => {
                let block = event.content_block.map_or("{}", RawValue::get);
                self.start(index, block, out)?;
            }
            ("content_block_delta", _) if !self.finished => {
                let delta = event.delta.map_or("{}", RawValue::get);
                self.grow(index, delta, out)?;
            }
            ("content_block_stop", _) => self.stop(index, out)?,
            ("message_delta", _) => self.told(&event, out)?,
            ("message_stop", _) => self.over = true,
            _ => {}
        }
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        match (self.finished, self.over) {
            (false, _) => Terminal::Open,
            (true, false) => Terminal::Whole,
            (true, true) => Terminal::Last,
        }
    }
}

impl EventDecoder {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            parts: Parts::default(),
            unknown: Vec::new(),
            inputs: Vec::new(),
            usage: Fields::default(),
            finished: false,
            over: false,
        }
    }

    /// The head of an answer: who gives it, and what went in.
    fn begin(&mut self, message: &mut Fields, out: &mut Out) {
        if let Some(usage) = message.take("usage") {
            self.usage.update(usage.read().unwrap_or_default());
        }
        let mut meta = ChunkMeta::new(message.text("id"), message.text("model"));
        meta.service_tier = usage::tier(&self.usage);
        out.push_back(StreamChunk::Meta(Box::new(meta)));
        if !self.usage.is_empty() {
            let usage = usage::of(&self.usage, Completeness::Partial);
            out.push_back(StreamChunk::Usage(Box::new(usage)));
        }
    }

    fn grow(&mut self, at: u64, delta: &str, out: &mut Out) -> Result<()> {
        if let Some((_, block)) = self.unknown.iter_mut().find(|(open, _)| *open == at) {
            let mut more: Fields = read(delta.as_bytes())?;
            more.take("type");
            block.update(more);
            return Ok(());
        }
        let grown: Grown<'_> = read(delta.as_bytes())?;
        let words = match name(&grown.kind) {
            "text_delta" => grown.text,
            "thinking_delta" => grown.thinking,
            "input_json_delta" => grown.partial_json,
            "signature_delta" => {
                return self.sign(at, grown.signature.unwrap_or_default(), out);
            }
            "citations_delta" => {
                return match grown.citation {
                    Some(raw) => self.cite(at, raw, out),
                    None => Ok(()),
                };
            }
            _ => None,
        };
        match words.filter(|words| !words.is_empty()) {
            Some(words) => {
                self.inputs.retain(|(call, _)| *call != at);
                self.parts.grow(at, words, out)
            }
            None => Ok(()),
        }
    }

    fn sign(&mut self, at: u64, signature: String, out: &mut Out) -> Result<()> {
        if signature.is_empty() {
            return Ok(());
        }
        let state = OpaqueState::new(format!("{ORIGIN}.signature"), signature);
        self.parts.delta(at, Delta::State(state), out)
    }

    fn cite(&mut self, at: u64, raw: Json, out: &mut Out) -> Result<()> {
        let citation = Box::new(citation::of(raw)?);
        self.parts.delta(at, Delta::Citation(citation), out)
    }

    /// What is told of an answer as a whole: what it costs so far, and why it ends.
    fn told(&mut self, event: &Event<'_>, out: &mut Out) -> Result<()> {
        if let Some(usage) = event.usage {
            self.usage.update(read(usage.get().as_bytes())?);
        }
        let mut delta: Fields = match event.delta {
            Some(delta) => read(delta.get().as_bytes())?,
            None => Fields::default(),
        };
        if let Some(managed) = event.context_management {
            delta.set("context_management".to_owned(), managed.into());
        }
        match delta.text("stop_reason") {
            Some(reason) if !self.finished => {
                let beside = self.beside(&mut delta);
                self.end(&reason, delta.text("stop_sequence"), beside, out)
            }
            _ => {
                let usage = usage::of(&self.usage, Completeness::Final);
                out.push_back(StreamChunk::Usage(Box::new(usage)));
                Ok(())
            }
        }
    }

    /// What is worth keeping beside the content.
    fn beside(&self, fields: &mut Fields) -> Fields {
        let mut kept = Fields::default();
        for field in BESIDE {
            if let Some(value) = fields.take(field) {
                kept.set(field.to_owned(), value);
            }
        }
        kept
    }

    fn end(
        &mut self,
        reason: &str,
        sequence: Option<String>,
        beside: Fields,
        out: &mut Out,
    ) -> Result<()> {
        self.finished = true;
        while let Some((at, _)) = self.unknown.first() {
            self.stop(*at, out)?;
        }
        self.parts.end_all(out);
        let mut ext = Ext::default();
        let reason = finish(reason, sequence, &beside);
        if !beside.is_empty() {
            ext.insert(ORIGIN, beside.to_json());
        }
        let usage =
            (!self.usage.is_empty()).then(|| Box::new(usage::of(&self.usage, Completeness::Final)));
        out.push_back(StreamChunk::Finish {
            candidate: 0,
            reason,
            usage,
            ext,
        });
        Ok(())
    }
}

/// <https://platform.claude.com/docs/en/build-with-claude/handling-stop-reasons>
fn finish(reason: &str, sequence: Option<String>, beside: &Fields) -> Finish {
    let kind = match reason {
        "end_turn" => FinishKind::Stop,
        "stop_sequence" => FinishKind::StopSequence(sequence),
        "max_tokens" => FinishKind::MaxTokens,
        "model_context_window_exceeded" => FinishKind::ContextWindow,
        "tool_use" => FinishKind::ToolCalls,
        "pause_turn" => FinishKind::Paused,
        "refusal" => FinishKind::Refusal,
        "compaction" => FinishKind::Compacted,
        _ => FinishKind::Other,
    };
    let finish = Finish::new(kind).raw(reason);
    let mut details: Fields = beside
        .clone()
        .take("stop_details")
        .and_then(|details| details.read().ok())
        .unwrap_or_default();
    let explanation = details.text("explanation");
    match explanation.or_else(|| details.text("category")) {
        Some(detail) => finish.detail(detail),
        None => finish,
    }
}
