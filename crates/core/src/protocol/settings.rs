//! How long to wait for what, and how much to accept.

use std::time::Duration;

use crate::{Error, Result};

/// How long to wait for what. Independent of each other; `None` waits for ever. They run only
/// while we wait for the network: the time that a caller takes between two chunks is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timers {
    /// For the response head of a stream. That of a whole answer comes when the answer is ready,
    /// so there the call's total bounds it.
    pub head: Option<Duration>,
    /// For the first content of a stream, from the sending of its request.
    pub first_content: Option<Duration>,
    /// For any byte at all, comments included.
    pub byte_idle: Option<Duration>,
    /// For anything that shows the model at work; comments and pings do not.
    pub progress_idle: Option<Duration>,
}

impl Default for Timers {
    /// 120 s for the head, 90 s for a byte, 300 s for progress.
    fn default() -> Self {
        Self {
            head: Some(Duration::from_secs(120)),
            first_content: None,
            byte_idle: Some(Duration::from_secs(90)),
            progress_idle: Some(Duration::from_secs(300)),
        }
    }
}

impl Timers {
    /// Sets how long to wait for a stream's head.
    #[must_use]
    pub fn head(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.head = limit.into();
        self
    }

    /// Sets how long to wait for the first content of a stream.
    #[must_use]
    pub fn first_content(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.first_content = limit.into();
        self
    }

    /// Sets how long to wait for any byte.
    #[must_use]
    pub fn byte_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.byte_idle = limit.into();
        self
    }

    /// Sets how long to wait for progress.
    #[must_use]
    pub fn progress_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.progress_idle = limit.into();
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        let timers = [
            ("head", self.head),
            ("first_content", self.first_content),
            ("byte_idle", self.byte_idle),
            ("progress_idle", self.progress_idle),
        ];
        match timers
            .into_iter()
            .find(|(_, limit)| *limit == Some(Duration::ZERO))
        {
            Some((name, _)) => Err(Error::config(format!(
                "the timer `{name}` is zero; use `None` to wait for ever"
            ))),
            None => Ok(()),
        }
    }
}

/// How much to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a whole answer.
    pub body: usize,
    /// Bytes of a whole answer of embeddings or tensors.
    pub embed_body: usize,
    /// Bytes of an error's body that are read.
    pub error_body: usize,
    /// Bytes of a stream.
    pub stream_bytes: u64,
    /// Events of a stream.
    pub stream_events: u64,
    /// Bytes of one line and of one event of a stream; the protocol's own choice unless set.
    pub event: Option<usize>,
}

impl Default for Limits {
    /// 32 MiB for an answer, 256 MiB for embeddings, for tensors and for a stream, 64 KiB for an error,
    /// 2,000,000 events.
    fn default() -> Self {
        Self {
            body: 32 << 20,
            embed_body: 256 << 20,
            error_body: 64 << 10,
            stream_bytes: 256 << 20,
            stream_events: 2_000_000,
            event: None,
        }
    }
}

impl Limits {
    /// Sets the bytes of a whole answer.
    #[must_use]
    pub fn body(mut self, bytes: usize) -> Self {
        self.body = bytes;
        self
    }

    /// Sets the bytes of a whole answer of embeddings or tensors.
    #[must_use]
    pub fn embed_body(mut self, bytes: usize) -> Self {
        self.embed_body = bytes;
        self
    }

    /// Sets the bytes of a stream.
    #[must_use]
    pub fn stream_bytes(mut self, bytes: u64) -> Self {
        self.stream_bytes = bytes;
        self
    }

    /// Sets the number of events of a stream.
    #[must_use]
    pub fn stream_events(mut self, events: u64) -> Self {
        self.stream_events = events;
        self
    }

    /// Sets the bytes of one line and of one event of a stream.
    #[must_use]
    pub fn event(mut self, bytes: usize) -> Self {
        self.event = Some(bytes);
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        let zero = self.body == 0
            || self.embed_body == 0
            || self.error_body == 0
            || self.stream_bytes == 0
            || self.stream_events == 0
            || self.event == Some(0);
        if zero {
            Err(Error::config("a limit is zero: nothing could be read"))
        } else {
            Ok(())
        }
    }
}
