//! Which operation is which exchange.

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    protocol::{Protocol, Target},
};

use crate::embed;
use crate::models;
use crate::{PROVIDER, error};
use crate::{decode, encode};

/// The wire format of Cohere.
#[derive(Clone, Copy, Debug)]
pub struct Replies;

impl Protocol for Replies {
    type Decoder = decode::EventDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            Op::Chat(request) => target.post("/replies", encode::body(request, false, warnings)?),
            Op::ChatStream(request) => {
                target.post("/replies", encode::body(request, true, warnings)?)
            }
            Op::Embed(request) => target.post("/vectors", embed::body(request, warnings)?),
            Op::Models(_) => target.get("/models"),
            op => Err(no_such(op)),
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

    fn decoder(&self, _op: &Op, _head: &Parts) -> decode::EventDecoder {
        decode::EventDecoder::default()
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}

fn no_such(op: &Op) -> Error {
    let what = format!("{} has no operation `{}`", PROVIDER.id, op.name());
    Error::new(ErrorKind::Unsupported, what)
}
