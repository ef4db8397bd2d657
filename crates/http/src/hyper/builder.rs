//! What can be set before a [`HyperTransport`] is built.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use http::Uri;
use hyper_util::{client::legacy, rt::TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::{
    Crypto, HyperTransport, Proxy, Roots,
    connect::{Connector, Parts},
    dial::Dial,
    orphans::Orphans,
    route::{One, Recipe, Route},
    stats::Counters,
    tasks::Tasks,
    tcp::Overrides,
    timers::Timers,
    tls::{Tls, TlsSettings},
};
#[cfg(feature = "http2")]
use super::{
    negotiate::Negotiated,
    shard::{Http2, Shards},
};
use crate::{BoxError, TransportError, TransportErrorKind};

/// hyper's default is 400 KiB per connection; heads are bounded far below, bodies need no more.
const READ_BUFFER: usize = 64 << 10;

const HTTP1: &[&[u8]] = &[b"http/1.1"];
#[cfg(feature = "http2")]
const HTTP2_OR_1: &[&[u8]] = &[b"h2", b"http/1.1"];
#[cfg(feature = "http2")]
const HTTP2: &[&[u8]] = &[b"h2"];

/// Builds a [`HyperTransport`]. Every duration must be above zero.
#[must_use]
pub struct Builder {
    tls: TlsSettings,
    timers: Timers,
    pool_idle: Duration,
    max_lifetime: Duration,
    max_idle_per_host: usize,
    proxy: Option<Proxy>,
    overrides: Overrides,
    custom: Option<Dial>,
    #[cfg(feature = "http2")]
    http2: Option<Http2>,
    /// The first setting that cannot work: told by `build`.
    refused: Option<TransportError>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            tls: TlsSettings::default(),
            timers: Timers::default(),
            // Below the 60 s after which many servers close, so that they rarely do it first.
            pool_idle: Duration::from_secs(30),
            max_lifetime: Duration::from_secs(600),
            max_idle_per_host: 256,
            proxy: None,
            overrides: Overrides::new(),
            custom: None,
            #[cfg(feature = "http2")]
            http2: None,
            refused: None,
        }
    }
}

impl Builder {
    /// Which cryptography TLS stands on: aws-lc-rs where it is compiled in, else ring.
    pub fn crypto(mut self, crypto: Crypto) -> Self {
        self.tls.crypto = Some(crypto);
        self
    }

    /// Whose certificates are trusted: the platform's where compiled in, else Mozilla's.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.tls.roots = Some(roots);
        self
    }

    /// Trusts one or more further certificates, in PEM: a private CA's.
    pub fn root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        if let Err(error) = self.tls.add(pem.as_ref()) {
            self.refused.get_or_insert(error);
        }
        self
    }

    /// How long resolving a name may take: 5 s.
    pub fn dns_timeout(mut self, limit: Duration) -> Self {
        self.timers.dns = self.above_zero(limit, "dns_timeout");
        self
    }

    /// How long opening a TCP connection may take, per address: 5 s. A name's next address is
    /// tried beside it after 300 ms. Also bounds a connector of one's own, and a proxy's tunnel.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.timers.tcp = self.above_zero(limit, "connect_timeout");
        self
    }

    /// How long a TLS handshake may take: 5 s.
    pub fn tls_timeout(mut self, limit: Duration) -> Self {
        self.timers.tls = self.above_zero(limit, "tls_timeout");
        self
    }

    /// How long the server may accept no byte of what we write: 30 s.
    pub fn write_stall_timeout(mut self, limit: Duration) -> Self {
        self.timers.write_stall = self.above_zero(limit, "write_stall_timeout");
        self
    }

    /// How long an unused connection is kept: 30 s.
    pub fn pool_idle_timeout(mut self, limit: Duration) -> Self {
        self.pool_idle = self.above_zero(limit, "pool_idle_timeout");
        self
    }

    /// How old a connection may be, give or take 10 %, before requests stop using it: 10 min.
    pub fn max_lifetime(mut self, limit: Duration) -> Self {
        self.max_lifetime = self.above_zero(limit, "max_lifetime");
        self
    }

    /// How many unused connections to one authority are kept: 256. 0 keeps none.
    pub fn max_idle_per_host(mut self, connections: usize) -> Self {
        self.max_idle_per_host = connections;
        self
    }

    /// Reaches targets through a proxy. Without this none is used, whatever the environment says.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Takes these addresses for a host instead of asking the resolver; port 0 is the URL's.
    pub fn resolve(mut self, host: &str, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.overrides
            .insert(host.to_ascii_lowercase(), addresses.into_iter().collect());
        self
    }

    /// Opens connections with `connector` instead of TCP; TLS runs over what it gives.
    ///
    /// It is called with the URL of the target, or of the proxy. An in-memory pipe lets a test run
    /// under a paused clock:
    ///
    /// ```
    /// # #[derive(Clone)]
    /// struct Pipe;
    ///
    /// impl tower_service::Service<http::Uri> for Pipe {
    ///     type Response = tokio::io::DuplexStream;
    ///     type Error = std::io::Error;
    ///     type Future = std::future::Ready<Result<Self::Response, Self::Error>>;
    ///
    ///     fn poll_ready(
    ///         &mut self,
    ///         _: &mut std::task::Context<'_>,
    ///     ) -> std::task::Poll<Result<(), Self::Error>> {
    ///         std::task::Poll::Ready(Ok(()))
    ///     }
    ///
    ///     fn call(&mut self, _: http::Uri) -> Self::Future {
    ///         let (ours, _theirs) = tokio::io::duplex(64 * 1024);
    ///         std::future::ready(Ok(ours))
    ///     }
    /// }
    ///
    /// let transport = trunkline_http::hyper::HyperTransport::builder().connector(Pipe).build()?;
    /// # Ok::<(), trunkline_http::TransportError>(())
    /// ```
    pub fn connector<C>(mut self, connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        self.custom = Some(Dial::custom(connector));
        self
    }

    /// Speaks HTTP/2 where the server offers it. The default is HTTP/1.1 for everything, where one
    /// slow reader cannot hurt its neighbours.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, http2: Http2) -> Self {
        self.above_zero(http2.interval, "the keep-alive interval");
        self.above_zero(http2.timeout, "the keep-alive timeout");
        self.http2 = Some(http2);
        self
    }

    /// Builds the transport. Opens nothing, reads nothing.
    ///
    /// # Errors
    ///
    /// [`Config`](TransportErrorKind::Config): the first setting that cannot work.
    pub fn build(mut self) -> Result<HyperTransport, TransportError> {
        match self.refused.take() {
            Some(error) => Err(error),
            None => Ok(self.assemble()),
        }
    }

    pub(super) fn assemble(self) -> HyperTransport {
        let counters = Arc::new(Counters::default());
        let tasks = Tasks::new(counters.tasks.clone());
        let parts = Arc::new(Parts {
            dial: self
                .custom
                .unwrap_or_else(|| Dial::Tcp(Arc::new(self.overrides))),
            #[cfg(feature = "http2")]
            tls: Tls::new(self.tls.clone(), alpn(self.http2.as_ref())),
            #[cfg(not(feature = "http2"))]
            tls: Tls::new(self.tls.clone(), HTTP1),
            proxy_tls: Tls::new(self.tls, HTTP1),
            routes: self.proxy.as_ref().map(Proxy::matcher),
            timers: self.timers,
            counters: Arc::clone(&counters),
            orphans: Orphans::new(tasks.clone(), self.pool_idle, self.max_idle_per_host),
            tasks: tasks.clone(),
            #[cfg(feature = "http2")]
            negotiated: Negotiated::default(),
            #[cfg(feature = "http2")]
            calm: Arc::default(),
            #[cfg(feature = "http2")]
            only_http2: self
                .http2
                .as_ref()
                .is_some_and(|http2| http2.prior_knowledge),
        });
        let mut settings = legacy::Client::builder(tasks);
        settings
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.pool_idle)
            .pool_max_idle_per_host(self.max_idle_per_host)
            .http1_max_buf_size(READ_BUFFER)
            // We re-send once ourselves, and count it.
            .retry_canceled_requests(false);
        let recipe = |settings: legacy::Builder, expects_http2| Recipe {
            settings,
            connector: Connector {
                parts: Arc::clone(&parts),
                expects_http2,
            },
            max_lifetime: self.max_lifetime,
        };
        let one = Box::new(One::new(recipe(settings.clone(), false)));
        #[cfg(feature = "http2")]
        if let Some(http2) = self.http2 {
            let known = http2.prior_knowledge;
            http2.apply(&mut settings);
            let shards = Shards::new(recipe(settings, !known), http2);
            let others = (!known).then_some(one);
            return HyperTransport::new(Route::Sharded { shards, others }, counters);
        }
        HyperTransport::new(Route::One(one), counters)
    }

    fn above_zero(&mut self, limit: Duration, name: &str) -> Duration {
        if limit.is_zero() {
            let message = format!("{name} is zero, which nothing could meet: give a longer time");
            self.refused
                .get_or_insert(TransportError::new(TransportErrorKind::Config, message));
        }
        limit
    }
}

#[cfg(feature = "http2")]
fn alpn(http2: Option<&Http2>) -> &'static [&'static [u8]] {
    match http2 {
        None => HTTP1,
        Some(http2) if http2.prior_knowledge => HTTP2,
        Some(_) => HTTP2_OR_1,
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("proxy", &self.proxy)
            .finish_non_exhaustive()
    }
}
