//! An answer on the wire: whole, or chunk by chunk.

use serde_json::{Value, json};

use super::chat::{Answer, Chat, Content};
use super::route::Stamp;
use super::{CHAT_MODEL, words};

/// The characters of one piece of JSON: small, so that even short arguments come in several.
const PIECE_CHARS: usize = 8;

/// A `chat.completion`.
pub(super) fn whole(chat: &Chat, answer: &Answer, stamp: Stamp) -> Value {
    let mut message = json!({ "role": "assistant", "content": null, "refusal": null });
    match &answer.content {
        Content::Text(text) => set(&mut message, "content", json!(text)),
        Content::ToolCall { name, arguments } => {
            let call = json!([{
                "id": call_id(stamp),
                "type": "function",
                "function": { "name": name, "arguments": arguments },
            }]);
            set(&mut message, "tool_calls", call);
        }
    }
    let choice = json!({
        "index": 0,
        "message": message,
        "logprobs": null,
        "finish_reason": answer.finish_reason,
    });
    let mut whole = envelope("chat.completion", stamp, json!([choice]));
    set(&mut whole, "usage", usage(chat, answer));
    whole
}

/// The `chat.completion.chunk`s of a stream, in order, without the `[DONE]`.
pub(super) fn chunks(chat: &Chat, answer: &Answer, stamp: Stamp) -> Vec<Value> {
    let mut deltas = deltas(answer, stamp);
    deltas.push((json!({}), json!(answer.finish_reason)));
    let mut chunks: Vec<Value> = deltas
        .into_iter()
        .map(|(delta, finish_reason)| {
            let choice = json!({
                "index": 0,
                "delta": delta,
                "logprobs": null,
                "finish_reason": finish_reason,
            });
            envelope("chat.completion.chunk", stamp, json!([choice]))
        })
        .collect();
    if chat.include_usage {
        for chunk in &mut chunks {
            set(chunk, "usage", Value::Null);
        }
        let mut last = envelope("chat.completion.chunk", stamp, json!([]));
        set(&mut last, "usage", usage(chat, answer));
        chunks.push(last);
    }
    chunks
}

/// The deltas, each with its finish reason, which is null.
fn deltas(answer: &Answer, stamp: Stamp) -> Vec<(Value, Value)> {
    let deltas: Vec<Value> = match &answer.content {
        Content::Text(text) => {
            let first = json!({ "role": "assistant", "content": "" });
            let rest = text_pieces(text)
                .into_iter()
                .map(|piece| json!({ "content": piece }));
            [first].into_iter().chain(rest).collect()
        }
        Content::ToolCall { name, arguments } => {
            let first = json!({ "role": "assistant", "content": null });
            let start = json!({ "tool_calls": [{
                "index": 0,
                "id": call_id(stamp),
                "type": "function",
                "function": { "name": name, "arguments": "" },
            }] });
            let rest = words::pieces(arguments, PIECE_CHARS).into_iter().map(|piece| {
                json!({ "tool_calls": [{ "index": 0, "function": { "arguments": piece } }] })
            });
            [first, start].into_iter().chain(rest).collect()
        }
    };
    deltas
        .into_iter()
        .map(|delta| (delta, Value::Null))
        .collect()
}

/// Word by word; JSON, which has few spaces, in pieces of equal length.
fn text_pieces(text: &str) -> Vec<String> {
    match text.starts_with(['{', '[']) {
        true => words::pieces(text, PIECE_CHARS),
        false => text.split_inclusive(' ').map(str::to_owned).collect(),
    }
}

fn envelope(object: &str, stamp: Stamp, choices: Value) -> Value {
    json!({
        "id": format!("chatcmpl-embedded-{}", stamp.number),
        "object": object,
        "created": stamp.created,
        "model": CHAT_MODEL,
        "system_fingerprint": "fp_embedded",
        "choices": choices,
    })
}

fn usage(chat: &Chat, answer: &Answer) -> Value {
    json!({
        "prompt_tokens": chat.prompt_tokens,
        "completion_tokens": answer.tokens(),
        "total_tokens": chat.prompt_tokens + answer.tokens(),
    })
}

fn call_id(stamp: Stamp) -> String {
    format!("call_embedded_{}", stamp.number)
}

fn set(object: &mut Value, name: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.insert(name.to_owned(), value);
    }
}
