//! A server of many slow streams, on one thread: a task for each connection.

use std::net::TcpListener;

use anyhow::{Context, Result};
use rustix::net::sockopt::set_socket_linger;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::{Duration, Instant, sleep_until},
};

use super::plan::{Fate, Plan, word};
use crate::bench::{runtime, work::payload};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-request-id: req_6a1cd9b4f1b24e8d8b2b\r\ntransfer-encoding: chunked\r\n\r\n";

/// Serves connections until the process ends.
pub(super) fn serve(listener: TcpListener, plan: Plan) -> Result<()> {
    listener.set_nonblocking(true)?;
    runtime()?.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        let go = watch::Sender::new(0);
        loop {
            let (stream, _) = listener.accept().await?;
            let go = go.clone();
            tokio::spawn(async move {
                // A client that is gone is no error.
                let _ = connection(stream, plan, go).await;
            });
        }
    })
}

/// What is asked for.
enum Asked {
    /// That the streams that are open begin.
    Go,
    Stream(usize),
}

/// `go` counts how often it was asked for.
async fn connection(mut stream: TcpStream, plan: Plan, go: watch::Sender<usize>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = Vec::new();
    while let Some(asked) = request(&mut stream, &mut buffer).await? {
        match asked {
            Asked::Go => {
                go.send_modify(|times| *times += 1);
                let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
                stream.write_all(answer).await?;
            }
            Asked::Stream(id) => {
                let begins = go.subscribe();
                if !answer(&mut stream, plan, id, begins).await? {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Option<Asked>> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8(buffer.drain(..end).collect())?;
    let header = |wanted: &str| {
        let mut headers = head.lines().filter_map(|line| line.split_once(':'));
        let found = headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map_or("0", |(_, value)| value.trim())
    };
    let length: usize = header("content-length").parse()?;
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    buffer.drain(..length);
    let path = head.split(' ').nth(1).context("no path")?;
    Ok(Some(match path {
        "/go" => Asked::Go,
        _ => Asked::Stream(header("x-n").parse()?),
    }))
}

/// One stream; says whether the connection is good for another.
async fn answer(
    stream: &mut TcpStream,
    plan: Plan,
    id: usize,
    mut go: watch::Receiver<usize>,
) -> Result<bool> {
    let beginning = payload::first() + &payload::event(&word(id, 0));
    stream.write_all(HEAD.as_bytes()).await?;
    send(stream, &beginning).await?;
    go.changed().await?;
    // Not all at once.
    let mut next = Instant::now() + Duration::from_millis(id as u64 * 37 % plan.pace);
    let fate = Fate::of(id);
    for seq in 1..plan.events {
        sleep_until(next).await;
        next += plan.pace();
        if seq == plan.turn(id) {
            match fate {
                Fate::Reset => {
                    set_socket_linger(&*stream, Some(Duration::ZERO))?;
                    return Ok(false);
                }
                Fate::Stall => {
                    // Until the client is gone.
                    let _ = stream.read(&mut [0]).await;
                    return Ok(false);
                }
                Fate::Well | Fate::Pause => {}
            }
        }
        send(stream, &payload::event(&word(id, seq))).await?;
    }
    send(stream, &payload::last().concat()).await?;
    stream.write_all(b"0\r\n\r\n").await?;
    Ok(true)
}

async fn send(stream: &mut TcpStream, events: &str) -> Result<()> {
    let piece = format!("{:x}\r\n{events}\r\n", events.len());
    stream.write_all(piece.as_bytes()).await?;
    Ok(())
}
