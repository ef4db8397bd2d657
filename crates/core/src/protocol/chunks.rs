//! A chat's stream: what a protocol's decoder makes of its frames.

use std::collections::VecDeque;

use trunkline_http::frame::Frame;

use super::{Decoder, Terminal, events::Reader};
use crate::{Result, StreamChunk};

/// Makes chunks of frames.
pub(super) struct Chunks<D> {
    pub(super) decoder: D,
    /// Whether the frames themselves are among the chunks.
    pub(super) keep_raw: bool,
}

impl<D: Decoder> Reader for Chunks<D> {
    type Piece = StreamChunk;

    fn keep(&self, frame: &Frame, out: &mut VecDeque<StreamChunk>) {
        if self.keep_raw {
            out.push_back(StreamChunk::Raw(frame.data.clone()));
        }
    }

    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        self.decoder.frame(frame, out)
    }

    fn finish(&mut self, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        self.decoder.finish(out)
    }

    fn terminal(&self) -> Terminal {
        self.decoder.terminal()
    }

    fn is_progress(chunk: &StreamChunk) -> bool {
        chunk.is_progress()
    }
}
