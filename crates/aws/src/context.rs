//! What the library needs of the world: files, variables, and HTTP over our own transport.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use reqsign_core::{Error, FileRead, HttpSend, Result};
use tokio::time::timeout;
use trunkline_core::{Body, HttpClient};

/// How long a service that gives out credentials has to answer. They are all nearby, and where there
/// is none, nobody answers at all.
const PATIENCE: Duration = Duration::from_secs(5);
/// How large its answer may be.
const LARGEST: usize = 1 << 20;

#[derive(Debug)]
pub(crate) struct Http(pub(crate) HttpClient);

impl HttpSend for Http {
    async fn http_send(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        let sending = async {
            let response = self.0.send(request.map(Body::from)).await?;
            let (head, body) = response.into_parts();
            let body = body.collect(LARGEST).await?;
            Ok::<_, trunkline_http::TransportError>(Response::from_parts(head, body))
        };
        // Without the error's own words, which may hold what was sent.
        match timeout(PATIENCE, sending).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(Error::unexpected(format!("{:?}", error.kind()))),
            Err(_) => Err(Error::unexpected("no answer in time")),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Files;

impl FileRead for Files {
    async fn file_read(&self, path: &str) -> Result<Vec<u8>> {
        let path = path.to_owned();
        let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
        let read = read.map_err(|_| Error::unexpected("reading a file was cancelled"))?;
        read.map_err(|error| Error::config_invalid(format!("{}", error.kind())))
    }
}
