#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod decode;
mod dialect;
mod embed;
mod encode;
mod error;
mod models;
mod wire;

pub use decode::ChunkDecoder;
pub use dialect::{
    COMMON, Dialect, DocumentParam, ReasoningParam, ReasoningReplay, nine_letters, renamed,
};
pub use error::ErrorDetail;

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    protocol::{Protocol, Target},
};

/// Chat completions, embeddings and models, in the dialect of one provider.
#[derive(Clone, Copy, Debug)]
pub struct OpenAiCompat(pub Dialect);

impl Protocol for OpenAiCompat {
    type Decoder = ChunkDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        let can = self.0.capabilities;
        match op {
            Op::Chat(request) if can.chat => target.post(
                "/chat/completions",
                encode::chat(self.0, request, false, warnings)?,
            ),
            Op::ChatStream(request) if can.stream => target.post(
                "/chat/completions",
                encode::chat(self.0, request, true, warnings)?,
            ),
            Op::Embed(request) if can.embed => target.post(
                "/embeddings",
                encode::embed::embed(self.0, request, warnings)?,
            ),
            Op::Models(_) if can.list_models => target.get("/models"),
            op => {
                let (provider, name) = (self.0.provider, op.name());
                Err(Error::new(
                    ErrorKind::Unsupported,
                    format!("{provider} has no operation `{name}`"),
                ))
            }
        }
    }

    fn decode(&self, op: &Op, _head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Embed(request) => embed::response(self.0, request, &body).map(Reply::Embed),
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
        ChunkDecoder::of_stream(self.0).candidates(asked.unwrap_or(1))
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(self.0, head, body)
    }
}
