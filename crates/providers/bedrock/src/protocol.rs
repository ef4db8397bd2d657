//! Which operation is which exchange.

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    http_transport::frame::{FrameLimits, Framing},
    protocol::{Protocol, Shape, Target, is_json, segment},
};

use crate::{PROVIDER, decode, embed, encode, error};

/// The largest message of a stream: what AWS allows a payload and headers to have together.
const LARGEST: usize = (16 << 20) + (128 << 10);

/// The wire format of Bedrock: Converse, ConverseStream, and InvokeModel for embeddings.
#[derive(Clone, Copy, Debug)]
pub struct Converse;

impl Protocol for Converse {
    type Decoder = decode::EventDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        // A model may be an ARN: with its colons and slashes it stays one segment.
        match op {
            Op::Chat(request) => {
                let body = encode::body(request, warnings)?;
                target.post(&path(&request.model, "converse")?, body)
            }
            Op::ChatStream(request) => {
                let body = encode::body(request, warnings)?;
                target.post(&path(&request.model, "converse-stream")?, body)
            }
            Op::Embed(request) => {
                let body = embed::body(request, warnings)?;
                target.post(&path(&request.model, "invoke")?, body)
            }
            Op::CountTokens(request) => {
                let body = encode::count(request, warnings)?;
                target.post(&path(&request.model, "count-tokens")?, body)
            }
            op => Err(no_such(op)),
        }
    }

    fn shape(&self, op: &Op, head: &Parts) -> Shape {
        match op {
            Op::ChatStream(_) if !is_json(head) => {
                Shape::Frames(Framing::Prefixed, FrameLimits::both(LARGEST))
            }
            _ => Shape::Whole,
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Embed(request) => embed::response(request, head, &body).map(Reply::Embed),
            Op::Chat(request) | Op::ChatStream(request) => {
                decode::response(request, &body).map(Reply::Chat)
            }
            Op::CountTokens(request) => decode::count(request, &body).map(Reply::CountTokens),
            op => Err(no_such(op)),
        }
    }

    fn decoder(&self, op: &Op, _head: &Parts) -> decode::EventDecoder {
        decode::EventDecoder::new(match op {
            Op::Chat(request) | Op::ChatStream(request) => Some(request),
            _ => None,
        })
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}

fn path(model: &str, operation: &str) -> Result<String> {
    Ok(format!("/model/{}/{operation}", segment(model)?))
}

fn no_such(op: &Op) -> Error {
    let what = format!("{} has no operation `{}`", PROVIDER.id, op.name());
    Error::new(ErrorKind::Unsupported, what)
}
