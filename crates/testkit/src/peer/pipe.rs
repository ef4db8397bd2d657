//! Scripts over in-memory pipes, for tests under a paused clock.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::script::Cursor;
use super::seen::Log;
use super::serve::serve;
use super::{Connections, Limits, Received, Script, Seen};

const PIPE_BYTES: usize = 64 * 1024;

/// Serves `script` on one connection until that ends, and says what was seen.
///
/// ```
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
/// use trunkline_testkit::peer::{Reply, serve_io};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> std::io::Result<()> {
/// let (mut client, server) = tokio::io::duplex(1024);
/// let peer = tokio::spawn(serve_io(server, Reply::status(204)));
///
/// client.write_all(b"GET /health HTTP/1.1\r\nconnection: close\r\n\r\n").await?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer).await?;
///
/// assert_eq!(answer, "HTTP/1.1 204 No Content\r\n\r\n");
/// assert_eq!(peer.await?.requests[0].path, "/health");
/// # Ok(()) }
/// ```
pub async fn serve_io<T>(io: T, script: impl Into<Script>) -> Seen
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let log = Log::new(true);
    let cursor = Cursor::new(script.into());
    serve_pipe(io, cursor, log.clone()).await;
    log.seen()
}

/// A peer without sockets: every [`connect`](Self::connect) gives the client's end of a new pipe.
///
/// Its connections end when it is dropped.
pub struct PipePeer {
    cursor: Cursor,
    log: Log,
    sessions: Mutex<JoinSet<()>>,
}

impl PipePeer {
    /// A peer that serves this script to all its pipes.
    pub fn new(script: impl Into<Script>) -> Self {
        Self {
            cursor: Cursor::new(script.into()),
            log: Log::new(true),
            sessions: Mutex::default(),
        }
    }

    /// A new connection, which holds 64 KiB in each direction. Needs a tokio runtime around it.
    pub fn connect(&self) -> DuplexStream {
        let (client, server) = duplex(PIPE_BYTES);
        let session = serve_pipe(server, self.cursor.clone(), self.log.clone());
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        while sessions.try_join_next().is_some() {}
        sessions.spawn(session);
        client
    }

    /// The requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Received> {
        self.log.peek(|seen| seen.requests.clone())
    }

    /// The connections, counted. A new one counts once its task has run.
    pub fn connections(&self) -> Connections {
        self.log.peek(|seen| seen.connections)
    }

    /// Everything seen so far.
    pub fn seen(&self) -> Seen {
        self.log.seen()
    }

    /// Waits until `condition` holds for what was seen. It has no time limit of its own.
    pub async fn until(&self, condition: impl FnMut(&Seen) -> bool) -> Seen {
        self.log.until(condition).await
    }
}

impl fmt::Debug for PipePeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipePeer")
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

async fn serve_pipe<T: AsyncRead + AsyncWrite + Unpin>(io: T, cursor: Cursor, log: Log) {
    let no_reset = |_: &T| Ok(());
    let make_room = Arc::new(Notify::new());
    serve(io, &cursor, &log, Limits::default(), no_reset, make_room).await;
}
