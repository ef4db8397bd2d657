//! HTTP/2: sharded, and with requests that the server gives back.
#![cfg(all(feature = "hyper", feature = "http2"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use h2::{Reason, server::SendResponse};
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use support::*;
use tokio::{net::TcpStream, sync::Barrier, task::JoinSet, time::timeout};
use trunkline_http::{
    Body, Sent, TransportErrorKind as Kind,
    hyper::{Http2, HyperTransport, Resent},
};

fn transport(http2: Http2) -> HyperTransport {
    HyperTransport::builder().http2(http2).build().unwrap()
}

/// A server of hyper's that allows `streams` at once, and the most it has seen on one connection.
async fn server<F>(
    streams: u32,
    answer: impl Fn() -> F + Clone + Send + Sync + 'static,
) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    peer(move |stream, _| {
        let answer = answer.clone();
        async move {
            let service = service_fn(move |_: Request<Incoming>| {
                let answered = answer();
                async move {
                    answered.await;
                    Ok::<_, Infallible>(Response::new(Full::new(Bytes::from("ok"))))
                }
            });
            let _ = http2::Builder::new(TokioExecutor::new())
                .max_concurrent_streams(streams)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        }
    })
    .await
}

async fn fetch_many(transport: &HyperTransport, address: SocketAddr, calls: usize) {
    let mut running = JoinSet::new();
    for _ in 0..calls {
        let transport = transport.clone();
        running.spawn(async move { fetch(&transport, &format!("http://{address}/")).await });
    }
    while let Some(answer) = timeout(Duration::from_secs(10), running.join_next())
        .await
        .unwrap()
    {
        assert_eq!(answer.unwrap().unwrap(), "ok");
    }
}

#[tokio::test]
async fn f022_fifty_calls_finish_where_one_stream_is_allowed() {
    let address = server(1, || tokio::time::sleep(Duration::from_millis(2))).await;
    let transport = transport(Http2::prior_knowledge().max_connections(4));
    fetch_many(&transport, address, 50).await;
    let opened = transport.stats().connections_opened;
    assert!(opened <= 4, "{opened}");
}

#[tokio::test]
async fn bug_19_more_than_a_hundred_streams_take_further_connections() {
    // Nobody is answered before all 110 are on their way.
    let barrier = Arc::new(Barrier::new(110));
    let address = server(200, move || {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
        }
    })
    .await;
    let transport = transport(Http2::prior_knowledge());
    fetch_many(&transport, address, 110).await;
    assert_eq!(transport.stats().connections_opened, 4);
}

#[tokio::test]
async fn beyond_its_connections_the_least_busy_takes_more() {
    let barrier = Arc::new(Barrier::new(9));
    let address = server(200, move || {
        let barrier = Arc::clone(&barrier);
        async move {
            barrier.wait().await;
        }
    })
    .await;
    let http2 = Http2::prior_knowledge()
        .max_streams_per_connection(2)
        .max_connections(2);
    let transport = transport(http2);
    fetch_many(&transport, address, 9).await;
    assert_eq!(transport.stats().connections_opened, 2);
}

fn answer(mut respond: SendResponse<Bytes>) {
    let mut body = respond.send_response(Response::new(()), false).unwrap();
    body.send_data(Bytes::from("ok"), true).unwrap();
}

#[tokio::test]
async fn f015_a_stream_above_the_goaway_is_sent_again_while_the_lower_ones_finish() {
    let address = peer(raw_goaway).await;
    let transport = transport(Http2::prior_knowledge());
    let url = format!("http://{address}/");
    let lower = tokio::spawn({
        let (transport, url) = (transport.clone(), url.clone());
        async move { fetch(&transport, &url).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let response = send(&transport, post(&url, "question")).await.unwrap();
    assert_eq!(response.extensions().get(), Some(&Resent(1)));
    assert_eq!(response.into_body().collect(10).await.unwrap(), "ok");
    assert_eq!(lower.await.unwrap().unwrap(), "ok");
    let stats = transport.stats();
    assert_eq!((stats.connections_opened, stats.resent), (2, 1));
}

/// In bytes, since h2's server says no such GOAWAY on cue.
///
/// On the first connection: takes two requests, says GOAWAY with the first as the last, answers it.
async fn raw_goaway(mut stream: TcpStream, number: usize) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const OK_HEAD_AND_BODY: fn(u8) -> Vec<u8> = |id| {
        // HEADERS with END_HEADERS: `:status: 200` is entry 8 of the static table. DATA: "ok".
        let mut frames = vec![0, 0, 1, 1, 4, 0, 0, 0, id, 0x88];
        frames.extend_from_slice(&[0, 0, 2, 0, 1, 0, 0, 0, id, b'o', b'k']);
        frames
    };
    let mut preface = [0; 24];
    stream.read_exact(&mut preface).await.unwrap();
    stream
        .write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return;
        }
        let [a, b, c, kind, flags, .., id] = head;
        let mut payload = vec![0; usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c)];
        stream.read_exact(&mut payload).await.unwrap();
        let ends = kind <= 1 && flags & 1 == 1;
        let answer = match (kind, id) {
            // SETTINGS that are no acknowledgement.
            (4, _) if flags == 0 => vec![0, 0, 0, 4, 1, 0, 0, 0, 0],
            (_, 1) if ends && number > 0 => OK_HEAD_AND_BODY(1),
            (_, 3) if ends => {
                let mut frames = vec![0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];
                frames.extend_from_slice(&OK_HEAD_AND_BODY(1));
                frames
            }
            _ => continue,
        };
        stream.write_all(&answer).await.unwrap();
    }
}

#[tokio::test]
async fn f016_a_refused_stream_is_sent_again_once_on_the_same_connection() {
    for refusals in [1, 2] {
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let address = peer(move |stream, _| {
            let counted = Arc::clone(&counted);
            async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    if counted.fetch_add(1, SeqCst) < refusals {
                        respond.send_reset(Reason::REFUSED_STREAM);
                    } else {
                        answer(respond);
                    }
                }
            }
        })
        .await;
        let transport = transport(Http2::prior_knowledge());
        let outcome = send(&transport, post(format!("http://{address}/"), "question")).await;
        if refusals == 1 {
            assert_eq!(outcome.unwrap().extensions().get(), Some(&Resent(1)));
        } else {
            let error = outcome.unwrap_err();
            assert_eq!(
                (error.kind(), error.sent()),
                (Kind::Interrupted, Sent::Rejected)
            );
        }
        assert_eq!(requests.load(SeqCst), 2);
        let stats = transport.stats();
        assert_eq!((stats.connections_opened, stats.resent), (1, 1));
    }
}

#[tokio::test]
async fn f017_a_stream_that_is_reset_is_not_sent_again_and_ten_beside_it_go_on() {
    let address = peer(|stream, _| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        let mut siblings = Vec::new();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            if request.uri().path() == "/bad" {
                respond.send_reset(Reason::INTERNAL_ERROR);
                continue;
            }
            let mut body = respond.send_response(Response::new(()), false).unwrap();
            body.send_data(Bytes::from("o"), false).unwrap();
            siblings.push(body);
            // The eleventh comes after the reset: all of them end now.
            if siblings.len() == 11 {
                for mut body in siblings.drain(..) {
                    body.send_data(Bytes::from("k"), true).unwrap();
                }
            }
        }
    })
    .await;
    let transport = transport(Http2::prior_knowledge());
    let url = format!("http://{address}/");
    let mut siblings = Vec::new();
    for _ in 0..10 {
        let mut body = send(&transport, post(&url, "")).await.unwrap().into_body();
        assert_eq!(body.chunk().await.unwrap().unwrap(), "o");
        siblings.push(body);
    }
    let error = fetch(&transport, &format!("{url}bad")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (Kind::Interrupted, Sent::Maybe)
    );
    assert_eq!(fetch(&transport, &url).await.unwrap(), "ok");
    for body in siblings {
        assert_eq!(body.collect(10).await.unwrap(), "k");
    }
    let stats = transport.stats();
    assert_eq!((stats.connections_opened, stats.resent), (1, 0));
}

#[tokio::test]
async fn f018_a_stream_that_is_cancelled_after_five_deltas_is_interrupted_and_the_connection_kept()
{
    let address = peer(|stream, _| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            if request.uri().path() != "/cut" {
                answer(respond);
                continue;
            }
            let mut body = respond.send_response(Response::new(()), false).unwrap();
            tokio::spawn(async move {
                for delta in ["one ", "two ", "three ", "four ", "five "] {
                    body.send_data(Bytes::from(delta), false).unwrap();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                body.send_reset(Reason::CANCEL);
            });
        }
    })
    .await;
    let transport = transport(Http2::prior_knowledge());
    let cut = post(format!("http://{address}/cut"), "");
    let mut body = send(&transport, cut).await.unwrap().into_body();
    let mut read = Vec::new();
    let error = loop {
        match body.chunk().await.expect("an error at the end") {
            Ok(chunk) => read.extend_from_slice(&chunk),
            Err(error) => break error,
        }
    };
    assert_eq!(read, b"one two three four five ");
    assert_eq!(
        (error.kind(), error.sent()),
        (Kind::Interrupted, Sent::Responded)
    );
    assert!(body.chunk().await.is_none());
    fetch_many(&transport, address, 1).await;
    let stats = transport.stats();
    assert_eq!((stats.connections_opened, stats.resent), (1, 0));
}

#[tokio::test]
async fn f020_a_peer_that_disappears_is_noticed_by_its_missing_pong() {
    let (pipe, mut opened) = Pipe::new();
    let http2 =
        Http2::prior_knowledge().keep_alive(Duration::from_millis(40), Duration::from_millis(40));
    let transport = HyperTransport::builder()
        .connector(pipe)
        .http2(http2)
        .build()
        .unwrap();
    let call = tokio::spawn(async move { send(&transport, post("http://pipe.test/", "")).await });
    // It says nothing more than that it speaks HTTP/2.
    let mut server = opened.recv().await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut server, &[0, 0, 0, 4, 0, 0, 0, 0, 0])
        .await
        .unwrap();
    let error = timeout(Duration::from_secs(5), call)
        .await
        .unwrap()
        .unwrap()
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (Kind::Interrupted, Sent::Maybe)
    );
}

#[tokio::test]
async fn f131_too_large_headers_are_refused() {
    let address = peer(|stream, _| async move {
        let mut connection = h2::server::handshake(stream).await.unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            let mut response = Response::new(());
            for n in 0..101 {
                let name = http::HeaderName::try_from(format!("x-{n}")).unwrap();
                response
                    .headers_mut()
                    .insert(name, http::HeaderValue::from_static("y"));
            }
            let _ = respond.send_response(response, true);
        }
    })
    .await;
    let transport = transport(Http2::prior_knowledge());
    let error = fetch(&transport, &format!("http://{address}/"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::LimitExceeded);
}

#[tokio::test]
async fn f115_a_dropped_stream_gives_its_place_back_and_its_connection_goes_on() {
    let address = server(200, || async {}).await;
    let http2 = Http2::prior_knowledge().max_streams_per_connection(1);
    let transport = transport(http2);
    for _ in 0..3 {
        let response = send(
            &transport,
            post(format!("http://{address}/"), Body::empty()),
        )
        .await
        .unwrap();
        drop(response);
    }
    assert_eq!(transport.stats().connections_opened, 1);
}
