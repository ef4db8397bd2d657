//! A body that arrives in pieces, put together.

use bytes::{Bytes, BytesMut};

/// Bytes up to a size that nobody knows. They are kept in pieces of 1 MiB and joined at the end: a
/// buffer that doubles would take three times the body while it grows.
#[derive(Debug)]
pub(super) struct Pieces {
    full: Vec<Bytes>,
    current: BytesMut,
    len: usize,
}

const PIECE: usize = 1 << 20;

impl Pieces {
    /// Begins with `first`; `announced` bytes are said to follow. That is a claim, believed only
    /// up to a size that costs nothing.
    pub(super) fn new(first: Bytes, announced: u64) -> Self {
        let announced = usize::try_from(announced).unwrap_or(PIECE).min(PIECE);
        let mut pieces = Self {
            full: Vec::new(),
            current: BytesMut::with_capacity(first.len().saturating_add(announced).min(PIECE)),
            len: 0,
        };
        pieces.push(&first);
        pieces
    }

    pub(super) fn push(&mut self, mut chunk: &[u8]) {
        self.len = self.len.saturating_add(chunk.len());
        while !chunk.is_empty() {
            let room = PIECE.saturating_sub(self.current.len());
            let (now, later) = chunk.split_at(room.min(chunk.len()));
            self.current.extend_from_slice(now);
            chunk = later;
            if self.current.len() >= PIECE {
                let next = BytesMut::with_capacity(PIECE);
                self.full
                    .push(std::mem::replace(&mut self.current, next).freeze());
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn into_whole(self) -> Bytes {
        if self.full.is_empty() {
            return self.current.freeze();
        }
        let mut whole = BytesMut::with_capacity(self.len);
        for piece in self.full {
            whole.extend_from_slice(&piece);
        }
        whole.extend_from_slice(&self.current);
        whole.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_out_is_what_went_in() {
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7] {
            let bytes: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let (first, rest) = bytes.split_at(size / 3);
            let mut pieces = Pieces::new(Bytes::copy_from_slice(first), u64::MAX);
            rest.chunks(65_537).for_each(|chunk| pieces.push(chunk));
            assert_eq!(pieces.len(), size);
            assert!(pieces.into_whole() == bytes, "{size} bytes");
        }
    }
}
