//! Proxies: only where configured, only as tunnels, and without the key.
#![cfg(feature = "hyper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use support::*;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::TcpStream,
};
use trunkline_http::{
    Phase, Sent, TransportErrorKind as Kind,
    hyper::{HyperTransport, Proxy},
};

type Seen = Arc<Mutex<Vec<String>>>;

/// A proxy that notes what it was asked, answers, and on 200 leads to `target`.
async fn proxy(answer: &'static str, target: SocketAddr) -> (SocketAddr, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let address = peer(move |mut stream, _| {
        let noted = Arc::clone(&noted);
        async move {
            let request = read_request(&mut stream).await;
            noted.lock().unwrap().push(request);
            stream.write_all(answer.as_bytes()).await.unwrap();
            if answer.contains(" 200 ") {
                let mut target = TcpStream::connect(target).await.unwrap();
                let _ = copy_bidirectional(&mut stream, &mut target).await;
            } else {
                let mut rest = String::new();
                let _ = stream.read_to_string(&mut rest).await;
                noted.lock().unwrap().push(rest);
            }
        }
    })
    .await;
    (address, seen)
}

fn via(proxy: Proxy) -> HyperTransport {
    HyperTransport::builder().proxy(proxy).build().unwrap()
}

#[tokio::test]
async fn f023_a_407_is_told_and_the_proxy_never_sees_the_key() {
    let answer = "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 2\r\n\r\nno";
    let (address, seen) = proxy(answer, "127.0.0.1:9".parse().unwrap()).await;
    let transport = via(Proxy::all(&format!("http://{address}")).unwrap());
    for scheme in ["http", "https"] {
        let error = send(&transport, secretive(&format!("{scheme}://api.test")))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.sent()),
            (Kind::Proxy, Some(Phase::Proxy), Sent::Never)
        );
        assert!(!told(&error).contains("sk-"), "{}", told(&error));
    }
    let seen = seen.lock().unwrap().join("");
    assert!(
        seen.contains("CONNECT api.test:80 HTTP/1.1\r\nHost: api.test:80\r\n\r\n"),
        "{seen}"
    );
    assert!(
        seen.contains("CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n"),
        "{seen}"
    );
    assert!(
        !seen.contains("sk-") && !seen.contains("authorization"),
        "{seen}"
    );
    assert_eq!(transport.stats().resent, 0);
}

#[tokio::test]
async fn a_tunnel_leads_to_the_server_with_the_proxys_credentials_in_the_connect_alone() {
    let target = says(OK).await;
    let (address, seen) = proxy("HTTP/1.1 200 Connection established\r\n\r\n", target).await;
    let given = Proxy::http(&format!("http://{address}"))
        .unwrap()
        .credentials("user", "p@ss:w/rd");
    let in_url = Proxy::http(&format!("http://user:p%40ss%3Aw%2Frd@{address}")).unwrap();
    for proxy in [given, in_url] {
        let debug = format!("{proxy:?}");
        assert!(
            !debug.contains("p@ss") && !debug.contains("p%40ss"),
            "{debug}"
        );
        assert!(debug.contains(&address.to_string()), "{debug}");
        assert_eq!(fetch(&via(proxy), "http://api.test/").await.unwrap(), "ok");
        // user:p@ss:w/rd
        let seen = seen.lock().unwrap().pop().unwrap();
        assert!(
            seen.contains("Proxy-Authorization: Basic dXNlcjpwQHNzOncvcmQ=\r\n"),
            "{seen}"
        );
    }
}

#[tokio::test]
async fn a_gateways_own_trouble_may_be_tried_again_and_nonsense_may_not() {
    for (answer, kind) in [
        ("HTTP/1.1 502 Bad Gateway\r\n\r\n", Kind::Connect),
        ("HTTP/1.1 403 Forbidden\r\n\r\n", Kind::Proxy),
        ("SSH-2.0-OpenSSH_9.6\r\n\r\n", Kind::Proxy),
        ("HTTP/1.1 200 OK\r\n\r\nearly", Kind::Proxy),
    ] {
        let (address, _) = proxy(answer, says(OK).await).await;
        let transport = via(Proxy::all(&format!("http://{address}")).unwrap());
        let error = send(&transport, secretive("http://api.test"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.sent()),
            (kind, Some(Phase::Proxy), Sent::Never),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_a_failure_to_connect() {
    let transport = via(Proxy::all("http://127.0.0.1:1").unwrap());
    let error = send(&transport, secretive("http://api.test"))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.phase(), error.sent()),
        (Kind::Connect, Some(Phase::Proxy), Sent::Never)
    );
}

#[tokio::test]
async fn f024_no_proxy_is_read_without_case_and_only_from_env_reads_at_all() {
    let target = says(OK).await;
    let url = format!("http://api.test:{}/", target.port());
    let environment = |no_proxy: &'static str| {
        move |name: &str| match name {
            "HTTP_PROXY" => Some("http://127.0.0.1:1".to_owned()),
            "no_proxy" => Some(no_proxy.to_owned()),
            _ => None,
        }
    };
    for (no_proxy, direct) in [
        ("other, API.Test", true),
        (".TEST", true),
        ("*", true),
        ("pi.test", false),
        ("", false),
    ] {
        let proxy = Proxy::from_env(environment(no_proxy)).unwrap();
        let builder = HyperTransport::builder().resolve("api.test", [target]);
        let outcome = fetch(&builder.proxy(proxy).build().unwrap(), &url).await;
        assert_eq!(outcome.is_ok(), direct, "{no_proxy}: {outcome:?}");
    }
}

#[test]
fn f024_the_environment_is_ignored_unless_asked() {
    if std::env::var("TRUNKLINE_F024").is_ok() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let answer = runtime.block_on(async {
            let url = format!("http://{}/", says(OK).await);
            let transports = [
                HyperTransport::default(),
                HyperTransport::builder().build().unwrap(),
            ];
            for transport in &transports {
                fetch(transport, &url).await?;
            }
            let shared = trunkline_http::HttpClient::shared()
                .send(post(url, ""))
                .await?;
            shared.into_body().collect(10).await
        });
        assert_eq!(answer.unwrap(), "ok");
        return;
    }
    let dead = "http://127.0.0.1:1";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "f024_the_environment_is_ignored_unless_asked"])
        .env("TRUNKLINE_F024", "1")
        .envs(["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"].map(|name| (name, dead)))
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .output()
        .unwrap();
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("1 passed"),
        "{output:?}"
    );
}

#[test]
fn a_proxy_url_that_cannot_work_is_named_but_not_shown() {
    for url in [
        "",
        "ftp://user:hunter2@proxy",
        "http://",
        "http://user:hunter2@",
        "socks4://user:hunter2@p",
        "user hunter2",
    ] {
        let error = Proxy::all(url).unwrap_err();
        assert_eq!(error.kind(), Kind::Config, "{url}");
        assert!(!told(&error).contains("hunter2"), "{}", told(&error));
        let error = Proxy::from_env(|name| {
            (name == "https_proxy" && !url.is_empty()).then(|| url.to_owned())
        });
        if !url.is_empty() {
            assert!(error.unwrap_err().message().contains("HTTPS_PROXY"));
        }
    }
}

#[tokio::test]
async fn under_cgi_only_the_lower_case_http_proxy_counts() {
    let target = says(OK).await;
    let set = |name: &str| match name {
        "REQUEST_METHOD" => Some("GET".to_owned()),
        "HTTP_PROXY" => Some("http://127.0.0.1:1".to_owned()),
        _ => None,
    };
    let transport = via(Proxy::from_env(set).unwrap());
    assert_eq!(
        fetch(&transport, &format!("http://{target}/"))
            .await
            .unwrap(),
        "ok"
    );
}

#[cfg(feature = "socks")]
#[tokio::test]
async fn socks5_leads_to_the_server_which_the_proxy_resolves() {
    let target = says(OK).await;
    let address = peer(move |mut stream, _| async move {
        let mut hello = [0; 3];
        stream.read_exact(&mut hello).await.unwrap();
        assert_eq!(hello, [5, 1, 2]);
        stream.write_all(&[5, 2]).await.unwrap();
        let mut login = [0; 1 + 1 + 4 + 1 + 4];
        stream.read_exact(&mut login).await.unwrap();
        assert_eq!(&login, b"\x01\x04user\x04word");
        stream.write_all(&[1, 0]).await.unwrap();
        let mut request = [0; 4 + 1 + 8 + 2];
        stream.read_exact(&mut request).await.unwrap();
        assert_eq!(&request, b"\x05\x01\x00\x03\x08api.test\x00\x50");
        stream
            .write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0])
            .await
            .unwrap();
        let mut target = TcpStream::connect(target).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut target).await;
    })
    .await;
    let proxy = Proxy::all(&format!("socks5://{address}"))
        .unwrap()
        .credentials("user", "word");
    assert_eq!(fetch(&via(proxy), "http://api.test/").await.unwrap(), "ok");
}

#[cfg(feature = "socks")]
#[tokio::test]
async fn socks5_refusals_are_told_apart() {
    let (refused, unreachable, silent) = ([5, 2, 0, 1], [5, 5, 0, 1], [4, 0, 0, 1]);
    for (answer, kind) in [
        (refused, Kind::Proxy),
        (unreachable, Kind::Connect),
        (silent, Kind::Proxy),
    ] {
        let address = peer(move |mut stream, _| async move {
            let mut hello = [0; 3];
            stream.read_exact(&mut hello).await.unwrap();
            stream.write_all(&[5, 0]).await.unwrap();
            stream.read_exact(&mut [0; 10]).await.unwrap();
            stream.write_all(&answer).await.unwrap();
        })
        .await;
        let transport = via(Proxy::all(&format!("socks5h://{address}")).unwrap());
        let error = send(&transport, secretive("http://api.test"))
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.phase(), error.sent()),
            (kind, Some(Phase::Proxy), Sent::Never)
        );
    }
}
