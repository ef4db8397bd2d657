//! A protocol driven as the driver drives it.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use http::response::Parts;
use serde_json::Value;
use trunkline_core::{
    ChatRequest, ChatResponse, Message, Op, Result, StreamChunk, Warning,
    chat::{Effort, Warnings},
    http_transport::frame::{FrameLimits, Framer, Framing},
    protocol::{Decoder, Protocol, Target, Terminal},
    stream::{Fold, Laws},
};
use trunkline_openai_responses::{Dialect, Responses};

pub(crate) const DIALECT: Dialect = Dialect::OPENAI
    .reasoning_models(&["o4*", "gpt-5*"])
    .fixed_sampling(&["o4*", "gpt-5-mini*"])
    .model_efforts(&[
        (
            &["gpt-5-mini*"],
            &[Effort::Minimal, Effort::Low, Effort::Medium, Effort::High],
        ),
        (
            &["gpt-5.1*"],
            &[Effort::None, Effort::Low, Effort::Medium, Effort::High],
        ),
        (&["gpt-4*"], &[]),
    ]);

fn op() -> Op {
    Op::ChatStream(Arc::new(ChatRequest::from("Hi").model("gpt-4.1-mini")))
}

fn head() -> Parts {
    http::Response::new(()).into_parts().0
}

/// The body of a request, and what it warns of.
pub(crate) fn sent(request: ChatRequest) -> (Value, Vec<Warning>) {
    let target = Target::parse("https://api.example.com/v1").unwrap();
    let mut warnings = Warnings::default();
    let op = Op::Chat(Arc::new(request));
    let request = Responses(DIALECT)
        .encode(&op, &target, &mut warnings)
        .unwrap();
    let body = serde_json::from_slice(request.body()).unwrap();
    (body, warnings.into_vec())
}

/// What a whole answer is read as.
pub(crate) fn whole(body: &str) -> Result<ChatResponse> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    let op = Op::Chat(Arc::new(ChatRequest::from("Hi")));
    Responses(DIALECT).decode(&op, &head(), body)?.into_chat()
}

/// A whole answer with these items.
pub(crate) fn answered(output: &str) -> ChatResponse {
    let body = format!(r#"{{"id":"resp_1","model":"m","status":"completed","output":[{output}]}}"#);
    whole(&body).unwrap()
}

/// The conversation goes on after `answer`: what is sent of it.
pub(crate) fn replayed(answer: &ChatResponse) -> Vec<Value> {
    let request = ChatRequest::from("Hi")
        .model("gpt-5")
        .message(Message::assistant(answer));
    let (body, _) = sent(request.user("Go on."));
    let mut input = body["input"].as_array().unwrap().clone();
    input.remove(0);
    input.pop();
    input
}

/// A stream as it was read: its chunks, which obey the laws, and what came of it.
pub(crate) fn stream(events: &[&str]) -> (Vec<StreamChunk>, Result<ChatResponse>) {
    let mut decoder = Responses(DIALECT).decoder(&op(), &head());
    let mut framer = Framer::new(Framing::Sse, FrameLimits::default());
    let mut out = VecDeque::from([StreamChunk::Start {
        warnings: Vec::new(),
    }]);
    let body: String = events
        .iter()
        .map(|event| format!("data: {event}\n\n"))
        .collect();
    framer.feed(Bytes::from(body));
    let mut failed = None;
    while let Some(frame) = framer.next().unwrap() {
        if let Err(error) = decoder.frame(frame, &mut out) {
            failed = Some(error);
            break;
        }
        if decoder.terminal() == Terminal::Last {
            break;
        }
    }
    let (mut laws, mut fold) = (Laws::default(), Fold::default());
    for chunk in &out {
        assert_eq!(laws.check(chunk), Ok(()), "{chunk:?}");
        fold.push(chunk).unwrap();
    }
    let partial = fold.partial();
    let result = match failed {
        Some(error) => Err(error.with_partial(partial)),
        None => fold.finish(),
    };
    (out.into(), result)
}
