//! A recorded stream in its pieces, and what its wire does with some of them: learnt by trying, not
//! known beforehand.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use trunkline_core::{ChatResponse, Delta, StreamChunk};

use super::{super::Subject, Answer, Framing, Read, Role, Stand};

/// A stream that ends well.
pub(in super::super) struct Recorded {
    pub(in super::super) role: Role,
    pub(in super::super) framing: Framing,
    pub(in super::super) events: Vec<Bytes>,
    /// What it gives when it comes in one piece.
    pub(in super::super) chunks: Vec<StreamChunk>,
    pub(in super::super) answer: ChatResponse,
    /// With so many events there is content.
    pub(in super::super) content_after: usize,
    /// Whether the wire has a last word, after which nothing is waited for.
    pub(in super::super) has_last_word: bool,
    /// Whether the last event adds nothing to the answer: it only says that it is over.
    pub(in super::super) says_only_so: bool,
    /// The event that only adds words to an open text, and those words.
    pub(in super::super) words: Option<(usize, String)>,
    /// Whether its events are JSON, so that one may be unreadable.
    pub(in super::super) is_json: bool,
}

impl Recorded {
    /// Learns the stream of a fixture. It runs by itself, before any test does.
    pub(in super::super) fn learn(subject: &Arc<Subject>, role: Role) -> Result<Self, String> {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        runtime.block_on(Self::try_learn(subject, role))
    }

    /// The events of a fixture's stream.
    pub(in super::super) fn split(role: &Role) -> Vec<Bytes> {
        role.framing.split(&role.body)
    }

    async fn try_learn(subject: &Arc<Subject>, role: Role) -> Result<Self, String> {
        let framing = role.framing;
        let events = Self::split(&role);
        let stand = Stand::of(subject)?;
        let read = stand.call(&role.op, Answer::of(&role)).await;
        let answer = read.answer().map_err(|error| {
            format!(
                "the stream of the fixture `{}` gives no answer: {error}",
                role.name
            )
        })?;
        let mut recorded = Self {
            framing,
            chunks: read.chunks.clone(),
            answer: answer.clone(),
            content_after: 0,
            has_last_word: false,
            says_only_so: false,
            words: None,
            is_json: events.iter().any(|event| framing.json(event).is_some()),
            events,
            role,
        };
        recorded.try_prefixes(&stand).await;
        // A clean end, since a decoder that waits for the last word would not call it whole.
        let but_one = recorded.first(recorded.events.len().saturating_sub(1));
        let read = recorded.read(&stand, recorded.answer_of(but_one)).await;
        recorded.says_only_so = read.result.is_ok_and(|answer| answer == recorded.answer);
        let began = tokio::time::Instant::now();
        let open = Answer::of(&recorded.role).open();
        let read = recorded.read(&stand, open).await;
        recorded.has_last_word = read.result.is_ok() && began.elapsed() < Duration::from_secs(2);
        Ok(recorded)
    }

    async fn try_prefixes(&mut self, stand: &Stand) {
        let mut before = 0;
        for count in 1..=self.events.len() {
            let answer = Answer::of(&self.role).pieces(self.first(count)).broken();
            let read = self.read(stand, answer).await;
            let is_content = read.chunks.iter().any(StreamChunk::is_output);
            if is_content && self.content_after == 0 {
                self.content_after = count;
            }
            // Some tell the usage so far with each word.
            let new = read.chunks.iter().skip(before);
            let new: Vec<_> = new
                .filter(|chunk| !matches!(chunk, StreamChunk::Usage(_)))
                .collect();
            if let (
                [
                    StreamChunk::Delta {
                        delta: Delta::Text(text),
                        ..
                    },
                ],
                Err(_),
            ) = (new.as_slice(), &read.result)
                && !text.is_empty()
                && before > 0
            {
                self.words.get_or_insert((count - 1, text.clone()));
            }
            // Priming keeps back what comes before content, so a prefix without any gives nothing.
            before = read.chunks.len();
        }
    }

    /// The body with `insert` after so many events.
    pub(in super::super) fn with(&self, after: usize, insert: impl Into<Bytes>) -> Vec<Bytes> {
        let mut pieces = self.events.clone();
        pieces.insert(after.min(pieces.len()), insert.into());
        pieces
    }

    /// The first so many events.
    pub(in super::super) fn first(&self, count: usize) -> Vec<Bytes> {
        self.events.iter().take(count).cloned().collect()
    }

    /// All events but the last, if that says nothing of the answer.
    pub(in super::super) fn without_last_word(&self) -> Vec<Bytes> {
        let all = self.events.len();
        self.first(all.saturating_sub(usize::from(self.says_only_so)))
    }

    /// An event that nobody can read.
    pub(in super::super) fn unreadable(&self) -> Bytes {
        self.event_of(b"{\"half")
    }

    /// An event like the one that brings the first content, by its name and all, but with this in it.
    pub(in super::super) fn event_of(&self, data: &[u8]) -> Bytes {
        let like = self.content_after.checked_sub(1);
        let like = like.and_then(|at| self.events.get(at)).cloned();
        if self.framing == Framing::Messages {
            return self.framing.with_data(&like.unwrap_or_default(), data);
        }
        let mut event = Vec::new();
        if self.framing == Framing::Sse {
            for line in like
                .unwrap_or_default()
                .split_inclusive(|byte| *byte == b'\n')
            {
                if line.starts_with(b"event:") {
                    event.extend_from_slice(line);
                }
            }
            event.extend_from_slice(b"data: ");
        }
        event.extend_from_slice(data);
        event.extend_from_slice(match self.framing {
            Framing::Sse => b"\n\n",
            Framing::Lines | Framing::Messages => b"\n",
        });
        event.into()
    }

    pub(in super::super) fn answer_of(&self, pieces: Vec<Bytes>) -> Answer {
        Answer::of(&self.role).pieces(pieces)
    }

    /// What is made of this answer to the same call.
    pub(in super::super) async fn read(&self, stand: &Stand, answer: Answer) -> Read {
        stand.call(&self.role.op, answer).await
    }
}
