//! Watches one connection's writes: a stalled peer is noticed, an early answer is not lost.

use std::{
    error::Error as StdError,
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep},
};

use super::{dial::BoxStream, stats::Held};

/// The peer took no byte for as long as this.
#[derive(Debug)]
pub(super) struct WriteStalled(pub(super) Duration);

impl fmt::Display for WriteStalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server accepted no byte for {:?}", self.0)
    }
}

impl StdError for WriteStalled {}

/// A stream whose pending writes are timed, and whose broken pipe waits for the reader.
///
/// A server that refuses an upload answers and closes. The write then fails although the answer is
/// there to be read: so the writer waits a moment longer than the reader finds something, and the
/// reader finds the answer or the end.
pub(super) struct Guard {
    stream: BoxStream,
    limit: Duration,
    /// Kept once made: a connection that stalls once tends to stall again.
    timer: Option<Pin<Box<Sleep>>>,
    armed: bool,
    broken: Option<io::ErrorKind>,
    _open: Held,
}

/// How long a broken writer waits for the reader. What the server had sent before it closed is here
/// already.
const GRACE: Duration = Duration::from_millis(50);

impl Guard {
    pub(super) fn new(stream: BoxStream, limit: Duration, open: Held) -> Self {
        Self {
            stream,
            limit,
            timer: None,
            armed: false,
            broken: None,
            _open: open,
        }
    }

    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut BoxStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.broken.is_none() {
            match write(Pin::new(&mut self.stream), cx) {
                Poll::Pending => {}
                Poll::Ready(Err(error)) if is_broken(&error) => {
                    self.broken = Some(error.kind());
                    self.armed = false;
                }
                Poll::Ready(done) => {
                    self.armed = false;
                    return Poll::Ready(done);
                }
            }
        }
        self.poll_stalled(cx)
    }

    fn poll_stalled<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        let limit = self.broken.map_or(self.limit, |_| GRACE.min(self.limit));
        let broken = self.broken;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !self.armed {
            timer.as_mut().reset(Instant::now() + limit);
            self.armed = true;
        }
        timer.as_mut().poll(cx).map(|()| {
            Err(match broken {
                Some(kind) => kind.into(),
                None => io::Error::new(io::ErrorKind::TimedOut, WriteStalled(limit)),
            })
        })
    }
}

fn is_broken(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset
    )
}

impl AsyncRead for Guard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if self.broken.is_some() && buffer.filled().len() > before {
            self.armed = false;
        }
        read
    }
}

impl AsyncWrite for Guard {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.watch(cx, |stream, cx| stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.watch(cx, |stream, cx| stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.watch(cx, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.broken.is_some() {
            return Poll::Ready(Ok(()));
        }
        self.watch(cx, AsyncWrite::poll_shutdown)
    }
}
