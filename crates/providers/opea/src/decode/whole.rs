//! Answers that come at once: JSON, or all events of a stream where a gateway streams whatever it is
//! asked.

use std::sync::Arc;

use bytes::Bytes;
use http::response::Parts;
use trunkline_core::{
    ChatResponse, Error, Limit, Op, Reply, Result, Usage,
    http_transport::frame::{FrameLimits, Framer, Framing},
    protocol::{Decoder, Protocol, Terminal, content_type, read},
    stream::Fold,
};
use trunkline_openai_compat::OpenAiCompat;

use super::{Choice, EventDecoder, Said};
use crate::{
    encode::DIALECT,
    words::{self, Out},
};

/// DocSum's gateway answers in one event, in which the question comes back.
const LIMITS: FrameLimits = FrameLimits::both(32 << 20);

/// Reads a whole answer.
fn response(op: &Op, head: &Parts, body: Bytes) -> Result<ChatResponse> {
    any(
        op.model(),
        content_type(head) == Some("text/event-stream"),
        body,
    )
}

/// The same of any request, by its model's name.
pub(crate) fn any(model: &str, is_stream: bool, body: Bytes) -> Result<ChatResponse> {
    if is_stream || body.starts_with(b"data:") {
        return streamed(model, body);
    }
    let said: Said = read(&body)?;
    if let Some(text) = said.document() {
        return words::answer(model, &text, None);
    }
    if let Some(
        [
            Choice {
                text: Some(text),
                finish_reason,
            },
        ],
    ) = said.choices.as_deref()
    {
        return words::answer(model, text, finish_reason.clone());
    }
    if said.prompt.is_some() && said.text.is_none() {
        return Err(Error::decode("the service answered without a text"));
    }
    // What kind of chat it was says nothing about the answer.
    let (op, head) = (
        Op::Chat(Arc::default()),
        http::Response::new(()).into_parts().0,
    );
    let mut response = OpenAiCompat(DIALECT)
        .decode(&op, &head, body)?
        .into_chat()?;
    // The gateways count nothing, and say 0.
    if response.usage.input.total.unwrap_or(0) == 0 && response.usage.output.total.unwrap_or(0) == 0
    {
        response.usage = Usage::default();
    }
    Ok(response)
}

/// Reads a stream that nobody asked for.
fn streamed(model: &str, body: Bytes) -> Result<ChatResponse> {
    let (mut decoder, mut out) = (EventDecoder::of(model, 1), Out::new());
    let mut framer = Framer::new(Framing::Sse, LIMITS);
    framer.feed(body);
    let too_large = |_| Error::limit_exceeded(Limit::Event, "an event of the answer is too large");
    while let Some(frame) = framer.finish().map_err(too_large)? {
        decoder.frame(frame, &mut out)?;
    }
    if decoder.terminal() == Terminal::Open {
        return Err(Error::interrupted("the answer ended without `[DONE]`"));
    }
    decoder.finish(&mut out)?;
    let response = Fold::of(out)?;
    // DocSum streams a whole answer as if it were one of the model's words.
    let text = response.text();
    let document = text.starts_with('{').then(|| read::<Said>(text.as_bytes()));
    match document
        .and_then(Result::ok)
        .and_then(|said| said.document())
    {
        Some(text) => words::answer(model, &text, None),
        None => Ok(response),
    }
}

/// The same as a reply.
pub(crate) fn reply(op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
    response(op, head, body).map(Reply::Chat)
}
