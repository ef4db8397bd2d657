//! A lean server on loopback: a thread for each connection, bytes that were rendered before.

use std::{
    collections::HashMap,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::{Work, payload};

/// One piece of a chunked body that is sent as fast as it is read.
const PIECE: usize = 32 << 10;
/// Long enough for a client under valgrind to have gone to sleep.
const PACE: Duration = Duration::from_millis(4);
/// There may be a thousand.
const STACK: usize = 128 << 10;

/// Serves connections until the process ends.
pub(crate) fn serve(listener: &TcpListener) -> Result<()> {
    let cache = Arc::new(Cache::default());
    for stream in listener.incoming() {
        let stream = stream?;
        let cache = Arc::clone(&cache);
        thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || connection(stream, &cache))?;
    }
    Ok(())
}

/// A client that is gone is no error.
fn connection(mut stream: TcpStream, cache: &Cache) {
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::new();
    while let Ok(Some((work, n))) = request(&mut stream, &mut buffer) {
        if answer(&mut stream, work, n, cache).is_err() {
            return;
        }
    }
}

/// Reads one request; `None` at the end of the connection.
fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Option<(Work, usize)>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = String::from_utf8(buffer.drain(..end + 4).collect())?;
            let length = length(&head)?;
            while buffer.len() < length {
                if !fill(stream, buffer)? {
                    return Ok(None);
                }
            }
            buffer.drain(..length);
            return target(&head).map(Some);
        }
        if !fill(stream, buffer)? {
            return Ok(None);
        }
    }
}

fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<bool> {
    let mut read = [0; 16 << 10];
    let n = stream.read(&mut read)?;
    buffer.extend_from_slice(read.get(..n).unwrap_or_default());
    Ok(n > 0)
}

fn length(head: &str) -> Result<usize> {
    let header = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    Ok(header.unwrap_or("0").trim().parse()?)
}

/// `POST /stream/chat/completions`, with `x-n` telling how many events.
fn target(head: &str) -> Result<(Work, usize)> {
    let path = head.split(' ').nth(1).context("no path")?;
    let work = path.split('/').nth(1).context("no work")?.parse()?;
    let n = head.lines().find_map(|line| line.strip_prefix("x-n: "));
    Ok((work, n.unwrap_or("0").parse()?))
}

fn answer(stream: &mut TcpStream, work: Work, n: usize, cache: &Cache) -> Result<()> {
    match work {
        Work::Chat1k | Work::Chat64k | Work::EmbedFloat | Work::EmbedBase64 => {
            stream.write_all(&cache.get(work, n, || whole(work)))?;
        }
        Work::Stream => stream.write_all(&cache.get(work, n, || streamed(n)))?,
        Work::Paced => {
            stream.write_all(STREAM_HEAD.as_bytes())?;
            for event in payload::events(n) {
                stream.write_all(&piece(event.as_bytes()))?;
                thread::sleep(PACE);
            }
            stream.write_all(LAST_PIECE)?;
        }
        Work::Idle => {
            let beginning: String = payload::events(1).take(2).collect();
            stream.write_all(STREAM_HEAD.as_bytes())?;
            stream.write_all(&piece(beginning.as_bytes()))?;
        }
        Work::ChatInMemory | Work::StreamInMemory | Work::Refused => bail!("this needs no server"),
    }
    Ok(())
}

const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nopenai-processing-ms: 129\r\nx-request-id: req_6a1cd9b4f1b24e8d8b2b\r\ntransfer-encoding: chunked\r\n\r\n";
const LAST_PIECE: &[u8] = b"0\r\n\r\n";

fn whole(work: Work) -> Vec<u8> {
    let body = match work {
        Work::Chat64k => payload::chat(64 << 10),
        Work::EmbedFloat => payload::embeddings(false),
        Work::EmbedBase64 => payload::embeddings(true),
        _ => payload::chat(1 << 10),
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nopenai-processing-ms: 129\r\nx-request-id: req_6a1cd9b4f1b24e8d8b2b\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
}

fn streamed(n: usize) -> Vec<u8> {
    let events: String = payload::events(n).collect();
    let pieces = events.as_bytes().chunks(PIECE).flat_map(piece);
    let mut bytes = STREAM_HEAD.as_bytes().to_vec();
    bytes.extend(pieces);
    bytes.extend_from_slice(LAST_PIECE);
    bytes
}

fn piece(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// Answers, each rendered when first asked for.
#[derive(Default)]
struct Cache(Mutex<Answers>);

/// By work and number of events.
type Answers = HashMap<(&'static str, usize), Arc<[u8]>>;

impl Cache {
    fn get(&self, work: Work, n: usize, render: impl FnOnce() -> Vec<u8>) -> Arc<[u8]> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = known
            .entry((work.name(), n))
            .or_insert_with(|| render().into());
        Arc::clone(answer)
    }
}
