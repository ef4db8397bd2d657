//! Follows one attempt from its start to the end of its reply.

use std::sync::Arc;

use tokio::time::Instant;

use super::Counters;
use crate::{
    End, Error, Observe, Reply, Result, StreamChunk,
    chat::{Completeness, Usage},
};

/// Counts one attempt. Dropped without an outcome, it counts as cancelled.
#[derive(Debug)]
pub(crate) struct Recorder {
    counters: Option<Arc<Counters>>,
    started: Instant,
    usage: Option<Box<Usage>>,
    has_content: bool,
}

impl Recorder {
    pub(crate) fn begin(counters: &Arc<Counters>, attempt: u32) -> Self {
        counters.began(attempt);
        Self {
            counters: Some(counters.clone()),
            started: Instant::now(),
            usage: None,
            has_content: false,
        }
    }

    /// Settles with `result`, or goes along with its stream.
    pub(crate) fn settle(mut self, result: Result<Reply>) -> Result<Reply> {
        match result {
            Ok(Reply::ChatStream(mut stream)) => {
                if stream.has_content() {
                    self.first_content();
                }
                stream.observe(self);
                Ok(Reply::ChatStream(stream))
            }
            Ok(open) if open.is_open() => Ok(open.observe(self)),
            Ok(reply) => {
                if let Some(counters) = self.counters.take() {
                    if let Some(usage) = reply.usage() {
                        counters.used(usage);
                    }
                    counters.completed(self.started.elapsed());
                }
                Ok(reply)
            }
            Err(error) => {
                self.fail(&error);
                Err(error)
            }
        }
    }

    fn first_content(&mut self) {
        if std::mem::replace(&mut self.has_content, true) {
            return;
        }
        if let Some(counters) = &self.counters {
            counters.first_content(self.started.elapsed());
        }
    }

    fn fail(&mut self, error: &Error) {
        if let Some(counters) = self.counters.take() {
            counters.failed(error);
        }
    }
}

impl Observe for Recorder {
    fn on_event(&mut self, chunk: &StreamChunk) {
        match chunk {
            StreamChunk::Usage(usage)
            | StreamChunk::Finish {
                usage: Some(usage), ..
            } if usage.completeness != Completeness::Missing => {
                self.usage = Some(usage.clone());
            }
            _ => {}
        }
        if chunk.is_output() {
            self.first_content();
        }
    }

    fn on_end(mut self: Box<Self>, end: End<'_>) {
        if let (Some(counters), Some(usage)) = (&self.counters, &self.usage) {
            counters.used(usage);
        }
        match end {
            End::Complete => {
                if let Some(counters) = self.counters.take() {
                    counters.completed(self.started.elapsed());
                }
            }
            End::Failed(error) => self.fail(error),
            End::Dropped => {}
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(counters) = self.counters.take() {
            counters.cancelled();
        }
    }
}
