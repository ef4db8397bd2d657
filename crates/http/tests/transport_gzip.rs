//! Content encodings that come although none was asked for.
#![cfg(feature = "hyper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::*;
use trunkline_http::{Phase, Sent, TransportErrorKind as Kind, hyper::HyperTransport};

#[tokio::test]
async fn an_encoding_that_is_not_read_is_named_and_the_status_stays_readable() {
    let not_read: &[(&str, &str)] = if cfg!(feature = "gzip") {
        &[
            ("br", "br"),
            ("gzip, gzip", "2 encodings"),
            ("x y z sk-", "unknown"),
        ]
    } else {
        &[
            ("gzip", "feature `gzip`"),
            ("br", "br"),
            ("gzip, br", "2 encodings"),
        ]
    };
    for (encoding, told) in not_read {
        let head = format!(
            "HTTP/1.1 429 Slow\r\ncontent-encoding: {encoding}\r\ncontent-length: 2\r\n\r\nok"
        );
        let address = says(head).await;
        let response = send(
            &HyperTransport::default(),
            post(format!("http://{address}/"), ""),
        )
        .await
        .unwrap();
        assert_eq!(response.status(), 429);
        let error = response.into_body().collect(100).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.sent()),
            (Kind::Decode, Some(Phase::Body), Sent::Responded)
        );
        assert!(error.message().contains(told), "{error}");
        assert!(!error.message().contains("sk-"), "{error}");
    }
}

#[tokio::test]
async fn identity_is_no_encoding() {
    let address =
        says("HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-length: 2\r\n\r\nok").await;
    assert_eq!(
        fetch(&HyperTransport::default(), &format!("http://{address}/"))
            .await
            .unwrap(),
        "ok"
    );
}

#[cfg(feature = "gzip")]
mod gzip {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use tokio::{
        io::AsyncWriteExt,
        time::{Instant, sleep},
    };
    use trunkline_http::Limit;

    use super::*;

    fn compressed(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn answer(body: &[u8]) -> Vec<u8> {
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n".to_vec();
        answer.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
        answer.extend_from_slice(body);
        answer
    }

    async fn fetched(body: &[u8]) -> Result<String, trunkline_http::TransportError> {
        let address = says(answer(body)).await;
        fetch(&HyperTransport::default(), &format!("http://{address}/")).await
    }

    #[tokio::test]
    async fn a_body_is_decoded_and_its_headers_no_longer_speak_of_gzip() {
        let address = says(answer(&compressed(b"hello"))).await;
        let response = send(
            &HyperTransport::default(),
            post(format!("http://{address}/"), ""),
        )
        .await
        .unwrap();
        assert!(!response.headers().contains_key("content-encoding"));
        assert!(!response.headers().contains_key("content-length"));
        assert_eq!(response.into_body().collect(100).await.unwrap(), "hello");
    }

    #[tokio::test]
    async fn members_follow_one_another() {
        let body = [compressed(b"one "), compressed(b"two")].concat();
        assert_eq!(fetched(&body).await.unwrap(), "one two");
    }

    #[tokio::test]
    async fn a_body_of_nothing_is_nothing() {
        let address = says("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n").await;
        assert_eq!(
            fetch(&HyperTransport::default(), &format!("http://{address}/"))
                .await
                .unwrap(),
            ""
        );
    }

    #[tokio::test]
    async fn what_is_cut_or_is_no_gzip_is_an_error_at_every_byte() {
        let whole = compressed(b"some text that is long enough");
        for length in 1..whole.len() {
            let error = fetched(whole.get(..length).unwrap()).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.phase()),
                (Kind::Interrupted, Some(Phase::Body)),
                "{length}"
            );
        }
        for garbage in [b"plain text".to_vec(), [&whole[..], b"more"].concat()] {
            let error = fetched(&garbage).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.phase()),
                (Kind::Decode, Some(Phase::Body))
            );
        }
        let mut wrong_sum = whole.clone();
        *wrong_sum.iter_mut().nth_back(6).unwrap() ^= 1;
        assert_eq!(fetched(&wrong_sum).await.unwrap_err().kind(), Kind::Decode);
    }

    #[tokio::test(start_paused = true)]
    async fn f067_each_event_is_delivered_as_its_bytes_arrive() {
        let (pipe, mut opened) = Pipe::new();
        let transport = HyperTransport::builder().connector(pipe).build().unwrap();
        let server = tokio::spawn(async move {
            let mut server = opened.recv().await.unwrap();
            read_request(&mut server).await;
            server
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n")
                .await
                .unwrap();
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            for event in 0..10 {
                write!(encoder, "data: {event}\n\n").unwrap();
                encoder.flush().unwrap();
                server
                    .write_all(&std::mem::take(encoder.get_mut()))
                    .await
                    .unwrap();
                sleep(std::time::Duration::from_secs(1)).await;
            }
            server.write_all(&encoder.finish().unwrap()).await.unwrap();
        });
        let mut body = send(&transport, post("http://pipe.test/", ""))
            .await
            .unwrap()
            .into_body();
        let begin = Instant::now();
        for event in 0..10 {
            assert_eq!(
                body.chunk().await.unwrap().unwrap(),
                format!("data: {event}\n\n")
            );
            let late = begin.elapsed().as_millis() - event * 1000;
            assert!(late <= 100, "event {event} came {late} ms late");
        }
        assert!(body.chunk().await.is_none());
        server.await.unwrap();
    }

    #[tokio::test]
    async fn f129_a_bomb_is_stopped_at_a_hundred_to_one() {
        // A thousand to one.
        let bomb = compressed(&vec![0; 8 << 20]);
        let address = says(answer(&bomb)).await;
        let request = post(format!("http://{address}/"), "");
        let mut body = send(&HyperTransport::default(), request)
            .await
            .unwrap()
            .into_body();
        let (mut size, mut largest) = (0, 0);
        let error = loop {
            match body.chunk().await.unwrap() {
                Ok(piece) => {
                    size += piece.len();
                    largest = largest.max(piece.len());
                }
                Err(error) => break error,
            }
        };
        assert_eq!(
            (error.kind(), error.limit(), error.sent()),
            (Kind::LimitExceeded, Some(Limit::Ratio), Sent::Responded)
        );
        assert!((1 << 20..2 << 20).contains(&size), "{size}");
        assert!(largest <= 16 << 10, "{largest}");
        assert!(body.chunk().await.is_none());
    }

    #[tokio::test]
    async fn f129_a_body_below_the_allowance_may_expand_as_it_likes() {
        let text = vec![b'a'; (1 << 20) - 1];
        assert_eq!(fetched(&compressed(&text)).await.unwrap().len(), text.len());
    }

    #[tokio::test]
    async fn f129_a_large_answer_that_compresses_well_is_read() {
        let text: String = (0..200_000).map(|n| format!("{n} ")).collect();
        let address = says(answer(&compressed(text.as_bytes()))).await;
        let response = send(
            &HyperTransport::default(),
            post(format!("http://{address}/"), ""),
        )
        .await
        .unwrap();
        assert_eq!(response.into_body().collect(4 << 20).await.unwrap(), text);
    }
}
