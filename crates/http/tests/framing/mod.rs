//! What the tests of framing share.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "no test uses all of it; tests may panic"
)]

use bytes::Bytes;
use trunkline_http::{
    Limit,
    frame::{Frame, FrameLimits, Framer, Framing},
};

/// Feeds chunk by chunk, takes what is there, and finishes if the end is clean.
pub(crate) fn decode(
    framing: Framing,
    limits: FrameLimits,
    chunks: impl IntoIterator<Item = Bytes>,
    clean: bool,
) -> (Vec<Frame>, Option<Limit>) {
    let mut framer = Framer::new(framing, limits);
    let mut frames = Vec::new();
    for chunk in chunks {
        framer.feed(chunk);
        loop {
            match framer.next() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error.limit)),
            }
        }
    }
    if clean {
        match framer.finish() {
            Ok(last) => frames.extend(last),
            Err(error) => return (frames, Some(error.limit)),
        }
    }
    (frames, None)
}

/// Cuts at ascending offsets.
pub(crate) fn cut(stream: &Bytes, offsets: &[usize]) -> Vec<Bytes> {
    let mut rest = stream.clone();
    let mut chunks: Vec<Bytes> = offsets
        .iter()
        .rev()
        .map(|&at| rest.split_off(at.min(rest.len())))
        .collect();
    chunks.push(rest);
    chunks.reverse();
    chunks
}

/// Every byte a chunk.
pub(crate) fn bytes(stream: &Bytes) -> impl Iterator<Item = Bytes> {
    (0..stream.len()).map(|at| stream.slice(at..=at))
}
