//! Two wire formats in one protocol.

use std::collections::VecDeque;

use trunkline_http::frame::Frame;

use super::{Decoder, Terminal};
use crate::{Result, StreamChunk};

/// The decoder of one of two wire formats, for a protocol that speaks both: OpenAI's two kinds of
/// chats, the models of two makers at one provider.
#[derive(Clone, Debug)]
pub enum EitherDecoder<A, B> {
    /// Of the first.
    First(A),
    /// Of the second.
    Second(B),
}

impl<A: Decoder, B: Decoder> Decoder for EitherDecoder<A, B> {
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        match self {
            Self::First(decoder) => decoder.frame(frame, out),
            Self::Second(decoder) => decoder.frame(frame, out),
        }
    }

    fn finish(&mut self, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        match self {
            Self::First(decoder) => decoder.finish(out),
            Self::Second(decoder) => decoder.finish(out),
        }
    }

    fn terminal(&self) -> Terminal {
        match self {
            Self::First(decoder) => decoder.terminal(),
            Self::Second(decoder) => decoder.terminal(),
        }
    }
}
