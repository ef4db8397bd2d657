//! A client that speaks raw bytes.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trunkline_testkit::embedded::EmbeddedProvider;

pub async fn provider() -> EmbeddedProvider {
    let builder = EmbeddedProvider::builder();
    builder.word_pause(Duration::ZERO).start().await
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The JSON of the events; the last event has to be `[DONE]`.
    pub fn events(&self) -> Vec<Value> {
        let mut events: Vec<&str> = self.body.split_terminator("\n\n").collect();
        assert_eq!(events.pop(), Some("data: [DONE]"));
        let data = events
            .iter()
            .map(|event| event.strip_prefix("data: ").unwrap());
        data.map(|data| serde_json::from_str(data).unwrap())
            .collect()
    }
}

pub async fn send(provider: &EmbeddedProvider, request: &str) -> Answer {
    let mut client = TcpStream::connect(provider.addr()).await.unwrap();
    client.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let body = match head.contains("chunked") {
        true => unchunked(body),
        false => body.to_owned(),
    };
    Answer {
        status: head[9..12].parse().unwrap(),
        head: head.to_owned(),
        body,
    }
}

fn unchunked(mut body: &str) -> String {
    let mut text = String::new();
    loop {
        let (size, rest) = body.split_once("\r\n").unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        text += &rest[..size];
        body = rest[size..].strip_prefix("\r\n").unwrap();
        if size == 0 {
            return text;
        }
    }
}

pub async fn post_text(provider: &EmbeddedProvider, path: &str, body: &str) -> Answer {
    let (key, length) = (provider.key(), body.len());
    let request = format!(
        "POST {path} HTTP/1.1\r\nauthorization: Bearer {key}\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    send(provider, &request).await
}

pub async fn post(provider: &EmbeddedProvider, path: &str, body: Value) -> Answer {
    post_text(provider, path, &body.to_string()).await
}
