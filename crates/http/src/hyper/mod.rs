//! The default transport: hyper, with hyper-util's pool and rustls.
//!
//! HTTP/1.1 unless told otherwise, no redirects, no environment, every wait and every size bounded.
//! Of hyper's and rustls's types none is part of this interface.
//!
//! ```no_run
//! use std::time::Duration;
//! use trunkline_http::{HttpClient, hyper::HyperTransport};
//!
//! let transport = HyperTransport::builder().connect_timeout(Duration::from_secs(2)).build()?;
//! let client = HttpClient::new(transport.clone());
//! # Ok::<(), trunkline_http::TransportError>(())
//! ```

mod builder;
#[cfg(feature = "http2")]
mod calm;
mod conn;
mod connect;
mod dial;
mod failure;
mod guard;
mod informational;
#[cfg(feature = "http2")]
mod negotiate;
mod orphans;
mod proxy;
#[cfg(feature = "http2")]
mod pump;
mod resend;
mod response;
mod route;
#[cfg(feature = "http2")]
mod shard;
mod shared;
#[cfg(feature = "socks")]
mod socks;
mod stats;
mod tasks;
mod tcp;
mod timers;
mod tls;
mod tunnel;
mod vars;

use std::{
    fmt,
    future::Future,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use http::{HeaderValue, Request, Response, Uri, header::ACCEPT_ENCODING};

#[cfg(feature = "http2")]
pub use self::shard::Http2;
pub use self::{
    builder::Builder,
    proxy::Proxy,
    stats::{Resent, TransportStats},
    tls::{Crypto, Roots},
};
use self::{
    failure::Failure, informational::Informational, resend::Spare, route::Route, stats::Counters,
    tasks::Tasks,
};
use crate::{AsSent, Body, Transport, TransportError, TransportErrorKind, gzip};

/// A pooled HTTP client. Cloning it shares the pool.
///
/// It sends a request a second time only when the first provably was not acted on: the server had
/// closed the idle connection, or gave the HTTP/2 stream back. Such a response carries [`Resent`].
#[derive(Clone)]
pub struct HyperTransport(Arc<Inner>);

struct Inner {
    route: Route,
    counters: Arc<Counters>,
    tasks: Tasks,
}

impl HyperTransport {
    /// A transport to be configured.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What was counted so far.
    pub fn stats(&self) -> TransportStats {
        self.0.counters.snapshot()
    }

    fn new(route: Route, counters: Arc<Counters>) -> Self {
        let tasks = Tasks::new(counters.tasks.clone());
        Self(Arc::new(Inner {
            route,
            counters,
            tasks,
        }))
    }
}

impl Default for HyperTransport {
    fn default() -> Self {
        Builder::default().assemble()
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

impl Transport for HyperTransport {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, TransportError>> + Send + 'static {
        let inner = Arc::clone(&self.0);
        async move { inner.exchange(request).await }
    }
}

impl Inner {
    async fn exchange(&self, mut request: Request<Body>) -> Result<Response<Body>, TransportError> {
        check(request.uri())?;
        let decoded = match request.extensions().get::<AsSent>() {
            Some(AsSent) => |response| response,
            None => gzip::decoded,
        };
        let encoding = request.headers_mut().entry(ACCEPT_ENCODING);
        encoding.or_insert(HeaderValue::from_static("identity"));
        let spare = Spare::of(&request);
        let Failure { error, again } = match self.attempt(request).await {
            Ok(response) => return Ok(decoded(response)),
            Err(failure) => failure,
        };
        let Some(spare) = spare.filter(|_| again) else {
            return Err(error);
        };
        self.counters.resent.fetch_add(1, Relaxed);
        let mut response = self
            .attempt(spare.into_request())
            .await
            .map_err(|second| second.error)?;
        response.extensions_mut().insert(Resent(1));
        Ok(decoded(response))
    }

    async fn attempt(&self, mut request: Request<Body>) -> Result<Response<Body>, Failure> {
        let in_flight = self.counters.in_flight.hold();
        let informational = Informational::watch(&mut request);
        let (answer, slot) = self.route.send(request, in_flight).await?;
        let response = informational.before(answer).await?;
        Ok(response::receive(response, slot, &self.tasks)?)
    }
}

fn check(uri: &Uri) -> Result<(), TransportError> {
    let config = |message| Err(TransportError::new(TransportErrorKind::Config, message));
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if !matches!(uri.scheme_str(), Some("http" | "https")) || authority.is_empty() {
        return config("the request needs an absolute URL with the scheme http or https");
    }
    if authority.contains('@') {
        return config("the request's URL holds a name or password: send them in a header");
    }
    Ok(())
}
