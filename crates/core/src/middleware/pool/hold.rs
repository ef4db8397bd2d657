//! What a call holds until its reply is over.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    Shared,
    member::{Probe, Running},
};
use crate::{
    End, Error, Observe, Reply, StreamChunk,
    middleware::{breaker::Ticket, gate::Permit},
};

/// Places, permits and verdicts of one attempt. They settle when the stream ends or is dropped,
/// not at its headers: a stream that breaks at its last word has failed.
pub(super) struct Hold {
    pub(super) shared: Arc<Shared>,
    pub(super) running: Running,
    pub(super) ticket: Option<Ticket>,
    /// Until the reply is over: of the key, of the endpoint.
    pub(super) _permits: [Option<Permit>; 2],
    pub(super) sent: Instant,
    pub(super) has_content: bool,
    /// It finds out whether an ejected endpoint is well again.
    pub(super) probe: Option<Probe>,
}

impl Hold {
    /// Settles with a whole reply, or goes along with its stream.
    pub(super) fn follow(mut self, reply: Reply) -> Reply {
        match reply {
            Reply::ChatStream(mut stream) => {
                if stream.has_content() {
                    self.first_content();
                }
                stream.observe(self);
                Reply::ChatStream(stream)
            }
            open if open.is_open() => {
                // What the body says to whom is not known here; its head is no failure.
                self.is_well();
                open.observe(self)
            }
            own if own.is_own() => own,
            whole => {
                self.complete();
                whole
            }
        }
    }

    /// The answer has begun to come.
    fn first_content(&mut self) {
        if std::mem::replace(&mut self.has_content, true) {
            return;
        }
        if let Some(ticket) = &mut self.ticket {
            ticket.first_content();
        }
        self.running.member().speed.record(self.sent.elapsed());
        // Whether an ejected endpoint is well again shows here; what counts of others is their end.
        if self.probe.is_some() {
            self.is_well();
        }
    }

    fn is_well(&mut self) {
        self.running.member().health.succeeded(self.sent);
        self.probe = None;
    }

    /// A whole answer is there.
    fn complete(mut self) {
        self.first_content();
        self.succeed();
    }

    fn succeed(&mut self) {
        self.is_well();
        if let Some(ticket) = self.ticket.take() {
            ticket.end(End::Complete);
        }
    }

    pub(super) fn failed(mut self, error: &Error) {
        self.fail(error);
    }

    fn fail(&mut self, error: &Error) {
        if let Some(ticket) = self.ticket.take() {
            ticket.end(End::Failed(error));
        }
        if error.is_endpoint_failure() {
            match self.probe.take() {
                Some(_probe) => self.running.member().health.probe_failed(),
                None => self.shared.count_failure(self.running.member()),
            }
        }
    }
}

impl Observe for Hold {
    fn on_event(&mut self, chunk: &StreamChunk) {
        if !self.has_content && chunk.is_output() {
            self.first_content();
        }
    }

    fn on_end(mut self: Box<Self>, end: End<'_>) {
        match end {
            End::Failed(error) => self.fail(error),
            End::Complete => self.succeed(),
            // Neither good nor bad.
            End::Dropped => {}
        }
    }
}
