//! A stream of bytes cut into pieces of one size.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use crate::{BoxError, Delivery, Error, ErrorKind, Result};

/// Pieces of `size` bytes, of which the last may be smaller. No more than one is held at a time,
/// beside what the stream gave last.
pub(super) struct Pieces<S> {
    content: Pin<Box<S>>,
    size: usize,
    /// What came and belongs to the next piece.
    left: Bytes,
    piece: BytesMut,
    is_over: bool,
}

impl<S> Pieces<S> {
    pub(super) fn new(content: S, size: usize) -> Self {
        Self {
            content: Box::pin(content),
            size,
            left: Bytes::new(),
            piece: BytesMut::new(),
            is_over: false,
        }
    }

    /// A whole piece out of what came, if there is enough.
    fn cut(&mut self) -> Option<Bytes> {
        let missing = self.size - self.piece.len();
        if self.left.len() < missing {
            // Not before there is more to come: what comes in one piece is not copied.
            return None;
        }
        let cut = self.left.split_to(missing);
        if self.piece.is_empty() {
            return Some(cut);
        }
        self.piece.extend_from_slice(&cut);
        Some(std::mem::take(&mut self.piece).freeze())
    }

    /// Puts what came to the piece that is not whole yet.
    fn keep(&mut self) {
        if self.left.is_empty() {
            return;
        }
        if self.piece.capacity() < self.size {
            self.piece.reserve(self.size - self.piece.len());
        }
        self.piece
            .extend_from_slice(&std::mem::take(&mut self.left));
    }
}

impl<S, E> Stream for Pieces<S>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: Into<BoxError>,
{
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(piece) = this.cut() {
                return Poll::Ready(Some(Ok(piece)));
            }
            if this.is_over {
                this.keep();
                let last = std::mem::take(&mut this.piece).freeze();
                return Poll::Ready((!last.is_empty()).then_some(Ok(last)));
            }
            this.keep();
            match ready!(this.content.as_mut().poll_next(cx)) {
                Some(Ok(bytes)) => this.left = bytes,
                Some(Err(error)) => {
                    this.is_over = true;
                    this.piece = BytesMut::new();
                    return Poll::Ready(Some(Err(unread(error.into()))));
                }
                None => this.is_over = true,
            }
        }
    }
}

/// What the caller's own content failed with: no server is to blame, and nobody else could send it. An
/// error of ours, of a download that is passed on say, stays what it is.
fn unread(error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(ours) => *ours,
        Err(other) => Error::new(
            ErrorKind::Cancelled,
            "the content to be uploaded could not be read; the source says why",
        )
        .with_delivery(Delivery::NotSent)
        .with_source(other),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, stream};
    use proptest::prelude::*;

    use super::*;

    fn cut(chunks: &[Vec<u8>], size: usize) -> Vec<Bytes> {
        let chunks: Vec<Bytes> = chunks.iter().cloned().map(Bytes::from).collect();
        let content = stream::iter(chunks.into_iter().map(Ok::<_, Error>));
        let pieces = Pieces::new(content, size).map(|piece| piece.unwrap());
        let pieces = pieces.collect::<Vec<_>>();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.unwrap().block_on(pieces)
    }

    proptest! {
        #[test]
        fn pieces_are_the_content_and_of_one_size(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..12),
            size in 1_usize..25,
        ) {
            let pieces = cut(&chunks, size);
            prop_assert_eq!(pieces.concat(), chunks.concat());
            if let Some((last, others)) = pieces.split_last() {
                prop_assert!(!last.is_empty() && last.len() <= size);
                prop_assert!(others.iter().all(|piece| piece.len() == size));
            }
        }
    }

    #[test]
    fn one_large_chunk_is_not_copied() {
        let whole = Bytes::from(vec![7; 100]);
        let content = stream::iter([Ok::<_, Error>(whole.clone())]);
        let pieces = Pieces::new(content, 40).map(|piece| piece.unwrap());
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let pieces = runtime.unwrap().block_on(pieces.collect::<Vec<_>>());
        assert_eq!(pieces[0].as_ptr(), whole.as_ptr());
        assert_eq!(pieces[1].as_ptr(), whole[40..].as_ptr());
        assert_eq!(pieces[2].len(), 20);
    }
}
