//! Where a candidate's chunks go, and how its parts are numbered.

use std::collections::VecDeque;

use trunkline_core::{Content, Delta, Part, StreamChunk};

/// The chunks of one candidate, on their way out.
pub(super) struct Out<'a> {
    pub(super) chunks: &'a mut VecDeque<StreamChunk>,
    /// The number of the next part, of whichever candidate.
    pub(super) next: &'a mut u32,
    pub(super) candidate: u32,
    /// Whether this is a whole answer and not a piece of one.
    pub(super) whole: bool,
    /// Makes up ids for tool calls that come without.
    pub(super) seed: u64,
}

impl Out<'_> {
    /// Begins a part and gives its number.
    pub(super) fn start(&mut self, part: Part) -> u32 {
        let ix = *self.next;
        *self.next += 1;
        self.chunks.push_back(StreamChunk::PartStart {
            ix,
            candidate: self.candidate,
            part: Box::new(part),
        });
        ix
    }

    /// A part that comes at once.
    pub(super) fn at_once(&mut self, part: impl Into<Content>) {
        let ix = self.start(Part::new(part));
        self.end(ix);
    }

    /// The number of a part that is begun when it is first needed.
    pub(super) fn open<C: Into<Content>>(
        &mut self,
        slot: &mut Option<u32>,
        content: impl FnOnce() -> C,
    ) -> u32 {
        *slot.get_or_insert_with(|| self.start(Part::new(content())))
    }

    pub(super) fn delta(&mut self, ix: u32, delta: Delta) {
        self.chunks.push_back(StreamChunk::Delta { ix, delta });
    }

    pub(super) fn end(&mut self, ix: u32) {
        self.chunks
            .push_back(StreamChunk::PartEnd { ix, part: None });
    }
}
