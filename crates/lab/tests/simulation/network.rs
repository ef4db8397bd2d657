//! The simulated network, as the transport's connector.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use http::Uri;
use tower_service::Service;
use turmoil::net::TcpStream;

use crate::server::PORT;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Network;

impl Service<Uri> for Network {
    type Response = TcpStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let host = target.host().unwrap_or_default().to_owned();
        Box::pin(async move { TcpStream::connect((host.as_str(), PORT)).await })
    }
}
