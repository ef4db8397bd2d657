//! Timed cases: in-memory pipes under a paused clock.
#![cfg(feature = "hyper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use support::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::{Instant, sleep},
};
use trunkline_http::{
    Phase, Sent, TransportErrorKind as Kind,
    hyper::{HyperTransport, Resent},
};

const URL: &str = "http://pipe.test/";

#[tokio::test(start_paused = true)]
async fn f008_a_request_on_a_connection_that_closed_meanwhile_is_sent_again_once() {
    let (pipe, mut opened) = Pipe::new();
    let transport = HyperTransport::builder().connector(pipe).build().unwrap();
    let first = tokio::spawn({
        let transport = transport.clone();
        async move { fetch(&transport, URL).await }
    });
    let mut server = opened.recv().await.unwrap();
    read_request(&mut server).await;
    server.write_all(OK.as_bytes()).await.unwrap();
    assert_eq!(first.await.unwrap().unwrap(), "ok");
    // The connection is idle by now.
    sleep(Duration::from_secs(1)).await;

    let second = tokio::spawn(async move {
        let mut server = opened.recv().await.unwrap();
        let request = read_request(&mut server).await;
        server.write_all(OK.as_bytes()).await.unwrap();
        request
    });
    // No await between these two: the transport cannot have noticed.
    drop(server);
    let response = send(&transport, secretive(URL.trim_end_matches('/')))
        .await
        .unwrap();
    assert_eq!(response.extensions().get(), Some(&Resent(1)));
    let stats = transport.stats();
    assert_eq!((stats.connections_opened, stats.resent), (2, 1));
    let request = second.await.unwrap();
    assert!(
        request.contains("authorization: Bearer sk-header\r\n"),
        "{request}"
    );
    assert!(request.ends_with("\r\n\r\nsk-prompt"), "{request}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_can_be_read_only_once_is_not_sent_again() {
    let (pipe, mut opened) = Pipe::new();
    let transport = HyperTransport::builder().connector(pipe).build().unwrap();
    let first = tokio::spawn({
        let transport = transport.clone();
        async move { fetch(&transport, URL).await }
    });
    let mut server = opened.recv().await.unwrap();
    read_request(&mut server).await;
    server.write_all(OK.as_bytes()).await.unwrap();
    first.await.unwrap().unwrap();
    sleep(Duration::from_secs(1)).await;

    drop(server);
    let body = trunkline_http::Body::new(http_body_util::Full::new(bytes::Bytes::from("once")));
    let error = send(&transport, post(URL, body)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (Kind::Interrupted, Sent::Never)
    );
    assert_eq!(transport.stats().resent, 0);
}

#[tokio::test(start_paused = true)]
async fn f025_a_server_that_accepts_no_byte_for_30_s_ends_the_request() {
    let (pipe, mut opened) = Pipe::with_capacity(4096);
    let transport = HyperTransport::builder().connector(pipe).build().unwrap();
    let call = tokio::spawn(async move {
        let upload = vec![b'x'; 50 << 20];
        (send(&transport, post(URL, upload)).await, Instant::now())
    });
    let mut server = opened.recv().await.unwrap();
    let mut bytes = [0; 4096];
    // Slow is not stalled: a little every 29 s is progress.
    for _ in 0..10 {
        sleep(Duration::from_secs(29)).await;
        assert!(server.read(&mut bytes).await.unwrap() > 0);
    }
    let stopped = Instant::now();
    let (outcome, failed) = call.await.unwrap();
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Timeout, Some(Phase::Write), Sent::Maybe)
    );
    let took = failed - stopped;
    assert!(
        took >= Duration::from_secs(29) && took <= Duration::from_secs(31),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn f026_an_early_413_is_read_to_its_end_although_the_upload_broke() {
    let (pipe, mut opened) = Pipe::with_capacity(256 << 10);
    let transport = HyperTransport::builder().connector(pipe).build().unwrap();
    let call = tokio::spawn(async move {
        let response = send(&transport, post(URL, vec![b'x'; 50 << 20])).await?;
        let status = response.status();
        response
            .into_body()
            .collect(1 << 20)
            .await
            .map(|body| (status, body.len()))
    });
    let mut server = opened.recv().await.unwrap();
    assert!(server.read(&mut [0; 4096]).await.unwrap() > 0);
    let head = "HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 200000\r\n\r\n";
    let answer = [head.as_bytes(), &[b'x'; 200_000]].concat();
    server.write_all(&answer).await.unwrap();
    drop(server);
    assert_eq!(
        call.await.unwrap().unwrap(),
        (http::StatusCode::PAYLOAD_TOO_LARGE, 200_000)
    );
}

#[tokio::test(start_paused = true)]
async fn a_server_that_thinks_for_long_is_not_stalled() {
    let (pipe, mut opened) = Pipe::new();
    let transport = HyperTransport::builder().connector(pipe).build().unwrap();
    let call = tokio::spawn(async move { fetch(&transport, URL).await });
    let mut server = opened.recv().await.unwrap();
    read_request(&mut server).await;
    sleep(Duration::from_secs(500)).await;
    server.write_all(OK.as_bytes()).await.unwrap();
    assert_eq!(call.await.unwrap().unwrap(), "ok");
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_after_30_s() {
    let (pipe, mut opened) = Pipe::new();
    let transport = HyperTransport::builder().connector(pipe).build().unwrap();
    let call = tokio::spawn(async move {
        fetch(&transport, URL).await.unwrap();
        transport
    });
    let mut server = opened.recv().await.unwrap();
    read_request(&mut server).await;
    server.write_all(OK.as_bytes()).await.unwrap();
    let _transport = call.await.unwrap();
    let idle = Instant::now();
    gone(&mut server).await;
    let took = idle.elapsed();
    assert!(
        took >= Duration::from_secs(30) && took <= Duration::from_secs(61),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_retired_after_its_lifetime() {
    let (pipe, mut opened) = Pipe::new();
    let transport = HyperTransport::builder()
        .connector(pipe)
        .pool_idle_timeout(Duration::from_secs(100_000))
        .build()
        .unwrap();
    tokio::spawn(async move {
        while let Some(mut server) = opened.recv().await {
            tokio::spawn(async move {
                while !read_request(&mut server).await.is_empty() {
                    server.write_all(OK.as_bytes()).await.unwrap();
                }
            });
        }
    });
    for (wait, opened) in [(0, 1), (530, 1), (140, 2), (10, 2)] {
        sleep(Duration::from_secs(wait)).await;
        fetch(&transport, URL).await.unwrap();
        assert_eq!(
            transport.stats().connections_opened,
            opened,
            "after {wait} s more"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_never_comes_back_times_out_as_a_tcp_connection_does() {
    let transport = HyperTransport::builder().connector(Never).build().unwrap();
    let begin = Instant::now();
    let error = send(&transport, secretive("http://pipe.test"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Timeout, Some(Phase::Tcp), Sent::Never)
    );
    assert_eq!(begin.elapsed().as_secs(), 5);
    assert!(!told(&error).contains("sk-"), "{}", told(&error));
}

#[derive(Clone)]
struct Never;

impl tower_service::Service<http::Uri> for Never {
    type Response = tokio::io::DuplexStream;
    type Error = std::io::Error;
    type Future = std::future::Pending<Result<Self::Response, Self::Error>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        std::future::pending()
    }
}
