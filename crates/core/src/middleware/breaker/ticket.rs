//! One call's way through a circuit, to the end of its reply.

use super::{
    circuit::Circuit,
    locked::Permit,
    rules::{Failure, Moment},
};
use crate::{End, Error, ErrorKind, Observe, Phase, Reply, Result, StreamChunk};

/// Leave for one call, and the duty to tell how it ended. Dropped, it tells nothing.
#[derive(Debug)]
pub(crate) struct Ticket {
    circuit: Circuit,
    permit: Permit,
    has_content: bool,
}

impl Ticket {
    pub(super) fn new(circuit: Circuit, permit: Permit) -> Self {
        Self {
            circuit,
            permit,
            has_content: false,
        }
    }

    /// Settles with `result`, or goes along with its stream.
    pub(crate) fn follow(mut self, result: Result<Reply>) -> Result<Reply> {
        match result {
            Ok(Reply::ChatStream(mut stream)) => {
                if stream.has_content() {
                    self.first_content();
                }
                stream.observe(self);
                Ok(Reply::ChatStream(stream))
            }
            Ok(open) if open.is_open() => Ok(open.observe(self)),
            // Dropped, it is neither a success nor a failure.
            Ok(own) if own.is_own() => Ok(own),
            Ok(reply) => {
                self.end(End::Complete);
                Ok(reply)
            }
            Err(error) => {
                self.end(End::Failed(&error));
                Err(error)
            }
        }
    }

    /// The stream's first content has come. The first time counts.
    pub(crate) fn first_content(&mut self) {
        if !std::mem::replace(&mut self.has_content, true) {
            let change = self.permit.first_content(self.moment());
            self.circuit.announce(change);
        }
    }

    /// The reply is over.
    pub(crate) fn end(self, end: End<'_>) {
        let at = self.moment();
        let change = match end {
            End::Complete => self.permit.succeed(at),
            End::Failed(error) if error.is_endpoint_failure() => {
                let failure = Failure {
                    hint: error.retry_after(),
                    slow: !self.has_content && is_too_slow(error),
                };
                self.permit.fail(failure, at)
            }
            End::Failed(_) | End::Dropped => None,
        };
        self.circuit.announce(change);
    }

    fn moment(&self) -> Moment {
        Moment {
            now: self.circuit.now(),
            jitter: 0.8 + 0.4 * fastrand::f64(),
        }
    }
}

impl Observe for Ticket {
    fn on_event(&mut self, chunk: &StreamChunk) {
        if !self.has_content && chunk.is_output() {
            self.first_content();
        }
    }

    fn on_end(self: Box<Self>, end: End<'_>) {
        (*self).end(end);
    }
}

/// Whether the content would have come too late, had it come.
fn is_too_slow(error: &Error) -> bool {
    error.kind() == ErrorKind::Timeout
        && matches!(error.phase(), Some(Phase::Head | Phase::FirstContent))
}
