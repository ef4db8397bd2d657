//! The layers around a backend, in the order that makes them work together.

use tower_layer::Layer;

use super::{Deadline, Retry, Trace};
use crate::{Backend, Result};

/// The layers around a backend: span, then deadline, then retries, then the attempt.
///
/// The span is outermost, one for each call of the user. The deadline bounds the retries and their
/// waits. Each attempt is sent anew, so it may take a fresh token.
///
/// ```
/// use std::time::Duration;
/// use trunkline_core::middleware::{Deadline, Retry, Stack};
///
/// let stack = Stack::default()
///     .retry(Retry::default().attempts(5))
///     .deadline(Deadline::default().total(Duration::from_secs(30)));
/// # let _ = stack;
/// ```
#[derive(Clone, Debug)]
pub struct Stack {
    retry: Option<Retry>,
    deadline: Option<Deadline>,
    trace: bool,
    content: bool,
}

impl Default for Stack {
    /// Spans without content, 600 s, three attempts.
    fn default() -> Self {
        Self {
            retry: Some(Retry::default()),
            deadline: Some(Deadline::default()),
            trace: true,
            content: false,
        }
    }
}

impl Stack {
    /// No layers at all.
    pub fn bare() -> Self {
        Self {
            retry: None,
            deadline: None,
            trace: false,
            content: false,
        }
    }

    /// Sets how to retry; `None` for not at all.
    #[must_use]
    pub fn retry(mut self, retry: impl Into<Option<Retry>>) -> Self {
        self.retry = retry.into();
        self
    }

    /// Sets the bounds of a call; `None` for none.
    #[must_use]
    pub fn deadline(mut self, deadline: impl Into<Option<Deadline>>) -> Self {
        self.deadline = deadline.into();
        self
    }

    /// Records messages and answers in the spans. They may be private.
    #[must_use]
    pub fn trace_content(mut self) -> Self {
        self.trace = true;
        self.content = true;
        self
    }

    /// Whether every setting can work.
    pub(crate) fn check(&self) -> Result<()> {
        self.retry.as_ref().map_or(Ok(()), Retry::check)?;
        self.deadline.as_ref().map_or(Ok(()), Deadline::check)
    }

    /// Puts these layers around `backend`.
    #[must_use]
    pub fn around(&self, backend: Backend) -> Backend {
        let mut trace = Trace::new(backend.info().provider);
        if self.content {
            trace = trace.with_content();
        }
        match (&self.retry, self.deadline) {
            // The ordinary case is one concrete service, erased once.
            (Some(retry), Some(deadline)) if self.trace => {
                backend.layer(tower::layer::layer_fn(|inner| {
                    trace.layer(deadline.layer(retry.layer(inner)))
                }))
            }
            (retry, deadline) => {
                let mut backend = backend;
                if let Some(retry) = retry {
                    backend = backend.layer(retry.clone());
                }
                if let Some(deadline) = deadline {
                    backend = backend.layer(deadline);
                }
                if self.trace {
                    backend.layer(trace)
                } else {
                    backend
                }
            }
        }
    }
}
