//! A small server of chat completions. While faults last it does wrong by some requests.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::sleep,
};
use turmoil::net::{TcpListener, TcpStream};

use crate::plan::{FAULTS_END, word};

pub(crate) const PORT: u16 = 80;

/// What all servers know and count.
#[derive(Debug)]
pub(crate) struct Servers {
    pub(crate) seed: u64,
    pub(crate) malice: f64,
    /// Requests that came for the account's model.
    pub(crate) primary: AtomicU64,
    /// Requests that came for the fallback's.
    pub(crate) spare: AtomicU64,
}

/// What a server does by a request.
#[derive(Clone, Copy, Debug)]
enum Mood {
    Well,
    /// Says nothing at all.
    Silent,
    /// Closes the connection before it answers.
    Gone,
    /// Answers with this status.
    Status(u16),
    /// Stops after so many words, and keeps the connection.
    Stalls(usize),
    /// Stops after so many words, and closes the connection.
    Breaks(usize),
    /// Ends the body in order after so many words, but not the answer.
    Cuts(usize),
    /// Sends something else than JSON after so many words.
    Babbles(usize),
    /// Takes its time for each word.
    Drawls,
}

/// A word now and then.
const PACE: Duration = Duration::from_millis(20);
const DRAWL: Duration = Duration::from_millis(300);
/// Longer than anybody waits.
const FOR_EVER: Duration = Duration::from_secs(3_600);

pub(crate) async fn serve(servers: Arc<Servers>) -> turmoil::Result {
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let servers = servers.clone();
        tokio::spawn(async move {
            // A client that is gone is no error.
            let _ = connection(stream, &servers).await;
        });
    }
}

async fn connection(mut stream: TcpStream, servers: &Servers) -> Result<()> {
    let mut buffer = Vec::new();
    while let Some(request) = request(&mut stream, &mut buffer).await? {
        let count = match request.model.as_str() {
            "spare" => &servers.spare,
            _ => &servers.primary,
        };
        let before = count.fetch_add(1, Relaxed);
        let mut random = Rng::with_seed(servers.seed ^ (before << 32) ^ request.id as u64);
        let is_quiet = turmoil::sim_elapsed().is_none_or(|elapsed| elapsed >= FAULTS_END);
        let mood = match is_quiet || random.f64() >= servers.malice {
            true => Mood::Well,
            false => Mood::any(request.words, &mut random),
        };
        answer(&mut stream, &request, mood).await?;
        if matches!(mood, Mood::Gone | Mood::Breaks(_)) {
            return Ok(());
        }
    }
    Ok(())
}

impl Mood {
    fn any(words: usize, random: &mut Rng) -> Self {
        let some = random.usize(..words);
        match random.u8(..10) {
            0 => Self::Silent,
            1 => Self::Gone,
            2 => Self::Status(429),
            3 => Self::Status(500),
            4 => Self::Status(503),
            5 => Self::Stalls(some),
            6 => Self::Breaks(some),
            7 => Self::Cuts(some),
            8 => Self::Babbles(some),
            _ => Self::Drawls,
        }
    }
}

#[derive(Debug)]
struct Request {
    id: usize,
    words: usize,
    model: String,
    stream: bool,
}

/// Reads one request; `None` at the end of the connection.
async fn request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Option<Request>> {
    let end = loop {
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8(buffer.drain(..end).collect())?;
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .context("no length")?;
    let length: usize = length.1.trim().parse()?;
    while buffer.len() < length {
        if stream.read_buf(buffer).await? == 0 {
            return Ok(None);
        }
    }
    let body: Vec<u8> = buffer.drain(..length).collect();
    let body: Value = serde_json::from_slice(&body)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let prompt = text(&body["messages"][0]["content"]).context("no prompt")?;
    let (id, words) = prompt.split_once(' ').context("no number of words")?;
    Ok(Some(Request {
        id: id.parse()?,
        words: words.parse()?,
        model: text(&body["model"]).context("no model")?,
        stream: body["stream"] == true,
    }))
}

async fn answer(stream: &mut TcpStream, request: &Request, mood: Mood) -> Result<()> {
    sleep(PACE).await;
    match mood {
        Mood::Silent => sleep(FOR_EVER).await,
        Mood::Gone => {}
        Mood::Status(code) => {
            let body = json!({"error": {"message": "not now", "type": "server_error"}}).to_string();
            let more = if code == 429 {
                "retry-after: 1\r\n"
            } else {
                ""
            };
            send_whole(stream, code, more, &body).await?;
        }
        _ if request.stream => send_stream(stream, request, mood).await?,
        _ => send_answer(stream, request, mood).await?,
    }
    Ok(())
}

async fn send_answer(stream: &mut TcpStream, request: &Request, mood: Mood) -> Result<()> {
    let text: String = (0..request.words).map(|at| word(request.id, at)).collect();
    let body = json!({
        "id": "1", "object": "chat.completion", "created": 1, "model": request.model,
        "choices": [{
            "index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": text},
        }],
        "usage": usage(request),
    });
    let body = body.to_string();
    match mood {
        Mood::Stalls(some) | Mood::Breaks(some) | Mood::Cuts(some) => {
            let head = head(200, body.len(), "");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body.as_bytes()[..some]).await?;
            if matches!(mood, Mood::Stalls(_)) {
                sleep(FOR_EVER).await;
            }
            stream.shutdown().await?;
        }
        Mood::Babbles(some) => send_whole(stream, 200, "", &body[..some]).await?,
        _ => send_whole(stream, 200, "", &body).await?,
    }
    Ok(())
}

async fn send_whole(stream: &mut TcpStream, code: u16, more: &str, body: &str) -> Result<()> {
    let answer = head(code, body.len(), more) + body;
    stream.write_all(answer.as_bytes()).await?;
    Ok(())
}

fn head(code: u16, length: usize, more: &str) -> String {
    format!(
        "HTTP/1.1 {code} Told\r\ncontent-type: application/json\r\n{more}content-length: {length}\r\n\r\n"
    )
}

fn usage(request: &Request) -> Value {
    let words = request.words;
    json!({"prompt_tokens": 3, "completion_tokens": words, "total_tokens": words + 3})
}

async fn send_stream(stream: &mut TcpStream, request: &Request, mood: Mood) -> Result<()> {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    let pace = if matches!(mood, Mood::Drawls) {
        DRAWL
    } else {
        PACE
    };
    for at in 0..request.words {
        match mood {
            Mood::Stalls(some) if some == at => sleep(FOR_EVER).await,
            Mood::Breaks(some) if some == at => return Ok(()),
            Mood::Cuts(some) if some == at => return send_piece(stream, "").await,
            Mood::Babbles(some) if some == at => send_piece(stream, "data: {nonsense\n\n").await?,
            _ => {}
        }
        let delta = json!({"role": "assistant", "content": word(request.id, at)});
        let choice = json!({"index": 0, "delta": delta, "finish_reason": null});
        send_event(stream, request, &[choice], Value::Null).await?;
        sleep(pace).await;
    }
    let last = json!({"index": 0, "delta": {}, "finish_reason": "stop"});
    send_event(stream, request, &[last], Value::Null).await?;
    send_event(stream, request, &[], usage(request)).await?;
    send_piece(stream, "data: [DONE]\n\n").await?;
    send_piece(stream, "").await
}

async fn send_event(
    stream: &mut TcpStream,
    request: &Request,
    choices: &[Value],
    usage: Value,
) -> Result<()> {
    let event = json!({
        "id": "1", "object": "chat.completion.chunk", "created": 1, "model": request.model,
        "choices": choices, "usage": usage,
    });
    send_piece(stream, &format!("data: {event}\n\n")).await
}

/// A piece of a chunked body; the empty one ends it.
async fn send_piece(stream: &mut TcpStream, piece: &str) -> Result<()> {
    let piece = format!("{:x}\r\n{piece}\r\n", piece.len());
    stream.write_all(piece.as_bytes()).await?;
    Ok(())
}
