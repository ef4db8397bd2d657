//! Accounts over in-memory pipes, where tokio's paused clock makes a minute take no time.

use std::{
    future::{Ready, ready},
    io,
    sync::Arc,
    task::{Context, Poll},
};

use http::Uri;
use tokio::io::DuplexStream;
use tower_service::Service;
use trunkline_core::HttpClient;
use trunkline_http::hyper::HyperTransport;

use crate::peer::{PipePeer, Script};

/// Opens a new pipe for each connection.
#[derive(Clone)]
pub(in super::super) struct Pipes(Arc<dyn Fn() -> DuplexStream + Send + Sync>);

impl Pipes {
    /// A peer, and the way to it.
    pub(in super::super) fn to(script: impl Into<Script>) -> (Arc<PipePeer>, Self) {
        let peer = Arc::new(PipePeer::new(script));
        let far = peer.clone();
        (peer, Self::by(move || far.connect()))
    }

    pub(in super::super) fn by(connect: impl Fn() -> DuplexStream + Send + Sync + 'static) -> Self {
        Self(Arc::new(connect))
    }
}

impl Service<Uri> for Pipes {
    type Response = DuplexStream;
    type Error = io::Error;
    type Future = Ready<io::Result<DuplexStream>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(Ok((self.0)()))
    }
}

/// A client over these pipes.
pub(in super::super) fn client_of(pipes: Pipes) -> Result<HttpClient, String> {
    let transport = HyperTransport::builder().connector(pipes).build();
    transport
        .map(HttpClient::new)
        .map_err(|error| error.to_string())
}
