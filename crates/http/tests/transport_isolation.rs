//! HTTP/2 under a paused clock: what one stream, one peer or one server may not do to the others.
#![cfg(all(feature = "hyper", feature = "http2"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    future::{Future, pending, poll_fn},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use h2::{
    Reason, SendStream,
    server::{Connection, SendResponse},
};
use http::{Request, Response};
use support::*;
use tokio::{
    io::DuplexStream,
    sync::mpsc::UnboundedReceiver,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use trunkline_http::{
    Body, Limit, Phase, Sent, TransportErrorKind as Kind,
    hyper::{Builder, Http2, HyperTransport},
};

const URL: &str = "http://pipe.test";
const TEN_MINUTES: Duration = Duration::from_secs(600);

/// A transport over pipes whose connections last as long as the test.
fn patient() -> (Builder, UnboundedReceiver<DuplexStream>) {
    let (pipe, opened) = Pipe::new();
    let builder = HyperTransport::builder()
        .connector(pipe)
        .max_lifetime(TEN_MINUTES * 10)
        .pool_idle_timeout(TEN_MINUTES * 10)
        .http2(Http2::prior_knowledge());
    (builder, opened)
}

/// Serves each request of each connection by a task of its own.
fn serve<F>(
    mut opened: UnboundedReceiver<DuplexStream>,
    answer: impl Fn(String, SendStream<Bytes>) -> F + Copy + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        while let Some(stream) = opened.recv().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    tokio::spawn(answer(request.uri().path().to_owned(), head(respond)));
                }
            });
        }
    });
}

fn head(mut respond: SendResponse<Bytes>) -> SendStream<Bytes> {
    respond.send_response(Response::new(()), false).unwrap()
}

fn get(path: &str) -> Request<Body> {
    Request::get(format!("{URL}{path}"))
        .body(Body::empty())
        .unwrap()
}

async fn body(transport: &HyperTransport, path: &str) -> Body {
    send(transport, get(path)).await.unwrap().into_body()
}

#[tokio::test(start_paused = true)]
async fn f021_a_reader_who_stays_away_loses_its_stream_and_nobody_else_anything() {
    static SENT_TO_PAUSED: AtomicUsize = AtomicUsize::new(0);
    const FRAME: &[u8] = &[b'x'; 60];

    let (builder, opened) = patient();
    let transport = builder.build().unwrap();
    serve(opened, async |path, mut body| {
        let (frames, pause) = match path.as_str() {
            "/paused" => (60_000, Duration::from_millis(10)),
            "/live" => (600, Duration::from_secs(1)),
            _ => (1, Duration::ZERO),
        };
        for _ in 0..frames {
            if body.send_data(Bytes::from_static(FRAME), false).is_err() {
                return;
            }
            if path == "/paused" {
                SENT_TO_PAUSED.fetch_add(1, SeqCst);
            }
            sleep(pause).await;
        }
        let _ = body.send_data(Bytes::new(), true);
    });

    let mut paused = body(&transport, "/paused").await;
    let mut live = JoinSet::new();
    for _ in 0..99 {
        let mut body = body(&transport, "/live").await;
        live.spawn(async move {
            let mut read = 0;
            while let Some(chunk) = body.chunk().await {
                read += chunk.unwrap().len();
            }
            read
        });
    }
    while let Some(read) = live.join_next().await {
        assert_eq!(read.unwrap(), 600 * FRAME.len());
    }

    let mut read = 0;
    let error = loop {
        match paused.chunk().await.expect("an error at the end") {
            Ok(chunk) => read += chunk.len(),
            Err(error) => break error,
        }
    };
    assert_eq!(
        (error.kind(), error.limit(), error.phase(), error.sent()),
        (
            Kind::LimitExceeded,
            Some(Limit::Consumer),
            Some(Phase::Body),
            Sent::Responded
        )
    );
    assert!(paused.chunk().await.is_none());
    // What came before is not lost; its share is half a megabyte of what h2 counts.
    let share = (512 << 10) / (256 - FRAME.len());
    assert_eq!(read / FRAME.len(), share + 1);
    assert!(SENT_TO_PAUSED.load(SeqCst) < share + 100);

    for _ in 0..100 {
        let whole = body(&transport, "/short").await.collect(100).await;
        assert_eq!(whole.unwrap(), FRAME);
    }
    let stats = transport.stats();
    assert_eq!((stats.connections_opened, stats.connections_open), (4, 4));
    assert_eq!(stats.in_flight, 0);
}

#[tokio::test(start_paused = true)]
async fn f021_a_slow_reader_of_large_frames_is_waited_for() {
    static SENT: AtomicUsize = AtomicUsize::new(0);
    const SIZE: usize = 8 << 20;

    let (builder, opened) = patient();
    let transport = builder.build().unwrap();
    serve(opened, async |_, mut body| {
        while SENT.load(SeqCst) < SIZE {
            body.reserve_capacity(SIZE - SENT.load(SeqCst));
            let room = poll_fn(|cx| body.poll_capacity(cx)).await.unwrap().unwrap();
            body.send_data(vec![b'x'; room].into(), false).unwrap();
            SENT.fetch_add(room, SeqCst);
        }
        body.send_data(Bytes::new(), true).unwrap();
    });
    let body = body(&transport, "/").await;
    sleep(TEN_MINUTES).await;
    // One window in h2, one before it.
    let sent = SENT.load(SeqCst);
    assert!((1 << 20..3 << 20).contains(&sent), "{sent}");
    assert_eq!(body.collect(SIZE).await.unwrap().len(), SIZE);
}

#[tokio::test(start_paused = true)]
async fn f021_a_burst_of_the_smallest_frames_is_read_by_who_reads() {
    const FRAMES: usize = 40_000;

    let (builder, opened) = patient();
    let transport = builder.build().unwrap();
    serve(opened, async |_, mut body| {
        for _ in 0..FRAMES {
            body.send_data(Bytes::from_static(b"x"), false).unwrap();
        }
        body.send_data(Bytes::new(), true).unwrap();
    });
    let body = body(&transport, "/").await;
    assert_eq!(body.collect(FRAMES).await.unwrap().len(), FRAMES);
}

#[tokio::test(start_paused = true)]
async fn f115_a_dropped_body_resets_its_stream_at_once() {
    let (builder, mut opened) = patient();
    let transport = builder.build().unwrap();
    let server = tokio::spawn(async move {
        let stream = opened.recv().await.unwrap();
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let (_, respond) = connection.accept().await.unwrap().unwrap();
        let mut body = head(respond);
        body.send_data(Bytes::from_static(b"x"), false).unwrap();
        tokio::select! {
            _ = connection.accept() => panic!("the connection ended"),
            reason = poll_fn(|cx| body.poll_reset(cx)) => reason.unwrap(),
        }
    });
    let mut body = body(&transport, "/").await;
    assert_eq!(body.chunk().await.unwrap().unwrap(), "x");
    let dropped = Instant::now();
    drop(body);
    assert_eq!(server.await.unwrap(), Reason::CANCEL);
    assert_eq!(dropped.elapsed(), Duration::ZERO);
}

/// Opens pipes after a while, and counts how many open at once.
#[derive(Clone)]
struct Slow {
    pipe: Pipe,
    takes: Duration,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl tower_service::Service<http::Uri> for Slow {
    type Response = DuplexStream;
    type Error = std::io::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = std::io::Result<DuplexStream>> + Send>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: http::Uri) -> Self::Future {
        let mut slow = self.clone();
        let now = slow.now.fetch_add(1, SeqCst) + 1;
        slow.most.fetch_max(now, SeqCst);
        Box::pin(async move {
            sleep(slow.takes).await;
            slow.now.fetch_sub(1, SeqCst);
            slow.pipe.call(uri).await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn f019_a_server_that_asks_for_calm_gets_a_second_and_one_connection_at_a_time() {
    // Idle, the GOAWAY hits no request of which hyper could tell.
    for idle in [true, false] {
        let (pipe, mut opened) = Pipe::new();
        let slow = Slow {
            pipe,
            takes: Duration::from_millis(100),
            now: Arc::default(),
            most: Arc::default(),
        };
        let most = Arc::clone(&slow.most);
        let http2 = Http2::prior_knowledge().max_streams_per_connection(1);
        let transport = HyperTransport::builder()
            .connector(slow)
            .http2(http2)
            .build()
            .unwrap();
        let calm = tokio::spawn(async move {
            let mut connection = h2::server::handshake(opened.recv().await.unwrap())
                .await
                .unwrap();
            let (_, respond) = connection.accept().await.unwrap().unwrap();
            if idle {
                answer(respond);
                let _ = timeout(Duration::from_millis(50), connection.accept()).await;
            }
            connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
            while connection.accept().await.is_some() {}
            let calm = Instant::now();
            serve(opened, async |_, mut body| {
                sleep(Duration::from_secs(1)).await;
                let _ = body.send_data(Bytes::from_static(b"ok"), true);
            });
            calm
        });
        let first = send(&transport, post(URL, "")).await;
        let calm = calm.await.unwrap();
        if idle {
            first.unwrap();
        } else {
            assert_eq!(first.unwrap_err().sent(), Sent::Maybe);
        }

        let mut calls = JoinSet::new();
        for _ in 0..8 {
            let transport = transport.clone();
            calls.spawn(async move {
                let response = send(&transport, get("/")).await.unwrap();
                let head = Instant::now();
                assert_eq!(response.into_body().collect(10).await.unwrap(), "ok");
                head
            });
        }
        let mut heads = Vec::new();
        while let Some(head) = calls.join_next().await {
            heads.push(head.unwrap() - calm);
        }
        let (first, last) = (heads.iter().min().unwrap(), heads.iter().max().unwrap());
        assert!(*first >= Duration::from_secs(1), "{first:?}");
        assert!(*last >= Duration::from_millis(1800), "{last:?}");
        assert!(*last < Duration::from_secs(3), "{last:?}");
        assert_eq!(transport.stats().connections_opened, 9);
        assert_eq!(most.load(SeqCst), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn f019_another_goaway_makes_nobody_wait() {
    let (builder, mut opened) = patient();
    let transport = builder.build().unwrap();
    tokio::spawn(async move {
        let mut connection = h2::server::handshake(opened.recv().await.unwrap())
            .await
            .unwrap();
        let (_, respond) = connection.accept().await.unwrap().unwrap();
        answer(respond);
        let _ = timeout(Duration::from_millis(50), connection.accept()).await;
        connection.abrupt_shutdown(Reason::NO_ERROR);
        while connection.accept().await.is_some() {}
        serve(opened, async |_, mut body| {
            let _ = body.send_data(Bytes::from_static(b"ok"), true);
        });
    });
    let begin = Instant::now();
    for _ in 0..2 {
        let body = body(&transport, "/").await;
        assert_eq!(body.collect(10).await.unwrap(), "ok");
        sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(transport.stats().connections_opened, 2);
    assert_eq!(begin.elapsed(), Duration::from_millis(200));
}

fn answer(respond: SendResponse<Bytes>) {
    head(respond)
        .send_data(Bytes::from_static(b"ok"), true)
        .unwrap();
}

/// Answers `requests` heads, bodies as well if `whole`, and then is as good as unplugged.
async fn vanishing(stream: DuplexStream, requests: usize, whole: bool) {
    let mut connection: Connection<_, Bytes> = h2::server::handshake(stream).await.unwrap();
    let mut bodies = Vec::new();
    for _ in 0..requests {
        let (_, respond) = connection.accept().await.unwrap().unwrap();
        let mut body = head(respond);
        body.send_data(Bytes::from_static(b"ok"), whole).unwrap();
        bodies.push(body);
    }
    let _ = timeout(Duration::from_millis(10), connection.accept()).await;
    pending::<()>().await;
}

#[tokio::test(start_paused = true)]
async fn f020_the_streams_of_a_peer_that_vanishes_end_within_30_s() {
    let (builder, mut opened) = patient();
    let transport = builder.build().unwrap();
    let servers = tokio::spawn(async move {
        tokio::spawn(vanishing(opened.recv().await.unwrap(), 3, false));
        vanishing(opened.recv().await.unwrap(), 1, true).await;
    });
    let mut bodies = Vec::new();
    for _ in 0..3 {
        bodies.push(body(&transport, "/").await);
    }
    let begin = Instant::now();
    for body in &mut bodies {
        assert_eq!(body.chunk().await.unwrap().unwrap(), "ok");
        let error = body.chunk().await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.sent()),
            (Kind::Interrupted, Sent::Responded)
        );
    }
    let took = begin.elapsed();
    assert!(took <= Duration::from_millis(30_100), "{took:?}");
    assert!(took >= Duration::from_secs(20), "{took:?}");
    let again = body(&transport, "/").await;
    assert_eq!(again.collect(10).await.unwrap(), "ok");
    assert_eq!(transport.stats().connections_opened, 2);
    servers.abort();
}

#[tokio::test(start_paused = true)]
async fn f020_an_idle_connection_to_a_peer_that_vanishes_is_not_used_again() {
    let (builder, mut opened) = patient();
    let transport = builder.build().unwrap();
    tokio::spawn(async move {
        tokio::spawn(vanishing(opened.recv().await.unwrap(), 1, true));
        vanishing(opened.recv().await.unwrap(), 1, true).await;
    });
    for connections in 1..=2 {
        let body = body(&transport, "/").await;
        assert_eq!(body.collect(10).await.unwrap(), "ok");
        assert_eq!(transport.stats().connections_opened, connections);
        sleep(Duration::from_secs(31)).await;
        assert_eq!(transport.stats().connections_open, 0);
    }
}
