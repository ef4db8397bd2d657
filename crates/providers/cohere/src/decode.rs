//! From the wire: events, and a whole answer as the events that would have made it, so that the
//! two cannot differ.

use std::collections::VecDeque;

use trunkline_core::{
    ChatResponse, Error, Json, Part, Result, StreamChunk, ToolCall, Usage,
    chat::{Category, Finish, FinishKind, Opaque, ToolInput},
    http_transport::frame::Frame,
    protocol::{Decoder, Terminal, read},
    stream::{ChunkMeta, Fold, Parts},
};

use crate::{
    PROVIDER,
    error::in_band,
    wire::{Answer, Piece, Said, Tokens},
};

/// Chunks on their way out.
type Out = VecDeque<StreamChunk>;

/// Reads a whole answer.
pub(crate) fn response(body: &[u8]) -> Result<ChatResponse> {
    let answer: Answer = read(body)?;
    if let Some(fault) = answer.fault {
        return Err(in_band(fault));
    }
    if answer.ended.is_none() {
        return Err(Error::decode("the answer does not say how it ended"));
    }
    let (mut decoder, mut out) = (EventDecoder::default(), Out::new());
    begin(&answer, &mut out);
    for (at, part) in (0..).zip(answer.parts.iter().flatten()) {
        decoder.part(at, part, &mut out)?;
    }
    decoder.end(answer, &mut out);
    Fold::of(out)
}

/// Turns Cohere's events into chunks.
#[derive(Debug, Default)]
pub struct EventDecoder {
    parts: Parts,
    over: bool,
}

impl Decoder for EventDecoder {
    fn frame(&mut self, frame: Frame, out: &mut Out) -> Result<()> {
        match &*frame.name {
            b"begin" => begin(&read(&frame.data)?, out),
            b"part" | b"more" => self.piece(read(&frame.data)?, out)?,
            b"end" => self.end(read(&frame.data)?, out),
            b"fault" => return Err(in_band(read(&frame.data)?)),
            b"ping" => out.push_back(StreamChunk::KeepAlive),
            // What Cohere adds tomorrow is no reason to fail.
            _ => {}
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
    fn piece(&mut self, piece: Piece, out: &mut Out) -> Result<()> {
        if let Some(part) = &piece.part {
            self.part(piece.at, part, out)?;
        }
        let mut words = piece.text.into_iter().chain(piece.arguments);
        words.try_for_each(|words| self.parts.grow(piece.at, words, out))
    }

    fn part(&mut self, at: u64, raw: &Json, out: &mut Out) -> Result<()> {
        let said: Said = read(raw.get().as_bytes())?;
        match said.kind.as_deref().unwrap_or_default() {
            "text" => {
                self.parts.start(at, Part::text(""), out)?;
                self.parts.grow(at, said.text.unwrap_or_default(), out)
            }
            "call" => {
                let (id, tool) = (said.id.unwrap_or_default(), said.tool.unwrap_or_default());
                let call = ToolCall::new(id, tool, ToolInput::from_text(""));
                self.parts.start(at, Part::new(call), out)?;
                let arguments = said.arguments.iter();
                let mut arguments = arguments.map(Json::get);
                arguments.try_for_each(|json| self.parts.grow(at, json, out))
            }
            other => {
                let unknown = Opaque::new(format!("{}.{other}", PROVIDER.id), raw.clone());
                self.parts.start(at, Part::new(unknown), out)
            }
        }
    }

    fn end(&mut self, answer: Answer, out: &mut Out) {
        self.over = true;
        self.parts.end_all(out);
        out.push_back(StreamChunk::Finish {
            candidate: 0,
            reason: finish(&answer.ended.unwrap_or_default()),
            usage: answer.tokens.and_then(usage).map(Box::new),
            ext: trunkline_core::Ext::default(),
        });
    }
}

fn begin(answer: &Answer, out: &mut Out) {
    let meta = ChunkMeta::new(answer.id.clone(), answer.model.clone());
    out.push_back(StreamChunk::Meta(Box::new(meta)));
}

fn usage(raw: Json) -> Option<Usage> {
    let tokens: Tokens = raw.read().ok()?;
    Some(Usage::told(tokens.read, tokens.written, raw))
}

fn finish(ended: &str) -> Finish {
    let kind = match ended {
        "complete" => FinishKind::Stop,
        "limit" => FinishKind::MaxTokens,
        "tool" => FinishKind::ToolCalls,
        "stopped" => FinishKind::StopSequence(None),
        "blocked" => FinishKind::ContentFilter(Category::Unspecified),
        _ => FinishKind::Other,
    };
    Finish::new(kind).raw(ended)
}
