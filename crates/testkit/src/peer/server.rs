//! A peer on a loopback socket.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

use super::script::Cursor;
use super::seen::Log;
use super::serve::serve;
#[cfg(feature = "tls")]
use super::tls::{self, Certificate, Tls};
use super::{Connections, Exchange, Limits, Received, Script, Seen};

/// A scripted server on 127.0.0.1, at a port of its own, that speaks HTTP/1.1.
///
/// Dropped, it closes its port and all its connections.
///
/// ```
/// use trunkline_testkit::peer::{Peer, Reply};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let peer = Peer::start(Reply::status(200).json(r#"{"answer":42}"#)).await;
/// assert!(peer.url().starts_with("http://127.0.0.1:"));
/// # }
/// ```
pub struct Peer {
    addr: SocketAddr,
    log: Log,
    accepting: JoinHandle<()>,
    #[cfg(feature = "tls")]
    certificate_pem: Option<String>,
}

/// How a [`Peer`] is to be started.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    limits: Limits,
    forgets: bool,
    #[cfg(feature = "tls")]
    certificate: Option<Certificate>,
}

impl Peer {
    /// Starts a peer over plain TCP.
    ///
    /// # Panics
    /// If no loopback port can be had: a test without its peer has nothing to say.
    pub async fn start(script: impl Into<Script>) -> Self {
        Self::builder().start(script).await
    }

    /// Starts a peer that answers every request as `answer` says.
    ///
    /// ```
    /// # use trunkline_testkit::peer::{Peer, Reply};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let peer = Peer::respond_with(|request| match request.path.as_str() {
    ///     "/health" => Reply::status(204),
    ///     _ => Reply::status(404),
    /// })
    /// .await;
    /// # let _ = peer; }
    /// ```
    ///
    /// # Panics
    /// As [`start`](Self::start).
    pub async fn respond_with<E: Into<Exchange>>(
        answer: impl Fn(&Received) -> E + Send + Sync + 'static,
    ) -> Self {
        Self::start(Script::respond_with(answer)).await
    }

    /// A peer with options.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `http://127.0.0.1:port`, or `https://` if it speaks TLS.
    pub fn url(&self) -> String {
        let scheme = if self.is_tls() { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// The address it listens at.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<Received> {
        self.log.peek(|seen| seen.requests.clone())
    }

    /// The connections, counted.
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

    /// The authority that signed the peer's certificate, for a client to trust, in PEM; `None`
    /// if the peer speaks plain TCP.
    #[cfg(feature = "tls")]
    pub fn certificate_pem(&self) -> Option<&str> {
        self.certificate_pem.as_deref()
    }

    pub(crate) fn received(&self) -> usize {
        self.log.peek(|seen| seen.received)
    }

    #[cfg(feature = "tls")]
    fn is_tls(&self) -> bool {
        self.certificate_pem.is_some()
    }

    #[cfg(not(feature = "tls"))]
    fn is_tls(&self) -> bool {
        false
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer")
            .field("url", &self.url())
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Speaks TLS, with a valid certificate for `localhost` and 127.0.0.1.
    #[cfg(feature = "tls")]
    pub fn tls(self) -> Self {
        self.certificate(Certificate::Valid)
    }

    /// Speaks TLS, with this kind of certificate.
    #[cfg(feature = "tls")]
    pub fn certificate(mut self, certificate: Certificate) -> Self {
        self.certificate = Some(certificate);
        self
    }

    pub(crate) fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Counts requests without keeping them.
    pub(crate) fn forget_requests(mut self) -> Self {
        self.forgets = true;
        self
    }

    /// Starts the peer.
    ///
    /// # Panics
    /// If no loopback port can be had: a test without its peer has nothing to say.
    #[expect(clippy::panic, reason = "a test without its peer has nothing to say")]
    pub async fn start(self, script: impl Into<Script>) -> Peer {
        match self.try_start(script.into()).await {
            Ok(peer) => peer,
            Err(error) => panic!("the peer cannot listen on 127.0.0.1: {error}"),
        }
    }

    async fn try_start(self, script: Script) -> io::Result<Peer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let log = Log::new(!self.forgets);
        #[cfg(feature = "tls")]
        let tls = self.certificate.map(tls::acceptor).transpose()?;
        let acceptor = Acceptor {
            listener,
            cursor: Cursor::new(script),
            log: log.clone(),
            limits: self.limits,
            make_room: Arc::default(),
            #[cfg(feature = "tls")]
            tls: tls.clone(),
        };
        Ok(Peer {
            addr,
            log,
            accepting: tokio::spawn(acceptor.run()),
            #[cfg(feature = "tls")]
            certificate_pem: tls.map(|tls| tls.authority_pem),
        })
    }
}

struct Acceptor {
    listener: TcpListener,
    cursor: Cursor,
    log: Log,
    limits: Limits,
    make_room: Arc<Notify>,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Acceptor {
    async fn run(self) {
        let mut sessions = JoinSet::new();
        loop {
            let Ok((socket, _)) = self.listener.accept().await else {
                // Out of file handles, or the client is gone already: neither is helped by haste.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            while sessions.try_join_next().is_some() {}
            while sessions.len() >= self.limits.connections {
                self.make_room.notify_one();
                sessions.join_next().await;
            }
            sessions.spawn(self.session(socket));
        }
    }

    fn session(&self, socket: TcpStream) -> impl Future<Output = ()> + Send + 'static {
        let (cursor, log, limits) = (self.cursor.clone(), self.log.clone(), self.limits);
        let make_room = Arc::clone(&self.make_room);
        #[cfg(feature = "tls")]
        let tls = self.tls.clone();
        async move {
            // Small writes are meant to be seen as small writes; without it they merely merge.
            let _ = socket.set_nodelay(true);
            #[cfg(feature = "tls")]
            if let Some(tls) = tls {
                return match tls.accept(socket).await {
                    Ok(io) => {
                        let abrupt = |io: &tls::Stream| make_abrupt(io.get_ref().0);
                        serve(io, &cursor, &log, limits, abrupt, make_room).await;
                    }
                    Err(_) => log.open().end = super::End::Handshake,
                };
            }
            serve(socket, &cursor, &log, limits, make_abrupt, make_room).await;
        }
    }
}

/// A linger of zero turns the close into a reset.
// `set_zero_linger` says it better, and came after the least tokio we support.
#[allow(deprecated)]
fn make_abrupt(socket: &TcpStream) -> io::Result<()> {
    socket.set_linger(Some(Duration::ZERO))
}
