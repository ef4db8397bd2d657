//! Decodes gzip as it arrives, within a bound on how far it may expand.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use flate2::{Decompress, FlushDecompress, Status};
use http_body::{Body as HttpBody, Frame};

use crate::{Body, Limit, Phase, Sent, TransportError, TransportErrorKind};

/// The window of gzip is always this: RFC 1952 has no other.
const WINDOW_BITS: u8 = 15;

/// One piece of output. A larger one would let a small input claim much memory at once.
const PIECE: usize = 16 * 1024;

/// How far a body may expand, once it is larger than the allowance.
const MAX_RATIO: u64 = 100;
const ALLOWANCE: u64 = 1 << 20;

/// A gzip body, decoded: whatever can be decoded of the bytes so far is handed on at once.
pub(super) struct Inflated {
    body: Body,
    /// The member that is being read: without one the body may end.
    member: Option<Decompress>,
    input: Bytes,
    /// The last piece was full: there may be more without further input.
    more: bool,
    failed: bool,
    read: u64,
    written: u64,
}

impl Inflated {
    pub(super) fn new(body: Body) -> Self {
        Self {
            body,
            member: None,
            input: Bytes::new(),
            more: false,
            failed: false,
            read: 0,
            written: 0,
        }
    }

    fn step(&mut self) -> Result<Bytes, TransportError> {
        // A new one for each member: resetting does not mean the same in every backend of flate2.
        let inflate = self
            .member
            .get_or_insert_with(|| Decompress::new_gzip(WINDOW_BITS));
        let mut piece = Vec::with_capacity(PIECE);
        let before = inflate.total_in();
        let status = inflate
            .decompress_vec(&self.input, &mut piece, FlushDecompress::Sync)
            .map_err(|error| {
                failed(TransportErrorKind::Decode, "the body is not valid gzip").with_source(error)
            })?;
        let consumed = inflate.total_in() - before;
        self.input.advance(
            usize::try_from(consumed)
                .unwrap_or(usize::MAX)
                .min(self.input.len()),
        );
        self.read += consumed;
        self.written += piece.len() as u64;
        self.more = piece.len() == piece.capacity();
        if status == Status::StreamEnd {
            self.member = None;
            self.more = false;
        } else if consumed == 0 && piece.is_empty() && !self.input.is_empty() {
            return Err(failed(
                TransportErrorKind::Decode,
                "the body is not valid gzip",
            ));
        }
        if self.written > ALLOWANCE && self.written / MAX_RATIO > self.read {
            return Err(TransportError::limit_exceeded(
                Limit::Ratio,
                format!("the compressed body expands more than {MAX_RATIO} times"),
            )
            .with_phase(Phase::Body));
        }
        Ok(piece.into())
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TransportError>>> {
        loop {
            while self.more || !self.input.is_empty() {
                let piece = self.step()?;
                if !piece.is_empty() {
                    return Poll::Ready(Some(Ok(piece)));
                }
            }
            match ready!(self.body.poll_chunk(cx)).transpose()? {
                Some(input) => self.input = input,
                None if self.member.is_none() => return Poll::Ready(None),
                None => {
                    return Poll::Ready(Some(Err(failed(
                        TransportErrorKind::Interrupted,
                        "the compressed body ended before it was complete",
                    ))));
                }
            }
        }
    }
}

impl HttpBody for Inflated {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        if self.failed {
            return Poll::Ready(None);
        }
        let piece = ready!(self.poll_piece(cx));
        if matches!(piece, Some(Err(_))) {
            self.failed = true;
            // Lets the connection go.
            self.body = Body::empty();
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }
}

fn failed(kind: TransportErrorKind, message: &'static str) -> TransportError {
    TransportError::new(kind, message)
        .with_phase(Phase::Body)
        .with_sent(Sent::Responded)
}
