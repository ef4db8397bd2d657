//! The laws that every stream obeys. Checked in debug builds, by the conformance suite, and on
//! recorded traffic.

use std::fmt;

use super::{Delta, StreamChunk};
use crate::chat::Content;

/// Checks the chunks of one stream, one after another.
#[derive(Clone, Debug, Default)]
pub struct Laws {
    started: bool,
    parts: Vec<Open>,
    finished: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    candidate: u32,
    open: bool,
    content: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Reasoning,
    Refusal,
    ToolCall,
    Media,
    Other,
}

/// A law that a stream broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// A chunk came before `Start`.
    NotStarted,
    /// `Start` came again.
    StartedTwice,
    /// A part's number is not the next one.
    NotDense,
    /// A chunk names a part that is not open.
    NotOpen,
    /// A delta does not fit its part.
    WrongKind,
    /// A delta or a part came after the finish of its candidate.
    AfterFinish,
    /// A candidate finished twice.
    FinishedTwice,
    /// A candidate finished while one of its parts was open.
    LeftOpen,
    /// The stream ended without a finish.
    NotFinished,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotStarted => "a chunk came before Start",
            Self::StartedTwice => "Start came twice",
            Self::NotDense => "a part's number is not the next one",
            Self::NotOpen => "a chunk names a part that is not open",
            Self::WrongKind => "a delta does not fit its part",
            Self::AfterFinish => "content came after the finish of its candidate",
            Self::FinishedTwice => "a candidate finished twice",
            Self::LeftOpen => "a candidate finished while one of its parts was open",
            Self::NotFinished => "the stream ended without a finish",
        })
    }
}

impl std::error::Error for Violation {}

impl Laws {
    /// Checks the next chunk.
    ///
    /// # Errors
    ///
    /// The law that it breaks.
    pub fn check(&mut self, chunk: &StreamChunk) -> Result<(), Violation> {
        if let StreamChunk::Start { .. } = chunk {
            return if std::mem::replace(&mut self.started, true) { Err(Violation::StartedTwice) } else { Ok(()) };
        }
        if !self.started && !matches!(chunk, StreamChunk::Raw(_)) {
            self.started = true;
            return Err(Violation::NotStarted);
        }
        match chunk {
            StreamChunk::PartStart { ix, candidate, part } => {
                if *ix as usize != self.parts.len() {
                    return Err(Violation::NotDense);
                }
                self.parts.push(Open { candidate: *candidate, open: true, content: kind(&part.content) });
                if self.finished.contains(candidate) { Err(Violation::AfterFinish) } else { Ok(()) }
            }
            StreamChunk::Delta { ix, delta } => {
                let part = self.open_part(*ix)?;
                if fits(delta, part.content) { Ok(()) } else { Err(Violation::WrongKind) }
            }
            StreamChunk::PartEnd { ix, .. } => {
                self.open_part(*ix)?;
                if let Some(part) = self.parts.get_mut(*ix as usize) {
                    part.open = false;
                }
                Ok(())
            }
            StreamChunk::Finish { candidate, .. } => {
                if self.finished.contains(candidate) {
                    return Err(Violation::FinishedTwice);
                }
                self.finished.push(*candidate);
                let left_open = self.parts.iter().any(|part| part.candidate == *candidate && part.open);
                if left_open { Err(Violation::LeftOpen) } else { Ok(()) }
            }
            _ => Ok(()),
        }
    }

    /// Checks that a stream that ended without an error was whole.
    ///
    /// # Errors
    ///
    /// [`Violation::NotFinished`].
    pub fn end(&self) -> Result<(), Violation> {
        if self.finished.contains(&0) { Ok(()) } else { Err(Violation::NotFinished) }
    }

    fn open_part(&self, ix: u32) -> Result<Open, Violation> {
        let part = self.parts.get(ix as usize).copied().filter(|part| part.open).ok_or(Violation::NotOpen)?;
        if self.finished.contains(&part.candidate) { Err(Violation::AfterFinish) } else { Ok(part) }
    }
}

fn kind(content: &Content) -> Kind {
    match content {
        Content::Text(_) => Kind::Text,
        Content::Reasoning(_) => Kind::Reasoning,
        Content::Refusal(_) => Kind::Refusal,
        Content::ToolCall(_) => Kind::ToolCall,
        Content::Media(_) => Kind::Media,
        _ => Kind::Other,
    }
}

fn fits(delta: &Delta, kind: Kind) -> bool {
    match delta {
        Delta::Text(_) | Delta::Citation(_) => kind == Kind::Text,
        Delta::Reasoning(_) | Delta::ReasoningSummary { .. } => kind == Kind::Reasoning,
        Delta::ToolInput(_) => kind == Kind::ToolCall,
        Delta::Refusal(_) => kind == Kind::Refusal,
        Delta::Media(_) | Delta::Transcript(_) => kind == Kind::Media,
        Delta::State(_) | Delta::Logprobs(_) | Delta::Ext(_) => true,
    }
}
