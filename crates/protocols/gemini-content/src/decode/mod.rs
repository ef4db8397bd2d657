//! From the wire: frames, and a whole answer as the one frame that would have made it, so that the
//! two cannot differ.

mod added;
mod candidate;
mod finish;
mod out;
mod repeat;
mod sources;
mod usage;

use std::collections::VecDeque;

use serde_json::value::RawValue;
use trunkline_core::{
    ChatResponse, Error, Limit, Result, StreamChunk,
    http_transport::frame::Frame,
    protocol::{Decoder, Terminal, read, seconds},
    stream::{ChunkMeta, Fold},
};

pub(crate) use self::usage::{Of, by_modality};
use self::{candidate::Candidate, out::Out, repeat::Repeated};
use crate::{
    Dialect,
    error::in_band,
    wire::{Said, Text, raw_parts},
};

/// How many answers one request may have; eight are documented.
const MAX_CANDIDATES: usize = 64;

/// Reads a whole answer.
pub(crate) fn response(dialect: Dialect, body: &[u8]) -> Result<ChatResponse> {
    let (mut decoder, mut out) = (ChunkDecoder::new(dialect, 1), VecDeque::new());
    decoder.said(read(body)?, body, &mut out)?;
    if decoder.candidates.is_empty() && decoder.blocked.is_none() {
        let what = "the answer has no candidates, and does not say why";
        return Err(Error::decode(what));
    }
    decoder.end(true, &mut out)?;
    Fold::of(out)
}

/// Turns the frames of a stream into chunks.
#[derive(Debug)]
pub struct ChunkDecoder {
    dialect: Dialect,
    /// How many answers were asked for.
    asked: usize,
    candidates: Vec<Candidate>,
    /// Why there is no answer at all: what the prompt was blocked for.
    blocked: Option<Box<RawValue>>,
    meta: ChunkMeta,
    repeated: Repeated,
    /// The latest figures, as they came.
    usage: String,
    /// How many parts there are, and how many calls without an id.
    parts: u32,
    calls: u32,
    /// Figures came with a reason to end, or after it.
    ended: bool,
    /// And after that came more of the answer.
    goes_on: bool,
    /// The end of an array of answers.
    last: bool,
    /// Frames that say nothing at all of an answer.
    silent: bool,
}

impl ChunkDecoder {
    pub(crate) fn new(dialect: Dialect, asked: u32) -> Self {
        Self {
            dialect,
            asked: usize::try_from(asked).unwrap_or(1).max(1),
            candidates: Vec::new(),
            blocked: None,
            meta: ChunkMeta::default(),
            repeated: Repeated::default(),
            usage: String::new(),
            parts: 0,
            calls: 0,
            ended: false,
            goes_on: false,
            last: false,
            silent: false,
        }
    }

    /// Tells what was said, and read from `json`.
    fn said(
        &mut self,
        said: Said<'_>,
        json: &[u8],
        chunks: &mut VecDeque<StreamChunk>,
    ) -> Result<()> {
        if let Some(fault) = said.error {
            return Err(in_band(fault));
        }
        let raw_parts = if said.is_plain() {
            Vec::new()
        } else {
            raw_parts(json)?
        };
        let usage = said.usage_metadata.filter(|raw| raw.get() != self.usage);
        let told = usage.and_then(usage::told);
        let tier = told.as_ref().and_then(|(_, tier)| tier.as_deref());
        if self.learn(&said, tier) {
            chunks.push_back(StreamChunk::Meta(Box::new(self.meta.clone())));
        }
        if let Some(feedback) = said.prompt_feedback {
            self.blocked = Some(feedback.to_owned());
        }
        let mut raw_parts = raw_parts.into_iter();
        for (place, candidate) in (0..).zip(said.candidates.into_iter().flatten()) {
            let raw = raw_parts.next().unwrap_or_default();
            let index = candidate.index.unwrap_or(place);
            let ours = self.candidates.iter().position(|ours| ours.index == index);
            let ours = ours.unwrap_or_else(|| {
                self.candidates.push(Candidate::new(index));
                self.candidates.len() - 1
            });
            if self.candidates.len() > MAX_CANDIDATES {
                let what = format!("there are more than {MAX_CANDIDATES} answers");
                return Err(Error::limit_exceeded(Limit::Calls, what));
            }
            let mut out = Out {
                dialect: self.dialect,
                id: self.meta.id.as_deref(),
                parts: &mut self.parts,
                calls: &mut self.calls,
                chunks,
            };
            if let Some(ours) = self.candidates.get_mut(ours) {
                self.goes_on |= ours.said(candidate, &raw, &mut out)? && self.ended;
            }
        }
        self.ended |= said.usage_metadata.is_some() && self.has_reasons();
        if let (Some(raw), Some((usage, _))) = (usage, told) {
            raw.get().clone_into(&mut self.usage);
            chunks.push_back(StreamChunk::Usage(Box::new(usage)));
        }
        Ok(())
    }

    /// Whether there is more to be known of the answer than before: each frame says it all again.
    fn learn(&mut self, said: &Said<'_>, tier: Option<&str>) -> bool {
        fn learn(known: &mut Option<String>, told: Option<&str>) -> bool {
            let is_new = told.is_some() && told != known.as_deref();
            if is_new {
                *known = told.map(ToOwned::to_owned);
            }
            is_new
        }
        let known = &mut self.meta;
        let created = said.create_time.as_ref().map(Text::text).and_then(seconds);
        let is_new = created.is_some() && created != known.created;
        known.created = created.or(known.created);
        is_new
            | learn(&mut known.id, said.response_id.as_ref().map(Text::text))
            | learn(
                &mut known.model,
                said.model_version.as_ref().map(Text::text),
            )
            | learn(&mut known.service_tier, tier)
    }

    /// Closes what is open and says how each answer ended; `whole` if no more can come, whether a
    /// reason came or not.
    fn end(&mut self, whole: bool, chunks: &mut VecDeque<StreamChunk>) -> Result<()> {
        let mut feedback = self.blocked.take();
        if self.candidates.is_empty()
            && let Some(feedback) = &feedback
            && let Some(finish) = finish::blocked(feedback)
        {
            let mut candidate = Candidate::new(0);
            candidate.blocked(finish);
            self.candidates.push(candidate);
        }
        let mut out = Out {
            dialect: self.dialect,
            id: self.meta.id.as_deref(),
            parts: &mut self.parts,
            calls: &mut self.calls,
            chunks,
        };
        for candidate in &mut self.candidates {
            let feedback = feedback.take_if(|_| candidate.index == 0);
            candidate.end(whole, feedback.as_deref(), &mut out)?;
        }
        Ok(())
    }

    /// Whether every answer that was asked for says why it ended.
    fn has_reasons(&self) -> bool {
        self.candidates.len() >= self.asked && self.candidates.iter().all(Candidate::has_reason)
    }

    fn is_blocked(&self) -> bool {
        let feedback = self.blocked.as_deref();
        self.candidates.is_empty() && feedback.is_some_and(|raw| finish::blocked(raw).is_some())
    }
}

impl Decoder for ChunkDecoder {
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        if !matches!(&*frame.name, b"" | b"message") {
            // What Google adds tomorrow is no reason to fail.
            return Ok(());
        }
        if frame.data.is_empty() {
            (self.last, self.silent) = (true, true);
            return Ok(());
        }
        let before = out.len();
        let text = frame.text().unwrap_or_default();
        let said = match self.repeated.read(text) {
            Some(said) => said,
            None => {
                let said = read(&frame.data)?;
                self.repeated.learn(text, &said);
                said
            }
        };
        self.said(said, &frame.data, out)?;
        self.silent |= out.len() == before;
        Ok(())
    }

    fn finish(&mut self, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let nothing = self.candidates.is_empty() && self.blocked.is_none();
        if nothing && self.silent && self.meta == ChunkMeta::default() {
            let what = "the stream has frames that say nothing of an answer";
            return Err(Error::decode(what));
        }
        self.end(false, out)
    }

    /// Some say in every frame that the answer stopped: a reason counts once there are figures, and
    /// only the end of the stream is one where more came after them.
    fn terminal(&self) -> Terminal {
        if self.last {
            Terminal::Last
        } else if self.is_blocked() || (self.ended && !self.goes_on) {
            Terminal::Whole
        } else {
            Terminal::Open
        }
    }
}
