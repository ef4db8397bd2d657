//! Fetching what a user's URL names: F128, and the limits.
#![cfg(all(feature = "hyper", feature = "aws-lc-rs"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use support::{read_request, told};
use tokio::{
    io::{AsyncWriteExt, DuplexStream},
    time::{Instant, sleep},
};
use tokio_rustls::TlsAcceptor;
use trunkline_http::{
    Limit, TransportError, TransportErrorKind as Kind, fetch::Fetch, hyper::Roots,
};

const PUBLIC: &str = "93.184.216.34";
const PNG: &str = "HTTP/1.1 200 OK\r\ncontent-type: Image/PNG; q=1\r\ncontent-length: 3\r\n\r\npng";

/// An internet of one server, that has every address and answers by path.
struct Net {
    acceptor: TlsAcceptor,
    pem: String,
    /// Whom was connected to, and what each was asked.
    connected: Mutex<Vec<SocketAddr>>,
    asked: Mutex<Vec<String>>,
    resolved: AtomicUsize,
}

impl Net {
    fn new() -> Arc<Self> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let names = ["images.test", "other.test", PUBLIC].map(str::to_owned);
        let params = CertificateParams::new(names.to_vec()).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            pem,
            connected: Mutex::default(),
            asked: Mutex::default(),
            resolved: AtomicUsize::new(0),
        })
    }

    /// A helper in which the n-th resolution of a name answers with the n-th set of addresses.
    fn fetch(self: &Arc<Self>, answers: &'static [&'static str]) -> Fetch {
        let (resolver, connector) = (Arc::clone(self), Arc::clone(self));
        Fetch::new()
            .roots(Roots::Added)
            .root_certificate(&self.pem)
            .resolver(move |_| {
                let number = resolver.resolved.fetch_add(1, SeqCst);
                let answer = answers.get(number).or(answers.last()).unwrap();
                let addresses: Vec<IpAddr> = answer
                    .split(' ')
                    .map(|text| text.parse().unwrap())
                    .collect();
                std::future::ready(Ok(addresses))
            })
            .connector(move |address| {
                connector.connected.lock().unwrap().push(address);
                let (ours, theirs) = tokio::io::duplex(64 << 10);
                tokio::spawn(Arc::clone(&connector).serve(theirs));
                std::future::ready(Ok(ours))
            })
    }

    async fn serve(self: Arc<Self>, stream: DuplexStream) {
        let mut stream = self.acceptor.accept(stream).await.unwrap();
        let request = read_request(&mut stream).await;
        let path = request.split(' ').nth(1).unwrap().to_owned();
        self.asked.lock().unwrap().push(request);
        let redirect =
            |to: &str| format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n");
        let answer = match path.as_str() {
            "/text" => PNG.replace("Image/PNG", "text/html"),
            "/none" => PNG.replace("content-type: Image/PNG; q=1\r\n", ""),
            "/missing" => PNG.replace("200 OK", "404 Not Found"),
            "/announced" => PNG.replace("length: 3", "length: 30000000"),
            "/endless" => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n\r\n";
                stream.write_all(head.as_bytes()).await.unwrap();
                while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
                return;
            }
            "/slow" => {
                let head = PNG.strip_suffix("png").unwrap();
                stream.write_all(head.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
                sleep(Duration::from_secs(1000)).await;
                return;
            }
            "/away" => redirect("https://other.test/?x=secret"),
            "/back" => redirect("../image"),
            "/inside" => redirect("https://other.test/"),
            "/metadata" => redirect("https://169.254.169.254/latest"),
            "/plain" => redirect("http://images.test/"),
            "/file" => redirect("file:///etc/passwd"),
            "/port" => redirect("//other.test:22/"),
            "/login" => redirect("https://me:secret@other.test/"),
            "/loop" => redirect("/loop"),
            _ => PNG.to_owned(),
        };
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
    }

    fn connections(&self) -> usize {
        self.connected.lock().unwrap().len()
    }
}

/// What refuses `url` where every name has `address`.
async fn refusal(url: &str, address: &'static [&'static str]) -> (TransportError, usize) {
    let net = Net::new();
    let error = net.fetch(address).get(url).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config, "{url}: {error}");
    assert!(!told(&error).contains("secret"), "{}", told(&error));
    (error, net.connections())
}

#[tokio::test]
async fn an_image_is_fetched_from_the_address_that_was_checked() {
    let net = Net::new();
    let fetched = net
        .fetch(&[PUBLIC])
        .get("HTTPS://Images.test/a.png?x=1#y")
        .await
        .unwrap();
    assert_eq!(fetched.bytes, "png");
    assert_eq!(fetched.media_type, "image/png");
    let address: SocketAddr = format!("{PUBLIC}:443").parse().unwrap();
    assert_eq!(*net.connected.lock().unwrap(), [address]);
    assert_eq!(net.resolved.load(SeqCst), 1);
    let asked = net.asked.lock().unwrap().join("");
    assert!(asked.starts_with("GET /a.png?x=1 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("accept: image/*\r\n"), "{asked}");
    for header in ["authorization", "cookie", "referer", "proxy"] {
        assert!(!asked.to_ascii_lowercase().contains(header), "{asked}");
    }
}

#[tokio::test]
async fn f128_a_name_that_leads_inside_is_refused_before_any_connection() {
    for (address, why) in [
        (&["127.0.0.1"] as &[&str], "a loopback address"),
        (&["::1"], "a loopback address"),
        (&["10.1.2.3"], "a private address"),
        (&["fd00::1"], "a private address"),
        (&["169.254.7.7"], "a link-local address"),
        (&["169.254.169.254"], "a cloud's metadata service"),
        (&["fd00:ec2::254"], "a cloud's metadata service"),
        (&["100.64.0.1"], "an address shared within a carrier"),
        (&["0.0.0.0"], "an unspecified address"),
        (&["::ffff:127.0.0.1"], "a loopback address"),
        (&["64:ff9b::a9fe:a9fe"], "a cloud's metadata service"),
        (&["2002:7f00:1::"], "an IPv4 address behind a tunnel"),
        // One of several is enough.
        (&["93.184.216.34 127.0.0.1"], "a loopback address"),
    ] {
        let (error, connections) = refusal("https://images.test/?key=secret", address).await;
        assert_eq!(
            error.message(),
            format!("images.test: not fetched, since it is {why}")
        );
        assert_eq!(connections, 0, "{address:?}");
    }
}

#[tokio::test]
async fn f128_an_address_in_the_url_is_checked_like_any_other() {
    for url in [
        "https://127.0.0.1/?secret",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00:ec2::254]/",
        "https://100.100.100.200/",
    ] {
        let (error, connections) = refusal(url, &[PUBLIC]).await;
        assert!(
            error.message().contains(": not fetched, since it is "),
            "{error}"
        );
        assert_eq!(connections, 0, "{url}");
    }
    let net = Net::new();
    let url = format!("https://{PUBLIC}/image");
    assert_eq!(net.fetch(&[]).get(&url).await.unwrap().bytes, "png");
    assert_eq!(net.resolved.load(SeqCst), 0);
}

#[tokio::test]
async fn f128_a_url_that_is_not_plain_https_is_refused_before_any_connection() {
    for (url, why) in [
        ("file:///etc/secret", "only https"),
        ("http://images.test/secret", "only https"),
        ("ftp://images.test/secret", "only https"),
        ("data:image/png;base64,secret", "only https"),
        ("gopher://images.test", "only https"),
        ("secret", "only https"),
        ("//images.test/secret", "only https"),
        (" https://images.test/secret", "only https"),
        ("https:///secret", "no URL"),
        ("https:images.test", "no URL"),
        ("https://", "no URL"),
        ("https://images.test\\@127.0.0.1/secret", "no URL"),
        ("https://b\u{fc}cher.test/secret", "no URL"),
        ("https://user:secret@images.test/", "a name or password"),
        ("https://images.test@127.0.0.1/", "a name or password"),
        // All of these are 127.0.0.1 to some resolver.
        ("https://2130706433/", "neither a name nor"),
        ("https://0x7f000001/", "neither a name nor"),
        ("https://0x7f.1/", "neither a name nor"),
        ("https://0177.0.0.1/", "neither a name nor"),
        ("https://127.1/", "neither a name nor"),
        ("https://127.0.0.1./", "neither a name nor"),
        ("https://images.test:80/", "only port 443"),
        ("https://images.test:22/", "only port 443"),
        ("https://images.test:99999/", "only port 443"),
    ] {
        let net = Net::new();
        let error = net.fetch(&[PUBLIC]).get(url).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{url}: {error}");
        assert!(error.message().contains(why), "{url}: {error}");
        assert!(!told(&error).contains("secret"), "{}", told(&error));
        assert_eq!(
            (net.connections(), net.resolved.load(SeqCst)),
            (0, 0),
            "{url}"
        );
    }
}

#[tokio::test]
async fn f128_a_name_that_changes_its_mind_changes_nothing() {
    let net = Net::new();
    let fetch = net.fetch(&[PUBLIC, "127.0.0.1"]);
    assert_eq!(
        fetch.get("https://images.test/").await.unwrap().bytes,
        "png"
    );
    assert_eq!((net.connections(), net.resolved.load(SeqCst)), (1, 1));
    assert!(
        net.connected
            .lock()
            .unwrap()
            .iter()
            .all(|to| to.ip().to_string() == PUBLIC)
    );
    // The next fetch asks again, and is told the truth.
    let error = fetch.get("https://images.test/").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
    assert_eq!(net.connections(), 1);
}

#[tokio::test]
async fn f128_each_redirect_is_checked_from_the_start() {
    for (path, answers, why) in [
        (
            "/inside",
            &[PUBLIC, "10.0.0.1"] as &'static [&str],
            "other.test: not fetched, since it is a private",
        ),
        ("/metadata", &[PUBLIC], "169.254.169.254: not fetched"),
        ("/plain", &[PUBLIC], "only https"),
        ("/file", &[PUBLIC], "only https"),
        ("/port", &[PUBLIC], "other.test: only port 443"),
        ("/login", &[PUBLIC], "a name or password"),
    ] {
        let url = format!("https://images.test{path}");
        let (error, connections) = refusal(&url, answers).await;
        assert!(error.message().contains(why), "{path}: {error}");
        assert_eq!(connections, 1, "{path}");
    }
}

#[tokio::test]
async fn three_redirects_are_followed_at_most() {
    let net = Net::new();
    let fetch = net.fetch(&[PUBLIC]);
    let there = fetch.get("https://images.test/away").await.unwrap();
    assert_eq!(there.bytes, "png");
    assert_eq!(
        fetch.get("https://images.test/back").await.unwrap().bytes,
        "png"
    );
    assert_eq!((net.connections(), net.resolved.load(SeqCst)), (4, 4));
    let error = fetch.get("https://images.test/loop").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Decode);
    assert_eq!(error.message(), "images.test: more than 3 redirects");
    assert_eq!(net.connections(), 8);
}

#[tokio::test]
async fn what_is_too_large_is_not_read() {
    let net = Net::new();
    let fetch = net.fetch(&[PUBLIC]).max_bytes(100_000);
    for path in ["announced", "endless"] {
        let url = format!("https://images.test/{path}?secret");
        let error = fetch
            .get(url.trim_end_matches("?secret"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.limit()),
            (Kind::LimitExceeded, Some(Limit::Body))
        );
        assert_eq!(
            error.message(),
            "images.test: the content is larger than 100000 bytes"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_takes_longer_than_30_s_is_given_up() {
    let net = Net::new();
    let begin = Instant::now();
    let error = net
        .fetch(&[PUBLIC])
        .get("https://images.test/slow")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Timeout);
    assert!(error.message().starts_with("images.test: "), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 30);
}

#[tokio::test]
async fn only_what_is_accepted_is_read() {
    let net = Net::new();
    let fetch = net.fetch(&[PUBLIC]);
    for (path, why) in [
        ("text", "images.test: the content is not of type image/*"),
        ("none", "images.test: the content is not of type image/*"),
        ("missing", "images.test: the server answers with status 404"),
    ] {
        let error = fetch
            .get(&format!("https://images.test/{path}"))
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.message()), (Kind::Decode, why));
    }
    let html = fetch
        .media_types(["text/html"])
        .get("https://images.test/text")
        .await
        .unwrap();
    assert_eq!(html.media_type, "text/html");
}

#[tokio::test]
async fn another_port_or_address_is_reached_only_where_it_is_allowed() {
    let net = Net::new();
    let own: IpAddr = "10.0.0.7".parse().unwrap();
    let fetch = net
        .fetch(&["10.0.0.7", "10.0.0.8"])
        .allow_port(8443)
        .allow_addresses(move |address| address == own);
    let url = "https://images.test:8443/";
    assert_eq!(fetch.get(url).await.unwrap().bytes, "png");
    let address: SocketAddr = "10.0.0.7:8443".parse().unwrap();
    assert_eq!(*net.connected.lock().unwrap(), [address]);
    assert_eq!(fetch.get(url).await.unwrap_err().kind(), Kind::Config);
}

#[tokio::test]
async fn a_certificate_is_checked_against_the_name_in_the_url() {
    let net = Net::new();
    let error = net
        .fetch(&[PUBLIC])
        .get("https://foreign.test/")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Tls);
}

#[tokio::test]
async fn over_tcp_the_checked_address_is_connected_to_and_no_other() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let net = Net::new();
    let served = tokio::spawn({
        let net = Arc::clone(&net);
        async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = net.acceptor.accept(stream).await.unwrap();
            read_request(&mut stream).await;
            stream.write_all(PNG.as_bytes()).await.unwrap();
        }
    });
    let fetch = Fetch::new()
        .roots(Roots::Added)
        .root_certificate(&net.pem)
        .allow_port(port)
        .allow_addresses(|address| address.is_loopback())
        .resolver(|_| async { Ok(vec![IpAddr::from([127, 0, 0, 1])]) });
    // The system's resolver knows no such name.
    let url = format!("https://images.test:{port}/");
    assert_eq!(fetch.get(&url).await.unwrap().bytes, "png");
    served.await.unwrap();
}

#[tokio::test]
async fn settings_that_cannot_work_are_named() {
    for (fetch, setting) in [
        (Fetch::new().max_bytes(0), "max_bytes"),
        (Fetch::new().timeout(Duration::ZERO), "timeout"),
        (Fetch::new().media_types([]), "media_types"),
    ] {
        let error = fetch.get("https://images.test/").await.unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.message().starts_with(setting), "{error}");
    }
}
