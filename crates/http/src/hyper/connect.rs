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
use super::negotiate::Negotiated;
use super::{
    conn::Conn,
    dial::{BoxStream, Dial, host, port},
    guard::Guard,
    proxy::{Routes, Via},
    stats::Counters,
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
    #[cfg(feature = "http2")]
    pub(super) negotiated: Negotiated,
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
        let conn = match self.parts.negotiated.take(target) {
            Some(conn) => conn,
            None => self.parts.connect(target).await?,
        };
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
    pub(super) async fn connect(&self, target: &Uri) -> Result<Conn, TransportError> {
        let stream = match self.routes.as_ref().and_then(|routes| routes.via(target)) {
            Some(via) => self.tunnel(&via, target).await?,
            None => self.dial.open(target, &self.timers).await?,
        };
        let stream = Guard::new(stream, self.timers.write_stall);
        let conn = if target.scheme_str() == Some("https") {
            let host = host(target)?;
            let handshake = self.tls.handshake(host, stream);
            let tls = within(self.timers.tls, Phase::Tls, host, handshake).await?;
            Conn::Tls(Box::new(tls))
        } else {
            Conn::Plain(stream)
        };
        self.counters.connections_opened.fetch_add(1, Relaxed);
        Ok(conn)
    }

    async fn tunnel(&self, via: &Via, target: &Uri) -> Result<BoxStream, TransportError> {
        let (proxy, limit) = (host(via.uri())?, self.timers.tcp);
        let opening = self.open_proxy(via.uri());
        let mut stream = opening
            .await
            .map_err(|error| error.with_phase(Phase::Proxy))?;
        let (host, port) = (target.host().unwrap_or_default(), port(target));
        #[cfg(feature = "socks")]
        if via.is_socks() {
            let bare = self::host(target)?;
            let tunnel = super::socks::open(&mut stream, bare, port, via.login());
            within(limit, Phase::Proxy, proxy, tunnel).await?;
            return Ok(stream);
        }
        let authority = format!("{host}:{port}");
        let tunnel = tunnel::open(&mut stream, &authority, via.authorization());
        within(limit, Phase::Proxy, proxy, tunnel).await?;
        Ok(stream)
    }

    async fn open_proxy(&self, proxy: &Uri) -> Result<BoxStream, TransportError> {
        let stream = self.dial.open(proxy, &self.timers).await?;
        if proxy.scheme_str() != Some("https") {
            return Ok(stream);
        }
        let host = host(proxy)?;
        let handshake = self.proxy_tls.handshake(host, stream);
        let tls = within(self.timers.tls, Phase::Tls, host, handshake).await?;
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
