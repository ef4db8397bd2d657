//! Watching a reply to its end.

use super::StreamChunk;
use crate::Error;

/// How a reply ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum End<'a> {
    /// Whole.
    Complete,
    /// With this error.
    Failed(&'a Error),
    /// The caller lost interest.
    Dropped,
}

/// Watches a reply to its end. What it owns is held until then: permits, counts, spans.
///
/// It runs on the caller's task, between two chunks: it must not block.
pub trait Observe: Send {
    /// A chunk is about to be given to the caller.
    fn on_event(&mut self, _chunk: &StreamChunk) {}

    /// The reply is over. Called once.
    fn on_end(self: Box<Self>, end: End<'_>);
}

impl<F: FnOnce(End<'_>) + Send> Observe for F {
    fn on_end(self: Box<Self>, end: End<'_>) {
        self(end);
    }
}
