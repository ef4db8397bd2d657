//! Only the words of an answer.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;

use super::{ChatStream, Delta, StreamChunk};
use crate::{ChatResponse, Result};

/// The words of an answer as they come, the first where several were asked for. Reasoning and
/// refusals are not among them.
#[must_use = "a stream does nothing unless it is read"]
#[derive(Debug)]
pub struct TextStream {
    chunks: ChatStream,
    /// The parts that belong to other answers to the same request.
    others: Vec<u32>,
}

impl TextStream {
    pub(super) fn new(stream: ChatStream) -> Self {
        Self {
            chunks: stream,
            others: Vec::new(),
        }
    }

    /// The next words; `None` at the end.
    ///
    /// # Errors
    ///
    /// The one error that the stream ends with.
    pub async fn try_next(&mut self) -> Result<Option<String>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    /// All chunks, from here on.
    pub fn into_inner(self) -> ChatStream {
        self.chunks
    }

    /// What has come so far, as an answer: with tool calls, usage and the rest.
    pub fn partial(&self) -> ChatResponse {
        self.chunks.partial()
    }
}

impl Stream for TextStream {
    type Item = Result<String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<String>>> {
        loop {
            match ready!(Pin::new(&mut self.chunks).poll_next(cx)) {
                Some(Ok(StreamChunk::PartStart { ix, candidate, .. })) if candidate != 0 => {
                    self.others.push(ix);
                }
                Some(Ok(StreamChunk::Delta {
                    ix,
                    delta: Delta::Text(text),
                })) if !text.is_empty() && !self.others.contains(&ix) => {
                    return Poll::Ready(Some(Ok(text)));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}
