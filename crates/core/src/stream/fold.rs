//! Folds chunks into one answer. The first law of streams: this gives what the unary call gives.

use bytes::BytesMut;

use super::{ChunkMeta, Delta, StreamChunk};
use crate::{
    ChatResponse, Error, Json, Limit, Result,
    chat::{
        Candidate, Completeness, Content, Finish, FinishClass, FinishKind, Message, OpaqueState,
        Part, Role, Source, ToolInput, ToolKind, Usage, Warning,
    },
};

/// How large the arguments of one tool call may grow.
const MAX_TOOL_INPUT: usize = 1 << 20;
/// How many parts one answer may have.
const MAX_PARTS: usize = 4_096;
/// How many tool calls one answer may have.
const MAX_CALLS: usize = 256;
/// How many summaries one part may have.
const MAX_SUMMARIES: usize = 64;

/// Folds the chunks of a stream into an answer.
///
/// It does not know whose stream it is: [`ChatStream::collect`](super::ChatStream::collect) also
/// says of every part who made it.
#[derive(Clone, Debug, Default)]
pub struct Fold {
    meta: ChunkMeta,
    slots: Vec<Slot>,
    calls: usize,
    finishes: Vec<(u32, Finish)>,
    logprobs: Vec<(u32, String)>,
    usage: Option<Box<Usage>>,
    warnings: Vec<Warning>,
    ext: crate::Ext,
}

#[derive(Clone, Debug)]
struct Slot {
    candidate: u32,
    part: Box<Part>,
    /// Arguments and bytes that are whole only at the part's end.
    pending: BytesMut,
    open: bool,
    /// A tool call that ended without a word about its arguments.
    wordless: bool,
}

impl Fold {
    /// The answer that these chunks make. For protocols that read a whole answer as a stream.
    ///
    /// # Errors
    ///
    /// As for [`push`](Self::push) and [`finish`](Self::finish).
    pub fn of(chunks: impl IntoIterator<Item = StreamChunk>) -> Result<ChatResponse> {
        let mut fold = Self::default();
        chunks
            .into_iter()
            .try_for_each(|chunk| fold.push_owned(chunk))?;
        fold.finish()
    }

    /// Takes the next chunk.
    ///
    /// # Errors
    ///
    /// The answer outgrows a bound: 4,096 parts, 256 tool calls, 1 MiB of arguments for a call, 64
    /// summaries for a part.
    pub fn push(&mut self, chunk: &StreamChunk) -> Result<()> {
        match chunk {
            StreamChunk::Delta { ix, delta } => self.grow(*ix, delta),
            StreamChunk::Progress { .. } | StreamChunk::KeepAlive | StreamChunk::Raw(_) => Ok(()),
            chunk => self.push_owned(chunk.clone()),
        }
    }

    /// Takes the next chunk and what it holds, without a copy of what is large.
    ///
    /// # Errors
    ///
    /// As for [`push`](Self::push).
    pub fn push_owned(&mut self, chunk: StreamChunk) -> Result<()> {
        match chunk {
            StreamChunk::Delta {
                ix,
                delta: Delta::Text(text),
            } => self.say(ix, text),
            StreamChunk::Delta { ix, delta } => return self.grow(ix, &delta),
            StreamChunk::Start { warnings } => self.warnings.extend(warnings),
            StreamChunk::Meta(meta) => self.learn(*meta),
            StreamChunk::PartStart {
                candidate, part, ..
            } => return self.open(candidate, part),
            StreamChunk::PartEnd { ix, part } => {
                if let Some(slot) = self.slots.get_mut(ix as usize) {
                    slot.close(part);
                }
            }
            StreamChunk::Usage(usage) => self.usage = Some(usage),
            StreamChunk::Finish {
                candidate,
                reason,
                usage,
                ext,
            } => {
                self.finishes.push((candidate, reason));
                self.usage = usage.or(self.usage.take());
                self.add_ext(&ext);
            }
            StreamChunk::Progress { .. } | StreamChunk::KeepAlive | StreamChunk::Raw(_) => {}
        }
        Ok(())
    }

    /// Whether the answer is whole: it has its finish, and so has every other answer that began.
    pub fn is_finished(&self) -> bool {
        self.has_finished(0)
            && self
                .slots
                .iter()
                .all(|slot| self.has_finished(slot.candidate))
    }

    fn has_finished(&self, index: u32) -> bool {
        self.finishes
            .iter()
            .any(|(candidate, _)| *candidate == index)
    }

    /// The answer.
    ///
    /// # Errors
    ///
    /// [`Interrupted`](crate::ErrorKind::Interrupted) with the partial answer if it is not whole.
    pub fn finish(self) -> Result<ChatResponse> {
        if self.is_finished() {
            Ok(self.into_response())
        } else {
            let error = Error::interrupted("the stream ended before its answer was whole");
            Err(error.with_partial(self.into_response()))
        }
    }

    /// What there is so far. Its finish says that it was cut; open tool calls are marked invalid.
    pub fn partial(&self) -> ChatResponse {
        self.clone().into_response()
    }

    fn learn(&mut self, meta: ChunkMeta) {
        let ours = &mut self.meta;
        ours.id = meta.id.or(ours.id.take());
        ours.model = meta.model.or(ours.model.take());
        ours.created = meta.created.or(ours.created);
        ours.service_tier = meta.service_tier.or(ours.service_tier.take());
        for (provider, value) in meta.ext.iter() {
            ours.ext.add(provider, value);
        }
    }

    fn add_ext(&mut self, ext: &crate::Ext) {
        for (provider, value) in ext.iter() {
            self.ext.add(provider, value);
        }
    }

    /// The first words of a part are taken as they are: those of a whole answer are all of them.
    fn say(&mut self, ix: u32, words: String) {
        let slot = self.slots.get_mut(ix as usize);
        if let Some(Content::Text(ours)) = slot.map(|slot| &mut slot.part.content) {
            if ours.text.is_empty() {
                ours.text = words;
            } else {
                ours.text.push_str(&words);
            }
        }
    }

    fn open(&mut self, candidate: u32, part: Box<Part>) -> Result<()> {
        self.calls += usize::from(matches!(part.content, Content::ToolCall(_)));
        if self.slots.len() >= MAX_PARTS || self.calls > MAX_CALLS {
            let what =
                format!("the answer has more than {MAX_CALLS} tool calls or {MAX_PARTS} parts");
            return Err(Error::limit_exceeded(Limit::Calls, what));
        }
        self.slots.push(Slot {
            candidate,
            part,
            pending: BytesMut::new(),
            open: true,
            wordless: false,
        });
        Ok(())
    }

    fn grow(&mut self, ix: u32, delta: &Delta) -> Result<()> {
        let Some(slot) = self.slots.get_mut(ix as usize) else {
            return Ok(());
        };
        match (delta, &mut slot.part.content) {
            (Delta::Text(text), Content::Text(ours)) => ours.text.push_str(text),
            (Delta::Reasoning(text), Content::Reasoning(ours)) => {
                ours.text.get_or_insert_default().push_str(text);
            }
            (Delta::ToolInput(text), Content::ToolCall(_)) => {
                if slot.pending.len() + text.len() > MAX_TOOL_INPUT {
                    let what = format!(
                        "the arguments of a tool call are larger than {MAX_TOOL_INPUT} bytes"
                    );
                    return Err(Error::limit_exceeded(Limit::Calls, what));
                }
                slot.pending.extend_from_slice(text.as_bytes());
            }
            (Delta::Refusal(text), Content::Refusal(ours)) => ours.text.push_str(text),
            (Delta::Citation(citation), Content::Text(ours)) => {
                ours.annotations.push((**citation).clone());
            }
            (Delta::ReasoningSummary { index, text }, Content::Reasoning(ours)) => {
                let index = *index as usize;
                if index >= MAX_SUMMARIES {
                    let what = format!("the reasoning has more than {MAX_SUMMARIES} summaries");
                    return Err(Error::limit_exceeded(Limit::Calls, what));
                }
                if ours.summary.len() <= index {
                    ours.summary.resize(index + 1, String::new());
                }
                if let Some(summary) = ours.summary.get_mut(index) {
                    summary.push_str(text);
                }
            }
            (Delta::Media(bytes), Content::Media(_)) => slot.pending.extend_from_slice(bytes),
            (Delta::Transcript(text), Content::Media(ours)) => {
                ours.transcript.get_or_insert_default().push_str(text);
            }
            (Delta::State(state), _) => add_state(&mut slot.part.state, state),
            (Delta::Ext(ext), _) => {
                for (provider, value) in ext.iter() {
                    slot.part.ext.insert(provider, value.clone());
                }
            }
            (Delta::Logprobs(entries), _) => {
                let candidate = slot.candidate;
                self.add_logprobs(candidate, entries);
            }
            // A delta that does not fit its part: the laws say so, and nothing can be made of it.
            _ => {}
        }
        Ok(())
    }

    fn add_logprobs(&mut self, candidate: u32, entries: &Json) {
        let Some((_, all)) = self
            .logprobs
            .iter_mut()
            .find(|(owner, _)| *owner == candidate)
        else {
            self.logprobs.push((candidate, entries.get().to_owned()));
            return;
        };
        let inner = |list: &str| {
            list.strip_prefix('[')?
                .strip_suffix(']')
                .map(|inner| inner.trim().is_empty())
        };
        match (inner(all), inner(entries.get())) {
            (Some(false), Some(false)) => {
                all.pop();
                all.push(',');
                all.push_str(entries.get().get(1..).unwrap_or_default());
            }
            (_, Some(true)) => {}
            // Nothing yet, or no list: the later one counts.
            _ => entries.get().clone_into(all),
        }
    }

    fn into_response(mut self) -> ChatResponse {
        let cut = !self.is_finished();
        let mut candidates: Vec<u32> = self.slots.iter().map(|slot| slot.candidate).collect();
        candidates.extend(self.finishes.iter().map(|(candidate, _)| *candidate));
        candidates.push(0);
        candidates.sort_unstable();
        candidates.dedup();

        let mut answers = candidates
            .into_iter()
            .map(|index| self.take_candidate(index))
            .collect::<Vec<_>>()
            .into_iter();
        // Candidate 0 was pushed above and is the smallest.
        let first = answers.next().unwrap_or_else(|| self.take_candidate(0));

        let mut response = ChatResponse::new(
            self.meta.model.take().unwrap_or_default(),
            first.message,
            first.finish,
        );
        response.id = self.meta.id.take();
        response.created = self.meta.created;
        response.service_tier = self.meta.service_tier.take();
        response.logprobs = first.logprobs;
        response.candidates = answers.collect();
        response.usage = self.usage.take().map(|usage| *usage).unwrap_or_default();
        if cut && response.usage.completeness == Completeness::Final {
            response.usage.completeness = Completeness::Partial;
        }
        response.warnings = std::mem::take(&mut self.warnings);
        response.ext = std::mem::take(&mut self.meta.ext);
        for (provider, value) in self.ext.iter() {
            response.ext.add(provider, value);
        }
        response
    }

    fn take_candidate(&mut self, index: u32) -> Candidate {
        let finish = self
            .finishes
            .iter()
            .position(|(candidate, _)| *candidate == index)
            .map_or_else(
                || Finish::new(FinishKind::Other).detail("cut"),
                |at| self.finishes.swap_remove(at).1,
            );
        if finish.kind.class() == FinishClass::Length
            && let Some(slot) = self.slots.iter_mut().rfind(|slot| slot.candidate == index)
        {
            slot.doubt();
        }
        let mut parts = Vec::new();
        for slot in self.slots.iter_mut().filter(|slot| slot.candidate == index) {
            slot.cut();
            parts.push(std::mem::replace(&mut *slot.part, Part::text("")));
        }
        let mut candidate = Candidate::new(index, Message::new(Role::Assistant, parts), finish);
        let logprobs = self.logprobs.iter().find(|(owner, _)| *owner == index);
        candidate.logprobs = logprobs.and_then(|(_, entries)| Json::parse(entries.as_str()).ok());
        candidate
    }
}

impl Slot {
    /// The part is whole.
    fn close(&mut self, authoritative: Option<Box<Part>>) {
        self.open = false;
        if let Some(part) = authoritative {
            self.part = part;
            self.pending.clear();
            return;
        }
        self.wordless = self.pending.is_empty();
        self.settle(|text, kind| match kind {
            ToolKind::Custom => ToolInput::Text(text),
            _ => ToolInput::from_text(text),
        });
    }

    /// The answer ended while the part was open: whatever its arguments look like, they are cut.
    fn cut(&mut self) {
        if !self.open {
            return;
        }
        self.open = false;
        match &mut self.part.content {
            Content::ToolCall(call) => {
                let raw = String::from_utf8_lossy(&self.pending.split()).into_owned();
                call.input = ToolInput::Invalid {
                    raw,
                    error: CUT.to_owned(),
                };
            }
            _ => self.settle(|raw, _| ToolInput::Text(raw)),
        }
    }

    /// The answer ran out of tokens right after this part. If it is a call whose arguments had not
    /// begun, nobody knows that it was to have none.
    fn doubt(&mut self) {
        if let Content::ToolCall(call) = &mut self.part.content
            && self.wordless
            && call.arguments() == "{}"
        {
            call.input = ToolInput::Invalid {
                raw: String::new(),
                error: CUT.to_owned(),
            };
        }
    }

    fn settle(&mut self, input: impl FnOnce(String, &ToolKind) -> ToolInput) {
        if self.pending.is_empty() {
            return;
        }
        let pending = self.pending.split();
        match &mut self.part.content {
            Content::ToolCall(call) => {
                call.input = input(String::from_utf8_lossy(&pending).into_owned(), &call.kind);
            }
            Content::Media(media) => media.source = Source::Bytes(pending.freeze()),
            _ => {}
        }
    }
}

/// Why arguments that were never whole are invalid.
const CUT: &str = "cut before its end";

fn add_state(ours: &mut Option<OpaqueState>, state: &OpaqueState) {
    match ours {
        Some(ours) if ours.kind == state.kind => ours.data.push_str(&state.data),
        _ => *ours = Some(state.clone()),
    }
}
