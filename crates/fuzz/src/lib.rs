//! What the fuzz targets check. A target itself is one line; see README.md for how to add one.

use bytes::Bytes;

pub mod assembler;
pub mod framing;
pub mod hints;

/// A stream and a way to cut it, both from one fuzzer input.
#[derive(Debug)]
pub struct Stream {
    pub whole: Bytes,
    pub chunks: Vec<Bytes>,
}

impl Stream {
    /// The input's first byte says how many lengths of chunks follow (at most 15), each one byte;
    /// the rest is the stream. The lengths are used over and over until the stream is through.
    /// A length of 0 is an empty chunk.
    pub fn new(input: &[u8]) -> Self {
        let (count, input) = take_byte(input);
        let (lengths, stream) = input.split_at(input.len().min(usize::from(count % 16)));
        let whole = Bytes::copy_from_slice(stream);
        let mut rest = whole.clone();
        let mut chunks = Vec::new();
        if lengths.iter().any(|&length| length > 0) {
            for &length in lengths.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                chunks.push(rest.split_to(rest.len().min(length.into())));
            }
        }
        chunks.push(rest);
        Self { whole, chunks }
    }
}

/// The first byte and the rest; 0 for an empty input.
pub fn take_byte(input: &[u8]) -> (u8, &[u8]) {
    input
        .split_first()
        .map_or((0, input), |(&byte, rest)| (byte, rest))
}
