//! Callers who give up, under a paused clock: nothing is lost and nothing stays.
#![cfg(feature = "hyper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use http::Uri;
use support::*;
use tokio::{
    io::{AsyncWriteExt, DuplexStream},
    sync::mpsc::UnboundedReceiver,
    time::{Instant, sleep, timeout},
};
use trunkline_http::hyper::{HyperTransport, TransportStats};

const URL: &str = "http://pipe.test/";

/// Opens pipes after a second.
#[derive(Clone)]
struct Slow(Pipe);

impl tower_service::Service<Uri> for Slow {
    type Response = DuplexStream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<DuplexStream>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let mut pipe = self.0.clone();
        Box::pin(async move {
            sleep(Duration::from_secs(1)).await;
            pipe.call(uri).await
        })
    }
}

fn slow() -> (HyperTransport, UnboundedReceiver<DuplexStream>) {
    let (pipe, opened) = Pipe::new();
    let builder = HyperTransport::builder().connector(Slow(pipe));
    (builder.build().unwrap(), opened)
}

fn serve(mut opened: UnboundedReceiver<DuplexStream>) {
    tokio::spawn(async move {
        while let Some(mut server) = opened.recv().await {
            tokio::spawn(async move {
                while !read_request(&mut server).await.is_empty() {
                    server.write_all(OK.as_bytes()).await.unwrap();
                }
            });
        }
    });
}

async fn gives_up(transport: &HyperTransport, after: Duration) {
    timeout(after, fetch(transport, URL)).await.unwrap_err();
}

/// What is held now: connecting, open, in flight, tasks.
fn held(stats: TransportStats) -> [u64; 4] {
    [
        stats.connecting,
        stats.connections_open,
        stats.in_flight,
        stats.tasks,
    ]
}

#[tokio::test(start_paused = true)]
async fn a_connection_whose_caller_gave_up_is_finished_and_serves_the_next() {
    let (transport, opened) = slow();
    serve(opened);
    gives_up(&transport, Duration::from_millis(500)).await;
    let stats = transport.stats();
    assert_eq!((stats.connecting, stats.in_flight), (1, 0));

    sleep(Duration::from_secs(1)).await;
    let stats = transport.stats();
    assert_eq!((stats.connecting, stats.connections_open), (0, 1));
    let begin = Instant::now();
    assert_eq!(fetch(&transport, URL).await.unwrap(), "ok");
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(transport.stats().connections_opened, 1);
}

#[tokio::test(start_paused = true)]
async fn callers_who_are_less_patient_than_the_handshake_get_through_in_the_end() {
    let (transport, opened) = slow();
    serve(opened);
    let begin = Instant::now();
    for _ in 0..3 {
        gives_up(&transport, Duration::from_millis(300)).await;
    }
    assert_eq!(fetch(&transport, URL).await.unwrap(), "ok");
    assert_eq!(begin.elapsed(), Duration::from_secs(1));
    assert_eq!(transport.stats().connections_opened, 1);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_nobody_takes_is_closed_like_an_idle_one() {
    let (transport, mut opened) = slow();
    gives_up(&transport, Duration::from_millis(500)).await;
    let mut server = opened.recv().await.unwrap();
    gone(&mut server).await;
    sleep(Duration::from_millis(1)).await;
    assert_eq!(held(transport.stats()), [0; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_closed_while_it_waited_is_passed_over() {
    let (transport, mut opened) = slow();
    gives_up(&transport, Duration::from_millis(500)).await;
    drop(opened.recv().await.unwrap());
    serve(opened);
    assert_eq!(fetch(&transport, URL).await.unwrap(), "ok");
    let stats = transport.stats();
    assert_eq!((stats.connections_opened, stats.resent), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_is_dropped_keeps_no_connection() {
    let (transport, mut opened) = slow();
    gives_up(&transport, Duration::from_millis(500)).await;
    let mut server = opened.recv().await.unwrap();
    let dropped = Instant::now();
    drop(transport);
    gone(&mut server).await;
    assert_eq!(dropped.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn no_more_of_them_are_kept_than_idle_connections() {
    let (pipe, opened) = Pipe::new();
    let transport = HyperTransport::builder()
        .connector(Slow(pipe))
        .max_idle_per_host(2)
        .build()
        .unwrap();
    let calls: Vec<_> = (0..10)
        .map(|_| tokio::spawn(fetch_owned(transport.clone())))
        .collect();
    sleep(Duration::from_millis(500)).await;
    assert_eq!(transport.stats().connecting, 10);
    for call in calls {
        call.abort();
        let _ = call.await;
    }
    sleep(Duration::from_secs(1)).await;
    let stats = transport.stats();
    assert_eq!((stats.connecting, stats.connections_open), (0, 2));
    drop(opened);
}

async fn fetch_owned(transport: HyperTransport) {
    let _ = fetch(&transport, URL).await;
}

#[tokio::test(start_paused = true)]
async fn f114_a_call_that_is_dropped_after_any_poll_leaves_nothing_behind() {
    let (transport, opened) = slow();
    serve(opened);
    let mut dropped_early = 0;
    for polls in 0..40 {
        let done = {
            let mut call = pin!(fetch(&transport, URL));
            let mut done = false;
            for _ in 0..polls {
                let mut cx = Context::from_waker(Waker::noop());
                if !done {
                    done = call.as_mut().poll(&mut cx).is_ready();
                }
                sleep(Duration::from_millis(50)).await;
            }
            done
        };
        dropped_early += usize::from(!done);
        assert_eq!(transport.stats().in_flight, 0, "after {polls} polls");
        // Beyond what keeps an idle connection.
        sleep(Duration::from_secs(100)).await;
        assert_eq!(held(transport.stats()), [0; 4], "after {polls} polls");
    }
    assert!((15..40).contains(&dropped_early), "{dropped_early}");
}

#[cfg(feature = "http2")]
#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_connection_whose_opener_gave_up_still_get_it() {
    use bytes::Bytes;
    use trunkline_http::hyper::Http2;

    let (pipe, mut opened) = Pipe::new();
    let transport = HyperTransport::builder()
        .connector(Slow(pipe))
        .http2(Http2::prior_knowledge())
        .build()
        .unwrap();
    tokio::spawn(async move {
        while let Some(stream) = opened.recv().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let mut body = respond
                        .send_response(http::Response::new(()), false)
                        .unwrap();
                    body.send_data(Bytes::from_static(b"ok"), true).unwrap();
                }
            });
        }
    });
    let opener = tokio::spawn(fetch_owned(transport.clone()));
    sleep(Duration::from_millis(100)).await;
    let begin = Instant::now();
    let waiting: Vec<_> = (0..5)
        .map(|_| {
            let transport = transport.clone();
            tokio::spawn(async move { fetch(&transport, URL).await })
        })
        .collect();
    sleep(Duration::from_millis(100)).await;
    opener.abort();
    for call in waiting {
        assert_eq!(call.await.unwrap().unwrap(), "ok");
    }
    assert_eq!(begin.elapsed(), Duration::from_millis(900));
    assert_eq!(transport.stats().connections_opened, 1);
    sleep(Duration::from_secs(100)).await;
    assert_eq!(held(transport.stats()), [0; 4]);
}
