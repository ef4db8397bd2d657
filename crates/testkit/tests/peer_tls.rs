//! The peer over TLS, with certificates that are right and wrong.
// Clippy's exception for tests does not reach the helpers beside them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]
#![cfg(feature = "tls")]

use std::io;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use trunkline_testkit::peer::{Certificate, End, Peer, Reply};

async fn connect(peer: &Peer, name: &'static str) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let pem = peer.certificate_pem().unwrap();
    roots
        .add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap())
        .unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpStream::connect(peer.addr()).await?;
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from(name).unwrap(), socket)
        .await
}

/// Why the client refuses the certificate.
async fn refusal(certificate: Certificate) -> CertificateError {
    let peer = Peer::builder()
        .certificate(certificate)
        .start(Reply::status(204))
        .await;
    let error = connect(&peer, "localhost").await.unwrap_err();
    let seen = peer.until(|seen| !seen.endings.is_empty()).await;
    assert_eq!(seen.endings[0].end, End::Handshake);
    assert_eq!(seen.received, 0);
    match error.into_inner().unwrap().downcast_ref::<rustls::Error>() {
        Some(rustls::Error::InvalidCertificate(error)) => error.clone(),
        other => panic!("not about the certificate: {other:?}"),
    }
}

#[tokio::test]
async fn speaks_tls_by_name_and_by_address() {
    let reply = || Reply::status(200).body("safe").close();
    let peer = Peer::builder().tls().start([reply(), reply()]).await;
    assert!(peer.url().starts_with("https://127.0.0.1:"));
    for name in ["localhost", "127.0.0.1"] {
        let mut client = connect(&peer, name).await.unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("\r\n\r\nsafe"), "{answer}");
    }
    assert_eq!(peer.requests().len(), 2);
}

#[tokio::test]
async fn shows_certificates_that_no_client_should_accept() {
    let expired = refusal(Certificate::Expired).await;
    assert!(
        matches!(expired, CertificateError::ExpiredContext { .. }),
        "{expired:?}"
    );
    let wrong = refusal(Certificate::WrongHost).await;
    assert!(
        matches!(wrong, CertificateError::NotValidForNameContext { .. }),
        "{wrong:?}"
    );
}

#[tokio::test]
async fn resets_through_tls() {
    let reply = Reply::status(200).body("abcdef").cut_after(3).reset();
    let peer = Peer::builder().tls().start(reply).await;
    let mut client = connect(&peer, "localhost").await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let error = client.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}
