//! TLS: whom we trust, what we refuse, and that the request waits for it.
#![cfg(all(feature = "hyper", feature = "aws-lc-rs"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{net::SocketAddr, process::Command, sync::Arc, time::Duration};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use support::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};
use tokio_rustls::TlsAcceptor;
use trunkline_http::{
    Phase, Sent, TransportErrorKind as Kind,
    hyper::{Builder, HyperTransport, Roots},
};

/// A certificate authority of the test's own.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Two authorities of one name would be told apart by their signature only.
        let name = format!("authority {:x?}", key.public_key_raw().get(..8));
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    fn serve(&self, name: &str, expired: bool) -> TlsAcceptor {
        self.serve_with(name, expired, &[])
    }

    fn serve_with(&self, name: &str, expired: bool, alpn: &[&[u8]]) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A TLS server; a handshake that fails must have brought no byte of a request.
async fn tls_peer(acceptor: TlsAcceptor) -> SocketAddr {
    peer(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut stream) = acceptor.accept(stream).await
                && !read_request(&mut stream).await.is_empty()
            {
                stream.write_all(OK.as_bytes()).await.unwrap();
            }
        }
    })
    .await
}

fn to(address: SocketAddr) -> Builder {
    HyperTransport::builder().resolve("api.test", [address])
}

#[tokio::test]
async fn a_private_authority_is_trusted_when_added() {
    let authority = Authority::new();
    let address = tls_peer(authority.serve("api.test", false)).await;
    for transport in [
        to(address).root_certificate(&authority.pem),
        to(address)
            .root_certificate(&authority.pem)
            .roots(Roots::Added),
    ] {
        let url = format!("https://api.test:{}/", address.port());
        assert_eq!(
            fetch(&transport.build().unwrap(), &url).await.unwrap(),
            "ok"
        );
    }
}

#[tokio::test]
async fn f006_a_certificate_that_is_expired_foreign_or_unknown_is_refused() {
    let authority = Authority::new();
    let expired = authority.serve("api.test", true);
    let foreign = authority.serve("other.test", false);
    let unknown = Authority::new().serve("api.test", false);
    for (acceptor, why) in [
        (expired, "expired"),
        (foreign, "not valid for name"),
        (unknown, "UnknownIssuer"),
    ] {
        let address = tls_peer(acceptor).await;
        let transport = to(address)
            .root_certificate(&authority.pem)
            .build()
            .unwrap();
        let url = format!("https://api.test:{}", address.port());
        let error = send(&transport, secretive(&url)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.sent()),
            (Kind::Tls, Some(Phase::Tls), Sent::Never),
            "{why}"
        );
        let told = told(&error);
        assert!(told.contains(why), "{told}");
        assert!(!told.contains("sk-"), "{told}");
        assert_eq!(transport.stats().resent, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn f005_a_client_hello_without_answer_times_out_and_nothing_is_sent() {
    let (pipe, mut opened) = Pipe::new();
    let transport = HyperTransport::builder()
        .roots(Roots::Added)
        .root_certificate(Authority::new().pem)
        .connector(pipe)
        .build()
        .unwrap();
    let call = tokio::spawn(async move {
        // The blocking set-up of TLS is not part of the handshake's time: let it be done.
        let begin = Instant::now();
        (
            send(&transport, secretive("https://api.test")).await,
            begin.elapsed(),
        )
    });
    let mut server = opened.recv().await.unwrap();
    let mut sent = Vec::new();
    let (outcome, took) = call.await.unwrap();
    server.read_to_end(&mut sent).await.unwrap();
    let error = outcome.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Timeout, Some(Phase::Tls), Sent::Never)
    );
    assert_eq!(took.as_secs(), 5);
    // One handshake record, and only that.
    let [22, 3, 1, high, low, ..] = sent[..] else {
        panic!("no ClientHello: {sent:?}")
    };
    assert_eq!(sent.len(), 5 + usize::from(u16::from_be_bytes([high, low])));
}

#[tokio::test]
async fn a_connection_that_breaks_in_the_handshake_may_be_tried_again() {
    let address = peer(|stream, _| async move {
        stream.peek(&mut [0]).await.unwrap();
    })
    .await;
    let transport = to(address).build().unwrap();
    let url = format!("https://api.test:{}", address.port());
    let error = send(&transport, secretive(&url)).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Connect, Some(Phase::Tls), Sent::Never)
    );
}

#[tokio::test]
async fn f135_tls_1_1_and_cbc_are_refused() {
    // A ServerHello: its version, a random, no session, a cipher, no compression.
    let hello = |version: [u8; 2], cipher: [u8; 2]| {
        let mut hello = vec![22, 3, 3, 0, 42, 2, 0, 0, 38];
        hello.extend_from_slice(&version);
        hello.extend_from_slice(&[7; 32]);
        hello.push(0);
        hello.extend_from_slice(&cipher);
        hello.push(0);
        hello
    };
    // TLS 1.1; TLS 1.2 with TLS_RSA_WITH_AES_128_CBC_SHA; a server that speaks no TLS at all.
    let answers = [
        hello([3, 2], [0xc0, 0x2f]),
        hello([3, 3], [0x00, 0x2f]),
        OK.as_bytes().to_vec(),
    ];
    for answer in answers {
        let address = peer(move |mut stream, _| {
            let answer = answer.clone();
            async move {
                stream.peek(&mut [0]).await.unwrap();
                stream.write_all(&answer).await.unwrap();
                gone(&mut stream).await;
            }
        })
        .await;
        let transport = to(address).build().unwrap();
        let url = format!("https://api.test:{}", address.port());
        let error = send(&transport, secretive(&url)).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.sent()),
            (Kind::Tls, Some(Phase::Tls), Sent::Never),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn f134_no_key_material_is_written() {
    let directory = std::env::temp_dir().join(format!("trunkline-f134-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let log = directory.join("keys");
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_private_authority_is_trusted_when_added"])
        .env("SSLKEYLOGFILE", &log)
        .output()
        .unwrap();
    let written = log.exists();
    std::fs::remove_dir_all(&directory).unwrap();
    assert!(
        String::from_utf8_lossy(&status.stdout).contains("1 passed"),
        "{status:?}"
    );
    assert!(!written);
}

#[tokio::test]
async fn a_certificate_that_is_none_is_refused_by_build() {
    for pem in [
        "",
        "not pem",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        let error = HyperTransport::builder()
            .root_certificate(pem)
            .build()
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
    }
}

#[tokio::test]
async fn trusting_nobody_is_told_at_the_first_https_request() {
    let transport = to(says(OK).await)
        .roots(Roots::Added)
        .tls_timeout(Duration::from_secs(5))
        .build()
        .unwrap();
    let error = send(&transport, secretive("https://api.test"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.sent()),
        (Kind::Config, Sent::Never),
        "{error:?}"
    );
}

/// A server that speaks what was negotiated, and says which.
#[cfg(feature = "http2")]
async fn either(acceptor: TlsAcceptor) -> SocketAddr {
    use http::{Request, Response};
    use hyper::{body::Incoming, server::conn, service::service_fn};
    use hyper_util::rt::{TokioExecutor, TokioIo};

    peer(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let service = service_fn(|request: Request<Incoming>| async move {
                let version = format!("{:?}", request.version());
                Ok::<_, std::convert::Infallible>(Response::new(version))
            });
            let stream = TokioIo::new(stream);
            if h2 {
                let builder = conn::http2::Builder::new(TokioExecutor::new());
                let _ = builder.serve_connection(stream, service).await;
            } else {
                let _ = conn::http1::Builder::new()
                    .serve_connection(stream, service)
                    .await;
            }
        }
    })
    .await
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn http2_is_spoken_where_the_server_offers_it_and_http1_elsewhere() {
    use trunkline_http::hyper::Http2;

    let authority = Authority::new();
    let (h2, http1): (&[u8], &[u8]) = (b"h2", b"http/1.1");
    for (asked, offered, spoken, connections) in [
        // For 40 streams: the first one also asked.
        (true, vec![h2, http1], "HTTP/2.0", 1..=2),
        (true, vec![http1], "HTTP/1.1", 3..=41),
        (true, vec![], "HTTP/1.1", 3..=41),
        (false, vec![h2, http1], "HTTP/1.1", 3..=41),
    ] {
        let address = either(authority.serve_with("api.test", false, &offered)).await;
        let builder = to(address).root_certificate(&authority.pem);
        let builder = if asked {
            builder.http2(Http2::default())
        } else {
            builder
        };
        let transport = builder.build().unwrap();
        let url = format!("https://api.test:{}/", address.port());
        let calls = (0..40).map(|_| {
            let (transport, url) = (transport.clone(), url.clone());
            tokio::spawn(async move { fetch(&transport, &url).await })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(call.await.unwrap().unwrap(), spoken);
        }
        assert_eq!(fetch(&transport, &url).await.unwrap(), spoken);
        let opened = transport.stats().connections_opened;
        assert!(connections.contains(&opened), "{opened}");
    }
}

#[cfg(feature = "http2")]
#[tokio::test(start_paused = true)]
async fn one_connection_asks_for_http2_and_all_who_wait_share_its_failure() {
    use trunkline_http::hyper::Http2;

    let (pipe, mut opened) = Pipe::new();
    let transport = HyperTransport::builder()
        .roots(Roots::Added)
        .root_certificate(Authority::new().pem)
        .connector(pipe)
        .http2(Http2::default())
        .build()
        .unwrap();
    let begin = Instant::now();
    let calls: Vec<_> = (0..10)
        .map(|_| {
            let transport = transport.clone();
            tokio::spawn(async move { send(&transport, secretive("https://api.test")).await })
        })
        .collect();
    let _silent = opened.recv().await.unwrap();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.sent()),
            (Kind::Timeout, Some(Phase::Tls), Sent::Never)
        );
    }
    assert_eq!(begin.elapsed().as_secs(), 5);
    assert!(opened.try_recv().is_err(), "nobody else connected");
}
