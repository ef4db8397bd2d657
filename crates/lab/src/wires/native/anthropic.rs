//! Anthropic's Messages API, and counting of tokens beside it.

#![allow(
    clippy::indexing_slicing,
    reason = "indexing a `Value` by name answers null and cannot panic"
)]

use std::sync::Arc;

use serde_json::{Value, json};
use trunkline_core::{
    ChatRequest, ChatResponse, Content, Message, Op, Part, chat::FinishKind, models::ModelsRequest,
};

use crate::wires::{
    corpus::Exchange,
    format::{Format, Said, top_level_error},
    naive::{self, Call, Chat, list, words},
    plan,
};

pub(crate) const FORMAT: Format = Format {
    providers: &["anthropic"],
    plan: op,
    settings: |_| &[],
    read: Said::json_or_sse,
    error: top_level_error,
    chat,
    means,
    also,
    vectors: |_, _| Vec::new(),
    places: |_| Vec::new(),
    tokens: |answer| answer["input_tokens"].as_u64(),
    models: naive::models,
};

fn op(exchange: &Exchange) -> Option<Op> {
    match exchange.api.as_str() {
        "messages" => Some(plan::chat(exchange)),
        "count-tokens" => {
            let request = ChatRequest::new([Message::user("as recorded")]);
            let request = request.model(plan::model(exchange));
            Some(Op::CountTokens(Arc::new(request)))
        }
        "models" => Some(Op::Models(Arc::new(ModelsRequest::default()))),
        _ => None,
    }
}

/// The answer as it would have come whole.
fn whole(said: &Said) -> Value {
    let events = match said {
        Said::Whole(answer) => return answer.clone(),
        Said::Events(events) => events,
    };
    let mut answer = json!({});
    let mut blocks: Vec<(u64, Value)> = Vec::new();
    for event in events {
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => answer = event["message"].clone(),
            "content_block_start" => {
                let mut block = event["content_block"].clone();
                if block["input"].is_object() {
                    block["input"] = json!("");
                }
                blocks.push((event["index"].as_u64().unwrap_or(0), block));
            }
            "content_block_delta" => {
                let at = event["index"].as_u64().unwrap_or(0);
                let block = blocks.iter_mut().rfind(|(open, _)| *open == at);
                if let Some((_, block)) = block {
                    grow(block, &event["delta"]);
                }
            }
            "message_delta" => {
                for (name, value) in event["delta"].as_object().into_iter().flatten() {
                    answer[name] = value.clone();
                }
                for (name, value) in event["usage"].as_object().into_iter().flatten() {
                    if !value.is_null() {
                        answer["usage"][name] = value.clone();
                    }
                }
            }
            _ => {}
        }
    }
    let blocks = blocks.into_iter().map(|(_, mut block)| {
        if let Some(input) = block["input"].as_str() {
            let read = serde_json::from_str(input);
            block["input"] = read.unwrap_or_else(|_| json!({}));
        }
        block
    });
    answer["content"] = blocks.collect();
    answer
}

fn grow(block: &mut Value, delta: &Value) {
    for (field, more) in [
        ("text", "text"),
        ("thinking", "thinking"),
        ("signature", "signature"),
        ("input", "partial_json"),
    ] {
        if let Some(more) = delta[more].as_str() {
            let ours = block[field].as_str().unwrap_or_default();
            block[field] = json!(format!("{ours}{more}"));
        }
    }
    if delta["citation"].is_object() {
        let mut cited: Vec<Value> = list(&block["citations"]).cloned().collect();
        cited.push(delta["citation"].clone());
        block["citations"] = json!(cited);
    }
}

fn chat(said: &Said) -> Chat {
    let said = whole(said);
    let mut chat = Chat::default();
    if !said["content"].is_array() {
        return chat;
    }
    chat.models.extend(words(&said["model"]));
    chat.ids.extend(words(&said["id"]));
    let usage = &said["usage"];
    let count = |name: &str| usage[name].as_u64();
    chat.input = count("input_tokens").map(|input| {
        input
            + count("cache_read_input_tokens").unwrap_or(0)
            + count("cache_creation_input_tokens").unwrap_or(0)
    });
    chat.output = count("output_tokens");
    let answer = chat.answers.entry(0).or_default();
    answer.finish = words(&said["stop_reason"]);
    for block in list(&said["content"]) {
        match block["type"].as_str().unwrap_or_default() {
            "text" => answer.text.extend(block["text"].as_str()),
            "thinking" => answer.reasoning.extend(block["thinking"].as_str()),
            "tool_use" => answer.calls.push(Call::new(
                block["id"].as_str().unwrap_or_default(),
                block["name"].as_str().unwrap_or_default(),
                &block["input"].to_string(),
            )),
            _ => {}
        }
    }
    chat
}

fn means(word: &str, kind: &FinishKind) -> bool {
    match word {
        "end_turn" => *kind == FinishKind::Stop,
        "stop_sequence" => matches!(kind, FinishKind::StopSequence(Some(_))),
        "max_tokens" => *kind == FinishKind::MaxTokens,
        "tool_use" => *kind == FinishKind::ToolCalls,
        "pause_turn" => *kind == FinishKind::Paused,
        "refusal" => *kind == FinishKind::Refusal,
        _ => true,
    }
}

/// Every block has its part, in the order of the wire, with what the model wants back.
fn also(said: &Said, got: &ChatResponse) -> Vec<String> {
    let said = whole(said);
    let blocks: Vec<&Value> = list(&said["content"]).collect();
    let parts = &got.message.parts;
    let mut lost = Vec::new();
    if blocks.len() != parts.len() {
        lost.push(format!(
            "lost: {} parts of {} blocks",
            parts.len(),
            blocks.len()
        ));
    }
    for (at, (block, part)) in blocks.iter().zip(parts).enumerate() {
        if !holds(block, part) {
            lost.push(format!("lost: block {at}, {}, is {part:?}", block["type"]));
        }
    }
    let reasoning = said["usage"]["output_tokens_details"]["thinking_tokens"].as_u64();
    if reasoning != got.usage.output.reasoning {
        lost.push(format!("lost: thinking tokens, {reasoning:?}"));
    }
    let runs = list(&said["usage"]["iterations"]).count();
    if runs != got.usage.iterations.len() {
        lost.push(format!("lost: {runs} iterations"));
    }
    lost
}

fn holds(block: &Value, part: &Part) -> bool {
    let state = part.state.as_ref();
    let data = state.map_or("", |state| state.data.as_str());
    let kind = block["type"].as_str().unwrap_or_default();
    let of_kind = state.is_some_and(|state| *state.kind == format!("anthropic.{kind}"));
    let read = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    match (&part.content, kind) {
        (Content::Text(text), "text") => {
            let cited: Vec<Value> = text
                .annotations
                .iter()
                .filter_map(|cited| Some(read(cited.ext.get("anthropic")?.get())))
                .collect();
            list(&block["citations"]).eq(&cited)
        }
        (Content::Reasoning(_), "thinking") => {
            data == block["signature"].as_str().unwrap_or_default()
        }
        (Content::Reasoning(reasoning), "redacted_thinking") => {
            reasoning.redacted && of_kind && block["data"] == data
        }
        (Content::ToolCall(_), "tool_use") => true,
        (Content::ToolCall(call), "server_tool_use" | "mcp_tool_use") => {
            of_kind && block["id"] == call.id.as_str() && block["input"] == read(call.arguments())
        }
        (Content::ToolResult(result), kind) if kind.ends_with("_tool_result") => {
            of_kind
                && *block == read(data)
                && result.json.as_ref().map(|json| read(json.get())).as_ref()
                    == Some(&block["content"])
        }
        (Content::Opaque(opaque), _) => *block == read(opaque.payload.get()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_make_the_answer_that_would_have_come_whole() {
        let events = Said::Events(vec![
            json!({"type": "message_start", "message": {"id": "m", "model": "c", "usage": {"input_tokens": 2, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "{\"a\":"}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "input_json_delta", "partial_json": "1}"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 5}}),
        ]);
        let answer = whole(&events);
        assert_eq!(answer["content"][0]["input"], json!({"a": 1}));
        let read = chat(&events);
        assert_eq!((read.input, read.output), (Some(2), Some(5)));
        assert_eq!(read.answers[&0].calls, [Call::new("t", "f", r#"{"a":1}"#)]);
        assert_eq!(chat(&Said::Whole(answer)), read);
    }
}
