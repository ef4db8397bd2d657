//! Fetches what a user's URL names, without letting the user reach the machine's own network.
//!
//! A service that fetches whatever URL it is given can be sent to `http://169.254.169.254/`, to a
//! database on the same network, or to a name that resolves to either. [`Fetch`] takes https only,
//! resolves the name itself, refuses it if *any* of its addresses is not public, and then connects
//! to just the addresses that it checked: a second answer of the resolver changes nothing. Each
//! redirect is checked from the start.
//!
//! ```no_run
//! # async fn run() -> Result<(), trunkline_http::TransportError> {
//! use trunkline_http::fetch::Fetch;
//!
//! let image = Fetch::new().get("https://images.example/cat.png").await?;
//! println!("{} bytes of {}", image.bytes.len(), image.media_type);
//! # Ok(())
//! # }
//! ```

mod address;
mod dial;
mod target;

use std::{
    fmt,
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response,
    header::{ACCEPT, CONTENT_TYPE, LOCATION, USER_AGENT},
};
use tokio::io::{AsyncRead, AsyncWrite};

use self::{
    dial::{Connect, Resolve, Via},
    target::{Target, refused},
};
use crate::{
    Body, Limit, Phase, Sent, Transport, TransportError, TransportErrorKind,
    hyper::{self, HyperTransport},
};

const MAX_REDIRECTS: usize = 3;
const AGENT: &str = concat!("trunkline-http/", env!("CARGO_PKG_VERSION"));

/// Fetches public https URLs within limits. Sends no credentials and no cookies, uses no proxy.
#[derive(Clone)]
#[must_use]
pub struct Fetch {
    max_bytes: usize,
    timeout: Duration,
    media_types: Vec<String>,
    ports: Vec<u16>,
    allowed: Option<Arc<dyn Fn(IpAddr) -> bool + Send + Sync>>,
    resolve: Option<Resolve>,
    connect: Option<Connect>,
    roots: Option<hyper::Roots>,
    certificates: Vec<Vec<u8>>,
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// The content.
    pub bytes: Bytes,
    /// What the server says it is, in lower case and without parameters: `image/png`.
    pub media_type: String,
}

impl Default for Fetch {
    fn default() -> Self {
        Self {
            max_bytes: 20 << 20,
            timeout: Duration::from_secs(30),
            media_types: vec!["image/*".to_owned()],
            ports: Vec::new(),
            allowed: None,
            resolve: None,
            connect: None,
            roots: None,
            certificates: Vec::new(),
        }
    }
}

impl Fetch {
    /// Images of at most 20 MiB, in at most 30 s.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes the content may have: 20 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// How long all of it may take, redirects included: 30 s.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Which media types are accepted instead of `image/*`: `application/pdf`, `audio/*`.
    pub fn media_types<'a>(mut self, types: impl IntoIterator<Item = &'a str>) -> Self {
        self.media_types = types.into_iter().map(str::to_ascii_lowercase).collect();
        self
    }

    /// Fetches from this port as well as from 443.
    pub fn allow_port(mut self, port: u16) -> Self {
        self.ports.push(port);
        self
    }

    /// **Dangerous**: also connects to addresses that are not public where `allowed` says so.
    ///
    /// Whoever chooses the URL then reaches them, with whatever listens there. Meant for an image
    /// server of one's own: name its address and nothing else.
    pub fn allow_addresses(
        mut self,
        allowed: impl Fn(IpAddr) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.allowed = Some(Arc::new(allowed));
        self
    }

    /// Whose certificates are trusted: see [`Builder::roots`](hyper::Builder::roots).
    pub fn roots(mut self, roots: hyper::Roots) -> Self {
        self.roots = Some(roots);
        self
    }

    /// Trusts one or more further certificates, in PEM.
    pub fn root_certificate(mut self, pem: impl AsRef<[u8]>) -> Self {
        self.certificates.push(pem.as_ref().to_owned());
        self
    }

    /// Asks `resolver` for a name's addresses instead of the system. Its answers are checked too.
    pub fn resolver<R, F>(mut self, resolver: R) -> Self
    where
        R: Fn(String) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
    {
        self.resolve = Some(dial::resolver(resolver));
        self
    }

    /// Opens connections with `connector` instead of TCP. It is given checked addresses only; TLS
    /// runs over what it opens.
    pub fn connector<C, F, S>(mut self, connector: C) -> Self
    where
        C: Fn(SocketAddr) -> F + Send + Sync + 'static,
        F: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.connect = Some(dial::connector(connector));
        self
    }

    /// Fetches `url`, following at most 3 redirects.
    ///
    /// # Errors
    ///
    /// [`Config`](TransportErrorKind::Config) where a setting cannot work, or the URL or its host is
    /// refused: that host was not connected to. [`LimitExceeded`](TransportErrorKind::LimitExceeded) where the content is too
    /// large, [`Timeout`](TransportErrorKind::Timeout) where it takes too long,
    /// [`Decode`](TransportErrorKind::Decode) where what is there is not of an accepted type, or
    /// there is nothing but an error. And what a transport may meet. No error holds the URL.
    pub async fn get(&self, url: &str) -> Result<Fetched, TransportError> {
        self.check()?;
        match tokio::time::timeout(self.timeout, self.follow(url)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let host = self
                    .target(url)
                    .map_or_else(|_| String::new(), |target| target.host);
                let message = format!("{host}: fetching took longer than {:?}", self.timeout);
                Err(TransportError::new(TransportErrorKind::Timeout, message)
                    .with_sent(Sent::Maybe))
            }
        }
    }

    async fn follow(&self, url: &str) -> Result<Fetched, TransportError> {
        let mut target = self.target(url)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.ask(&target).await?;
            let location = response.headers().get(LOCATION);
            match location.filter(|_| response.status().is_redirection()) {
                None => return self.read(&target, response).await,
                Some(location) => {
                    let location = location
                        .to_str()
                        .map_err(|_| broken(&target, "the redirect leads to no URL".to_owned()))?;
                    target = self.target(&target.join(location))?;
                }
            }
        }
        let message = format!("more than {MAX_REDIRECTS} redirects");
        Err(broken(&target, message))
    }

    fn target(&self, url: &str) -> Result<Target, TransportError> {
        Target::parse(url, |port| self.ports.contains(&port))
    }

    async fn ask(&self, target: &Target) -> Result<Response<Body>, TransportError> {
        let addresses = self.checked(target).await?;
        let transport = self.transport(target, addresses)?;
        let mut request = Request::get(target.uri.clone())
            .body(Body::empty())
            .map_err(|error| {
                refused("the URL cannot be asked for".to_owned()).with_source(error)
            })?;
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        if let Ok(accepted) = HeaderValue::try_from(self.media_types.join(", ")) {
            headers.insert(ACCEPT, accepted);
        }
        transport.send(request).await
    }

    /// The host's addresses, if every one of them may be connected to.
    async fn checked(&self, target: &Target) -> Result<Vec<SocketAddr>, TransportError> {
        let Target { host, port, .. } = target;
        let addresses = match host.parse() {
            Ok(address) => vec![address],
            Err(_) => dial::resolve(host, *port, self.resolve.as_ref()).await?,
        };
        for address in &addresses {
            let allowed = self
                .allowed
                .as_ref()
                .is_some_and(|allowed| allowed(*address));
            if let Some(why) = address::refused(*address).filter(|_| !allowed) {
                return Err(refused(format!("{host}: not fetched, since it is {why}")));
            }
        }
        Ok(addresses
            .into_iter()
            .map(|address| SocketAddr::new(address, *port))
            .collect())
    }

    /// For one exchange: it knows no address but these.
    fn transport(
        &self,
        target: &Target,
        addresses: Vec<SocketAddr>,
    ) -> Result<HyperTransport, TransportError> {
        let mut builder = HyperTransport::builder().max_idle_per_host(0);
        if let Some(roots) = self.roots {
            builder = builder.roots(roots);
        }
        for pem in &self.certificates {
            builder = builder.root_certificate(pem);
        }
        match &self.connect {
            None => builder.resolve(&target.host, addresses),
            Some(connect) => builder.connector(Via::new(connect, addresses)),
        }
        .build()
    }

    async fn read(
        &self,
        target: &Target,
        response: Response<Body>,
    ) -> Result<Fetched, TransportError> {
        let status = response.status();
        if !status.is_success() {
            return Err(broken(
                target,
                format!("the server answers with status {}", status.as_u16()),
            ));
        }
        let media_type = response.headers().get(CONTENT_TYPE);
        let media_type = media_type.and_then(|value| value.to_str().ok());
        let media_type = media_type.and_then(|value| value.split(';').next());
        let media_type = media_type.unwrap_or_default().trim().to_ascii_lowercase();
        if !self
            .media_types
            .iter()
            .any(|accepted| matches(accepted, &media_type))
        {
            let accepted = self.media_types.join(", ");
            return Err(broken(
                target,
                format!("the content is not of type {accepted}"),
            ));
        }
        let bytes = response.into_body().collect(self.max_bytes).await;
        let bytes = bytes.map_err(|error| match error.limit() {
            Some(Limit::Body) => self.too_large(target),
            _ => error,
        })?;
        Ok(Fetched { bytes, media_type })
    }
}

impl Fetch {
    fn too_large(&self, target: &Target) -> TransportError {
        let message = format!(
            "{}: the content is larger than {} bytes",
            target.host, self.max_bytes
        );
        TransportError::limit_exceeded(Limit::Body, message).with_phase(Phase::Body)
    }

    fn check(&self) -> Result<(), TransportError> {
        let wrong = if self.max_bytes == 0 {
            "max_bytes is 0: give the size that the content may have"
        } else if self.timeout.is_zero() {
            "timeout is zero, which nothing could meet: give a longer time"
        } else if self.media_types.is_empty() {
            "media_types is empty: name what is accepted, `image/*` for example"
        } else {
            return Ok(());
        };
        Err(refused(wrong.to_owned()))
    }
}

fn matches(accepted: &str, media_type: &str) -> bool {
    match accepted.strip_suffix('*') {
        Some("*/") => true,
        Some(family) => media_type
            .strip_prefix(family)
            .is_some_and(|name| !name.is_empty()),
        None => accepted == media_type,
    }
}

fn broken(target: &Target, message: String) -> TransportError {
    let message = format!("{}: {message}", target.host);
    TransportError::new(TransportErrorKind::Decode, message)
        .with_phase(Phase::Head)
        .with_sent(Sent::Responded)
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch")
            .field("max_bytes", &self.max_bytes)
            .field("timeout", &self.timeout)
            .field("media_types", &self.media_types)
            .finish_non_exhaustive()
    }
}
