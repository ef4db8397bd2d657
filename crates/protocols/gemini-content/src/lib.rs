#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod count;
mod decode;
mod dialect;
mod embed;
mod encode;
mod error;
mod models;
mod options;
mod wire;

pub use decode::ChunkDecoder;
pub use dialect::{CAPABILITIES, Dialect};
pub use options::{
    Harm, ImageSettings, Retrieval, SafetySetting, Settings, Thinking, Threshold, ToolSettings,
};

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    http_transport::frame::{FrameLimits, Framing},
    protocol::{Protocol, Shape, Target, is_json, query},
};

/// How large one element of a stream may be: a picture comes in one.
const FRAME: FrameLimits = FrameLimits::both(32 << 20);

/// `generateContent`, embeddings and models, as one of Google's two services has them.
#[derive(Clone, Copy, Debug)]
pub struct GeminiContent(pub Dialect);

impl Protocol for GeminiContent {
    type Decoder = ChunkDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        let (dialect, can) = (self.0, self.0.capabilities);
        let path = |verb| dialect.path(op.model(), verb);
        match op {
            Op::Chat(request) if can.chat => {
                let body = encode::body(dialect, request, None, warnings)?;
                target.post(&path("generateContent")?, body)
            }
            Op::ChatStream(request) if can.stream => {
                let body = encode::body(dialect, request, None, warnings)?;
                target.post(&path("streamGenerateContent?alt=sse")?, body)
            }
            Op::Embed(request) if can.embed => {
                let (verb, body) = embed::body(dialect, request, warnings)?;
                target.post(&path(verb)?, body)
            }
            Op::CountTokens(request) if can.count_tokens => {
                let body = count::body(dialect, request, warnings)?;
                target.post(&path("countTokens")?, body)
            }
            Op::Models(request) if can.list_models => {
                let next = request.page.as_deref();
                let next = next.map(|page| format!("&pageToken={}", query(page)));
                let next = next.unwrap_or_default();
                target.get(&format!("/models?pageSize=1000{next}"))
            }
            op => {
                let (provider, name) = (dialect.provider, op.name());
                let what = format!("{provider} has no operation `{name}`");
                Err(Error::new(ErrorKind::Unsupported, what))
            }
        }
    }

    /// A stream is an array of answers, unless it was asked for as events: either may come.
    fn shape(&self, op: &Op, head: &Parts) -> Shape {
        match op {
            Op::ChatStream(_) if is_json(head) => Shape::Frames(Framing::JsonArray, FRAME),
            Op::ChatStream(_) => Shape::Frames(Framing::Sse, FRAME),
            _ => Shape::Whole,
        }
    }

    fn decode(&self, op: &Op, _head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Embed(request) => embed::response(request, &body).map(Reply::Embed),
            Op::CountTokens(_) => count::response(&body).map(Reply::CountTokens),
            Op::Models(_) => models::page(self.0, &body).map(Reply::Models),
            _ => decode::response(self.0, &body).map(Reply::Chat),
        }
    }

    fn decoder(&self, op: &Op, _head: &Parts) -> ChunkDecoder {
        let asked = match op {
            Op::Chat(request) | Op::ChatStream(request) => request.candidates,
            _ => None,
        };
        let asked = asked.filter(|_| self.0.capabilities.candidates);
        ChunkDecoder::new(self.0, asked.unwrap_or(1))
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}
