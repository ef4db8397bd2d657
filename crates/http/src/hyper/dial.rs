//! Opens the byte stream to an authority: TCP, or what the caller's connector gives.

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    sync::Arc,
};

use http::Uri;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

use super::{
    tcp::{self, Overrides},
    timers::{Timers, within},
};
use crate::{BoxError, Phase, TransportError, TransportErrorKind};

/// Any byte stream.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub(super) type BoxStream = Box<dyn Stream>;
type Dialing = Pin<Box<dyn Future<Output = Result<BoxStream, BoxError>> + Send>>;

/// How to reach an authority.
#[derive(Clone)]
pub(super) enum Dial {
    Tcp(Arc<Overrides>),
    Custom(Arc<dyn Fn(Uri) -> Dialing + Send + Sync>),
}

impl Dial {
    pub(super) fn custom<C>(connector: C) -> Self
    where
        C: Service<Uri> + Clone + Send + Sync + 'static,
        C::Response: AsyncRead + AsyncWrite + Send + Unpin + 'static,
        C::Error: Into<BoxError>,
        C::Future: Send + 'static,
    {
        Self::Custom(Arc::new(move |target| {
            let mut connector = connector.clone();
            Box::pin(async move {
                poll_fn(|cx| connector.poll_ready(cx))
                    .await
                    .map_err(Into::into)?;
                let stream = connector.call(target).await.map_err(Into::into)?;
                Ok(Box::new(stream) as BoxStream)
            })
        }))
    }

    /// Opens a stream to the host and port of `target`.
    pub(super) async fn open(
        &self,
        target: &Uri,
        timers: &Timers,
    ) -> Result<BoxStream, TransportError> {
        let peer = Peer::of(target)?;
        match self {
            Self::Tcp(overrides) => {
                let stream = tcp::connect(peer, overrides, timers).await?;
                Ok(Box::new(stream))
            }
            Self::Custom(dial) => {
                let dialing = async {
                    dial(target.clone())
                        .await
                        .map_err(|error| refused(peer, error))
                };
                within(timers.tcp, Phase::Tcp, peer, dialing).await
            }
        }
    }
}

fn refused(peer: Peer<'_>, error: BoxError) -> TransportError {
    match error.downcast::<TransportError>() {
        Ok(error) => *error,
        Err(error) => TransportError::new(
            TransportErrorKind::Connect,
            format!("{peer}: the connector could not open a connection"),
        )
        .with_phase(Phase::Tcp)
        .with_source(error),
    }
}

/// Whom a stream leads to.
#[derive(Clone, Copy)]
pub(super) struct Peer<'a> {
    /// Without the brackets of an IPv6 address.
    pub(super) host: &'a str,
    /// The URL's, or the scheme's own.
    pub(super) port: u16,
}

impl<'a> Peer<'a> {
    pub(super) fn of(target: &'a Uri) -> Result<Self, TransportError> {
        let host = target.host().unwrap_or_default();
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'))
            .unwrap_or(host);
        if bare.is_empty() {
            return Err(TransportError::new(
                TransportErrorKind::Config,
                "the request's URL has no host: give an absolute http or https URL",
            ));
        }
        let own = match target.scheme_str() {
            Some("https") => 443,
            Some("socks5" | "socks5h") => 1080,
            _ => 80,
        };
        Ok(Self {
            host: bare,
            port: target.port_u16().unwrap_or(own),
        })
    }
}

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}
