//! Which operation is which exchange.

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    protocol::{Protocol, Target, query},
};

use crate::{PROVIDER, decode::EventDecoder, embed, encode, error, models, rerank, tokenize};

/// The wire format of Cohere: version 2 of its API, and of version 1 the list of models and the
/// tokenizer, which the second does not have.
#[derive(Clone, Copy, Debug)]
pub struct V2;

impl Protocol for V2 {
    type Decoder = EventDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            Op::Chat(request) => target.post("/v2/chat", encode::body(request, false, warnings)?),
            Op::ChatStream(request) => {
                target.post("/v2/chat", encode::body(request, true, warnings)?)
            }
            Op::Embed(request) => target.post("/v2/embed", embed::body(request, warnings)?),
            Op::Rerank(request) => target.post("/v2/rerank", rerank::body(request, warnings)?),
            Op::Tokenize(request) => {
                target.post("/v1/tokenize", tokenize::body(request, warnings)?)
            }
            Op::Detokenize(request) => {
                target.post("/v1/detokenize", tokenize::back(request, warnings)?)
            }
            Op::Models(request) => {
                let page = request.page.as_deref().map(query);
                let page = page.map(|page| format!("&page_token={page}"));
                target.get(&format!(
                    "/v1/models?page_size=1000{}",
                    page.unwrap_or_default()
                ))
            }
            op => Err(no_such(op)),
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Chat(_) | Op::ChatStream(_) => {
                EventDecoder::of(op, head).response(&body).map(Reply::Chat)
            }
            Op::Embed(request) => embed::response(request, head, &body).map(Reply::Embed),
            Op::Rerank(request) => rerank::response(request, head, &body).map(Reply::Rerank),
            Op::Tokenize(_) => tokenize::response(head, &body).map(Reply::Tokenize),
            Op::Detokenize(_) => tokenize::text(&body).map(Reply::Detokenize),
            Op::Models(_) => models::page(&body).map(Reply::Models),
            op => Err(no_such(op)),
        }
    }

    fn decoder(&self, op: &Op, head: &Parts) -> EventDecoder {
        EventDecoder::of(op, head)
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}

fn no_such(op: &Op) -> Error {
    let what = format!("{} has no operation `{}`", PROVIDER.id, op.name());
    Error::new(ErrorKind::Unsupported, what)
}
