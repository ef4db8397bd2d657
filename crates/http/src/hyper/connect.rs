//! Opens a connection: through a proxy or straight, then TLS.

use std::{
    error::Error as StdError,
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering::Relaxed},
    task::{Context, Poll},
};

use http::Uri;
use hyper_util::rt::TokioIo;
use tower_service::Service;

#[cfg(feature = "http2")]
use super::{
    calm::{Calm, Ear},
    negotiate::Negotiated,
};
use super::{
    conn::Conn,
    dial::{BoxStream, Dial, Peer},
    guard::Guard,
    orphans::{Key, Orphans},
    proxy::{Routes, Via},
    stats::Counters,
    tasks::Tasks,
    timers::{Timers, within},
    tls::Tls,
    tunnel,
};
#[cfg(feature = "http2")]
use crate::TransportErrorKind;
use crate::{Phase, TransportError};

#[derive(Clone)]
pub(super) struct Connector {
    pub(super) parts: Arc<Parts>,
    /// For a client that speaks HTTP/2 because the server was found to.
    #[cfg_attr(not(feature = "http2"), allow(dead_code))]
    pub(super) expects_http2: bool,
}

pub(super) struct Parts {
    pub(super) dial: Dial,
    pub(super) tls: Tls,
    /// TLS to a proxy, which speaks HTTP/1.1 whatever the target speaks.
    pub(super) proxy_tls: Tls,
    pub(super) routes: Option<Routes>,
    pub(super) timers: Timers,
    pub(super) counters: Arc<Counters>,
    pub(super) tasks: Tasks,
    pub(super) orphans: Arc<Orphans>,
    #[cfg(feature = "http2")]
    pub(super) negotiated: Negotiated,
    #[cfg(feature = "http2")]
    pub(super) calm: Arc<Calm>,
    /// Whether every server is taken to speak HTTP/2.
    #[cfg(feature = "http2")]
    pub(super) only_http2: bool,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Conn>;
    type Error = Carried;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Conn>, Carried>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Carried>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            match connector.connect(&target).await {
                Ok(conn) => Ok(TokioIo::new(conn)),
                Err(error) => Err(Carried::new(error)),
            }
        })
    }
}

impl Connector {
    #[cfg(feature = "http2")]
    async fn connect(&self, target: &Uri) -> Result<Conn, TransportError> {
        let conn = self.parts.connect(target).await?;
        if self.expects_http2 && !conn.is_http2() {
            self.parts.negotiated.forget(target);
            let message = "the server no longer offers HTTP/2: it is asked again at the next call";
            return Err(
                TransportError::new(TransportErrorKind::Connect, message).with_phase(Phase::Tls)
            );
        }
        Ok(conn)
    }

    #[cfg(not(feature = "http2"))]
    async fn connect(&self, target: &Uri) -> Result<Conn, TransportError> {
        self.parts.connect(target).await
    }
}

impl Parts {
    /// Opens a connection in a task of its own: a caller who goes away leaves it to the next one.
    pub(super) async fn connect(self: &Arc<Self>, target: &Uri) -> Result<Conn, TransportError> {
        let key = Key::of(target);
        while let Some(opening) = self.orphans.adopt(&key) {
            if let Ok(mut conn) = self.orphans.wait(&key, opening).await
                && !conn.is_closed()
            {
                return Ok(conn);
            }
        }
        let (parts, target) = (Arc::clone(self), target.clone());
        let opening = async move {
            let _connecting = parts.counters.connecting.hold();
            parts.open(&target).await
        };
        self.orphans.wait(&key, self.tasks.spawn(opening)).await
    }

    async fn open(&self, target: &Uri) -> Result<Conn, TransportError> {
        #[cfg(feature = "http2")]
        let _turn = self.calm.turn(&Key::of(target)).await;
        let stream = match self.routes.as_ref().and_then(|routes| routes.via(target)) {
            Some(via) => self.tunnel(&via, target).await?,
            None => self.dial.open(target, &self.timers).await?,
        };
        let open = self.counters.connections_open.hold();
        let stream = Guard::new(stream, self.timers.write_stall, open);
        let conn = if target.scheme_str() == Some("https") {
            let peer = Peer::of(target)?;
            let handshake = self.tls.handshake(peer, stream);
            Conn::tls(within(self.timers.tls, Phase::Tls, peer, handshake).await?)
        } else {
            Conn::plain(stream)
        };
        #[cfg(feature = "http2")]
        let conn = if self.only_http2 || conn.is_http2() {
            conn.heard_by(Ear::new(&self.calm, Key::of(target)))
        } else {
            conn
        };
        self.counters.connections_opened.fetch_add(1, Relaxed);
        Ok(conn)
    }

    async fn tunnel(&self, via: &Via, target: &Uri) -> Result<BoxStream, TransportError> {
        let (proxy, target) = (Peer::of(via.uri())?, Peer::of(target)?);
        let opening = self.open_proxy(via.uri());
        let mut stream = opening
            .await
            .map_err(|error| error.with_phase(Phase::Proxy))?;
        let limit = self.timers.tcp;
        #[cfg(feature = "socks")]
        if via.is_socks() {
            let tunnel = super::socks::open(&mut stream, target.host, target.port, via.login());
            within(limit, Phase::Proxy, proxy, tunnel).await?;
            return Ok(stream);
        }
        let authority = target.to_string();
        let tunnel = tunnel::open(&mut stream, &authority, via.authorization());
        within(limit, Phase::Proxy, proxy, tunnel).await?;
        Ok(stream)
    }

    async fn open_proxy(&self, proxy: &Uri) -> Result<BoxStream, TransportError> {
        let stream = self.dial.open(proxy, &self.timers).await?;
        if proxy.scheme_str() != Some("https") {
            return Ok(stream);
        }
        let peer = Peer::of(proxy)?;
        let handshake = self.proxy_tls.handshake(peer, stream);
        let tls = within(self.timers.tls, Phase::Tls, peer, handshake).await?;
        Ok(Box::new(tls))
    }
}

/// Brings our error through hyper-util, which lends its cause but never gives it back.
pub(super) struct Carried(Mutex<Option<TransportError>>);

impl Carried {
    fn new(error: TransportError) -> Self {
        Self(Mutex::new(Some(error)))
    }

    pub(super) fn take(&self) -> Option<TransportError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carried")
    }
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection could be opened")
    }
}

impl StdError for Carried {}
