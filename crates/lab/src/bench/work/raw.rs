//! The practical limit: hyper-util's client, configured as ours is, and serde_json into structs
//! that borrow and hold nothing but what is asked for.

use std::{borrow::Cow, fmt, marker::PhantomData, time::Duration};

use anyhow::{Context, Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{self, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{IgnoredAny, SeqAccess, Visitor},
};

use super::{Proof, Wire, Work, payload};

pub(crate) struct Raw {
    client: legacy::Client<HttpConnector, Full<Bytes>>,
    base: String,
}

impl Raw {
    pub(crate) fn new(base: String) -> Self {
        Self::speaking(base, Wire::Http1)
    }

    pub(crate) fn speaking(base: String, wire: Wire) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let mut settings = legacy::Client::builder(TokioExecutor::new());
        settings
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(256)
            .http1_max_buf_size(128 << 10)
            .http2_only(wire == Wire::Http2)
            .retry_canceled_requests(false);
        Self {
            client: settings.build(connector),
            base,
        }
    }

    pub(crate) async fn chat(&self, proof: &mut Proof) -> Result<()> {
        let body = self
            .post("/chat/completions", &Ask::chat(false), 0)
            .await?
            .into_body()
            .collect()
            .await?
            .to_bytes();
        let answer: Chat<'_> = serde_json::from_slice(&body)?;
        let choice = answer.choices.0.context("no choice")?;
        proof.text(&choice.message.content);
        Ok(())
    }

    pub(crate) async fn stream(&self, n: usize, proof: &mut Proof) -> Result<()> {
        let mut words = self.open(n).await?;
        while words.more(|word| proof.text(word)).await? {}
        Ok(())
    }

    /// A stream of which nothing has been read.
    pub(crate) async fn open(&self, n: usize) -> Result<Words> {
        let response = self.post("/chat/completions", &Ask::chat(true), n).await?;
        Ok(Words {
            body: response.into_body(),
            rest: Vec::new(),
        })
    }

    pub(crate) async fn embed(&self, work: Work, proof: &mut Proof) -> Result<()> {
        let body = self
            .post("/embeddings", &Embed::default(), 0)
            .await?
            .into_body()
            .collect()
            .await?
            .to_bytes();
        if work == Work::EmbedFloat {
            let answer: Embeddings<Vec<f32>> = serde_json::from_slice(&body)?;
            for item in answer.data {
                proof.vector(&item.embedding);
            }
            return Ok(());
        }
        let answer: Embeddings<&str> = serde_json::from_slice(&body)?;
        for item in answer.data {
            let bytes = STANDARD.decode(item.embedding)?;
            let numbers: Vec<f32> = bytes
                .as_chunks()
                .0
                .iter()
                .map(|bytes| f32::from_le_bytes(*bytes))
                .collect();
            proof.vector(&numbers);
        }
        Ok(())
    }

    async fn post(
        &self,
        path: &str,
        body: &impl Serialize,
        n: usize,
    ) -> Result<Response<Incoming>> {
        let mut request = Request::post(format!("{}{path}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, "Bearer sk-bench");
        if n > 0 {
            request = request.header("x-n", n);
        }
        let body = Full::new(serde_json::to_vec(body)?.into());
        let response = self.client.request(request.body(body)?).await?;
        ensure!(response.status().is_success(), "{}", response.status());
        Ok(response)
    }
}

/// The words of a stream.
pub(crate) struct Words {
    body: Incoming,
    /// The beginning of an event.
    rest: Vec<u8>,
}

impl Words {
    /// Waits for the next piece of the body and shows its words; `false` at the end.
    pub(crate) async fn more(&mut self, see: impl FnMut(&str)) -> Result<bool> {
        let Some(frame) = self.body.frame().await else {
            ensure!(self.rest.is_empty(), "the stream was cut");
            return Ok(false);
        };
        let Ok(data) = frame?.into_data() else {
            return Ok(true);
        };
        if self.rest.is_empty() {
            self.rest.extend_from_slice(events(&data, see)?);
        } else {
            self.rest.extend_from_slice(&data);
            let left = events(&self.rest, see)?.len();
            self.rest.drain(..self.rest.len() - left);
        }
        Ok(true)
    }
}

/// Reads the whole events in `bytes` and gives what is left.
fn events(mut bytes: &[u8], mut see: impl FnMut(&str)) -> Result<&[u8]> {
    while let Some(end) = memchr::memchr(b'\n', bytes) {
        let (line, rest) = bytes.split_at(end);
        bytes = rest.strip_prefix(b"\n").unwrap_or_default();
        let Some(data) = line.strip_prefix(b"data: ") else {
            continue;
        };
        if data == b"[DONE]" {
            continue;
        }
        let chunk: Chunk<'_> = serde_json::from_slice(data)?;
        let content = chunk.choices.0.and_then(|choice| choice.delta.content);
        if let Some(content) = content {
            see(&content.0);
        }
    }
    Ok(bytes)
}

#[derive(Serialize)]
struct Ask {
    model: &'static str,
    messages: [Message; 1],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Serialize)]
struct Message {
    role: &'static str,
    content: &'static str,
}

impl Ask {
    fn chat(stream: bool) -> Self {
        let message = Message {
            role: "user",
            content: payload::PROMPT,
        };
        Self {
            model: payload::MODEL,
            messages: [message],
            stream,
        }
    }
}

#[derive(Serialize)]
struct Embed {
    model: &'static str,
    input: Vec<&'static str>,
}

impl Default for Embed {
    fn default() -> Self {
        Self {
            model: payload::MODEL,
            input: vec![payload::PROMPT; payload::INPUTS],
        }
    }
}

#[derive(Deserialize)]
struct Chat<'a> {
    #[serde(borrow)]
    choices: First<Choice<'a>>,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(borrow)]
    message: Said<'a>,
}

#[derive(Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    content: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow)]
    choices: First<Piece<'a>>,
}

#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow)]
    delta: Delta<'a>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow)]
    content: Option<Text<'a>>,
}

/// serde borrows a `Cow` itself, but none within an `Option`.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Deserialize)]
struct Embeddings<T> {
    data: Vec<Item<T>>,
}

#[derive(Deserialize)]
struct Item<T> {
    embedding: T,
}

/// The first entry of a list.
struct First<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
            type Value = First<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<First<T>, A::Error> {
                let first = list.next_element()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}
