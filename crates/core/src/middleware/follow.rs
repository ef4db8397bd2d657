//! Following a call to the end of its reply, whichever end that is.

use crate::{End, Observe, Reply, Result, StreamChunk};

/// Is told of one call.
pub(super) trait Follower: Send + 'static {
    /// The reply is there: whole, or a stream that begins.
    fn on_reply(&mut self, reply: &Reply);

    /// A chunk is about to be given to the caller.
    fn on_chunk(&mut self, chunk: &StreamChunk);

    /// The call is over. Called once.
    fn on_end(&mut self, end: End<'_>);
}

/// Sees to it that its follower learns of the end, once: a future or a stream that is dropped is
/// an end too. `None` follows nothing, at no cost.
#[derive(Debug)]
pub(super) struct Following<F: Follower>(Option<F>);

impl<F: Follower> Following<F> {
    pub(super) fn new(follower: Option<F>) -> Self {
        Self(follower)
    }

    /// Leaves nothing behind that could learn of an end.
    pub(super) fn take(&mut self) -> Self {
        Self(self.0.take())
    }

    /// Ends with `result`, or goes along with its stream.
    pub(super) fn settle(mut self, result: Result<Reply>) -> Result<Reply> {
        let Some(follower) = &mut self.0 else {
            return result;
        };
        match &result {
            Ok(reply) => follower.on_reply(reply),
            Err(error) => {
                self.end(End::Failed(error));
                return result;
            }
        }
        result.map(|reply| match reply {
            open if open.is_open() => open.observe(self),
            whole => {
                // Not by `observe`, which would box it for nothing.
                self.end(End::Complete);
                whole
            }
        })
    }

    fn end(&mut self, end: End<'_>) {
        if let Some(mut follower) = self.0.take() {
            follower.on_end(end);
        }
    }
}

impl<F: Follower> Observe for Following<F> {
    fn on_event(&mut self, chunk: &StreamChunk) {
        if let Some(follower) = &mut self.0 {
            follower.on_chunk(chunk);
        }
    }

    fn on_end(mut self: Box<Self>, end: End<'_>) {
        self.end(end);
    }
}

impl<F: Follower> Drop for Following<F> {
    fn drop(&mut self) {
        self.end(End::Dropped);
    }
}
