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

#[derive(Clone, Debug)]
struct Open {
    candidate: u32,
    open: bool,
    content: Kind,
    /// All words so far: what its end must repeat, if it repeats anything.
    said: String,
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
    /// The end of a part is not what its deltas said.
    NotTheSame,
    /// A delta or a part came after the finish of its candidate.
    AfterFinish,
    /// A candidate finished twice.
    FinishedTwice,
    /// A candidate finished while one of its parts was open.
    LeftOpen,
    /// The stream ended without a finish, of its answer or of another that had begun.
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
            Self::NotTheSame => "the end of a part is not what its deltas said",
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
            return if std::mem::replace(&mut self.started, true) {
                Err(Violation::StartedTwice)
            } else {
                Ok(())
            };
        }
        if !self.started && !matches!(chunk, StreamChunk::Raw(_)) {
            self.started = true;
            return Err(Violation::NotStarted);
        }
        match chunk {
            StreamChunk::PartStart {
                ix,
                candidate,
                part,
            } => {
                if *ix as usize != self.parts.len() {
                    return Err(Violation::NotDense);
                }
                let said = words(&part.content).unwrap_or_default().to_owned();
                self.parts.push(Open {
                    candidate: *candidate,
                    open: true,
                    content: kind(&part.content),
                    said,
                });
                if self.finished.contains(candidate) {
                    Err(Violation::AfterFinish)
                } else {
                    Ok(())
                }
            }
            StreamChunk::Delta { ix, delta } => {
                let part = self.open_part(*ix)?;
                if !fits(delta, part.content) {
                    return Err(Violation::WrongKind);
                }
                if let Delta::Text(text) | Delta::Reasoning(text) | Delta::Refusal(text) = delta {
                    part.said.push_str(text);
                }
                Ok(())
            }
            StreamChunk::PartEnd { ix, part: end } => {
                let part = self.open_part(*ix)?;
                part.open = false;
                match end {
                    Some(end) if kind(&end.content) != part.content => Err(Violation::WrongKind),
                    // A wire may keep for the end what it did not stream, but not change what it did.
                    Some(end)
                        if !part.said.is_empty()
                            && words(&end.content).is_some_and(|end| end != part.said) =>
                    {
                        Err(Violation::NotTheSame)
                    }
                    _ => Ok(()),
                }
            }
            StreamChunk::Finish { candidate, .. } => {
                if self.finished.contains(candidate) {
                    return Err(Violation::FinishedTwice);
                }
                self.finished.push(*candidate);
                let left_open = self
                    .parts
                    .iter()
                    .any(|part| part.candidate == *candidate && part.open);
                if left_open {
                    Err(Violation::LeftOpen)
                } else {
                    Ok(())
                }
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
        let finished = |candidate: u32| self.finished.contains(&candidate);
        let whole = finished(0) && self.parts.iter().all(|part| finished(part.candidate));
        if whole {
            Ok(())
        } else {
            Err(Violation::NotFinished)
        }
    }

    fn open_part(&mut self, ix: u32) -> Result<&mut Open, Violation> {
        let part = self
            .parts
            .get_mut(ix as usize)
            .filter(|part| part.open)
            .ok_or(Violation::NotOpen)?;
        if self.finished.contains(&part.candidate) {
            Err(Violation::AfterFinish)
        } else {
            Ok(part)
        }
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

fn words(content: &Content) -> Option<&str> {
    match content {
        Content::Text(text) => Some(&text.text),
        Content::Reasoning(reasoning) => reasoning.text.as_deref(),
        Content::Refusal(refusal) => Some(&refusal.text),
        _ => None,
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
