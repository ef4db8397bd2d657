//! Chunks on their way out, with their numbers.

use std::collections::VecDeque;

use trunkline_core::{
    Delta, Error, Limit, Part, Result, StreamChunk,
    chat::{CallId, OpaqueState},
};

use crate::Dialect;

/// How many parts one answer may have.
const MAX_PARTS: u32 = 4_096;

pub(super) struct Out<'a> {
    pub(super) dialect: Dialect,
    /// The provider's id of the answer.
    pub(super) id: Option<&'a str>,
    pub(super) parts: &'a mut u32,
    pub(super) calls: &'a mut u32,
    pub(super) chunks: &'a mut VecDeque<StreamChunk>,
}

impl Out<'_> {
    /// Begins a part, and gives its number.
    pub(super) fn start(&mut self, candidate: u32, part: Part) -> Result<u32> {
        let ix = *self.parts;
        if ix >= MAX_PARTS {
            let what = format!("the answer has more than {MAX_PARTS} parts");
            return Err(Error::limit_exceeded(Limit::Events, what));
        }
        *self.parts += 1;
        let part = Box::new(part);
        self.chunks.push_back(StreamChunk::PartStart {
            ix,
            candidate,
            part,
        });
        Ok(ix)
    }

    pub(super) fn delta(&mut self, ix: u32, delta: Delta) {
        self.chunks.push_back(StreamChunk::Delta { ix, delta });
    }

    pub(super) fn end(&mut self, ix: u32) {
        self.chunks
            .push_back(StreamChunk::PartEnd { ix, part: None });
    }

    /// The whole of a part that does not grow.
    pub(super) fn whole(&mut self, candidate: u32, part: Part, delta: Option<Delta>) -> Result<()> {
        let ix = self.start(candidate, part)?;
        if let Some(delta) = delta {
            self.delta(ix, delta);
        }
        self.end(ix);
        Ok(())
    }

    /// The provider's id of a call, or one of ours, and whether it is ours. It is no other call's:
    /// not of this answer, and not of another in the same conversation.
    pub(super) fn call_id(&mut self, id: Option<String>) -> (CallId, bool) {
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            return (id.into(), false);
        }
        let number = *self.calls;
        *self.calls += 1;
        let answer = self.id.unwrap_or("call");
        (format!("{answer}-{number}").into(), true)
    }

    pub(super) fn state(&self, item: &str, data: impl Into<String>) -> OpaqueState {
        OpaqueState::new(self.dialect.named(item), data)
    }
}
