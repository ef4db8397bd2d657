//! The parts of an answer, numbered as they come.

use std::{borrow::Cow, collections::VecDeque};

use super::{Delta, StreamChunk};
use crate::{
    Error, Limit, Result,
    chat::{Content, Part},
};

/// How many parts one answer may have.
const MAX_PARTS: usize = 4_096;

/// Numbers the parts of an answer: a wire names them as it likes, chunks number them from 0 without
/// gaps. For decoders of one candidate.
///
/// ```
/// use std::collections::VecDeque;
/// use trunkline_core::{Delta, Part, StreamChunk, stream::Parts};
///
/// let (mut parts, mut out) = (Parts::default(), VecDeque::new());
/// parts.start(7, Part::text(""), &mut out)?;
/// parts.grow(7, "Hello", &mut out)?;
/// parts.end_all(&mut out);
/// assert_eq!(out[1], StreamChunk::text(0, "Hello"));
/// assert!(parts.delta(8, Delta::Text("?".to_owned()), &mut out).is_err());
/// # Ok::<(), trunkline_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Parts(Vec<Slot>);

#[derive(Clone, Copy, Debug)]
struct Slot {
    name: u64,
    open: bool,
    grows: Option<fn(String) -> Delta>,
    is_opaque: bool,
}

/// What words make of a part.
fn grows(part: &Part) -> Option<fn(String) -> Delta> {
    match part.content {
        Content::Text(_) => Some(Delta::Text),
        Content::Reasoning(_) => Some(Delta::Reasoning),
        Content::Refusal(_) => Some(Delta::Refusal),
        Content::ToolCall(_) => Some(Delta::ToolInput),
        _ => None,
    }
}

impl Parts {
    /// Begins the part that the wire calls `name`.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded): more than 4,096 parts.
    pub fn start(&mut self, name: u64, part: Part, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let ix = self.0.len();
        if ix >= MAX_PARTS {
            let what = format!("the answer has more than {MAX_PARTS} parts");
            return Err(Error::limit_exceeded(Limit::Events, what));
        }
        self.0.push(Slot {
            name,
            open: true,
            grows: grows(&part),
            is_opaque: matches!(part.content, Content::Opaque(_)),
        });
        out.push_back(StreamChunk::PartStart {
            ix: u32::try_from(ix).unwrap_or(u32::MAX),
            candidate: 0,
            part: Box::new(part),
        });
        Ok(())
    }

    /// Lets a part grow. What belongs to a part of no known kind is passed over, but for what any part
    /// may have: nobody knows what to make of it.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::ErrorKind::Decode): the part never began, or is over.
    pub fn delta(
        &mut self,
        name: u64,
        delta: Delta,
        out: &mut VecDeque<StreamChunk>,
    ) -> Result<()> {
        let (ix, slot) = self
            .open(name)
            .ok_or_else(|| Error::decode("an event for a part that is not open"))?;
        if slot.is_opaque && !matches!(delta, Delta::State(_) | Delta::Ext(_)) {
            return Ok(());
        }
        out.push_back(StreamChunk::Delta { ix, delta });
        Ok(())
    }

    /// Lets a part grow by words, whatever it is: a text or thoughts by what is said, a tool call by
    /// a piece of its arguments. For wires whose pieces do not say what they are of. What belongs to a
    /// part of no known kind is passed over.
    ///
    /// # Errors
    ///
    /// [`Decode`](crate::ErrorKind::Decode): the part never began, is over, or has no words.
    pub fn grow(
        &mut self,
        name: u64,
        words: impl Into<String>,
        out: &mut VecDeque<StreamChunk>,
    ) -> Result<()> {
        let slot = self.open(name).map(|(_, slot)| *slot);
        let grows = match slot {
            Some(slot) if slot.is_opaque => Some(Delta::Text as fn(String) -> Delta),
            slot => slot.and_then(|slot| slot.grows),
        };
        let grows = grows.ok_or_else(|| Error::decode("words for a part that takes none"))?;
        self.delta(name, grows(words.into()), out)
    }

    /// Ends a part. One that is over, or never began, stays as it is.
    pub fn end(&mut self, name: u64, out: &mut VecDeque<StreamChunk>) {
        if let Some((ix, slot)) = self.open(name) {
            slot.open = false;
            out.push_back(StreamChunk::PartEnd { ix, part: None });
        }
    }

    /// Ends a part, which is `part` in the end: where the wire repeats it whole. One that is over, or
    /// never began, stays as it is.
    pub fn end_as(&mut self, name: u64, part: Part, out: &mut VecDeque<StreamChunk>) {
        if let Some((ix, slot)) = self.open(name) {
            slot.open = false;
            let part = Some(Box::new(part));
            out.push_back(StreamChunk::PartEnd { ix, part });
        }
    }

    /// Tells what the provider is doing, in its own word, for a part that is open; for one that is
    /// not, it is told of the latest.
    pub fn progress(
        &mut self,
        name: u64,
        phase: impl Into<Cow<'static, str>>,
        out: &mut VecDeque<StreamChunk>,
    ) {
        let latest = u32::try_from(self.0.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let ix = self.open(name).map_or(latest, |(ix, _)| ix);
        let phase = phase.into();
        out.push_back(StreamChunk::Progress { ix, phase });
    }

    /// Ends every part that is open.
    pub fn end_all(&mut self, out: &mut VecDeque<StreamChunk>) {
        for (ix, slot) in (0..).zip(&mut self.0).filter(|(_, slot)| slot.open) {
            slot.open = false;
            out.push_back(StreamChunk::PartEnd { ix, part: None });
        }
    }

    /// The latest part of this name that is open: some begin the same number again.
    fn open(&mut self, name: u64) -> Option<(u32, &mut Slot)> {
        let is_it = |slot: &Slot| slot.open && slot.name == name;
        let ix = self.0.iter().rposition(is_it)?;
        Some((u32::try_from(ix).ok()?, self.0.get_mut(ix)?))
    }
}
