//! Version 2 of Cohere's API: whole, or as events that have names.

#![allow(
    clippy::indexing_slicing,
    reason = "indexing a `Value` by name answers null and cannot panic"
)]

use std::sync::Arc;

use serde_json::Value;
use trunkline_core::{ChatResponse, Content, EmbedRequest, Op, RerankRequest, chat::FinishKind};

use crate::wires::{
    corpus::Exchange,
    format::{Format, Said},
    naive::{Call, Chat, list, numbers, words},
    plan,
};

pub(crate) const FORMAT: Format = Format {
    providers: &["cohere"],
    plan: op,
    settings: |_| &[],
    read: Said::json_or_sse,
    error,
    chat,
    means,
    also,
    vectors: |_, answer| list(&answer["embeddings"]["float"]).map(numbers).collect(),
    places: |answer| {
        let places = list(&answer["results"]);
        let places = places.filter_map(|place| {
            let index = usize::try_from(place["index"].as_u64()?).ok()?;
            Some((index, place["relevance_score"].as_f64()?))
        });
        places.collect()
    },
    tokens: |_| None,
    models: |answer| {
        let models = list(&answer["models"]);
        models.filter_map(|model| words(&model["name"])).collect()
    },
};

fn op(exchange: &Exchange) -> Option<Op> {
    let request = &exchange.request;
    match exchange.bare_path() {
        "/v2/chat" => Some(plan::chat(exchange)),
        "/v2/embed" => {
            let inputs = plan::inputs(&request["texts"])?;
            let request = EmbedRequest::new(inputs).model(plan::model(exchange));
            Some(Op::Embed(Arc::new(request)))
        }
        "/v2/rerank" => {
            let documents = list(&request["documents"]).filter_map(Value::as_str);
            let query = request["query"].as_str().unwrap_or("as recorded");
            let request = RerankRequest::new(query, documents).model(plan::model(exchange));
            Some(Op::Rerank(Arc::new(request)))
        }
        // Version 1 is another API.
        _ => None,
    }
}

/// Its errors have their words where answers have their message.
fn error(said: &Value) -> Option<&Value> {
    let broken = said["delta"]["error"].is_string().then_some(&said["delta"]);
    broken.or_else(|| said["message"].is_string().then_some(said))
}

fn chat(said: &Said) -> Chat {
    let mut chat = Chat::default();
    match said {
        Said::Whole(answer) => {
            chat.ids.extend(words(&answer["id"]));
            let message = &answer["message"];
            list(&message["content"]).for_each(|block| grow(&mut chat, block));
            grow(&mut chat, message);
            for call in list(&message["tool_calls"]) {
                begin(&mut chat, call);
            }
            end(&mut chat, answer);
        }
        Said::Events(events) => {
            for event in events {
                let message = &event["delta"]["message"];
                let call = &message["tool_calls"];
                match event["type"].as_str().unwrap_or_default() {
                    "message-start" => chat.ids.extend(words(&event["id"])),
                    "content-start" | "content-delta" => grow(&mut chat, &message["content"]),
                    "tool-plan-delta" => grow(&mut chat, message),
                    "tool-call-start" => begin(&mut chat, call),
                    "tool-call-delta" => {
                        let more = call["function"]["arguments"].as_str();
                        let answer = chat.answers.entry(0).or_default();
                        if let Some(call) = answer.calls.last_mut() {
                            call.arguments.extend(more);
                        }
                    }
                    "message-end" => end(&mut chat, &event["delta"]),
                    _ => {}
                }
            }
        }
    }
    chat
}

/// A plan is a thought, in another place.
fn grow(chat: &mut Chat, said: &Value) {
    let answer = chat.answers.entry(0).or_default();
    answer.text.extend(said["text"].as_str());
    answer.reasoning.extend(said["thinking"].as_str());
    answer.reasoning.extend(said["tool_plan"].as_str());
}

fn begin(chat: &mut Chat, call: &Value) {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let function = &call["function"];
    let answer = chat.answers.entry(0).or_default();
    answer.calls.push(Call::new(
        &word(&call["id"]),
        &word(&function["name"]),
        &word(&function["arguments"]),
    ));
}

fn end(chat: &mut Chat, said: &Value) {
    let tokens = &said["usage"]["tokens"];
    let images = tokens["image_tokens"].as_u64().unwrap_or(0);
    chat.input = tokens["input_tokens"].as_u64().map(|text| text + images);
    chat.output = tokens["output_tokens"].as_u64();
    chat.answers.entry(0).or_default().finish = words(&said["finish_reason"]);
}

fn means(word: &str, kind: &FinishKind) -> bool {
    match word {
        "COMPLETE" => *kind == FinishKind::Stop,
        "STOP_SEQUENCE" => matches!(kind, FinishKind::StopSequence(_)),
        "MAX_TOKENS" => *kind == FinishKind::MaxTokens,
        "TOOL_CALL" => *kind == FinishKind::ToolCalls,
        _ => true,
    }
}

/// Citations, each with all its sources, what is billed, and what was in a cache.
fn also(said: &Said, got: &ChatResponse) -> Vec<String> {
    let values = said.values().iter();
    let said_citations: Vec<&Value> = values
        .clone()
        .flat_map(|value| match said {
            Said::Whole(_) => list(&value["message"]["citations"]).collect(),
            Said::Events(_) if value["type"] == "citation-start" => {
                vec![&value["delta"]["message"]["citations"]]
            }
            Said::Events(_) => Vec::new(),
        })
        .collect();
    let parts = got.message.parts.iter();
    let annotations: Vec<_> = parts
        .filter_map(|part| match &part.content {
            Content::Text(text) => Some(&text.annotations),
            _ => None,
        })
        .flatten()
        .collect();
    let raw = annotations.iter().filter_map(|one| one.ext.get("cohere"));
    let raw: Vec<Value> = raw.filter_map(|raw| raw.read().ok()).collect();
    let mut lost = Vec::new();
    if said_citations.iter().copied().ne(&raw) {
        lost.push(format!("lost: citations; {} came back", raw.len()));
    }
    let sources = said_citations.iter().flat_map(|one| list(&one["sources"]));
    let sources: Vec<_> = sources.map(|source| source["id"].as_str()).collect();
    let ids: Vec<_> = annotations
        .iter()
        .map(|one| one.source.id.as_deref())
        .collect();
    if sources != ids {
        lost.push(format!("lost: sources; {ids:?}, and not {sources:?}"));
    }

    let mut usage = values.map(|value| match said {
        Said::Whole(_) => &value["usage"],
        Said::Events(_) => &value["delta"]["usage"],
    });
    let null = Value::Null;
    let usage = usage.rfind(|usage| usage.is_object()).unwrap_or(&null);
    let billed = got.usage.billed.as_deref().cloned().unwrap_or_default();
    for (name, said, got) in [
        (
            "billed input",
            &usage["billed_units"]["input_tokens"],
            billed.input,
        ),
        (
            "billed output",
            &usage["billed_units"]["output_tokens"],
            billed.output,
        ),
    ] {
        if said.as_f64() != got {
            lost.push(format!("lost: {name}; {got:?}, and not {said}"));
        }
    }
    for (name, said, got) in [
        (
            "cached tokens",
            &usage["cached_tokens"],
            got.usage.input.cache_read,
        ),
        (
            "tokens of thoughts",
            &usage["tokens"]["reasoning_tokens"],
            got.usage.output.reasoning,
        ),
    ] {
        if said.as_u64() != got {
            lost.push(format!("lost: {name}; {got:?}, and not {said}"));
        }
    }
    lost
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn events_say_what_a_whole_answer_says() {
        let events = Said::Events(vec![
            json!({"type": "message-start", "id": "1", "delta": {"message": {"tool_plan": ""}}}),
            json!({"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "hm"}}}),
            json!({"type": "tool-call-start", "delta": {"message": {"tool_calls": {
                "id": "a", "function": {"name": "f", "arguments": ""}}}}}),
            json!({"type": "tool-call-delta", "delta": {"message": {"tool_calls": {
                "function": {"arguments": "{}"}}}}}),
            json!({"type": "message-end", "delta": {"finish_reason": "TOOL_CALL",
                "usage": {"tokens": {"input_tokens": 3, "image_tokens": 4, "output_tokens": 5}}}}),
        ]);
        let whole = Said::Whole(json!({
            "id": "1",
            "message": {"tool_plan": "hm", "tool_calls": [
                {"id": "a", "function": {"name": "f", "arguments": "{}"}}]},
            "finish_reason": "TOOL_CALL",
            "usage": {"tokens": {"input_tokens": 3, "image_tokens": 4, "output_tokens": 5}},
        }));
        assert_eq!(chat(&events), chat(&whole));
        let read = chat(&whole);
        assert_eq!((read.input, read.output), (Some(7), Some(5)));
        assert_eq!(read.answers[&0].calls, [Call::new("a", "f", "{}")]);
    }

    #[test]
    fn an_error_is_told_from_a_message() {
        assert!(error(&json!({"id": "1", "message": "no"})).is_some());
        assert!(error(&json!({"delta": {"error": "no"}})).is_some());
        assert!(error(&json!({"id": "1", "message": {"role": "assistant"}})).is_none());
    }

    #[test]
    fn a_word_for_the_end_means_what_it_means() {
        assert!(means("TOOL_CALL", &FinishKind::ToolCalls));
        assert!(!means("MAX_TOKENS", &FinishKind::Stop));
    }
}
