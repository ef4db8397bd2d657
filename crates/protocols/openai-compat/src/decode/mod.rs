//! From the wire: whole answers and streams, by one decoder.
//!
//! A whole answer is read as a stream of one chunk and folded, so that the two cannot differ.

use std::collections::VecDeque;

use serde_json::value::RawValue;
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
mod depth;
mod details;
mod filter;
mod finish;
mod out;
mod piece;
mod preamble;
mod sources;
mod think;
mod tools;
pub(crate) mod usage;

use candidate::Candidate;
pub(crate) use depth::check_depth;
use out::Out;
use preamble::Preamble;

/// Reads a whole answer.
pub(crate) fn response(dialect: Dialect, body: &[u8]) -> Result<ChatResponse> {
    let text = std::str::from_utf8(body).map_err(|cause| not_utf8().with_source(cause))?;
    let mut decoder = ChunkDecoder::new(dialect, Part::Message);
    let mut chunks = VecDeque::new();
    // Some keep the connection busy with blank lines before the answer.
    decoder.json(
        text.trim_start_matches('\u{feff}').trim(),
        false,
        &mut chunks,
    )?;
    if decoder.candidates.is_empty() {
        return Err(Error::decode("the answer has no choice in it"));
    }
    // A whole answer is over, whether it says why or not.
    decoder.last = true;
    decoder.finish(&mut chunks)?;
    Fold::of(chunks)
}

/// Turns chat-completions events into chunks.
#[derive(Debug)]
pub struct ChunkDecoder {
    dialect: Dialect,
    part: Part,
    candidates: Vec<Candidate>,
    /// The number of the next part.
    next: u32,
    /// How many answers were asked for.
    expected: usize,
    known: Known,
    sources: Sources,
    /// Makes up ids for tool calls that come without.
    id_seed: u64,
    last: bool,
    preamble: Preamble,
    /// Room for an event without it.
    rest: String,
}

/// What of the answer as a whole has been told.
#[derive(Debug, Default)]
struct Known {
    id: bool,
    model: bool,
    created: bool,
    service_tier: bool,
    prompt_filter: bool,
    provider: bool,
}

/// How far it was told what the answer stands on. Perplexity repeats it in every event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sources {
    Untold,
    /// By bare addresses.
    Addresses,
    /// With titles, which stand for the addresses.
    Results,
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
        if self.last {
            return Ok(());
        }
        if &*frame.name == b"error" {
            return Err(error::in_band(self.dialect, text));
        }
        // An event of a name that nobody told us of may be anything.
        let foreign = !matches!(&*frame.name, b"" | b"message" | b"chat.completion.chunk");
        match text.as_bytes().first() {
            None => Ok(()),
            // Some gateways send the literal `null`.
            Some(b'n') if text == "null" => Ok(()),
            Some(b'[') if text == "[DONE]" => {
                self.last = true;
                Ok(())
            }
            Some(b'[') => {
                check_depth(text)?;
                let chunks: Vec<&RawValue> = serde_json::from_str(text).map_err(unreadable)?;
                chunks
                    .iter()
                    .map(|chunk| chunk.get())
                    .filter(|chunk| *chunk != "null")
                    .try_for_each(|chunk| self.json(chunk, foreign, out))
            }
            _ => self.json(text, foreign, out),
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
        for candidate in &mut self.candidates {
            let mut out = Out {
                chunks: &mut *out,
                next: &mut self.next,
                candidate: candidate.index,
                whole: self.part == Part::Message,
                seed: self.id_seed,
            };
            candidate.finish(self.last, &mut out);
        }
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        if self.last {
            Terminal::Last
        } else if self.candidates.len() >= self.expected
            && self.candidates.iter().all(Candidate::has_reason)
        {
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

    /// Sets how many answers were asked for: the stream is not whole before all of them are.
    #[must_use]
    pub fn candidates(mut self, asked: u32) -> Self {
        self.expected = usize::try_from(asked)
            .unwrap_or(MAX_CANDIDATES)
            .clamp(1, MAX_CANDIDATES);
        self
    }

    fn new(dialect: Dialect, part: Part) -> Self {
        Self {
            dialect,
            part,
            candidates: Vec::new(),
            next: 0,
            expected: 1,
            known: Known::default(),
            sources: Sources::Untold,
            id_seed: 0,
            last: false,
            preamble: Preamble::default(),
            rest: String::new(),
        }
    }

    /// Reads one chunk, or a whole answer. What is `foreign` and no chunk is passed over.
    fn json(&mut self, text: &str, foreign: bool, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let mut rest = std::mem::take(&mut self.rest);
        let told = match self.preamble.strip(text, &mut rest) {
            Some(rest) => self.without_preamble(rest, text, foreign, out),
            None => self.with_preamble(text, foreign, out),
        };
        self.rest = rest;
        told
    }

    fn without_preamble(
        &mut self,
        rest: &str,
        text: &str,
        foreign: bool,
        out: &mut VecDeque<StreamChunk>,
    ) -> Result<()> {
        check_depth(rest)?;
        match wire::read(rest) {
            Ok(chunk) => self.chunk(chunk, text, foreign, out),
            // Once more, so that the error tells the right place.
            Err(_) => self.with_preamble(text, foreign, out),
        }
    }

    fn with_preamble(
        &mut self,
        text: &str,
        foreign: bool,
        out: &mut VecDeque<StreamChunk>,
    ) -> Result<()> {
        check_depth(text)?;
        if !text.starts_with('{') && !foreign {
            return Err(Error::decode("the answer is no JSON object"));
        }
        let chunk = match wire::read(text) {
            Err(_) if foreign => return Ok(()),
            chunk => chunk.map_err(unreadable)?,
        };
        let choices_at = chunk.choices_at;
        self.chunk(chunk, text, foreign, out)?;
        if self.part == Part::Delta {
            self.preamble.learn(text, choices_at);
        }
        Ok(())
    }

    /// Tells what `chunk` says, which was read from `text`.
    fn chunk(
        &mut self,
        mut chunk: Chunk<'_>,
        text: &str,
        foreign: bool,
        out: &mut VecDeque<StreamChunk>,
    ) -> Result<()> {
        let groq: Option<Groq<'_>> = wire::object(chunk.x_groq).map_err(unreadable)?;
        self.check(&chunk, groq.as_ref(), text)?;
        let says_nothing = chunk.choices.is_none() && chunk.usage.is_none() && groq.is_none();
        if says_nothing && chunk.citations.is_none() && chunk.search_results.is_none() {
            return match foreign {
                true => Ok(()),
                false if error::looks_like_one(text) => Err(error::in_band(self.dialect, text)),
                false => Err(Error::decode("the answer has no `choices`")),
            };
        }
        self.meta(&chunk, text, out);
        for choice in chunk.choices.iter_mut().flat_map(wire::Few::iter_mut) {
            self.choice(choice, out)?;
        }
        if chunk.citations.is_some() || chunk.search_results.is_some() {
            self.sources(&chunk);
        }
        let usage = chunk.usage.filter(|usage| usage.get() != "null");
        let mut choices = chunk.choices.iter().flat_map(wire::Few::iter);
        if let Some(mut usage) = usage
            .or(groq.and_then(|groq| groq.usage))
            .or_else(|| choices.find_map(|choice| choice.usage))
            .and_then(usage::usage)
        {
            if usage.timing.is_none() {
                usage.timing = chunk.time_info.and_then(usage::time_info);
            }
            out.push_back(StreamChunk::Usage(Box::new(usage)));
        }
        Ok(())
    }

    /// Finds an error in an answer's clothes.
    fn check(&self, chunk: &Chunk<'_>, groq: Option<&Groq<'_>>, text: &str) -> Result<()> {
        let is_error = chunk.error.is_some_and(wire::is_set)
            || chunk
                .object
                .as_ref()
                .is_some_and(|object| object.0 == "error");
        if is_error {
            return Err(error::in_band(self.dialect, text));
        }
        match groq
            .and_then(|groq| groq.error)
            .filter(|error| wire::is_set(error))
        {
            Some(error) => Err(self.inner_error(error)),
            None => Ok(()),
        }
    }

    fn inner_error(&self, error: &RawValue) -> Error {
        error::in_band(self.dialect, &format!("{{\"error\":{}}}", error.get()))
    }

    /// Tells what is new of the answer as a whole. Some begin with an empty model or id.
    fn meta(&mut self, chunk: &Chunk<'_>, text: &str, out: &mut VecDeque<StreamChunk>) {
        let fresh = |known: bool, text: &Option<wire::Str<'_>>| {
            let text = text.as_ref().filter(|_| !known)?;
            text.non_empty().map(str::to_owned)
        };
        let known = &mut self.known;
        let id = fresh(known.id, &chunk.id);
        let model = fresh(known.model, &chunk.model);
        let service_tier = fresh(known.service_tier, &chunk.service_tier);
        let created = chunk
            .created
            .filter(|_| !known.created)
            .and_then(wire::count)
            .filter(|created| *created > 0);
        if let Some(id) = &id {
            self.id_seed = fnv(id);
        } else if self.id_seed == 0 {
            self.id_seed = fnv(text);
        }
        let prompt_filter = chunk
            .prompt_filter
            .filter(|found| !known.prompt_filter && wire::is_set(found));
        let provider = chunk
            .provider
            .filter(|name| !known.provider && wire::is_set(name));
        let is_known = id.is_none() && model.is_none() && service_tier.is_none();
        if is_known && created.is_none() && prompt_filter.is_none() && provider.is_none() {
            return;
        }
        let mut meta = ChunkMeta::default();
        if let Some(found) = prompt_filter {
            meta.ext = filter::ext(self.dialect.provider, "prompt_filter_results", found.get());
            known.prompt_filter = true;
        } else if let Some(name) = provider {
            meta.ext = filter::ext(self.dialect.provider, "provider", name.get());
            known.provider = true;
        }
        meta.id = id;
        meta.model = model;
        meta.service_tier = service_tier;
        meta.created = created;
        known.id |= meta.id.is_some();
        known.model |= meta.model.is_some();
        known.created |= meta.created.is_some();
        known.service_tier |= meta.service_tier.is_some();
        out.push_back(StreamChunk::Meta(Box::new(meta)));
    }

    fn choice(
        &mut self,
        choice: &mut wire::Choice<'_>,
        out: &mut VecDeque<StreamChunk>,
    ) -> Result<()> {
        // OpenRouter's failures in the midst of an answer.
        if let Some(error) = choice.error.filter(|error| wire::is_set(error)) {
            return Err(self.inner_error(error));
        }
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
        let (delta, message) = (choice.delta.as_mut(), choice.message.as_deref_mut());
        let said = match self.part {
            Part::Delta => delta.or(message),
            Part::Message => message.or(delta),
        };
        let logprobs = wire::object(choice.logprobs).map_err(unreadable)?;
        // The position was just found or made.
        let Some(candidate) = self
            .candidates
            .get_mut(at)
            .filter(|candidate| !candidate.is_over())
        else {
            return Ok(());
        };
        let mut out = Out {
            chunks: out,
            next: &mut self.next,
            candidate: index,
            whole: self.part == Part::Message,
            seed: self.id_seed,
        };
        if let Some(said) = said {
            candidate.say(said, &mut out)?;
        }
        if let Some(logprobs) = logprobs {
            candidate.logprobs(&logprobs, &mut out);
        }
        candidate.native_reason(choice.native_finish_reason.as_ref());
        if let Some(found) = choice.filter.filter(|found| wire::is_set(found)) {
            candidate.filtered(found.get());
        }
        candidate.reason(choice.finish_reason.as_ref().and_then(wire::Str::non_empty));
        Ok(())
    }

    /// Pages that the whole answer stands on: sources of the first candidate.
    fn sources(&mut self, chunk: &Chunk<'_>) {
        let Some(candidate) = self.candidates.first_mut() else {
            return;
        };
        if self.sources != Sources::Results
            && let Some(results) = chunk.search_results
            && candidate.results(results)
        {
            self.sources = Sources::Results;
        }
        if self.sources == Sources::Untold
            && let Some(citations) = chunk.citations
            && candidate.addresses(citations)
        {
            self.sources = Sources::Addresses;
        }
    }
}

/// What Groq adds.
///
/// <https://console.groq.com/docs/api-reference#chat-create>
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Groq<'a> {
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    /// Why a stream was stopped early.
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

fn not_utf8() -> Error {
    Error::decode("the answer is not UTF-8")
}

/// What serde says of a place, without what stands there.
fn unreadable(cause: serde_json::Error) -> Error {
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
