//! Which operation is which exchange: chats and embeddings as all compatible servers have them, the
//! rest as only this one does.
//!
//! <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md>

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, header, response::Parts};
use trunkline_core::{
    ChatRequest, Error, ErrorKind, Op, Reply, Result, Warning,
    chat::{ToolChoice, Warnings},
    protocol::{Protocol, Target},
};
use trunkline_openai_compat::OpenAiCompat;

use crate::{
    DIALECT, PROVIDER, error, health, models, prefill, rerank,
    stream::{TimedDecoder, timed},
    template, tokenize,
};

/// The wire format of the llama.cpp server.
#[derive(Clone, Copy, Debug)]
pub struct Server;

pub(crate) const COMPAT: OpenAiCompat = OpenAiCompat(DIALECT);

impl Protocol for Server {
    type Decoder = TimedDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        let v1 = target.below("/v1");
        match op {
            Op::Chat(request) => {
                let request = Op::Chat(one_tool(request, warnings).into_owned());
                COMPAT.encode(&request, &v1, warnings)
            }
            Op::ChatStream(request) => {
                let request = Op::ChatStream(one_tool(request, warnings).into_owned());
                COMPAT.encode(&request, &v1, warnings).map(closing)
            }
            Op::CountTokens(request) => {
                let request = Op::Chat(one_tool(request, warnings).into_owned());
                let body = COMPAT.encode(&request, &v1, warnings)?.into_body();
                target.post("/v1/chat/completions/input_tokens", body)
            }
            Op::Embed(_) => COMPAT.encode(op, &v1, warnings),
            Op::Rerank(request) => target.post("/v1/rerank", rerank::body(request, warnings)?),
            Op::Tokenize(request) => target.post("/tokenize", tokenize::body(request)?),
            Op::Detokenize(request) => target.post("/detokenize", tokenize::back(request)?),
            Op::Models(_) => target.get("/v1/models"),
            Op::Ready(_) => target.get("/health"),
            Op::Load(_) => target.get("/metrics"),
            op => Err(no_such(op)),
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Chat(request) | Op::ChatStream(request) => {
                let reply = COMPAT.decode(op, head, body.clone())?;
                Ok(match timed(reply, &body) {
                    Reply::Chat(answer) => Reply::Chat(prefill::without(answer, request)),
                    other => other,
                })
            }
            Op::Embed(_) => COMPAT.decode(op, head, body),
            Op::CountTokens(_) => template::count(&body).map(Reply::CountTokens),
            Op::Rerank(request) => rerank::response(request, &body).map(Reply::Rerank),
            Op::Tokenize(_) => tokenize::response(&body).map(Reply::Tokenize),
            Op::Detokenize(_) => tokenize::text(&body).map(Reply::Detokenize),
            Op::Models(_) => models::page(head, &body).map(Reply::Models),
            Op::Ready(_) => Ok(Reply::Ready(health::ready(&body))),
            Op::Load(_) => health::load(&body).map(Reply::Load),
            op => Err(no_such(op)),
        }
    }

    fn decoder(&self, op: &Op, head: &Parts) -> TimedDecoder {
        TimedDecoder::new(COMPAT.decoder(op, head))
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}

/// The server reads no name in `tool_choice`, and takes one for `auto`: it is told to call a tool, and
/// given that one only.
fn one_tool<'a>(
    request: &'a Arc<ChatRequest>,
    warnings: &mut Warnings,
) -> Cow<'a, Arc<ChatRequest>> {
    let Some(ToolChoice::Named(name)) = &request.tool_choice else {
        return Cow::Borrowed(request);
    };
    if request.tools.len() > 1 {
        let sent = "a call of any tool, and that tool only";
        warnings.push(Warning::coerced("tool_choice", name.as_str(), sent));
    }
    let mut only = ChatRequest::clone(request);
    only.tools.retain(|tool| tool.name == *name);
    only.tool_choice = Some(ToolChoice::Required);
    Cow::Owned(Arc::new(only))
}

/// The server hangs up after each stream and does not say so, so that the next request on that
/// connection would be lost. What stands in front of it, with TLS, keeps its own connections.
fn closing(mut request: Request<Bytes>) -> Request<Bytes> {
    if request.uri().scheme_str() == Some("http") {
        let close = HeaderValue::from_static("close");
        request.headers_mut().insert(header::CONNECTION, close);
    }
    request
}

fn no_such(op: &Op) -> Error {
    let what = format!("{} has no operation `{}`", PROVIDER.id, op.name());
    Error::new(ErrorKind::Unsupported, what)
}
