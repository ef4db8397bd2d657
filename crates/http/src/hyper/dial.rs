//! Opens the byte stream to an authority: TCP, or what the caller's connector gives.

use std::{future::Future, future::poll_fn, pin::Pin, sync::Arc};

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
        let host = host(target)?;
        match self {
            Self::Tcp(overrides) => {
                let stream = tcp::connect(host, port(target), overrides, timers).await?;
                Ok(Box::new(stream))
            }
            Self::Custom(dial) => {
                let dialing = async {
                    dial(target.clone())
                        .await
                        .map_err(|error| refused(host, error))
                };
                within(timers.tcp, Phase::Tcp, host, dialing).await
            }
        }
    }
}

fn refused(host: &str, error: BoxError) -> TransportError {
    match error.downcast::<TransportError>() {
        Ok(error) => *error,
        Err(error) => TransportError::new(
            TransportErrorKind::Connect,
            format!("{host}: the connector could not open a connection"),
        )
        .with_phase(Phase::Tcp)
        .with_source(error),
    }
}

/// The host without the brackets of an IPv6 address.
pub(super) fn host(target: &Uri) -> Result<&str, TransportError> {
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
    Ok(bare)
}

/// The port, or the scheme's own.
pub(super) fn port(target: &Uri) -> u16 {
    let default = match target.scheme_str() {
        Some("https") => 443,
        Some("socks5" | "socks5h") => 1080,
        _ => 80,
    };
    target.port_u16().unwrap_or(default)
}
