//! A decoder driven as the driver drives it, and an account on a peer.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use http::response::Parts;
use trunkline_core::{
    Account, Call, ChatRequest, ChatResponse, Error, HttpClient, Op, ProviderDef, Reply, Result,
    StreamChunk, Warning,
    account::Builder,
    chat::Warnings,
    http_transport::frame::{FrameLimits, Framer, Framing},
    protocol::{Decoder, Protocol, Target, Terminal},
    stream::{Fold, Laws},
};
use trunkline_openai_compat::{ChunkDecoder, Dialect, OpenAiCompat};
use trunkline_testkit::Peer;

/// What came of a stream.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) chunks: Vec<StreamChunk>,
    pub(crate) result: Result<ChatResponse>,
    /// What there was when it ended, well or not.
    pub(crate) partial: ChatResponse,
}

impl Read {
    pub(crate) fn answer(self) -> ChatResponse {
        self.result.expect("the stream is whole")
    }

    pub(crate) fn error(self) -> Error {
        self.result.expect_err("the stream fails")
    }
}

/// Reads a body of server-sent events that ended cleanly.
pub(crate) fn sse(body: impl AsRef<[u8]>) -> Read {
    read(
        ChunkDecoder::of_stream(Dialect::OPENAI),
        [Bytes::copy_from_slice(body.as_ref())],
    )
}

/// Reads the data of events, and `[DONE]` after them.
pub(crate) fn stream<S: AsRef<str>>(events: &[S]) -> Read {
    stream_in(Dialect::OPENAI, events)
}

pub(crate) fn stream_in<S: AsRef<str>>(dialect: Dialect, events: &[S]) -> Read {
    let mut body: String = events
        .iter()
        .map(|event| format!("data: {}\n\n", event.as_ref()))
        .collect();
    body.push_str("data: [DONE]\n\n");
    read(ChunkDecoder::of_stream(dialect), [Bytes::from(body)])
}

/// Reads a body that comes in these pieces. The laws hold in all of it.
pub(crate) fn read(mut decoder: ChunkDecoder, pieces: impl IntoIterator<Item = Bytes>) -> Read {
    let mut framer = Framer::new(Framing::Sse, FrameLimits::default());
    let mut out = VecDeque::from([StreamChunk::Start {
        warnings: Vec::new(),
    }]);
    let failed = feed(&mut framer, &mut decoder, pieces, &mut out).err();

    let (mut laws, mut fold) = (Laws::default(), Fold::default());
    let mut failed = failed;
    for chunk in &out {
        assert_eq!(laws.check(chunk), Ok(()), "{chunk:?}");
        if let Err(error) = fold.push(chunk) {
            failed.get_or_insert(error);
        }
    }
    let partial = fold.partial();
    let result = match failed {
        Some(error) => Err(error),
        None => fold.finish(),
    };
    if result.is_ok() {
        assert_eq!(laws.end(), Ok(()));
    }
    Read {
        chunks: out.into(),
        result,
        partial,
    }
}

fn feed(
    framer: &mut Framer,
    decoder: &mut ChunkDecoder,
    pieces: impl IntoIterator<Item = Bytes>,
    out: &mut VecDeque<StreamChunk>,
) -> Result<()> {
    for piece in pieces {
        framer.feed(piece);
        while let Some(frame) = framer.next().unwrap() {
            decoder.frame(frame, out)?;
            if decoder.terminal() == Terminal::Last {
                return decoder.finish(out);
            }
        }
    }
    if let Some(frame) = framer.finish().unwrap() {
        decoder.frame(frame, out)?;
    }
    decoder.finish(out)
}

/// Reads a whole answer.
pub(crate) fn whole(body: &str) -> Result<ChatResponse> {
    whole_in(Dialect::OPENAI, body)
}

pub(crate) fn whole_in(dialect: Dialect, body: &str) -> Result<ChatResponse> {
    let op = Op::Chat(Arc::new(ChatRequest::from("hi")));
    let body = Bytes::copy_from_slice(body.as_bytes());
    OpenAiCompat(dialect)
        .decode(&op, &head(200), body)?
        .into_chat()
}

pub(crate) fn head(status: u16) -> Parts {
    let response = http::Response::builder().status(status).body(()).unwrap();
    response.into_parts().0
}

/// The body of a request, and what is lost on the way.
pub(crate) fn body_of(dialect: Dialect, op: &Op) -> Result<(String, Vec<Warning>)> {
    let target = Target::parse("https://api.example.com/v1").unwrap();
    let mut warnings = Warnings::default();
    let request = OpenAiCompat(dialect).encode(op, &target, &mut warnings)?;
    let body = String::from_utf8(request.into_body().to_vec()).unwrap();
    Ok((body, warnings.into_vec()))
}

pub(crate) fn chat(request: ChatRequest) -> Op {
    Op::Chat(Arc::new(request.model("m")))
}

pub(crate) fn chat_stream() -> Op {
    Op::ChatStream(Arc::new(ChatRequest::from("hi").model("m")))
}

/// An account on a peer, in its usual stack.
pub(crate) fn account(url: &str) -> Account {
    account_in(url, &PROVIDER, Dialect::OPENAI)
}

pub(crate) fn account_in(url: &str, provider: &'static ProviderDef, dialect: Dialect) -> Account {
    Builder::of(provider, OpenAiCompat(dialect))
        .key("test-key")
        .endpoint(url)
        .client(HttpClient::shared())
        .build()
        .unwrap()
}

pub(crate) const PROVIDER: ProviderDef = ProviderDef::new("openai", "OPENAI", |_, _| {
    unreachable!("tests build accounts themselves")
})
.base_url("http://127.0.0.1:9");

/// The one call, without retries.
pub(crate) async fn call(peer: &Peer, op: Op) -> Result<Reply> {
    account(&peer.url()).bare().call(Call::new(op)).await
}

/// `{"id":"c","model":"m","choices":[{"index":0,"delta":…}]}`
pub(crate) fn delta(delta: &str) -> String {
    format!(
        r#"{{"id":"c","model":"m","choices":[{{"index":0,"delta":{delta},"finish_reason":null}}]}}"#
    )
}

pub(crate) fn finish(reason: &str) -> String {
    format!(
        r#"{{"id":"c","model":"m","choices":[{{"index":0,"delta":{{}},"finish_reason":"{reason}"}}]}}"#
    )
}

pub(crate) const HI: &str =
    r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hi"}}]}"#;
pub(crate) const STOP: &str =
    r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
