#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod decode;
mod dialect;
mod encode;
mod error;
mod stored;
mod wire;

pub use decode::EventDecoder;
pub use dialect::Dialect;
use encode::Purpose;
pub use stored::{cancel, forget, retrieve, stored};

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    protocol::{Protocol, Shape, Target, is_json},
};
use trunkline_http::frame::{FrameLimits, Framing};

/// The Responses API, in the dialect of one provider.
#[derive(Clone, Copy, Debug)]
pub struct Responses(pub Dialect);

/// How large a line and an event may grow: the last event of a stream repeats the whole answer,
/// pictures included.
const EVENT: usize = 32 << 20;

impl Protocol for Responses {
    type Decoder = EventDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        let can = self.0.capabilities;
        match op {
            Op::Chat(request) if can.chat => target.post(
                "/responses",
                encode::body(self.0, request, Purpose::Answer, warnings)?,
            ),
            Op::ChatStream(request) if can.stream => target.post(
                "/responses",
                encode::body(self.0, request, Purpose::Stream, warnings)?,
            ),
            Op::CountTokens(request) if can.count_tokens => target.post(
                "/responses/input_tokens",
                encode::body(self.0, request, Purpose::Count, warnings)?,
            ),
            op => {
                let what = format!("{} has no operation `{}` here", self.0.provider, op.name());
                Err(Error::new(ErrorKind::Unsupported, what))
            }
        }
    }

    fn shape(&self, op: &Op, head: &Parts) -> Shape {
        match op {
            Op::ChatStream(_) if !is_json(head) => {
                Shape::Frames(Framing::Sse, FrameLimits::both(EVENT))
            }
            _ => Shape::Whole,
        }
    }

    fn decode(&self, op: &Op, _head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::CountTokens(request) => decode::count(request, &body).map(Reply::CountTokens),
            _ => decode::response(self.0, &body).map(Reply::Chat),
        }
    }

    fn decoder(&self, _op: &Op, _head: &Parts) -> EventDecoder {
        EventDecoder::new(self.0)
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(self.0, head, body)
    }
}
