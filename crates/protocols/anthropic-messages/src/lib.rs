#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod claude;
mod decode;
mod dialect;
mod encode;
mod error;
mod fields;
mod models;
mod options;
mod tools;
mod wire;

pub use decode::EventDecoder;
pub use dialect::{CLAUDE, Dialect, ModelPlace};
pub use error::ErrorDetail;
pub use options::{Beta, Options, OutputConfig, Thinking};
pub use tools::{CodeExecution, UserLocation, WebFetch, WebSearch, cited};

use bytes::Bytes;
use http::{HeaderValue, Request, response::Parts};
use trunkline_core::{
    ChatRequest, Error, ErrorKind, Op, Reply, Result,
    chat::Warnings,
    http_transport::frame::{FrameLimits, Framing},
    protocol::{Protocol, Shape, Target, is_json, query},
};

use encode::Purpose;

/// What only this wire knows is kept and goes back under this name, whoever serves it: signatures
/// and encrypted blocks of one platform are good on the others.
///
/// <https://platform.claude.com/docs/en/build-with-claude/extended-thinking>, "Thinking encryption".
pub const ORIGIN: &str = "anthropic";

/// Bytes of one event: a page or a PDF that the provider fetched comes in one.
const EVENT: usize = 32 << 20;

/// Messages, in the dialect of one platform.
///
/// <https://platform.claude.com/docs/en/api/messages>
#[derive(Clone, Copy, Debug)]
pub struct Messages(pub Dialect);

impl Messages {
    fn ask(
        &self,
        request: &ChatRequest,
        purpose: Purpose,
        target: &Target,
        warnings: &mut Warnings,
    ) -> Result<Request<Bytes>> {
        let (body, betas) = encode::body(self.0, request, purpose, warnings)?;
        let path = self.0.path(&request.model, purpose)?;
        let mut request = target.post(&path, body)?;
        if !betas.is_empty() {
            let value = HeaderValue::try_from(betas.join(",")).map_err(|cause| {
                let what = "the name of a beta has characters that no header may have";
                Error::new(ErrorKind::InvalidRequest, what).with_source(cause)
            })?;
            request.headers_mut().insert("anthropic-beta", value);
        }
        Ok(request)
    }

    fn no_such(&self, op: &Op) -> Error {
        let what = format!("{} has no operation `{}`", self.0.provider, op.name());
        Error::new(ErrorKind::Unsupported, what)
    }
}

impl Protocol for Messages {
    type Decoder = EventDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        let can = self.0.capabilities;
        match op {
            Op::Chat(request) if can.chat => self.ask(request, Purpose::Whole, target, warnings),
            Op::ChatStream(request) if can.stream => {
                self.ask(request, Purpose::Stream, target, warnings)
            }
            Op::CountTokens(request) if can.count_tokens => {
                self.ask(request, Purpose::Count, target, warnings)
            }
            Op::Models(request) if can.list_models => target.get(&match &request.page {
                Some(last) => format!("/models?limit=1000&after_id={}", query(last)),
                None => "/models?limit=1000".to_owned(),
            }),
            op => Err(self.no_such(op)),
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
            Op::Chat(_) | Op::ChatStream(_) => decode::response(self.0, &body).map(Reply::Chat),
            Op::CountTokens(_) => decode::count(&body).map(Reply::CountTokens),
            Op::Models(_) => models::page(&body).map(Reply::Models),
            op => Err(self.no_such(op)),
        }
    }

    fn decoder(&self, _op: &Op, _head: &Parts) -> EventDecoder {
        EventDecoder::new(self.0)
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(self.0, head, body)
    }
}
