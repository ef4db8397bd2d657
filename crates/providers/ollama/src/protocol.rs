//! Which operation is which exchange.

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    http_transport::frame::{FrameLimits, Framing},
    protocol::{Protocol, Shape, Target, is_json},
};

use crate::{PROVIDER, decode, embed, encode, error, models};

/// The wire format of Ollama: JSON in, JSON or a line of it at a time out.
///
/// <https://docs.ollama.com/api/introduction>
#[derive(Clone, Copy, Debug)]
pub struct Ndjson;

impl Protocol for Ndjson {
    type Decoder = decode::LineDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            Op::Chat(request) => target.post("/chat", encode::body(request, false, warnings)?),
            Op::ChatStream(request) => target.post("/chat", encode::body(request, true, warnings)?),
            Op::Embed(request) => target.post("/embed", embed::body(request, warnings)?),
            Op::Models(_) => target.get("/tags"),
            op => Err(no_such(op)),
        }
    }

    fn shape(&self, op: &Op, head: &Parts) -> Shape {
        match op {
            Op::ChatStream(_) if !is_json(head) => Shape::Frames(Framing::NdJson, LINES),
            _ => Shape::Whole,
        }
    }

    fn decode(&self, op: &Op, _head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Embed(request) => embed::response(request, &body).map(Reply::Embed),
            Op::Chat(_) | Op::ChatStream(_) => decode::response(&body).map(Reply::Chat),
            Op::Models(_) => models::page(&body).map(Reply::Models),
            op => Err(no_such(op)),
        }
    }

    fn decoder(&self, _op: &Op, _head: &Parts) -> decode::LineDecoder {
        decode::LineDecoder::default()
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}

/// A picture comes in one line, and so does the context of a long generation.
pub(crate) const LINES: FrameLimits = FrameLimits::both(16 << 20);

fn no_such(op: &Op) -> Error {
    let what = format!("{} has no operation `{}`", PROVIDER.id, op.name());
    Error::new(ErrorKind::Unsupported, what)
}
