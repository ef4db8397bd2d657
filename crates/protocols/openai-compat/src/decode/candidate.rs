//! One of the answers of a stream, as far as it has come.

use trunkline_core::{
    Delta, Ext, Json, Part, Result, StreamChunk,
    chat::{Finish, FinishKind, OpaqueState, Reasoning, Refusal, Text},
};

use super::{
    details::Details, filter, finish::finish, out::Out, think::Think, tools::Tools, unreadable,
};
use crate::{
    Dialect,
    wire::{self, Said, Str},
};

#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) index: u32,
    pub(super) provider: &'static str,
    pub(super) text: Option<u32>,
    pub(super) reasoning: Option<u32>,
    refusal: Option<u32>,
    pub(super) audio: Option<u32>,
    think: Option<Think>,
    tools: Tools,
    details: Details,
    /// What the provider wants back with the message. Some repeat it: the last one counts.
    extra: Option<String>,
    /// Of the thoughts, where they have one of their own; the last one counts.
    pub(super) signature: Option<String>,
    pub(super) sources: Vec<Part>,
    reason: Option<Box<str>>,
    native_reason: Option<Box<str>>,
    /// What content filters found, at last.
    filter: String,
    over: bool,
}

impl Candidate {
    pub(super) fn new(index: u32, dialect: Dialect) -> Self {
        Self {
            index,
            provider: dialect.provider,
            text: None,
            reasoning: None,
            refusal: None,
            audio: None,
            think: dialect.think_tags.then(Think::default),
            tools: Tools::default(),
            details: Details::default(),
            extra: None,
            signature: None,
            sources: Vec::new(),
            reason: None,
            native_reason: None,
            filter: String::new(),
            over: false,
        }
    }

    pub(super) fn has_reason(&self) -> bool {
        self.reason.is_some()
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Some repeat it in later chunks; the first one counts. A filter that judges while the model
    /// writes may have the very last word.
    pub(super) fn reason(&mut self, reason: Option<&str>) {
        let Some(reason) = reason else {
            return;
        };
        if self.reason.is_none() || reason == "content_filter" {
            self.reason = Some(reason.into());
        }
    }

    /// Keeps whoever's word it was first.
    pub(super) fn native_reason(&mut self, reason: Option<&Str<'_>>) {
        if self.native_reason.is_none() {
            self.native_reason = reason.and_then(Str::non_empty).map(Into::into);
        }
    }

    /// What content filters found so far: the last of each. It is the same in most events.
    pub(super) fn filtered(&mut self, found: &str) {
        const MOST: usize = 16 * 1024;
        if self.filter == found {
            return;
        }
        let known = (1..MOST).contains(&self.filter.len());
        let merged = known
            .then(|| Json::parse(found).ok()?.merge_into(&self.filter).ok())
            .flatten();
        self.filter = merged.unwrap_or_else(|| found.to_owned());
    }

    /// Takes out of `said` what it can: moving all of it costs more than most events say.
    pub(super) fn say(&mut self, said: &mut wire::Delta<'_>, out: &mut Out<'_>) -> Result<()> {
        // Some send the same thoughts under both names.
        let thoughts = [said.reasoning_content.take(), said.reasoning.take()]
            .into_iter()
            .flatten()
            .find(|said| !said.is_empty());
        if let Some(thoughts) = thoughts {
            self.thoughts(thoughts, out);
        }
        for detail in wire::items(said.reasoning_details).map_err(unreadable)? {
            self.details.push(detail);
        }
        match said.content.take() {
            Some(Said::Words(Str(words))) => self.words(words.into_owned(), out),
            Some(Said::Pieces(pieces)) => {
                for piece in pieces {
                    self.piece(piece, out);
                }
            }
            None => {}
        }
        if let Some(refusal) = said.refusal.as_ref().and_then(Str::non_empty) {
            let ix = out.open(&mut self.refusal, Refusal::default);
            out.delta(ix, Delta::Refusal(refusal.to_owned()));
        }
        for annotation in wire::items(said.annotations).map_err(unreadable)? {
            self.annotation(annotation, out);
        }
        if let Some(audio) = wire::object(said.audio).map_err(unreadable)? {
            self.audio(&audio, out)?;
        }
        for image in wire::items(said.images).map_err(unreadable)? {
            self.image(image, out);
        }
        if let Some(extra) = said.extra_content.filter(|extra| wire::is_set(extra)) {
            self.extra = Some(extra.get().to_owned());
        }
        for call in said.tool_calls.take().into_iter().flatten() {
            self.tools.piece(call, self.provider, out)?;
        }
        if let Some(function) = wire::object(said.function_call).map_err(unreadable)? {
            let legacy = wire::ToolCall {
                function: Some(function),
                ..Default::default()
            };
            self.tools.piece(legacy, self.provider, out)?;
        }
        Ok(())
    }

    pub(super) fn logprobs(&mut self, logprobs: &wire::Logprobs<'_>, out: &mut Out<'_>) {
        for entries in [logprobs.content, logprobs.refusal].into_iter().flatten() {
            if !entries.get().starts_with('[') || entries.get() == "[]" {
                continue;
            }
            let ix = match self.refusal {
                Some(ix) if self.text.is_none() => ix,
                _ => out.open(&mut self.text, Text::default),
            };
            out.delta(ix, Delta::Logprobs(entries.into()));
        }
    }

    /// Closes what is open and says how it ended. Without a reason, only the provider's last word
    /// makes it an end.
    pub(super) fn finish(&mut self, last: bool, out: &mut Out<'_>) {
        if self.over || (self.reason.is_none() && !last) {
            return;
        }
        self.over = true;
        if let Some((thought, rest)) = self.think.as_mut().map(Think::finish) {
            self.split(thought, rest, out);
        }
        self.state(out);
        self.tools.finish(out);
        let mut parts: Vec<u32> = [self.text, self.reasoning, self.refusal, self.audio]
            .into_iter()
            .flatten()
            .chain(self.tools.open())
            .collect();
        parts.sort_unstable();
        for ix in parts {
            out.end(ix);
        }
        for source in std::mem::take(&mut self.sources) {
            let ix = out.start(source);
            out.end(ix);
        }
        out.chunks.push_back(StreamChunk::Finish {
            candidate: self.index,
            reason: self.reason_to_finish(),
            usage: None,
            ext: match &*self.filter {
                "" => Ext::default(),
                found => filter::ext(self.provider, "content_filter_results", found),
            },
        });
    }

    /// A model that declines says so in words of their own kind, and then `stop`.
    fn reason_to_finish(&self) -> Finish {
        let mut finish = finish(self.reason.as_deref(), !self.tools.is_empty());
        if finish.kind == FinishKind::Stop && self.refusal.is_some() {
            finish.kind = FinishKind::Refusal;
        }
        if let FinishKind::ContentFilter(category) = &mut finish.kind
            && !self.filter.is_empty()
        {
            *category = filter::category(&self.filter);
        }
        if self.native_reason != self.reason {
            finish.detail.clone_from(&self.native_reason);
        }
        finish
    }

    /// What the provider wants back, with the part that it belongs to.
    fn state(&mut self, out: &mut Out<'_>) {
        if let Some(details) = self.details.take() {
            let kind = format!("{}.reasoning_details", self.provider);
            let ix = out.open(&mut self.reasoning, Reasoning::default);
            out.delta(ix, Delta::State(OpaqueState::new(kind, details)));
        } else if let Some(signature) = self.signature.take() {
            let kind = format!("{}.signature", self.provider);
            let ix = out.open(&mut self.reasoning, Reasoning::default);
            out.delta(ix, Delta::State(OpaqueState::new(kind, signature)));
        }
        if let Some(extra) = self.extra.take() {
            let kind = format!("{}.extra_content", self.provider);
            let ix = out.open(&mut self.text, Text::default);
            out.delta(ix, Delta::State(OpaqueState::new(kind, extra)));
        }
    }

    pub(super) fn words(&mut self, words: String, out: &mut Out<'_>) {
        if words.is_empty() {
            return;
        }
        let (thought, words) = match &mut self.think {
            Some(think) => think.push(words),
            None => (String::new(), words),
        };
        self.split(thought, words, out);
    }

    fn split(&mut self, thought: String, words: String, out: &mut Out<'_>) {
        if !thought.is_empty() {
            let ix = out.open(&mut self.reasoning, Reasoning::default);
            out.delta(ix, Delta::Reasoning(thought));
        }
        if !words.is_empty() {
            let ix = out.open(&mut self.text, Text::default);
            out.delta(ix, Delta::Text(words));
        }
    }

    pub(super) fn thoughts(&mut self, thoughts: Said<'_>, out: &mut Out<'_>) {
        let words = match thoughts {
            Said::Words(Str(words)) => words.into_owned(),
            Said::Pieces(pieces) => pieces
                .iter()
                .map(|piece| super::piece::text_of(piece))
                .collect(),
        };
        self.split(words, String::new(), out);
    }
}
