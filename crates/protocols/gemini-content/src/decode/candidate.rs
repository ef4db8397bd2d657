//! One of the answers, as far as it has come.
//!
//! Signatures stand wherever they may: on words, thoughts, calls and pictures. What is signed stays
//! a part of its own, since it goes back as it came:
//! <https://ai.google.dev/gemini-api/docs/thought-signatures>.

use bytes::Bytes;
use serde_json::value::RawValue;
use trunkline_core::{
    Content, Delta, Json, Part, Result, StreamChunk, ToolCall,
    chat::{
        Executor, Finish, Media, Opaque, OpaqueState, Reasoning, Source, ToolInput, ToolKind,
        ToolResult, ToolStatus,
    },
    protocol::read,
};

use super::{
    added::{Added, bytes_of},
    finish,
    out::Out,
    sources,
};
use crate::wire::{self, Called, Inline, Piece, Ran, Served};

#[derive(Debug, Default)]
pub(super) struct Candidate {
    pub(super) index: u32,
    /// What grows now.
    open: Option<Open>,
    /// The parts that are words. They stay open, since citations of them come last.
    texts: Vec<Span>,
    /// The call that the next run of code answers.
    code: String,
    has_calls: bool,
    finish: Option<Finish>,
    reason: Option<String>,
    message: Option<String>,
    added: Added,
    over: bool,
}

/// A part of words, and which bytes of all words are in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) ix: u32,
    pub(super) start: u64,
    pub(super) end: u64,
}

#[derive(Debug)]
struct Open {
    ix: u32,
    kind: Kind,
    signed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thought,
    Sound(String),
}

impl Candidate {
    pub(super) fn new(index: u32) -> Self {
        Self {
            index,
            ..Self::default()
        }
    }

    pub(super) fn has_reason(&self) -> bool {
        self.reason.is_some()
    }

    /// There is no answer, and this is why.
    pub(super) fn blocked(&mut self, finish: Finish) {
        self.finish = Some(finish);
    }

    /// Reads a frame; whether it had more to say after a reason to end. `raw` has the parts as they
    /// came, where one of them is to be kept so.
    pub(super) fn said(
        &mut self,
        said: wire::Candidate<'_>,
        raw: &[&RawValue],
        out: &mut Out<'_>,
    ) -> Result<bool> {
        let parts = said.content.and_then(|content| content.parts);
        let parts = parts.unwrap_or_default();
        let (had_reason, before) = (self.has_reason(), out.chunks.len());
        let mut last = None;
        for (place, part) in parts.into_iter().enumerate() {
            let raw = raw.get(place).copied().unwrap_or(RawValue::NULL);
            last = self.piece(part, raw, last, out)?;
        }
        let goes_on = had_reason && out.chunks.len() > before;
        if let Some(logprobs) = said.logprobs_result.and_then(sources::logprobs) {
            let ix = match self.texts.last() {
                Some(text) => text.ix,
                None => self.begin(Kind::Text, None, out)?,
            };
            out.delta(ix, Delta::Logprobs(logprobs));
        }
        let keep = |ours: &mut Option<Box<RawValue>>, new: Option<&RawValue>| {
            *ours = new.map(ToOwned::to_owned).or(ours.take());
        };
        keep(&mut self.added.ratings, said.safety_ratings);
        keep(&mut self.added.citations, said.citation_metadata);
        keep(&mut self.added.grounding, said.grounding_metadata);
        keep(&mut self.added.pages, said.url_context_metadata);
        keep(&mut self.added.likelihood, said.avg_logprobs);
        self.message = said.finish_message.or(self.message.take());
        let reason = said.finish_reason.map(|reason| reason.text().to_owned());
        self.reason = reason.or(self.reason.take());
        Ok(goes_on)
    }

    /// Reads a part, which came as `raw`. `last` is what the part before it in the same frame was, if that was words: two
    /// that come together are two.
    fn piece(
        &mut self,
        piece: Piece<'_>,
        raw: &RawValue,
        last: Option<Kind>,
        out: &mut Out<'_>,
    ) -> Result<Option<Kind>> {
        let is_thought = piece.thought == Some(true);
        let signed = piece
            .thought_signature
            .filter(|signature| !signature.is_empty());
        let state = signed.map(|signature| out.state("thought_signature", signature));
        if let Some(text) = piece.text {
            let kind = if is_thought {
                Kind::Thought
            } else {
                Kind::Text
            };
            let together = last.as_ref() == Some(&kind);
            self.words(&kind, text.into_string(), state, together, out)?;
            return Ok(Some(kind));
        }
        if let Some(inline) = piece.inline_data {
            self.media(*inline, is_thought, state, out)?;
        } else if let Some(file) = piece.file_data {
            let kind = file
                .mime_type
                .unwrap_or_else(|| "application/octet-stream".to_owned());
            let media = Media::new(kind, Source::Url(file.file_uri.unwrap_or_default()));
            self.whole(Part::new(media), state, None, out)?;
        } else if let Some(call) = piece.function_call.filter(|call| call.is_whole()) {
            self.call(*call, state, out)?;
        } else if let Some(code) = piece.executable_code {
            let id = serde_json::from_str::<Ran>(code.get())
                .ok()
                .and_then(|code| code.id);
            let id = self.serve("code_execution", id, Some(code), raw, out)?;
            self.code = id;
        } else if let Some(result) = piece.code_execution_result {
            self.ran(read(result.get().as_bytes())?, raw, out)?;
        } else if let Some(call) = piece.tool_call {
            let name = call.tool_type.unwrap_or_default().to_ascii_lowercase();
            self.serve(&name, call.id, call.args, raw, out)?;
        } else if let Some(answer) = piece.tool_response {
            self.served(*answer, raw, out)?;
        } else if let Some(name) = wire::name_of(raw) {
            let kind = out.dialect.named(&name);
            self.whole(Part::new(Opaque::new(kind, raw.into())), None, None, out)?;
        } else if state.is_some() {
            // A signature alone is one of no words.
            self.words(&Kind::Text, String::new(), state, false, out)?;
        }
        Ok(None)
    }

    fn words(
        &mut self,
        kind: &Kind,
        text: String,
        state: Option<OpaqueState>,
        together: bool,
        out: &mut Out<'_>,
    ) -> Result<()> {
        if text.is_empty() && state.is_none() {
            return Ok(());
        }
        let grows =
            |open: &&Open| open.kind == *kind && !open.signed && state.is_none() && !together;
        let ix = match self.open.as_ref().filter(grows) {
            Some(open) => open.ix,
            None => self.begin(kind.clone(), state, out)?,
        };
        if text.is_empty() {
            return Ok(());
        }
        out.delta(
            ix,
            match kind {
                Kind::Thought => Delta::Reasoning(text),
                _ => {
                    if let Some(span) = self.texts.last_mut() {
                        span.end += text.len() as u64;
                    }
                    Delta::Text(text)
                }
            },
        );
        Ok(())
    }

    /// Begins a part that may grow.
    fn begin(&mut self, kind: Kind, state: Option<OpaqueState>, out: &mut Out<'_>) -> Result<u32> {
        self.close(out);
        let mut part = match &kind {
            Kind::Text => Part::text(""),
            Kind::Thought => Part::new(Reasoning::default()),
            Kind::Sound(kind) => Part::new(Media::new(kind.clone(), Source::Bytes(Bytes::new()))),
        };
        part.state = state;
        let signed = part.state.is_some();
        let ix = out.start(self.index, part)?;
        if kind == Kind::Text {
            let start = self.texts.last().map_or(0, |text| text.end);
            self.texts.push(Span {
                ix,
                start,
                end: start,
            });
        }
        self.open = Some(Open { ix, kind, signed });
        Ok(ix)
    }

    /// Ends what grows. Words stay open: they may be cited yet.
    fn close(&mut self, out: &mut Out<'_>) {
        if let Some(open) = self.open.take().filter(|open| open.kind != Kind::Text) {
            out.end(open.ix);
        }
    }

    fn whole(
        &mut self,
        mut part: Part,
        state: Option<OpaqueState>,
        delta: Option<Delta>,
        out: &mut Out<'_>,
    ) -> Result<()> {
        self.close(out);
        part.state = state;
        out.whole(self.index, part, delta)
    }

    /// A picture comes in one; a sound comes in pieces.
    fn media(
        &mut self,
        inline: Inline,
        is_thought: bool,
        state: Option<OpaqueState>,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let bytes = bytes_of(inline.data.as_deref().unwrap_or_default())?;
        let kind = inline
            .mime_type
            .unwrap_or_else(|| "application/octet-stream".to_owned());
        if is_thought {
            let mut thought = Reasoning::default();
            let media = Media::new(kind, Source::Bytes(bytes));
            thought.media.push(Part::new(media));
            return self.whole(Part::new(thought), state, None, out);
        }
        if !kind.starts_with("audio/") {
            let media = Media::new(kind, Source::Bytes(Bytes::new()));
            return self.whole(Part::new(media), state, Some(Delta::Media(bytes)), out);
        }
        let sound = Kind::Sound(kind);
        let grows = |open: &&Open| open.kind == sound && !open.signed && state.is_none();
        let ix = match self.open.as_ref().filter(grows) {
            Some(open) => open.ix,
            None => self.begin(sound, state, out)?,
        };
        out.delta(ix, Delta::Media(bytes));
        Ok(())
    }

    fn call(
        &mut self,
        call: Called<'_>,
        state: Option<OpaqueState>,
        out: &mut Out<'_>,
    ) -> Result<()> {
        self.has_calls = true;
        let (id, synthetic) = out.call_id(call.id);
        let mut made = ToolCall::new(id, call.name.unwrap_or_default(), ToolInput::from_text(""));
        made.synthetic_id = synthetic;
        let args = call
            .args
            .map(|args| Delta::ToolInput(args.get().to_owned()));
        self.whole(Part::new(made), state, args, out)
    }

    /// A call that the provider makes and answers itself. The part goes back as it came.
    fn serve(
        &mut self,
        name: &str,
        id: Option<String>,
        args: Option<&RawValue>,
        raw: &RawValue,
        out: &mut Out<'_>,
    ) -> Result<String> {
        let (id, synthetic) = out.call_id(id);
        let text = id.as_str().to_owned();
        let mut made = ToolCall::new(id, name, ToolInput::from_text(""));
        made.synthetic_id = synthetic;
        made.kind = ToolKind::Hosted(name.into());
        made.executor = Executor::Provider;
        let args = args.map(|args| Delta::ToolInput(args.get().to_owned()));
        let state = out.state("part", raw.get());
        self.whole(Part::new(made), Some(state), args, out)?;
        Ok(text)
    }

    fn ran(&mut self, ran: Ran, raw: &RawValue, out: &mut Out<'_>) -> Result<()> {
        let call = ran.id.unwrap_or_else(|| self.code.clone());
        let mut result = ToolResult::text(call, ran.output.unwrap_or_default());
        result.name = Some("code_execution".to_owned());
        result.executor = Executor::Provider;
        result.status = match ran.outcome.as_deref() {
            Some("OUTCOME_FAILED") => ToolStatus::Error,
            Some("OUTCOME_DEADLINE_EXCEEDED") => ToolStatus::Incomplete,
            _ => ToolStatus::Ok,
        };
        let state = out.state("part", raw.get());
        self.whole(
            Part::new(Content::ToolResult(result)),
            Some(state),
            None,
            out,
        )
    }

    fn served(&mut self, answer: Served<'_>, raw: &RawValue, out: &mut Out<'_>) -> Result<()> {
        let mut result = ToolResult::text(answer.id.unwrap_or_default(), "");
        result.output.clear();
        result.name = answer.tool_type.map(|name| name.to_ascii_lowercase());
        result.executor = Executor::Provider;
        result.json = answer.response.map(Json::from);
        let state = out.state("part", raw.get());
        self.whole(
            Part::new(Content::ToolResult(result)),
            Some(state),
            None,
            out,
        )
    }

    /// Closes what is open and says how it ended, if it did or if no more can come.
    pub(super) fn end(
        &mut self,
        whole: bool,
        feedback: Option<&RawValue>,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let ended = whole || self.has_reason() || self.finish.is_some();
        if self.over || !ended {
            return Ok(());
        }
        self.over = true;
        self.close(out);
        let found = sources::of(&self.added, out.dialect.provider);
        let mut rest = found.rest;
        for (at, citation) in found.cited {
            let in_it = |text: &&Span| text.start <= at && at < text.end;
            match self.texts.iter().find(in_it).or(self.texts.last()) {
                Some(text) => out.delta(text.ix, Delta::Citation(Box::new(citation))),
                None => rest.push(sources::alone(citation)),
            }
        }
        for text in std::mem::take(&mut self.texts) {
            out.end(text.ix);
        }
        for source in rest {
            out.whole(self.index, Part::new(Content::Source(source)), None)?;
        }
        let reason = self.reason.as_deref();
        let made = || finish::finish(reason, self.has_calls, self.added.ratings.as_deref());
        let mut reason = self.finish.take().unwrap_or_else(made);
        if let Some(message) = self.message.take() {
            reason = reason.detail(message);
        }
        let ext = self.added.ext(self.index, feedback, out.dialect.provider);
        out.chunks.push_back(StreamChunk::Finish {
            candidate: self.index,
            reason,
            usage: None,
            ext,
        });
        Ok(())
    }
}
