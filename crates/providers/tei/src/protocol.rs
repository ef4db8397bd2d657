//! Which operation is which exchange.

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Capabilities, Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    protocol::{NoStream, Protocol, Target},
};

use crate::{PROVIDER, embed, error, health, info, rerank, tokens};

/// The wire format of Text Embeddings Inference: a route for each operation, JSON in and out.
///
/// <https://huggingface.github.io/text-embeddings-inference/>
#[derive(Clone, Copy, Debug)]
pub struct Native {
    can: Capabilities,
}

impl Native {
    /// That of a server which can do this.
    pub(crate) fn of(can: Capabilities) -> Self {
        Self { can }
    }
}

/// That of a server with the usual limits.
impl Default for Native {
    fn default() -> Self {
        Self::of(PROVIDER.capabilities)
    }
}

impl Protocol for Native {
    type Decoder = NoStream;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            Op::Embed(request) => target.post("/embed", embed::body(self.can, request, warnings)?),
            Op::Rerank(request) => {
                target.post("/rerank", rerank::body(self.can, request, warnings)?)
            }
            Op::Tokenize(request) => target.post("/tokenize", tokens::ask(request)?),
            Op::Detokenize(request) => target.post("/decode", tokens::ask_back(request)?),
            Op::Models(_) => target.get("/info"),
            Op::Ready(_) => target.get("/health"),
            Op::Load(_) => target.get("/metrics"),
            op => Err(no_such(op)),
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Embed(request) => embed::response(request, head, &body).map(Reply::Embed),
            Op::Rerank(request) => rerank::response(request, head, &body).map(Reply::Rerank),
            Op::Tokenize(_) => tokens::response(&body).map(Reply::Tokenize),
            Op::Detokenize(_) => tokens::text(&body).map(Reply::Detokenize),
            Op::Models(_) => info::page(&body).map(Reply::Models),
            Op::Ready(_) => Ok(Reply::Ready(health::ready())),
            Op::Load(_) => health::load(&body).map(Reply::Load),
            op => Err(no_such(op)),
        }
    }

    fn decoder(&self, _op: &Op, _head: &Parts) -> NoStream {
        NoStream
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}

fn no_such(op: &Op) -> Error {
    let what = format!("{} has no operation `{}`", PROVIDER.id, op.name());
    Error::new(ErrorKind::Unsupported, what)
}
