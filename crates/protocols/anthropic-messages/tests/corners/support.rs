//! A request as it is sent, and an answer as it is read.

use bytes::Bytes;
use http::Request;
use http::response::Parts;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use trunkline_anthropic_messages::{CLAUDE, Dialect, Messages};
use trunkline_core::chat::{CachePoint, ToolInput, Ttl, Warnings};
use trunkline_core::http_transport::frame::{FrameLimits, Framer, Framing};
use trunkline_core::protocol::Target;
use trunkline_core::protocol::{Decoder, Protocol};
use trunkline_core::stream::Fold;
use trunkline_core::{
    ChatRequest, ChatResponse, Json, Message, Op, Part, Result, Role, StreamChunk, Tool, ToolCall,
    Warning,
};

pub(crate) const PROTOCOL: Messages = Messages(Dialect::named("anthropic", CLAUDE));
pub(crate) const OLD: &str = "claude-sonnet-4-5";
pub(crate) const NEW: &str = "claude-opus-4-8";

pub(crate) fn sent(protocol: Messages, request: &ChatRequest) -> (Request<Bytes>, Vec<Warning>) {
    let target = Target::parse("https://api.example.com/v1").unwrap();
    let mut warnings = Warnings::default();
    let op = Op::Chat(Arc::new(request.clone()));
    let request = protocol.encode(&op, &target, &mut warnings).unwrap();
    (request, warnings.into_vec())
}

/// The body of a request, and what is lost on the way.
pub(crate) fn encoded(request: &ChatRequest) -> (Value, Vec<Warning>) {
    let (request, warnings) = sent(PROTOCOL, request);
    (serde_json::from_slice(request.body()).unwrap(), warnings)
}

pub(crate) fn body(request: &ChatRequest) -> Value {
    let (body, warnings) = encoded(request);
    assert_eq!(warnings, []);
    body
}

pub(crate) fn old(messages: impl Into<ChatRequest>) -> ChatRequest {
    messages.into().model(OLD)
}

pub(crate) fn head() -> Parts {
    let response = http::Response::builder().body(()).unwrap();
    response.into_parts().0
}

/// A whole answer of this content, or of these fields.
pub(crate) fn whole(content: Value, more: Value) -> ChatResponse {
    let mut answer = json!({"type": "message", "id": "msg_1", "model": OLD, "role": "assistant",
        "content": content, "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 3, "output_tokens": 2}});
    for (name, value) in more.as_object().unwrap() {
        answer[name] = value.clone();
    }
    let op = Op::Chat(Arc::new(old("hi")));
    let body = Bytes::from(answer.to_string());
    PROTOCOL
        .decode(&op, &head(), body)
        .unwrap()
        .into_chat()
        .unwrap()
}

/// A stream of these events, as far as it came.
pub(crate) fn streamed(events: &[Value]) -> (Result<()>, ChatResponse) {
    let op = Op::ChatStream(Arc::new(old("hi")));
    let mut decoder = PROTOCOL.decoder(&op, &head());
    let mut framer = Framer::new(Framing::Sse, FrameLimits::default());
    let mut out = VecDeque::new();
    let mut result = Ok(());
    for event in events {
        let name = event["type"].as_str().unwrap();
        framer.feed(Bytes::from(format!("event: {name}\ndata: {event}\n\n")));
        while let Some(frame) = framer.next().unwrap() {
            result = result.and_then(|()| decoder.frame(frame, &mut out));
        }
    }
    let mut fold = Fold::default();
    out.into_iter()
        .for_each(|chunk: StreamChunk| fold.push(&chunk).unwrap());
    (result, fold.partial())
}

pub(crate) fn start(usage: Value) -> Value {
    json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": OLD, "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage}})
}

pub(crate) fn block(index: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

pub(crate) fn delta(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

pub(crate) fn stop(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

pub(crate) fn end(reason: &str, usage: Value) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": usage})
}

/// What the assistant's turn is in the next request.
pub(crate) fn replayed(answer: &ChatResponse) -> Value {
    let request = ChatRequest::new([Message::user("hi"), Message::assistant(answer)]);
    let (body, _) = encoded(&request.message(Message::user("go on")).model(OLD));
    body["messages"][1]["content"].clone()
}

pub(crate) fn weather(id: &str, input: ToolInput) -> Message {
    let call = ToolCall::new(id, "weather", input);
    Message::new(Role::Assistant, [Part::new(call)])
}

pub(crate) fn tool() -> Tool {
    Tool::new("weather", "", Json::empty_object())
}

pub(crate) fn cache(ttl: Option<Ttl>) -> Part {
    let mut point = CachePoint::default();
    point.ttl = ttl;
    Part::new(point)
}
