//! Which operation is which exchange.

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    protocol::{Protocol, Target},
};
// [no-chat]
//= use trunkline_core::protocol::NoStream;
// [/no-chat]

// [chat]
use crate::{decode, encode};
// [/chat]
// [embed]
use crate::embed;
// [/embed]
// [models]
use crate::models;
// [/models]
use crate::{PROVIDER, error};

/// The wire format of Babel.
#[derive(Clone, Copy, Debug)]
pub struct Replies;

impl Protocol for Replies {
    // [chat]
    type Decoder = decode::EventDecoder;
    // [/chat]
    // [no-chat]
    //= type Decoder = NoStream;
    // [/no-chat]

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            // [chat]
            Op::Chat(request) => target.post("/replies", encode::body(request, false, warnings)?),
            Op::ChatStream(request) => {
                target.post("/replies", encode::body(request, true, warnings)?)
            }
            // [/chat]
            // [embed]
            Op::Embed(request) => target.post("/vectors", embed::body(request, warnings)?),
            // [/embed]
            // [models]
            Op::Models(_) => target.get("/models"),
            // [/models]
            op => Err(no_such(op)),
        }
    }

    fn decode(&self, op: &Op, _head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            // [embed]
            Op::Embed(request) => embed::response(request, &body).map(Reply::Embed),
            // [/embed]
            // [chat]
            Op::Chat(_) | Op::ChatStream(_) => decode::response(&body).map(Reply::Chat),
            // [/chat]
            // [models]
            Op::Models(_) => models::page(&body).map(Reply::Models),
            // [/models]
            op => Err(no_such(op)),
        }
    }

    // [chat]
    fn decoder(&self, _op: &Op, _head: &Parts) -> decode::EventDecoder {
        decode::EventDecoder::default()
    }
    // [/chat]
    // [no-chat]
    //= fn decoder(&self, _op: &Op, _head: &Parts) -> NoStream {
    //=     NoStream
    //= }
    // [/no-chat]

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}

fn no_such(op: &Op) -> Error {
    let what = format!("{} has no operation `{}`", PROVIDER.id, op.name());
    Error::new(ErrorKind::Unsupported, what)
}
