//! The scripted peer, seen from a client that speaks raw bytes.
// Clippy's exception for tests does not reach the helpers beside them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]

use std::io::ErrorKind;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_testkit::peer::{End, Exchange, Peer, Reply, Script};

const GET: &str = "GET /one HTTP/1.1\r\nhost: x\r\n\r\n";
const LAST_GET: &str = "GET /last HTTP/1.1\r\nconnection: close\r\n\r\n";

async fn connect(peer: &Peer) -> TcpStream {
    TcpStream::connect(peer.addr()).await.unwrap()
}

async fn send(client: &mut TcpStream, request: &str) {
    client.write_all(request.as_bytes()).await.unwrap();
}

async fn rest(client: &mut TcpStream) -> String {
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    text
}

/// What the client reads before the connection breaks, and how it breaks.
async fn rest_and_break(client: &mut TcpStream) -> (String, ErrorKind) {
    let mut bytes = Vec::new();
    let error = client.read_to_end(&mut bytes).await.unwrap_err();
    (String::from_utf8(bytes).unwrap(), error.kind())
}

/// Reads until the text so far ends with `end`.
async fn until(client: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.ends_with(end) {
        text.push(char::from(client.read_u8().await.unwrap()));
    }
    text
}

/// One request on a connection of its own, which the peer closes.
async fn one(script: impl Into<Script>) -> String {
    let peer = Peer::start(script).await;
    let mut client = connect(&peer).await;
    send(&mut client, LAST_GET).await;
    rest(&mut client).await
}

#[tokio::test]
async fn records_what_it_received() {
    let peer = Peer::start([Reply::status(200).body("a"), Reply::status(204)]).await;
    let mut client = connect(&peer).await;
    send(
        &mut client,
        "POST /v1/x?y=z HTTP/1.1\r\nB: 2\r\nA:1\r\ncontent-length: 13\r\n\r\n{\"hello\": 42}",
    )
    .await;
    until(&mut client, "\r\n\r\na").await;
    send(
        &mut client,
        "PUT / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nt: u\r\n\r\n",
    )
    .await;
    until(&mut client, "\r\n\r\n").await;

    let requests = peer.requests();
    let [first, second] = &requests[..] else {
        panic!("two requests: {requests:?}")
    };
    assert_eq!(
        (first.method.as_str(), first.path.as_str()),
        ("POST", "/v1/x?y=z")
    );
    let names: Vec<&str> = first
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["B", "A", "content-length"]);
    assert_eq!(first.header("a"), Some("1"));
    assert_eq!(first.json()["hello"], 42);
    assert_eq!(second.text(), "abcde");
    assert_eq!((first.connection, second.connection), (1, 1));
    assert!(first.at <= second.at);
}

#[tokio::test]
async fn says_so_when_the_script_is_exhausted() {
    let peer = Peer::start(Reply::status(204)).await;
    let mut client = connect(&peer).await;
    send(&mut client, GET).await;
    until(&mut client, "\r\n\r\n").await;
    send(&mut client, LAST_GET).await;
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(
        answer.contains("no exchange left for GET /last"),
        "{answer}"
    );
    assert_eq!(peer.seen().unscripted, 1);
}

#[tokio::test]
async fn serves_one_script_to_all_connections_or_to_each() {
    let script = Script::new([Reply::status(201), Reply::status(202)]).repeat_last();
    for (script, expected) in [
        (script.clone(), ["201", "202", "202"]),
        (script.per_connection(), ["201", "201", "201"]),
    ] {
        let peer = Peer::start(script).await;
        for expected in expected {
            let mut client = connect(&peer).await;
            send(&mut client, LAST_GET).await;
            assert_eq!(rest(&mut client).await.get(9..12), Some(expected));
        }
        assert_eq!(peer.connections().accepted, 3);
    }
}

#[tokio::test]
async fn answers_by_a_function_of_the_request() {
    let peer = Peer::respond_with(|request| Reply::status(200).body(request.path.clone())).await;
    let mut client = connect(&peer).await;
    send(&mut client, LAST_GET).await;
    assert!(rest(&mut client).await.ends_with("\r\n\r\n/last"));
}

#[tokio::test]
async fn frames_bodies_as_asked() {
    let head = "HTTP/1.1 200 OK\r\n";
    for (reply, expected) in [
        (Reply::status(200), "content-length: 0\r\n\r\n"),
        (
            Reply::status(200).body("abc"),
            "content-length: 3\r\n\r\nabc",
        ),
        (
            Reply::status(200).json("{}"),
            "content-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
        ),
        (
            Reply::sse(["{}"]).done(),
            "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
             a\r\ndata: {}\n\n\r\ne\r\ndata: [DONE]\n\n\r\n0\r\n\r\n",
        ),
        (Reply::status(200).until_close("abc"), "\r\nabc"),
        (
            Reply::status(200).body("abc").lie_content_length(9),
            "content-length: 9\r\n\r\nabc",
        ),
        (
            Reply::status(200).chunked(["abc"]).no_last_chunk(),
            "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
        ),
        (
            Reply::status(200).body("abc").cut_after(2),
            "content-length: 3\r\n\r\nab",
        ),
        (
            Reply::status(200).chunked(["abc", "def"]).cut_after(5),
            "transfer-encoding: chunked\r\n\r\n3\r\nab",
        ),
        (
            Reply::status(200).body("abc").trailing_garbage("??"),
            "content-length: 3\r\n\r\nabc??",
        ),
        (
            Reply::status(200).body("abc").slices(1),
            "content-length: 3\r\n\r\nabc",
        ),
    ] {
        assert_eq!(one(reply).await, format!("{head}{expected}"));
    }
    assert_eq!(
        one(Reply::status(204).informational(103, 2)).await,
        "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
    );
}

#[tokio::test]
async fn header_values_may_be_any_bytes() {
    let peer = Peer::start(Reply::status(200).header("retry-after", b"\xff1")).await;
    let mut client = connect(&peer).await;
    send(&mut client, LAST_GET).await;
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).await.unwrap();
    let line = b"retry-after: \xff1\r\n";
    assert!(answer.windows(line.len()).any(|window| window == line));
}

#[tokio::test]
async fn closes_after_a_response_that_no_client_can_go_on_after() {
    for broken in [
        Reply::status(200).body("abc").cut_after(1),
        Reply::status(200).body("abc").lie_content_length(4),
        Reply::status(200).chunked(["abc"]).no_last_chunk(),
        Reply::status(200).until_close("abc"),
        Reply::status(200).header("connection", "close"),
        Reply::status(200).close(),
    ] {
        let peer = Peer::start([broken.clone(), broken]).await;
        let mut client = connect(&peer).await;
        send(&mut client, GET).await;
        rest(&mut client).await;
        let seen = peer.until(|seen| seen.connections.open == 0).await;
        assert_eq!(seen.endings[0].end, End::PeerClosed);
        assert_eq!(seen.requests.len(), 1);
    }
}

#[tokio::test]
async fn keeps_the_connection_after_a_complete_response() {
    let peer = Peer::start([Reply::status(204), Reply::status(204)]).await;
    let mut client = connect(&peer).await;
    send(&mut client, GET).await;
    until(&mut client, "\r\n\r\n").await;
    send(&mut client, GET).await;
    until(&mut client, "\r\n\r\n").await;
    assert_eq!(
        (peer.connections().accepted, peer.connections().open),
        (1, 1)
    );

    drop(client);
    let seen = peer.until(|seen| seen.connections.open == 0).await;
    assert_eq!(seen.endings[0].end, End::ClientClosed);
    assert_eq!(seen.requests.len(), 2);
}

#[tokio::test]
async fn resets_before_a_request_and_in_the_middle_of_a_body() {
    let peer = Peer::start([
        Exchange::new().read_nothing().reset(),
        Reply::status(200)
            .body("abcdef")
            .cut_after(3)
            .reset()
            .into(),
    ])
    .await;
    let mut client = connect(&peer).await;
    let nothing = (String::new(), ErrorKind::ConnectionReset);
    assert_eq!(rest_and_break(&mut client).await, nothing);

    let mut client = connect(&peer).await;
    send(&mut client, GET).await;
    let (text, kind) = rest_and_break(&mut client).await;
    assert!(text.ends_with("\r\n\r\nabc"), "{text}");
    assert_eq!(kind, ErrorKind::ConnectionReset);
    assert_eq!(
        peer.until(|seen| seen.endings.len() == 2).await.endings[1].end,
        End::PeerReset
    );
}

#[tokio::test]
async fn answers_before_it_has_read_the_body() {
    let peer = Peer::start(
        Exchange::new()
            .read_head()
            .send("HTTP/1.1 413 Too Much\r\ncontent-length: 0\r\n\r\n")
            .half_close()
            .await_client_close(),
    )
    .await;
    let mut client = connect(&peer).await;
    send(
        &mut client,
        "POST /big HTTP/1.1\r\ncontent-length: 1000000\r\n\r\nfirst",
    )
    .await;
    assert!(rest(&mut client).await.starts_with("HTTP/1.1 413 "));
    assert_eq!(peer.requests()[0].path, "/big");
    assert_eq!(
        peer.connections().open,
        1,
        "the peer has closed its half only"
    );
    drop(client);
    let seen = peer.until(|seen| seen.connections.open == 0).await;
    assert_eq!(seen.endings[0].end, End::ClientClosed);
}

#[tokio::test]
async fn refuses_what_is_no_request() {
    let long = format!("GET / HTTP/1.1\r\nx: {}", "y".repeat(70_000));
    for (request, status) in [
        ("nonsense\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nno colon\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n", "400"),
        (
            "POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
            "413",
        ),
        (
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "400",
        ),
        (
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n",
            "400",
        ),
        (
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffff0\r\n",
            "413",
        ),
        (&long, "431"),
    ] {
        let peer = Peer::start(Reply::status(200)).await;
        let mut client = connect(&peer).await;
        send(&mut client, request).await;
        let answer = rest(&mut client).await;
        assert_eq!(answer.get(9..12), Some(status), "{request:.60}: {answer}");
        assert_eq!(peer.requests().len(), 0);
    }
}

#[tokio::test]
async fn continues_a_body_that_waits_for_it() {
    let peer = Peer::start(Reply::status(204)).await;
    let mut client = connect(&peer).await;
    let head = "POST / HTTP/1.1\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    send(&mut client, head).await;
    assert_eq!(
        until(&mut client, "\r\n\r\n").await,
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    send(&mut client, "ok").await;
    assert_eq!(
        until(&mut client, "\r\n\r\n").await,
        "HTTP/1.1 204 No Content\r\n\r\n"
    );
}

#[tokio::test]
async fn a_dropped_peer_closes_everything() {
    let peer = Peer::start(Exchange::new().stall()).await;
    let addr = peer.addr();
    let mut client = connect(&peer).await;
    send(&mut client, GET).await;
    peer.until(|seen| seen.received == 1).await;
    drop(peer);
    assert_eq!(rest(&mut client).await, "");
    assert!(TcpStream::connect(addr).await.is_err());
}
