//! From the wire: whole answers and streams, by one decoder.
//!
//! A whole answer is read as a stream of one chunk and folded, so that the two cannot differ.

use std::collections::VecDeque;

use trunkline_core::{
    ChatResponse, Error, Result, StreamChunk,
    protocol::{Decoder, Terminal},
    stream::{ChunkMeta, Fold},
};
use trunkline_http::frame::Frame;

use crate::{
    Dialect, error,
    wire::{self, Chunk},
};

mod candidate;
mod finish;
mod think;
mod tools;
pub(crate) mod usage;

use candidate::Candidate;

/// Reads a whole answer.
pub(crate) fn response(dialect: Dialect, body: &[u8]) -> Result<ChatResponse> {
    let text = std::str::from_utf8(body).map_err(|cause| not_utf8().with_source(cause))?;
    let mut decoder = ChunkDecoder::new(dialect, Part::Message);
    let mut chunks = VecDeque::new();
    decoder.json(text, &mut chunks)?;
    if decoder.candidates.is_empty() {
        return Err(Error::decode("the answer has no choice in it"));
    }
    // A whole answer is over, whether it says why or not.
    decoder.last = true;
    decoder.finish(&mut chunks)?;
    let mut fold = Fold::default();
    chunks
        .into_iter()
        .try_for_each(|chunk| fold.push_owned(chunk))?;
    fold.finish()
}

/// Turns chat-completions events into chunks.
#[derive(Debug)]
pub struct ChunkDecoder {
    dialect: Dialect,
    part: Part,
    candidates: Vec<Candidate>,
    /// The number of the next part.
    next: u32,
    has_id: bool,
    has_model: bool,
    has_citations: bool,
    /// Makes up ids for tool calls that come without.
    id_seed: u64,
    last: bool,
}

/// Where a choice says what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Delta,
    Message,
}

/// The most answers to one request; the wire's own limit is 128.
const MAX_CANDIDATES: usize = 128;

impl Decoder for ChunkDecoder {
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let text = frame
            .text()
            .map_err(|cause| not_utf8().with_source(cause))?
            .trim();
        match text.as_bytes().first() {
            // An event without data, and the literal `null` of some gateways.
            None => Ok(()),
            Some(b'n') if text == "null" => Ok(()),
            Some(b'[') if text == "[DONE]" => {
                self.last = true;
                Ok(())
            }
            Some(b'[') => {
                let chunks: Vec<&serde_json::value::RawValue> =
                    serde_json::from_str(text).map_err(unreadable)?;
                chunks
                    .iter()
                    .try_for_each(|chunk| self.json(chunk.get(), out))
            }
            _ if &*frame.name == b"error" => Err(error::in_band(self.dialect, text)),
            _ => self.json(text, out),
        }
    }

    fn finish(&mut self, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        if self.candidates.is_empty() {
            if self.last {
                return Err(Error::interrupted(
                    "the stream ended without any choice in it",
                ));
            }
            return Ok(());
        }
        let Self {
            candidates, last, ..
        } = self;
        for candidate in candidates {
            candidate.finish(*last, &mut self.next, self.id_seed, out);
        }
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        if self.last {
            Terminal::Last
        } else if !self.candidates.is_empty() && self.candidates.iter().all(Candidate::has_reason) {
            Terminal::Whole
        } else {
            Terminal::Open
        }
    }
}

impl ChunkDecoder {
    /// Reads a stream in this dialect.
    pub fn of_stream(dialect: Dialect) -> Self {
        Self::new(dialect, Part::Delta)
    }

    fn new(dialect: Dialect, part: Part) -> Self {
        Self {
            dialect,
            part,
            candidates: Vec::new(),
            next: 0,
            has_id: false,
            has_model: false,
            has_citations: false,
            id_seed: 0,
            last: false,
        }
    }

    fn json(&mut self, text: &str, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let chunk: Chunk<'_> = serde_json::from_str(text).map_err(unreadable)?;
        if chunk.error.is_some_and(|error| error.get() != "null")
            || chunk
                .object
                .as_ref()
                .is_some_and(|object| object.0 == "error")
        {
            return Err(error::in_band(self.dialect, text));
        }
        if chunk.choices.is_none() && chunk.usage.is_none() && chunk.id.is_none() {
            return Err(match error::looks_like_one(text) {
                true => error::in_band(self.dialect, text),
                false => Error::decode("an answer without `choices`"),
            });
        }
        if !(self.has_id && self.has_model) {
            self.meta(&chunk, out);
        }
        for choice in chunk.choices.into_iter().flatten() {
            if let Some(error) = choice.error.filter(|error| error.get() != "null") {
                return Err(error::in_band(
                    self.dialect,
                    &format!("{{\"error\":{}}}", error.get()),
                ));
            }
            self.choice(choice, out)?;
        }
        if let (Some(citations), false) = (chunk.citations, self.has_citations) {
            self.citations(citations, out);
        }
        let groq = || {
            serde_json::from_str::<Groq<'_>>(chunk.x_groq?.get())
                .ok()?
                .usage
        };
        if let Some(usage) = chunk
            .usage
            .filter(|usage| usage.get() != "null")
            .or_else(groq)
            .and_then(usage::usage)
        {
            out.push_back(StreamChunk::Usage(Box::new(usage)));
        }
        Ok(())
    }

    /// What the chunk tells of the answer as a whole. Azure's first chunk has no model yet, and
    /// Copilot's no id: it is told again when there is more of it.
    fn meta(&mut self, chunk: &Chunk<'_>, out: &mut VecDeque<StreamChunk>) {
        let owned = |text: &Option<wire::Str<'_>>| Some(text.as_ref()?.non_empty()?.to_owned());
        let mut meta = ChunkMeta::default();
        meta.id = owned(&chunk.id).filter(|_| !self.has_id);
        meta.model = owned(&chunk.model).filter(|_| !self.has_model);
        if meta.id.is_none() && meta.model.is_none() {
            return;
        }
        meta.created = chunk.created.and_then(wire::count).filter(|created| *created > 0);
        meta.service_tier = owned(&chunk.service_tier);
        if let Some(id) = &meta.id {
            self.has_id = true;
            self.id_seed = fnv(id);
        }
        self.has_model |= meta.model.is_some();
        out.push_back(StreamChunk::Meta(Box::new(meta)));
    }

    fn choice(&mut self, choice: wire::Choice<'_>, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let index = choice
            .index
            .and_then(wire::count)
            .and_then(|index| u32::try_from(index).ok())
            .unwrap_or(0);
        let at = match self
            .candidates
            .iter()
            .position(|candidate| candidate.index == index)
        {
            Some(at) => at,
            None if self.candidates.len() >= MAX_CANDIDATES => {
                let what = format!("the answer has more than {MAX_CANDIDATES} choices");
                return Err(Error::limit_exceeded(trunkline_core::Limit::Events, what));
            }
            None => {
                self.candidates.push(Candidate::new(index, self.dialect));
                self.candidates.len() - 1
            }
        };
        let said = match self.part {
            Part::Delta => choice.delta.or(choice.message),
            Part::Message => choice.message.or(choice.delta),
        };
        // The position was just found or made.
        let Some(candidate) = self.candidates.get_mut(at) else {
            return Ok(());
        };
        if let Some(said) = said {
            candidate.say(said, &mut self.next, self.id_seed, out)?;
        }
        if let Some(logprobs) = choice.logprobs {
            candidate.logprobs(&logprobs, &mut self.next, out);
        }
        candidate.reason(choice.finish_reason.as_ref().and_then(wire::Str::non_empty));
        Ok(())
    }

    /// Pages that the whole answer stands on: sources of the first candidate.
    fn citations(&mut self, raw: &serde_json::value::RawValue, out: &mut VecDeque<StreamChunk>) {
        let Ok(urls) = serde_json::from_str::<Vec<wire::Str<'_>>>(raw.get()) else {
            return;
        };
        let Some(candidate) = self.candidates.first_mut() else {
            return;
        };
        self.has_citations = !urls.is_empty();
        for url in urls.iter().filter_map(wire::Str::non_empty).take(1_024) {
            candidate.source(url);
        }
        let _ = out;
    }
}

#[derive(serde::Deserialize)]
struct Groq<'a> {
    #[serde(borrow)]
    usage: Option<&'a serde_json::value::RawValue>,
}

fn not_utf8() -> Error {
    Error::decode("the answer is not UTF-8")
}

/// What serde says of a place, without what stands there.
fn unreadable(cause: serde_json::Error) -> Error {
    if cause.to_string().contains("recursion limit") {
        return Error::limit_exceeded(
            trunkline_core::Limit::Depth,
            "the answer is nested too deeply",
        );
    }
    let place = format!(
        "the answer is no chat completion (line {}, column {})",
        cause.line(),
        cause.column()
    );
    Error::decode(place).with_source(cause)
}

/// FNV-1a: ids made up for calls shall differ from answer to answer, and be the same each time
/// that an answer is read.
pub(crate) fn fnv(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
