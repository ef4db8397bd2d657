//! The two ways to the network: a name to its addresses, an address to a connection.

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Phase, TransportError, TransportErrorKind};

type Pending<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

pub(super) type Resolve = Arc<dyn Fn(String) -> Pending<Vec<IpAddr>> + Send + Sync>;
pub(super) type Connect = Arc<dyn Fn(SocketAddr) -> Pending<Box<dyn Stream>> + Send + Sync>;

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

const RESOLVING: Duration = Duration::from_secs(5);

/// A name with more addresses than this is somebody's mistake or worse.
const MAX_ADDRESSES: usize = 64;

pub(super) fn resolver<R, F>(resolver: R) -> Resolve
where
    R: Fn(String) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<Vec<IpAddr>>> + Send + 'static,
{
    Arc::new(move |host| Box::pin(resolver(host)))
}

pub(super) fn connector<C, F, S>(connector: C) -> Connect
where
    C: Fn(SocketAddr) -> F + Send + Sync + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    Arc::new(move |address| {
        let connecting = connector(address);
        Box::pin(async move { Ok(Box::new(connecting.await?) as Box<dyn Stream>) })
    })
}

pub(super) async fn resolve(
    host: &str,
    port: u16,
    resolver: Option<&Resolve>,
) -> Result<Vec<IpAddr>, TransportError> {
    let failed = |kind, what: &str| {
        TransportError::new(kind, format!("{host}: {what}")).with_phase(Phase::Dns)
    };
    let resolving = async {
        match resolver {
            Some(resolver) => resolver(host.to_owned()).await,
            None => {
                let found = tokio::net::lookup_host((host, port)).await?;
                Ok(found.map(|address| address.ip()).collect())
            }
        }
    };
    match tokio::time::timeout(RESOLVING, resolving).await {
        Err(_) => Err(failed(
            TransportErrorKind::Timeout,
            "resolving the name took longer than 5 s",
        )),
        Ok(Err(error)) => {
            Err(failed(TransportErrorKind::Connect, "the name has no address").with_source(error))
        }
        Ok(Ok(addresses)) if addresses.is_empty() => Err(failed(
            TransportErrorKind::Connect,
            "the name has no address",
        )),
        Ok(Ok(addresses)) if addresses.len() > MAX_ADDRESSES => Err(failed(
            TransportErrorKind::Connect,
            "the name has too many addresses",
        )),
        Ok(Ok(addresses)) => Ok(addresses),
    }
}

/// Connects to the first of these that answers, whatever the URL says.
#[derive(Clone)]
pub(super) struct Via {
    connect: Connect,
    addresses: Vec<SocketAddr>,
}

impl Via {
    pub(super) fn new(connect: &Connect, addresses: Vec<SocketAddr>) -> Self {
        Self {
            connect: Arc::clone(connect),
            addresses,
        }
    }
}

impl tower_service::Service<Uri> for Via {
    type Response = Box<dyn Stream>;
    type Error = io::Error;
    type Future = Pending<Box<dyn Stream>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let Self { connect, addresses } = self.clone();
        Box::pin(async move {
            let mut failed = io::Error::from(io::ErrorKind::AddrNotAvailable);
            for address in addresses {
                match connect(address).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => failed = error,
                }
            }
            Err(failed)
        })
    }
}
