//! One request and what is done about it, in steps.

use std::time::Duration;

use bytes::Bytes;

/// How much of a request is read, and the steps that follow.
///
/// The request is read in full unless [`read_head`](Self::read_head),
/// [`read_only`](Self::read_only) or [`read_nothing`](Self::read_nothing) says otherwise. After
/// the last step the connection waits for its next request, if this one was read in full, and is
/// closed otherwise.
///
/// ```
/// use std::time::Duration;
/// use trunkline_testkit::peer::Exchange;
///
/// let half_an_answer = Exchange::new()
///     .send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n")
///     .pause(Duration::from_secs(3))
///     .send("12345")
///     .reset();
/// # let _ = half_an_answer;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    pub(crate) read: Read,
    pub(crate) steps: Vec<Step>,
    pub(crate) slice: usize,
}

/// How much of the request is taken off the wire before the first step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Read {
    #[default]
    All,
    Head,
    Bytes(usize),
    Nothing,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Bytes),
    Pause(Duration),
    HalfClose,
    Close,
    Reset,
    Stall,
    AwaitClientClose,
}

impl Exchange {
    /// An exchange that reads the whole request and, so far, answers nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the head, and of the body only what came along with it.
    pub fn read_head(mut self) -> Self {
        self.read = Read::Head;
        self
    }

    /// Reads `count` bytes of the request, head included, and leaves the rest on the wire.
    pub fn read_only(mut self, count: usize) -> Self {
        self.read = Read::Bytes(count);
        self
    }

    /// Reads nothing and starts at once, on the next connection that is new or idle.
    pub fn read_nothing(mut self) -> Self {
        self.read = Read::Nothing;
        self
    }

    /// Sends bytes as they are.
    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.then(Step::Send(bytes.into()))
    }

    /// Writes whatever is sent in pieces of `count` bytes, each flushed by itself.
    pub fn slices(mut self, count: usize) -> Self {
        self.slice = count;
        self
    }

    /// Waits, in tokio's time.
    pub fn pause(self, duration: Duration) -> Self {
        self.then(Step::Pause(duration))
    }

    /// Ends our half of the connection (FIN) and goes on with the next step.
    pub fn half_close(self) -> Self {
        self.then(Step::HalfClose)
    }

    /// Closes the connection in order: what was sent arrives, then the end. The last step.
    pub fn close(self) -> Self {
        self.then(Step::Close)
    }

    /// Resets the connection (RST). The last step. A pipe knows no reset: there it is a close.
    pub fn reset(self) -> Self {
        self.then(Step::Reset)
    }

    /// Sends nothing more and holds the connection open until the client goes. The last step.
    ///
    /// If the request was not read in full, the rest stays unread, so that the client feels the
    /// back-pressure; its leaving then goes unnoticed and the connection lives as long as the peer.
    pub fn stall(self) -> Self {
        self.then(Step::Stall)
    }

    /// Reads and discards until the client closes the connection, which [`Seen::endings`] then
    /// shows with its time. The last step.
    ///
    /// [`Seen::endings`]: super::Seen::endings
    pub fn await_client_close(self) -> Self {
        self.then(Step::AwaitClientClose)
    }

    fn then(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
