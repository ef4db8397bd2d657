//! Serving a script on one connection.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::exchange::{Read, Step};
use super::read::{Head, Trouble, Wire};
use super::script::{Cursor, Turn};
use super::seen::Log;
use super::{End, Exchange, Received, Reply};

/// What a peer puts up with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of a request's body.
    pub(crate) body: usize,
    /// Connections open at a time; more wait, and idle ones make room for them.
    pub(crate) connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 64 * 1024 * 1024,
            connections: 16_384,
        }
    }
}

/// One connection at work on a script.
pub(crate) struct Session<T> {
    wire: Wire<T>,
    cursor: Cursor,
    log: Log,
    limits: Limits,
    connection: usize,
    /// Makes closing the connection a reset.
    make_abrupt: fn(&T) -> io::Result<()>,
    /// Tells one idle session to make room.
    make_room: Arc<Notify>,
}

/// Serves `script` on `io` until the connection ends, and says how it ended.
pub(crate) async fn serve<T: AsyncRead + AsyncWrite + Unpin>(
    io: T,
    cursor: &Cursor,
    log: &Log,
    limits: Limits,
    make_abrupt: fn(&T) -> io::Result<()>,
    make_room: Arc<Notify>,
) {
    // Declared before the session, so that it is dropped, and the end logged, after the socket.
    let mut open = log.open();
    let session = Session {
        wire: Wire::new(io),
        cursor: cursor.for_connection(),
        log: log.clone(),
        limits,
        connection: open.connection,
        make_abrupt,
        make_room,
    };
    open.end = session.run().await;
}

impl<T: AsyncRead + AsyncWrite + Unpin> Session<T> {
    async fn run(mut self) -> End {
        loop {
            match self.exchange().await {
                Ok(None) => {}
                Ok(Some(end)) => return end,
                Err(Trouble::Closed) => return End::ClientClosed,
                Err(Trouble::Broken) => return End::ClientReset,
                Err(Trouble::Refused(status, reason)) => {
                    let refusal = refusal(status, "invalid_request_error", reason);
                    return match self.play(refusal.close().into(), false).await {
                        Ok(end) => end.unwrap_or(End::PeerClosed),
                        Err(_) => End::ClientReset,
                    };
                }
            }
        }
    }

    /// Serves the next exchange; `None` if another may follow on this connection.
    async fn exchange(&mut self) -> Result<Option<End>, Trouble> {
        if !self.cursor.is_unprompted() {
            let make_room = Arc::clone(&self.make_room);
            tokio::select! {
                biased;
                ready = self.wire.readable() => ready?,
                () = make_room.notified() => return Ok(Some(self.close().await)),
            }
        }
        match self.cursor.take() {
            Turn::Exchange(exchange) => {
                let last = !self.read(exchange.read).await?;
                self.play(exchange, last).await
            }
            Turn::Answer(answer) => {
                let (request, last) = self.read_all().await?;
                self.play(answer(&request), last).await
            }
            Turn::Exhausted => {
                let (request, last) = self.read_all().await?;
                self.log.unscripted();
                let reason = format!(
                    "the peer's script has no exchange left for {} {}",
                    request.method, request.path
                );
                let reply = refusal(500, "script_exhausted", &reason);
                self.play(reply.into(), last).await
            }
        }
    }

    /// Reads what the exchange asks for; whether another request may follow it.
    async fn read(&mut self, read: Read) -> Result<bool, Trouble> {
        let (head, body) = match read {
            Read::All => return Ok(!self.read_all().await?.1),
            Read::Nothing => return Ok(false),
            Read::Head => self.wire.head_and_more().await?,
            Read::Bytes(count) => self.wire.part(count).await?,
        };
        self.received(head, body);
        Ok(false)
    }

    /// A whole request, and whether the client wants it to be the last on this connection.
    async fn read_all(&mut self) -> Result<(Received, bool), Trouble> {
        let (head, body) = self.wire.request(self.limits.body).await?;
        let last = head.closes();
        Ok((self.received(head, body), last))
    }

    fn received(&self, head: Head, body: Bytes) -> Received {
        let request = Received {
            method: head.method,
            path: head.path,
            headers: head.headers,
            body,
            connection: self.connection,
            at: Instant::now(),
        };
        self.log.request(&request);
        request
    }

    async fn play(&mut self, exchange: Exchange, last: bool) -> Result<Option<End>, Trouble> {
        let watches = exchange.read == Read::All;
        for step in exchange.steps {
            match step {
                Step::Send(bytes) => self.write(&bytes, exchange.slice).await?,
                Step::Pause(duration) => sleep(duration).await,
                Step::HalfClose => self.wire.io.shutdown().await?,
                Step::Close => return Ok(Some(self.close().await)),
                Step::Reset => {
                    (self.make_abrupt)(&self.wire.io)?;
                    return Ok(Some(End::PeerReset));
                }
                Step::Stall if !watches => std::future::pending().await,
                Step::Stall | Step::AwaitClientClose => return self.client_close().await.map(Some),
            }
        }
        match last {
            true => Ok(Some(self.close().await)),
            false => Ok(None),
        }
    }

    async fn write(&mut self, bytes: &[u8], slice: usize) -> io::Result<()> {
        let slice = if slice == 0 { usize::MAX } else { slice };
        for piece in bytes.chunks(slice) {
            self.wire.io.write_all(piece).await?;
            self.wire.io.flush().await?;
            if slice < bytes.len() {
                // Gives a client in the same runtime the chance to see the pieces apart.
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }

    /// Closes in order. What has already arrived is taken off the wire first: a socket that is
    /// closed with unread bytes is reset by the kernel, and the client loses what was sent.
    async fn close(&mut self) -> End {
        let _ = self.wire.io.shutdown().await;
        let mut scratch = [0; 8 * 1024];
        poll_fn(|context| {
            loop {
                let mut buffer = ReadBuf::new(&mut scratch);
                match Pin::new(&mut self.wire.io).poll_read(context, &mut buffer) {
                    Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                    _ => return Poll::Ready(()),
                }
            }
        })
        .await;
        End::PeerClosed
    }

    async fn client_close(&mut self) -> Result<End, Trouble> {
        let mut scratch = [0; 8 * 1024];
        while self.wire.io.read(&mut scratch).await? > 0 {}
        Ok(End::ClientClosed)
    }
}

fn refusal(status: u16, kind: &str, reason: &str) -> Reply {
    Reply::status(status).json(serde_json::json!({
        "error": { "message": reason, "type": kind, "param": null, "code": null }
    }))
}
