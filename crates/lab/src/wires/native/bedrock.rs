//! Bedrock's Converse: JSON, or AWS's event stream; and Titan's embeddings.

#![allow(
    clippy::indexing_slicing,
    reason = "indexing a `Value` by name answers null and cannot panic"
)]

use std::sync::Arc;

use serde_json::{Value, json};
use trunkline_core::{
    ChatRequest, ChatResponse, Content, EmbedRequest, Message, Op,
    chat::{Executor, FinishKind},
    embed::EmbedInput,
};

use crate::wires::{
    corpus::Exchange,
    format::{Format, Said},
    naive::{Call, Chat, list, numbers, words},
};

pub(crate) const FORMAT: Format = Format {
    providers: &["bedrock"],
    plan: op,
    settings: |_| &[("region", "eu-central-1")],
    read,
    error: |said| (said["message"].is_string()).then_some(said),
    chat,
    means,
    also,
    vectors: |_, answer| vec![numbers(&answer["embedding"])],
    places: |_| Vec::new(),
    tokens: |_| None,
    models: |_| Vec::new(),
};

fn op(exchange: &Exchange) -> Option<Op> {
    let rest = exchange.bare_path().strip_prefix("/model/")?;
    let (model, operation) = rest.rsplit_once('/')?;
    let model = model.replace("%3A", ":").replace("%2F", "/");
    let chat = || Arc::new(ChatRequest::new([Message::user("as recorded")]).model(&*model));
    match operation {
        "converse" => Some(Op::Chat(chat())),
        "converse-stream" => Some(Op::ChatStream(chat())),
        "invoke" if model.contains("titan-embed-text") => {
            let text = words(&exchange.request["inputText"]).unwrap_or_default();
            let request = EmbedRequest::new([EmbedInput::from(text)]).model(model);
            Some(Op::Embed(Arc::new(request)))
        }
        _ => None,
    }
}

/// Messages as `{"name": payload}`, cut by their lengths and without a look at their checksums.
fn read(body: &[u8]) -> Said {
    if let Ok(value) = serde_json::from_slice(body) {
        return Said::Whole(value);
    }
    let (mut rest, mut events) = (body, Vec::new());
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte))
    };
    while rest.len() >= 16 {
        let (length, headers) = (number(&rest[..4]), number(&rest[4..8]));
        let (message, after) = rest.split_at(length.clamp(16, rest.len()));
        let (headers, payload) = message[12..message.len() - 4].split_at(headers);
        let headers = String::from_utf8_lossy(headers).into_owned();
        let payload = serde_json::from_slice(payload).unwrap_or(Value::Null);
        let known = NAMES.iter().find(|name| headers.contains(*name));
        events.push(json!({ known.copied().unwrap_or("unknown"): payload }));
        rest = after;
    }
    Said::Events(events)
}

const NAMES: [&str; 6] = [
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
];

/// The blocks of an answer, those of a stream put together.
fn blocks(said: &Said) -> Vec<Value> {
    let events = match said {
        Said::Whole(value) => {
            return list(&value["output"]["message"]["content"])
                .cloned()
                .collect();
        }
        Said::Events(events) => events,
    };
    let (mut blocks, mut last) = (Vec::<Value>::new(), None);
    for event in events {
        let (start, piece) = (&event["contentBlockStart"], &event["contentBlockDelta"]);
        let at = start["contentBlockIndex"]
            .as_u64()
            .or(piece["contentBlockIndex"].as_u64());
        if at.is_some() && at != last {
            blocks.push(
                start["start"]
                    .as_object()
                    .map_or(json!({}), |start| json!(start)),
            );
            last = at;
        }
        let (Some(block), delta) = (blocks.last_mut(), &piece["delta"]) else {
            continue;
        };
        let mut grow = |path: &[&str], more: &Value| {
            if let Some(more) = more.as_str() {
                let mut place = &mut *block;
                for name in path {
                    place = &mut place[*name];
                }
                *place = json!(place.as_str().unwrap_or_default().to_owned() + more);
            }
        };
        grow(&["text"], &delta["text"]);
        grow(&["toolUse", "arguments"], &delta["toolUse"]["input"]);
        let (thought, to) = (&delta["reasoningContent"], "reasoningContent");
        grow(&[to, "reasoningText", "text"], &thought["text"]);
        grow(&[to, "reasoningText", "signature"], &thought["signature"]);
        grow(&[to, "redactedContent"], &thought["redactedContent"]);
    }
    blocks
}

fn chat(said: &Said) -> Chat {
    let mut chat = Chat::default();
    let answer = chat.answers.entry(0).or_default();
    for block in blocks(said) {
        answer.text.extend(block["text"].as_str());
        let cited = list(&block["citationsContent"]["content"]);
        answer
            .text
            .extend(cited.filter_map(|words| words["text"].as_str()));
        let thought = &block["reasoningContent"]["reasoningText"]["text"];
        answer.reasoning.extend(thought.as_str());
        let call = &block["toolUse"];
        if call.is_object() && call["type"] != "server_tool_use" {
            let arguments = match (&call["input"], call["arguments"].as_str()) {
                (Value::Null, None | Some("")) => "{}".to_owned(),
                (Value::Null, Some(pieces)) => pieces.to_owned(),
                (input, _) => input.to_string(),
            };
            let text = |name: &str| call[name].as_str().unwrap_or_default();
            answer
                .calls
                .push(Call::new(text("toolUseId"), text("name"), &arguments));
        }
    }
    for value in said.values() {
        let stop = words(&value["stopReason"]).or(words(&value["messageStop"]["stopReason"]));
        answer.finish = stop.or(answer.finish.take());
    }
    if let Some(usage) = usage(said) {
        let count = |name: &str| usage[name].as_u64();
        let cached = count("cacheReadInputTokens").unwrap_or(0)
            + count("cacheWriteInputTokens").unwrap_or(0);
        chat.input = count("inputTokens").map(|tokens| tokens + cached);
        chat.output = count("outputTokens");
    }
    chat
}

fn usage(said: &Said) -> Option<&Value> {
    let of = |value: &'static str| said.values().iter().map(move |it| (it, value));
    let mut all = of("usage").flat_map(|(it, name)| [&it[name], &it["metadata"][name]]);
    all.find(|usage| usage.is_object())
}

fn means(word: &str, kind: &FinishKind) -> bool {
    match word {
        "end_turn" => *kind == FinishKind::Stop,
        "tool_use" => *kind == FinishKind::ToolCalls,
        "max_tokens" => *kind == FinishKind::MaxTokens,
        "stop_sequence" => matches!(kind, FinishKind::StopSequence(_)),
        "guardrail_intervened" | "content_filtered" => matches!(kind, FinishKind::ContentFilter(_)),
        _ => true,
    }
}

/// Signatures, what was redacted, citations, tools that Bedrock ran, caches, and what is beside the
/// answer.
fn also(said: &Said, got: &ChatResponse) -> Vec<String> {
    let mut lost = Vec::new();
    let parts = &got.message.parts;
    let states: Vec<&str> = parts
        .iter()
        .filter_map(|part| Some(part.state.as_ref()?.data.as_str()))
        .collect();
    let blocks = blocks(said);
    for block in &blocks {
        let thought = &block["reasoningContent"];
        for secret in [
            &thought["redactedContent"],
            &thought["reasoningText"]["signature"],
        ] {
            if secret
                .as_str()
                .is_some_and(|secret| !states.contains(&secret))
            {
                lost.push(format!("lost: the state {secret:.60}"));
            }
        }
    }
    let cited = parts.iter().filter_map(|part| match &part.content {
        Content::Text(text) => Some(text.annotations.len()),
        _ => None,
    });
    let (cited, says) = (cited.sum::<usize>(), citations(said, &blocks));
    if cited != says {
        lost.push(format!("lost: {says} citations, {cited} came"));
    }
    let ran = blocks.iter().filter(|block| {
        block["toolUse"]["type"] == "server_tool_use" || block["toolResult"].is_object()
    });
    let kept = parts.iter().filter(|part| match &part.content {
        Content::ToolCall(call) => call.executor == Executor::Provider,
        Content::ToolResult(result) => result.executor == Executor::Provider,
        _ => false,
    });
    if ran.count() != kept.count() {
        lost.push("lost: a tool that Bedrock ran".to_owned());
    }
    let ext: Value = got
        .ext
        .get("bedrock")
        .and_then(|ext| ext.read().ok())
        .unwrap_or(Value::Null);
    for name in ["metrics", "trace", "additionalModelResponseFields"] {
        let mut said = said
            .values()
            .iter()
            .flat_map(|it| [&it[name], &it["metadata"][name], &it["messageStop"][name]]);
        if said.any(|it| !it.is_null() && *it != ext[name]) {
            lost.push(format!("lost: {name}"));
        }
    }
    let read = usage(said).and_then(|usage| usage["cacheReadInputTokens"].as_u64());
    if read != got.usage.input.cache_read {
        lost.push(format!("lost: {read:?} tokens read from a cache"));
    }
    lost
}

fn citations(said: &Said, blocks: &[Value]) -> usize {
    let whole = blocks
        .iter()
        .map(|block| list(&block["citationsContent"]["citations"]).count());
    let pieces = said
        .values()
        .iter()
        .map(|it| usize::from(it["contentBlockDelta"]["delta"]["citation"].is_object()));
    whole.chain(pieces).sum()
}

#[cfg(test)]
mod tests {
    use trunkline_testkit::fixture::message;

    use super::*;

    #[test]
    fn pieces_are_put_together() {
        let body = [
            ("messageStart", r#"{"role":"assistant"}"#),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"h"}}}"#,
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"s"}}}"#,
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":1,"delta":{"text":"a"}}"#,
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":1,"delta":{"text":"b"}}"#,
            ),
            (
                "contentBlockStart",
                r#"{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}"#,
            ),
            (
                "contentBlockDelta",
                r#"{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{\"x\":1}"}}}"#,
            ),
            ("messageStop", r#"{"stopReason":"tool_use"}"#),
            (
                "metadata",
                r#"{"usage":{"inputTokens":1,"outputTokens":2,"cacheReadInputTokens":3}}"#,
            ),
        ]
        .map(|(name, payload)| message([(":event-type", name)], payload))
        .concat();
        let mut chat = chat(&read(&body));
        assert_eq!((chat.input, chat.output), (Some(4), Some(2)));
        let answer = chat.answers.remove(&0).unwrap();
        assert_eq!(
            (answer.text.as_str(), answer.reasoning.as_str()),
            ("ab", "h")
        );
        assert_eq!(answer.calls, [Call::new("t", "f", r#"{"x":1}"#)]);
        assert_eq!(answer.finish.as_deref(), Some("tool_use"));
    }

    #[test]
    fn a_word_for_the_end_means_what_it_means() {
        assert!(means("end_turn", &FinishKind::Stop));
        assert!(!means("max_tokens", &FinishKind::Stop));
    }
}
