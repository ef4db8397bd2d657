//! From the wire: events, and a whole answer as the events that would have made it, so that the
//! two cannot differ.

use std::collections::VecDeque;

use http::response::Parts as Head;
use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{
    ChatResponse, Delta, Error, Json, Op, Part, Result, StreamChunk, ToolCall,
    chat::{Category, Finish, FinishKind, Opaque, Reasoning, ToolInput},
    http_transport::frame::Frame,
    protocol::{Decoder, Terminal, read},
    stream::{ChunkMeta, Fold, Parts},
};

use crate::{
    PROVIDER,
    beside::Beside,
    cite, encode,
    error::{Fault, in_band},
    usage,
    wire::{Answer, Called, Event, Message, Piece},
};

/// Chunks on their way out.
type Out = VecDeque<StreamChunk>;

/// Blocks are numbered by themselves, and so are calls: in [`Parts`] calls come after all blocks,
/// and the plan last.
const CALLS: u64 = 1 << 32;
const PLAN: u64 = u64::MAX;

/// The events, which have their names twice: as events, and in their `type`.
const EVENTS: [&str; 11] = [
    "message-start",
    "content-start",
    "content-delta",
    "content-end",
    "tool-plan-delta",
    "tool-call-start",
    "tool-call-delta",
    "tool-call-end",
    "citation-start",
    "citation-end",
    "message-end",
];

/// What a block or a call grows by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thinking,
    Call,
    Plan,
    /// What has no name here: it does not grow.
    Other,
}

/// Turns Cohere's events into chunks.
#[derive(Debug)]
pub struct EventDecoder {
    /// The model that was asked: answers do not name theirs.
    model: Option<String>,
    /// What Cohere calls the request's documents.
    documents: Vec<String>,
    /// A warning that came with the answer.
    warned: Beside,
    id: Option<String>,
    parts: Parts,
    open: Vec<(u64, Kind)>,
    calls: usize,
    /// Citations of what is no text, or of a text that is over.
    beside: Beside,
    terminal: Terminal,
}

impl Decoder for EventDecoder {
    fn frame(&mut self, frame: Frame, out: &mut Out) -> Result<()> {
        if &*frame.data == b"[DONE]" {
            self.terminal = Terminal::Last;
            return Ok(());
        }
        // What Cohere adds tomorrow is no reason to fail.
        let is_known = |name: &&str| name.as_bytes() == &*frame.name;
        if !frame.name.is_empty() && !EVENTS.iter().any(is_known) {
            return Ok(());
        }
        let event: Event<'_> = read(&frame.data)?;
        let delta = event.delta.unwrap_or_default();
        let said = delta.message.unwrap_or_default();
        let index = u64::from(event.index.unwrap_or(0));
        match event.kind.as_deref() {
            Some("message-start") => self.begin(event.id, out),
            Some("content-start") => self.block(index, required(said.content)?, out)?,
            Some("content-delta") => {
                if let Some(piece) = said.content {
                    self.piece(index, parse(piece)?, out)?;
                }
                self.likelihood(index, event.logprobs, out)?;
            }
            Some("content-end") => self.end(index, out),
            Some("tool-plan-delta") => self.plan(said.tool_plan, out)?,
            Some("tool-call-start") => self.call(index, required(said.tool_calls)?, out)?,
            Some("tool-call-delta") => {
                if let Some(piece) = said.tool_calls {
                    self.arguments(index, parse(piece)?, out)?;
                }
            }
            Some("tool-call-end") => self.end(CALLS + index, out),
            Some("citation-start") => self.cite(required(said.citations)?, out)?,
            Some("message-end") => {
                if let Some(error) = delta.error.filter(|error| error.get() != "null") {
                    return Err(failed(error));
                }
                self.finish_with(delta.finish_reason, delta.usage, out);
            }
            // An error that came in place of an event.
            None => return Err(in_band(read(&frame.data)?)),
            // The end of a citation, or what has no name of its own.
            Some(_) => {}
        }
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        self.terminal
    }
}

impl EventDecoder {
    /// For the answer to `op`.
    pub(crate) fn of(op: &Op, head: &Head) -> Self {
        let request = match op {
            Op::Chat(request) | Op::ChatStream(request) => Some(request),
            _ => None,
        };
        Self {
            model: request.map(|request| request.model.clone()),
            documents: request
                .map(|it| encode::document_ids(it))
                .unwrap_or_default(),
            warned: Beside::warning(usage::header(head)),
            id: None,
            parts: Parts::default(),
            open: Vec::new(),
            calls: 0,
            beside: Beside::default(),
            terminal: Terminal::Open,
        }
    }

    /// Reads a whole answer.
    pub(crate) fn response(mut self, body: &[u8]) -> Result<ChatResponse> {
        let answer: Answer<'_> = read(body)?;
        let message = required(answer.message)?;
        if message.get().starts_with('"') {
            return Err(in_band(read(body)?));
        }
        if answer.finish_reason.is_none() {
            return Err(Error::decode("the answer does not say how it ended"));
        }
        let message: Message<'_> = parse(message)?;
        let mut out = Out::new();
        self.begin(answer.id, &mut out);
        for (index, block) in (0..).zip(message.content.into_iter().flatten()) {
            self.block(index, block, &mut out)?;
        }
        self.plan(message.tool_plan, &mut out)?;
        for (index, call) in (0..).zip(message.tool_calls.into_iter().flatten()) {
            self.call(index, call, &mut out)?;
        }
        for citation in message.citations.into_iter().flatten() {
            self.cite(citation, &mut out)?;
        }
        self.likelihood(u64::MAX, answer.logprobs, &mut out)?;
        self.finish_with(answer.finish_reason, answer.usage, &mut out);
        Fold::of(out)
    }

    fn begin(&mut self, id: Option<String>, out: &mut Out) {
        self.id.clone_from(&id);
        let mut meta = ChunkMeta::new(id, self.model.take());
        meta.ext = std::mem::take(&mut self.warned).into_ext();
        out.push_back(StreamChunk::Meta(Box::new(meta)));
    }

    fn start(&mut self, name: u64, kind: Kind, part: Part, out: &mut Out) -> Result<()> {
        self.open.push((name, kind));
        self.parts.start(name, part, out)
    }

    fn grow(&mut self, name: u64, words: Option<String>, out: &mut Out) -> Result<()> {
        match words.filter(|words| !words.is_empty()) {
            Some(words) => self.parts.grow(name, words, out),
            None => Ok(()),
        }
    }

    fn end(&mut self, name: u64, out: &mut Out) {
        self.open.retain(|(open, _)| *open != name);
        self.parts.end(name, out);
    }

    fn kind(&self, name: u64) -> Option<Kind> {
        let mut open = self.open.iter().rev();
        open.find(|(open, _)| *open == name).map(|(_, kind)| *kind)
    }

    fn block(&mut self, index: u64, raw: &RawValue, out: &mut Out) -> Result<()> {
        self.end(PLAN, out);
        let piece: Piece = parse(raw)?;
        match piece.kind.as_deref().unwrap_or_default() {
            "text" => self.start(index, Kind::Text, Part::text(""), out)?,
            "thinking" => {
                let thoughts = Part::new(Reasoning::default());
                self.start(index, Kind::Thinking, thoughts, out)?;
            }
            other => {
                let unknown = opaque(format!("{}.{other}", PROVIDER.id), raw);
                return self.start(index, Kind::Other, unknown, out);
            }
        }
        self.piece(index, piece, out)
    }

    /// Some words of a block. One that was not announced begins with them.
    fn piece(&mut self, index: u64, piece: Piece, out: &mut Out) -> Result<()> {
        let kinds = [
            (Kind::Text, piece.text, Part::text("")),
            (
                Kind::Thinking,
                piece.thinking,
                Part::new(Reasoning::default()),
            ),
        ];
        for (kind, words, part) in kinds {
            let words = words.filter(|words| !words.is_empty());
            let open = self.kind(index);
            if words.is_none() || open == Some(Kind::Other) {
                continue;
            }
            if open != Some(kind) {
                self.end(index, out);
                self.start(index, kind, part, out)?;
            }
            self.grow(index, words, out)?;
        }
        Ok(())
    }

    /// Thoughts before a call, in a place of their own on the wire, to which they go back.
    fn plan(&mut self, words: Option<String>, out: &mut Out) -> Result<()> {
        let words = words.filter(|words| !words.is_empty());
        if words.is_some() && self.kind(PLAN).is_none() {
            let mut plan = Part::new(Reasoning::default());
            plan.ext = Beside::plan().into_ext();
            self.start(PLAN, Kind::Plan, plan, out)?;
        }
        self.grow(PLAN, words, out)
    }

    fn call(&mut self, index: u64, raw: &RawValue, out: &mut Out) -> Result<()> {
        self.end(PLAN, out);
        let called: Called = parse(raw)?;
        let name = CALLS + index;
        if let Some(other) = called.kind.filter(|kind| kind != "function") {
            let unknown = opaque(format!("{}{other}", encode::OPAQUE_CALL), raw);
            return self.start(name, Kind::Other, unknown, out);
        }
        let function = called.function.unwrap_or_default();
        let id = called.id.filter(|id| !id.is_empty());
        let synthetic = id.is_none();
        let answer = self.id.as_deref().unwrap_or_default();
        let id = id.unwrap_or_else(|| format!("call_{answer}_{}", self.calls));
        self.calls += 1;
        let tool = function.name.unwrap_or_default();
        let mut call = ToolCall::new(id, tool, ToolInput::from_text(""));
        call.synthetic_id = synthetic;
        self.start(name, Kind::Call, Part::new(call), out)?;
        self.grow(name, function.arguments, out)
    }

    fn arguments(&mut self, index: u64, piece: Called, out: &mut Out) -> Result<()> {
        let name = CALLS + index;
        if self.kind(name) == Some(Kind::Other) {
            return Ok(());
        }
        self.grow(name, piece.function.unwrap_or_default().arguments, out)
    }

    fn cite(&mut self, raw: &RawValue, out: &mut Out) -> Result<()> {
        let cited = cite::read(raw, &self.documents);
        let text = cited.as_ref().and_then(|cited| cited.block);
        // Not all models number the block.
        let named = text.filter(|block| self.kind(*block) == Some(Kind::Text));
        let mut last = self.open.iter().rev();
        let last = last
            .find(|(_, kind)| *kind == Kind::Text)
            .map(|(name, _)| *name);
        let (Some(name), Some(cited)) = (text.and(named.or(last)), cited) else {
            return self.beside.cite(raw);
        };
        let mut citations = cited.citations.into_iter();
        citations.try_for_each(|citation| {
            self.parts
                .delta(name, Delta::Citation(Box::new(citation)), out)
        })
    }

    /// An entry for each token, or for several; those of a whole answer are of its last block.
    fn likelihood(&mut self, index: u64, entries: Option<Json>, out: &mut Out) -> Result<()> {
        let named = self.kind(index).map(|_| index);
        let last = self.open.last().map(|(name, _)| *name);
        let (Some(entries), Some(name)) = (entries, named.or(last)) else {
            return Ok(());
        };
        let list = match entries.get().starts_with('[') {
            true => entries,
            false => Json::of(&[entries])?,
        };
        self.parts.delta(name, Delta::Logprobs(list), out)
    }

    fn finish_with(&mut self, reason: Option<String>, usage: Option<Json>, out: &mut Out) {
        self.terminal = Terminal::Whole;
        self.parts.end_all(out);
        self.open.clear();
        out.push_back(StreamChunk::Finish {
            candidate: 0,
            reason: reason.map_or(Finish::new(FinishKind::Other), |reason| finish(&reason)),
            usage: usage.and_then(usage::read).map(Box::new),
            ext: std::mem::take(&mut self.beside).into_ext(),
        });
    }
}

fn opaque(kind: String, raw: &RawValue) -> Part {
    Part::new(Opaque::new(kind, raw.into()))
}

fn required(raw: Option<&RawValue>) -> Result<&RawValue> {
    raw.ok_or_else(|| Error::decode("what was said is missing in it"))
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T> {
    read(raw.get().as_bytes())
}

/// The generation failed, and here is why.
fn failed(error: &RawValue) -> Error {
    let words = serde_json::from_str(error.get());
    in_band(Fault {
        message: Some(words.unwrap_or_else(|_| error.get().to_owned())),
        ..Fault::default()
    })
}

fn finish(reason: &str) -> Finish {
    let kind = match reason {
        "COMPLETE" => FinishKind::Stop,
        "STOP_SEQUENCE" => FinishKind::StopSequence(None),
        "MAX_TOKENS" => FinishKind::MaxTokens,
        "TOOL_CALL" => FinishKind::ToolCalls,
        // Its own failure, and its own limit of time.
        "ERROR" | "TIMEOUT" => FinishKind::Error,
        // Those of version 1, which models of that time still say.
        "ERROR_TOXIC" => FinishKind::ContentFilter(Category::Unspecified),
        "ERROR_LIMIT" => FinishKind::ContextWindow,
        "USER_CANCEL" => FinishKind::Cancelled,
        _ => FinishKind::Other,
    };
    Finish::new(kind).raw(reason)
}
