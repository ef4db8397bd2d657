//! HTTP/1.1 over real sockets: what a server may do wrong, and what is told of it.
#![cfg(feature = "hyper")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use support::*;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpSocket, TcpStream},
    sync::oneshot,
    time::{Instant, timeout},
};
use trunkline_http::{
    Body, HttpClient, Limit, Phase, Sent, TransportErrorKind as Kind,
    hyper::{HyperTransport, Resent},
};

fn transport() -> HyperTransport {
    HyperTransport::default()
}

#[tokio::test]
async fn a_request_reaches_the_server_and_asks_for_no_encoding() {
    let (sender, seen) = oneshot::channel();
    let sender = Arc::new(std::sync::Mutex::new(Some(sender)));
    let address = peer(move |mut stream, _| {
        let sender = sender.lock().unwrap().take();
        async move {
            let request = read_request(&mut stream).await;
            sender.unwrap().send(request).unwrap();
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let answer = fetch(&transport(), &format!("http://{address}/v1/chat?a=b"))
        .await
        .unwrap();
    assert_eq!(answer, "ok");
    let seen = seen.await.unwrap();
    assert!(seen.starts_with("POST /v1/chat?a=b HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains("accept-encoding: identity\r\n"), "{seen}");
    assert!(seen.contains(&format!("host: {address}\r\n")), "{seen}");
    assert!(seen.ends_with("\r\n\r\nquestion"), "{seen}");
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let address = peer(|mut stream, number| async move {
        assert_eq!(number, 0);
        while !read_request(&mut stream).await.is_empty() {
            stream.write_all(OK.as_bytes()).await.unwrap();
        }
    })
    .await;
    let transport = transport();
    for _ in 0..3 {
        assert_eq!(
            fetch(&transport, &format!("http://{address}/"))
                .await
                .unwrap(),
            "ok"
        );
    }
    assert_eq!(transport.stats().connections_opened, 1);
}

#[tokio::test]
async fn f001_a_name_without_address_opens_no_socket() {
    let transport = HyperTransport::builder()
        .resolve("nowhere.test", [])
        .build()
        .unwrap();
    let error = send(&transport, secretive("http://nowhere.test"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Connect, Some(Phase::Dns), Sent::Never)
    );
    assert!(error.message().contains("nowhere.test"), "{error}");
    assert!(!told(&error).contains("sk-"), "{}", told(&error));
}

#[tokio::test]
async fn f002_the_second_address_is_tried_after_300_ms() {
    let dead = Silent::new().await;
    let healthy = says(OK).await;
    let mut least = Duration::MAX;
    // The best of a few: this machine has other things to do as well.
    for _ in 0..5 {
        let transport = HyperTransport::builder()
            .resolve("two.test", [dead.address(), healthy])
            .build()
            .unwrap();
        let begin = Instant::now();
        assert_eq!(fetch(&transport, "http://two.test/").await.unwrap(), "ok");
        least = least.min(begin.elapsed());
        let stats = transport.stats();
        assert_eq!((stats.connections_opened, stats.resent), (1, 0));
        if least < Duration::from_millis(350) {
            break;
        }
    }
    assert!(
        least >= Duration::from_millis(290) && least < Duration::from_millis(350),
        "{least:?}"
    );
}

#[tokio::test]
async fn f003_all_addresses_refuse() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    let transport = HyperTransport::builder()
        .resolve("dead.test", [free, free])
        .build()
        .unwrap();
    let error = send(&transport, secretive("http://dead.test"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Connect, Some(Phase::Tcp), Sent::Never)
    );
    assert!(error.message().contains("refused"), "{error}");
    assert!(!told(&error).contains("sk-"), "{}", told(&error));
    assert_eq!(transport.stats().resent, 0);
}

#[tokio::test(start_paused = true)]
async fn f004_a_syn_without_answer_times_out_after_5_s() {
    let dead = Silent::new().await;
    let begin = Instant::now();
    let error = send(
        &transport(),
        secretive(&format!("http://{}", dead.address())),
    )
    .await
    .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Timeout, Some(Phase::Tcp), Sent::Never)
    );
    let took = begin.elapsed();
    assert!(
        took >= Duration::from_secs(5) && took < Duration::from_millis(5_050),
        "{took:?}"
    );
}

#[tokio::test]
async fn f007_a_reset_after_accept_is_not_known_to_be_unsent() {
    let address = peer(|stream, _| async move {
        // Bytes that stay unread turn the close into a reset.
        stream.peek(&mut [0]).await.unwrap();
    })
    .await;
    let error = send(&transport(), secretive(&format!("http://{address}")))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Interrupted, Some(Phase::Head), Sent::Maybe)
    );
    assert!(!told(&error).contains("sk-"), "{}", told(&error));
}

#[tokio::test]
async fn f009_a_close_after_the_request_on_a_reused_connection_is_not_repeated() {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let address = peer(move |mut stream, _| {
        let counted = Arc::clone(&counted);
        async move {
            read_request(&mut stream).await;
            counted.fetch_add(1, SeqCst);
            stream.write_all(OK.as_bytes()).await.unwrap();
            read_request(&mut stream).await;
            counted.fetch_add(1, SeqCst);
        }
    })
    .await;
    let transport = transport();
    let url = format!("http://{address}/");
    assert_eq!(fetch(&transport, &url).await.unwrap(), "ok");
    let error = fetch(&transport, &url).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Interrupted, Some(Phase::Head), Sent::Maybe)
    );
    assert_eq!(requests.load(SeqCst), 2);
    assert_eq!(transport.stats().resent, 0);
}

#[tokio::test]
async fn f010_a_body_shorter_than_its_length_is_interrupted() {
    let address = says(format!(
        "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{}",
        "x".repeat(400)
    ))
    .await;
    let transport = transport();
    let url = format!("http://{address}/");
    for attempt in 1..=2 {
        let error = fetch(&transport, &url).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.sent()),
            (Kind::Interrupted, Some(Phase::Body), Sent::Responded)
        );
        assert_eq!(transport.stats().connections_opened, attempt);
    }
}

#[tokio::test]
async fn f011_chunks_without_the_last_one_are_interrupted() {
    let address = says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n").await;
    let mut body = send(&transport(), post(format!("http://{address}/"), ""))
        .await
        .unwrap()
        .into_body();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "abc");
    let error = body.chunk().await.unwrap().unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Interrupted, Some(Phase::Body), Sent::Responded)
    );
}

#[tokio::test]
async fn chunks_that_are_none_are_a_decode_error() {
    let address = says("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzzz\r\nabc\r\n").await;
    let error = fetch(&transport(), &format!("http://{address}/"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase()),
        (Kind::Decode, Some(Phase::Body))
    );
}

#[tokio::test]
async fn f012_bytes_after_the_answer_do_not_shift_the_next_one() {
    let address = peer(|mut stream, number| async move {
        read_request(&mut stream).await;
        let answer = match number {
            0 => format!("{OK}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"),
            _ => "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext".to_owned(),
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
        gone(&mut stream).await;
    })
    .await;
    let transport = transport();
    let url = format!("http://{address}/");
    assert_eq!(fetch(&transport, &url).await.unwrap(), "ok");
    assert_eq!(fetch(&transport, &url).await.unwrap(), "next");
    assert_eq!(transport.stats().connections_opened, 2);
}

#[tokio::test]
async fn f013_connection_close_retires_the_connection() {
    let address = peer(|mut stream, _| async move {
        while !read_request(&mut stream).await.is_empty() {
            let answer = OK.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    })
    .await;
    let transport = transport();
    let url = format!("http://{address}/");
    assert_eq!(fetch(&transport, &url).await.unwrap(), "ok");
    assert_eq!(fetch(&transport, &url).await.unwrap(), "ok");
    assert_eq!(transport.stats().connections_opened, 2);
}

#[tokio::test]
async fn f014_sixteen_informational_answers_are_passed_over() {
    let address = says("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(16) + OK).await;
    assert_eq!(
        fetch(&transport(), &format!("http://{address}/"))
            .await
            .unwrap(),
        "ok"
    );
}

#[tokio::test]
async fn f014_the_seventeenth_informational_answer_is_too_many() {
    let hint = "HTTP/1.1 103 Early Hints\r\n\r\n";
    // All at once with the answer, and without any answer ever.
    for said in [hint.repeat(17) + OK, hint.repeat(17)] {
        let address = peer(move |mut stream, _| {
            let said = said.clone();
            async move {
                read_request(&mut stream).await;
                stream.write_all(said.as_bytes()).await.unwrap();
                gone(&mut stream).await;
            }
        })
        .await;
        let transport = transport();
        let url = format!("http://{address}/");
        let error = timeout(Duration::from_secs(5), fetch(&transport, &url))
            .await
            .unwrap()
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.sent()),
            (Kind::Decode, Some(Phase::Head), Sent::Responded)
        );
        assert_eq!(transport.stats().in_flight, 0);
    }
}

#[tokio::test]
async fn an_error_of_connecting_names_host_and_port() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let refused = fetch(&transport(), &format!("http://{address}/"))
        .await
        .unwrap_err();
    let begin = format!("127.0.0.1:{}: ", address.port());
    assert!(refused.message().starts_with(&begin), "{refused}");
    let unknown = fetch(&transport(), "https://nobody.invalid/")
        .await
        .unwrap_err();
    assert!(
        unknown.message().starts_with("nobody.invalid:443: "),
        "{unknown}"
    );
    let refused = fetch(&transport(), "http://[::1]:1/").await.unwrap_err();
    assert!(refused.message().starts_with("[::1]:1: "), "{refused}");
}

#[tokio::test]
async fn f026_an_early_413_is_surfaced_instead_of_a_broken_pipe() {
    let address = peer(|mut stream, _| async move {
        stream.peek(&mut [0]).await.unwrap();
        let answer = "HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 4\r\n\r\nsize";
        stream.write_all(answer.as_bytes()).await.unwrap();
        // Closing over unread bytes resets the connection under the client's upload.
    })
    .await;
    for _ in 0..20 {
        let request = post(format!("http://{address}/"), vec![b'x'; 50 << 20]);
        let response = timeout(Duration::from_secs(5), send(&transport(), request))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(response.status(), 413);
        assert_eq!(response.into_body().collect(100).await.unwrap(), "size");
    }
}

#[tokio::test]
async fn f043_a_redirect_is_not_followed() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let location = format!("http://{}/", other.local_addr().unwrap());
    let address = peer(move |mut stream, number| {
        let location = location.clone();
        async move {
            assert_eq!(number, 0, "the same origin is not followed either");
            read_request(&mut stream).await;
            let answer = format!(
                "HTTP/1.1 307 Elsewhere\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            read_request(&mut stream).await;
            stream
                .write_all(b"HTTP/1.1 308 Here\r\nlocation: /\r\ncontent-length: 0\r\n\r\n")
                .await
                .unwrap();
        }
    })
    .await;
    let transport = transport();
    for status in [307, 308] {
        let response = send(&transport, secretive(&format!("http://{address}")))
            .await
            .unwrap();
        assert_eq!(response.status(), status);
    }
    let accepted = timeout(Duration::from_millis(50), other.accept()).await;
    assert!(accepted.is_err(), "nobody called the other origin");
}

#[tokio::test]
async fn f130_an_endless_body_ends_at_its_limit() {
    let address = peer(|mut stream, _| async move {
        read_request(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let error = fetch(&transport(), &format!("http://{address}/"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.limit()),
        (Kind::LimitExceeded, Some(Limit::Body))
    );
}

#[tokio::test]
async fn f131_too_many_or_too_large_headers_are_refused_and_the_connection_closed() {
    let many = (0..10_000)
        .map(|n| format!("x-{n}: y\r\n"))
        .collect::<String>();
    let few_too_many = (0..101)
        .map(|n| format!("x-{n}: y\r\n"))
        .collect::<String>();
    let large = format!("x: {}\r\n", "y".repeat(1 << 20));
    let just_too_large = format!("x: {}\r\n", "y".repeat(32 << 10));
    for headers in [many, few_too_many, large, just_too_large] {
        let (closed, is_closed) = oneshot::channel();
        let shared = Arc::new(std::sync::Mutex::new(Some(closed)));
        let answer = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 1000\r\n\r\n");
        let address = peer(move |mut stream, _| {
            let (closed, answer) = (shared.lock().unwrap().take(), answer.clone());
            async move {
                read_request(&mut stream).await;
                let _ = stream.write_all(answer.as_bytes()).await;
                gone(&mut stream).await;
                closed.unwrap().send(()).unwrap();
            }
        })
        .await;
        let error = fetch(&transport(), &format!("http://{address}/"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.limit(), error.sent()),
            (
                Kind::LimitExceeded,
                Some(Phase::Head),
                Some(Limit::Headers),
                Sent::Responded
            ),
            "{error:?}"
        );
        timeout(Duration::from_secs(1), is_closed)
            .await
            .unwrap()
            .unwrap();
    }
}

#[tokio::test]
async fn a_hundred_headers_of_32_kib_are_within_the_bounds() {
    let headers = (0..98)
        .map(|n| format!("x-{n}: {}\r\n", "y".repeat(300)))
        .collect::<String>();
    let address = says(OK.replace("\r\n\r\n", &format!("\r\n{headers}\r\n"))).await;
    assert_eq!(
        fetch(&transport(), &format!("http://{address}/"))
            .await
            .unwrap(),
        "ok"
    );
}

#[tokio::test]
async fn what_is_not_http_is_a_decode_error() {
    for answer in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "220 smtp.example ESMTP\r\n",
    ] {
        let address = says(answer).await;
        let error = send(&transport(), secretive(&format!("http://{address}")))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.sent()),
            (Kind::Decode, Some(Phase::Head), Sent::Responded),
            "{answer}"
        );
        assert!(!told(&error).contains("sk-"), "{}", told(&error));
    }
}

#[tokio::test]
async fn f115_a_dropped_body_and_a_dropped_call_close_the_connection() {
    for answers in [true, false] {
        let (closed, is_closed) = oneshot::channel();
        let shared = Arc::new(std::sync::Mutex::new(Some(closed)));
        let address = peer(move |mut stream, _| {
            let closed = shared.lock().unwrap().take();
            async move {
                read_request(&mut stream).await;
                if answers {
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\n\r\nevent")
                        .await
                        .unwrap();
                }
                gone(&mut stream).await;
                closed.unwrap().send(()).unwrap();
            }
        })
        .await;
        let (transport, request) = (transport(), post(format!("http://{address}/"), ""));
        if answers {
            let mut body = send(&transport, request).await.unwrap().into_body();
            assert_eq!(body.chunk().await.unwrap().unwrap(), "event");
        } else {
            timeout(Duration::from_millis(50), send(&transport, request))
                .await
                .unwrap_err();
        }
        timeout(Duration::from_secs(1), is_closed)
            .await
            .unwrap()
            .unwrap();
    }
}

#[tokio::test]
async fn a_url_that_cannot_work_is_told_before_anything_is_opened() {
    for url in [
        "/v1/chat",
        "ftp://localhost/",
        "http://sk-user:sk-word@localhost/",
    ] {
        let error = send(&transport(), post(url, "")).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent()),
            (Kind::Config, Sent::Never),
            "{url}"
        );
        assert!(!told(&error).contains("sk-"), "{}", told(&error));
    }
}

#[tokio::test]
async fn a_request_body_that_fails_is_told_as_such() {
    let address = peer(|mut stream, _| async move { gone(&mut stream).await }).await;
    let body = Body::new(Failing);
    let error = send(&transport(), post(format!("http://{address}/"), body))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Interrupted, Some(Phase::Write), Sent::Maybe)
    );
}

#[tokio::test]
async fn every_zero_duration_is_refused_by_build() {
    let builder = HyperTransport::builder;
    let zero = Duration::ZERO;
    for builder in [
        builder().dns_timeout(zero),
        builder().connect_timeout(zero),
        builder().tls_timeout(zero),
        builder().write_stall_timeout(zero),
        builder().pool_idle_timeout(zero),
        builder().max_lifetime(zero),
    ] {
        assert_eq!(builder.build().unwrap_err().kind(), Kind::Config);
    }
}

#[test]
fn the_shared_client_belongs_to_its_runtime_and_dies_with_it() {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let one = runtime();
    let address = one.block_on(peer(|mut stream, number| async move {
        while !read_request(&mut stream).await.is_empty() {
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n{number}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    }));
    let ask = move || async move {
        let answer = HttpClient::shared()
            .send(post(format!("http://{address}/"), ""))
            .await
            .unwrap();
        answer.into_body().collect(10).await.unwrap()
    };
    assert_eq!(one.block_on(ask()), "0");
    assert_eq!(one.block_on(ask()), "0", "the pool is shared");
    let server = std::thread::spawn(move || {
        one.block_on(async { tokio::time::sleep(Duration::from_millis(500)).await });
    });
    let two = runtime();
    assert_eq!(
        two.block_on(ask()),
        "1",
        "another runtime has a pool of its own"
    );
    drop(two);
    server.join().unwrap();
}

#[tokio::test]
async fn a_response_that_was_sent_once_is_not_marked() {
    let address = says(OK).await;
    let response = send(&transport(), post(format!("http://{address}/"), ""))
        .await
        .unwrap();
    assert_eq!(response.extensions().get::<Resent>(), None);
}

struct Failing;

impl http_body::Body for Failing {
    type Data = bytes::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>> {
        std::task::Poll::Ready(Some(Err(std::io::Error::other("disk"))))
    }
}

/// A listener whose queue is full: further connections get no answer.
struct Silent {
    listener: std::net::SocketAddr,
    _held: (TcpListener, Vec<TcpStream>),
}

impl Silent {
    async fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut held = Vec::new();
        for _ in 0..16 {
            let open = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200));
            match open {
                Ok(stream) => {
                    stream.set_nonblocking(true).unwrap();
                    held.push(TcpStream::from_std(stream).unwrap());
                }
                Err(_) => {
                    return Self {
                        listener: address,
                        _held: (listener, held),
                    };
                }
            }
        }
        panic!("this kernel never fills the queue");
    }

    fn address(&self) -> std::net::SocketAddr {
        self.listener
    }
}
