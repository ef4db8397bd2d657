//! What a call has taken of its key's limits, from before it is sent to the end of its reply.

use tokio::time::Instant;

use super::{estimate::Estimate, limiter::Limiter, limits::Cost};
use crate::{
    Delivery, End, Error, Observe, Reply, Result, StreamChunk,
    chat::{Completeness, Usage},
};

/// One request and its tokens, taken from a [`Limiter`]. Dropped, it stays taken, unless it is
/// a [pool's](Self::of_pool) and unsent: nobody knows what the provider did.
#[derive(Debug)]
#[must_use = "what is dropped at once counts as sent"]
pub(crate) struct Reservation {
    limiter: Limiter,
    estimate: Estimate,
    /// What the answer says that it cost, where it has said so.
    spent: Option<Estimate>,
    is_heard: bool,
    is_unsent: bool,
    /// A pool knows by itself for which model its key rests.
    is_of_pool: bool,
}

impl Reservation {
    pub(super) fn new(limiter: Limiter, estimate: Estimate) -> Self {
        Self {
            limiter,
            estimate,
            spent: None,
            is_heard: false,
            is_unsent: false,
            is_of_pool: false,
        }
    }

    /// It is a pool's, taken before its call stands in line: what is dropped there goes back.
    pub(crate) fn of_pool(mut self) -> Self {
        (self.is_unsent, self.is_of_pool) = (true, true);
        self
    }

    /// Its call is sent now.
    pub(crate) fn sent(&mut self) {
        self.is_unsent = false;
    }

    /// Learns from `result`, and puts right what was taken: with the usage of a whole answer, at
    /// the end of a stream, or at once if the provider did nothing.
    pub(crate) fn settle(mut self, result: Result<Reply>) -> Result<Reply> {
        self.sent();
        match result {
            Ok(mut reply) => {
                self.answered(&mut reply);
                match reply {
                    Reply::ChatStream(mut stream) => {
                        stream.observe(self);
                        Ok(Reply::ChatStream(stream))
                    }
                    whole => {
                        self.reconcile();
                        Ok(whole)
                    }
                }
            }
            Err(error) => {
                self.fail(&error);
                Err(error)
            }
        }
    }

    /// The head of an answer is there, and all of it unless it is a stream.
    fn answered(&mut self, reply: &mut Reply) {
        self.hear();
        let now = Instant::now();
        if let Some(usage) = reply.usage() {
            self.used(usage);
        }
        if let Reply::Raw(response) = reply {
            self.limiter.learn(response.headers(), now);
        } else if let Some(meta) = reply.meta_mut() {
            self.limiter.learn(&meta.headers, now);
        }
    }

    fn used(&mut self, usage: &Usage) {
        if usage.completeness != Completeness::Missing {
            self.spent = Some(Estimate {
                input: usage.input.total.unwrap_or(self.estimate.input),
                output: usage.output.total.unwrap_or(self.estimate.output),
            });
        }
    }

    fn reconcile(&mut self) {
        let Some(spent) = self.spent.take() else {
            return;
        };
        let (taken, spent) = (self.estimate.total(), spent.total());
        if spent > taken {
            self.limiter.charge_tokens(spent - taken);
        } else if spent < taken {
            self.limiter.give_back(Cost {
                requests: 0,
                tokens: taken - spent,
            });
        }
    }

    fn fail(&mut self, error: &Error) {
        self.hear();
        if !self.is_of_pool {
            self.limiter.learn_failure(error, Instant::now());
        }
        if matches!(error.delivery(), Delivery::NotSent | Delivery::Rejected) {
            self.limiter.give_back(self.cost());
        }
    }

    fn hear(&mut self) {
        if !std::mem::replace(&mut self.is_heard, true) {
            self.limiter.hear(self.cost());
        }
    }

    fn cost(&self) -> Cost {
        Cost::of_request(self.estimate.total())
    }
}

impl Observe for Reservation {
    fn on_event(&mut self, chunk: &StreamChunk) {
        match chunk {
            StreamChunk::Usage(usage)
            | StreamChunk::Finish {
                usage: Some(usage), ..
            } => self.used(usage),
            _ => {}
        }
    }

    fn on_end(mut self: Box<Self>, end: End<'_>) {
        match end {
            End::Complete => self.reconcile(),
            End::Failed(error) => self.fail(error),
            End::Dropped => {}
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.hear();
        if self.is_unsent {
            self.limiter.give_back(self.cost());
        }
    }
}
