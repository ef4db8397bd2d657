//! The same scripts over in-memory pipes, in virtual time.
// Clippy's exception for tests does not reach the helpers beside them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;
use trunkline_testkit::peer::{End, Exchange, PipePeer, Reply};

const GET: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn pauses_in_virtual_time() {
    let start = Instant::now();
    let peer = PipePeer::new(
        Reply::sse(["1", "2", "3"])
            .pause_before_body(HOUR)
            .pause_between(HOUR)
            .close(),
    );
    let mut client = peer.connect();
    client.write_all(GET).await.unwrap();

    let mut arrivals = Vec::new();
    let mut buffer = [0; 1024];
    while client.read(&mut buffer).await.unwrap() > 0 {
        arrivals.push(start.elapsed().as_secs() / 3600);
    }
    // The head; three events; the last chunk.
    assert_eq!(arrivals, [0, 1, 2, 3, 4]);
}

#[tokio::test(start_paused = true)]
async fn notes_when_the_client_closes() {
    let peer = PipePeer::new(Exchange::new().await_client_close());
    let mut client = peer.connect();
    client.write_all(GET).await.unwrap();
    peer.until(|seen| seen.received == 1).await;
    let start = Instant::now();
    tokio::time::sleep(HOUR).await;
    drop(client);
    let seen = peer.until(|seen| seen.connections.open == 0).await;
    assert_eq!(seen.endings[0].end, End::ClientClosed);
    assert_eq!(seen.endings[0].at - start, HOUR);
}

#[tokio::test(start_paused = true)]
async fn writes_slices_that_a_reader_sees_apart() {
    let peer = PipePeer::new(Reply::status(204).slices(7).close());
    let mut client = peer.connect();
    client.write_all(GET).await.unwrap();
    let mut reads = Vec::new();
    let mut buffer = [0; 1024];
    while let count @ 1.. = client.read(&mut buffer).await.unwrap() {
        reads.push(count);
    }
    let whole = "HTTP/1.1 204 No Content\r\n\r\n".len();
    assert_eq!(reads.iter().sum::<usize>(), whole);
    assert!(reads.iter().all(|read| *read <= 7), "{reads:?}");
}

#[tokio::test(start_paused = true)]
async fn leaves_unread_what_it_was_not_told_to_read() {
    let peer = PipePeer::new(Exchange::new().read_only(30).stall());
    let mut client = peer.connect();
    client
        .write_all(b"POST /b HTTP/1.1\r\nx: 123\r\n\r\nbodybody")
        .await
        .unwrap();
    let seen = peer.until(|seen| seen.received == 1).await;
    assert_eq!(seen.requests[0].path, "/b");
    assert_eq!(seen.requests[0].text(), "bo");

    // Six bytes lie in the pipe; it takes as many as fill it, and not one more.
    let upload = vec![0; 128 * 1024];
    assert_eq!(client.write(&upload).await.unwrap(), 64 * 1024 - 6);
    let more = tokio::time::timeout(HOUR, client.write(&upload)).await;
    assert!(more.is_err(), "an upload that nobody reads cannot end");
}

#[tokio::test(start_paused = true)]
async fn shares_one_script_among_its_pipes() {
    let peer = PipePeer::new([Reply::status(201).close(), Reply::status(202).close()]);
    for expected in ["HTTP/1.1 201", "HTTP/1.1 202", "HTTP/1.1 500"] {
        let mut client = peer.connect();
        client
            .write_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
            .await
            .unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(expected), "{answer}");
    }
    assert_eq!(peer.requests().len(), 3);
    assert_eq!(peer.connections().accepted, 3);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_peer_closes_its_pipes() {
    let peer = PipePeer::new(Exchange::new().stall());
    let mut client = peer.connect();
    client.write_all(GET).await.unwrap();
    peer.until(|seen| seen.received == 1).await;
    drop(peer);
    assert_eq!(client.read(&mut [0; 8]).await.unwrap(), 0);
}
