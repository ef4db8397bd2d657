//! Small peers that say exactly what a test wants said.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "each test file uses some of these"
)]

use std::{
    future::Future,
    io,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, Uri};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use trunkline_http::{Body, Transport, TransportError, hyper::HyperTransport};

pub const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server that hands each connection, with its number from 0, to `serve`.
pub async fn peer<F, S>(serve: S) -> SocketAddr
where
    S: Fn(TcpStream, usize) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for number in 0.. {
            let Ok((stream, _)) = listener.accept().await else {
                return;
            };
            tokio::spawn(serve(stream, number));
        }
    });
    address
}

/// A server that answers the first request of each connection with these bytes, and closes.
pub async fn says(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer: Arc<[u8]> = answer.into().into();
    peer(move |mut stream, _| {
        let answer = Arc::clone(&answer);
        async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(&answer).await;
        }
    })
    .await
}

/// Reads a request with its `content-length` of body; empty if the client went.
pub async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut request = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return String::from_utf8_lossy(&request).into_owned();
            }
        }
        if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
            return String::new();
        }
    }
}

pub async fn gone(stream: &mut (impl AsyncRead + Unpin)) {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await.unwrap_or(0) > 0 {}
}

pub fn post(url: impl AsRef<str>, body: impl Into<Body>) -> Request<Body> {
    Request::post(url.as_ref()).body(body.into()).unwrap()
}

/// A request with the secrets that no error may show.
pub fn secretive(url: &str) -> Request<Body> {
    Request::post(format!("{url}/v1/sk-path?key=sk-query"))
        .header("authorization", "Bearer sk-header")
        .body("sk-prompt".into())
        .unwrap()
}

pub async fn send(
    transport: &HyperTransport,
    request: Request<Body>,
) -> Result<Response<Body>, TransportError> {
    transport.send(request).await
}

/// Sends a request and reads the whole answer.
pub async fn fetch(transport: &HyperTransport, url: &str) -> Result<String, TransportError> {
    let response = transport.send(post(url, "question")).await?;
    let body = response.into_body().collect(1 << 20).await?;
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

/// All that an error shows, with its causes.
pub fn told(error: &TransportError) -> String {
    let mut told = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        told.push_str(&format!(" {error}"));
        cause = error.source();
    }
    told
}

/// Opens in-memory pipes and hands their far ends out.
#[derive(Clone)]
pub struct Pipe(mpsc::UnboundedSender<DuplexStream>, usize);

impl Pipe {
    pub fn new() -> (Self, mpsc::UnboundedReceiver<DuplexStream>) {
        Self::with_capacity(64 * 1024)
    }

    pub fn with_capacity(bytes: usize) -> (Self, mpsc::UnboundedReceiver<DuplexStream>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Self(sender, bytes), receiver)
    }
}

impl tower_service::Service<Uri> for Pipe {
    type Response = DuplexStream;
    type Error = io::Error;
    type Future = std::future::Ready<io::Result<DuplexStream>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (ours, theirs) = tokio::io::duplex(self.1);
        self.0.send(theirs).unwrap();
        std::future::ready(Ok(ours))
    }
}
