//! OpenAI's Responses API.

#![allow(
    clippy::indexing_slicing,
    reason = "indexing a `Value` by name answers null and cannot panic"
)]

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use trunkline_core::{
    ChatRequest, ChatResponse, Content, Message, Op,
    chat::{Approval, FinishKind},
};

use crate::wires::{
    corpus::Exchange,
    format::{COMPLETIONS, Format, Said},
    naive::{Answer, Call, Chat, list, words},
    plan,
};

pub(super) const FORMAT: Format = Format {
    providers: &["openai"],
    plan: self::plan,
    settings: |_| &[("api", "responses")],
    read: Said::json_or_sse,
    error: self::error,
    chat: self::chat,
    means: self::means,
    also: self::also,
    tokens: |answer| answer["input_tokens"].as_u64(),
    ..COMPLETIONS
};

fn plan(exchange: &Exchange) -> Option<Op> {
    let path = exchange.bare_path();
    match exchange.api.as_str() {
        "responses" if path.ends_with("/responses") && !is_transcript(exchange) => {
            Some(plan::chat(exchange))
        }
        "count-tokens" => Some(Op::CountTokens(Arc::new(
            ChatRequest::new([Message::user("as recorded")]).model("as-recorded"),
        ))),
        _ => None,
    }
}

/// A recorder called a transcript of speech so.
fn is_transcript(exchange: &Exchange) -> bool {
    let answer: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
    answer["text"].is_string()
}

/// An answer that failed, or an event that says what went wrong.
fn error(said: &Value) -> Option<&Value> {
    let inner = &said["response"];
    let places = [said, inner];
    let mut failed = places
        .into_iter()
        .filter(|place| place["error"].is_object());
    failed.next().or((said["type"] == "error").then_some(said))
}

/// What the end of an answer repeats counts; where it repeats nothing, the items as they ended.
fn chat(said: &Said) -> Chat {
    let mut chat = Chat::default();
    let mut last = Value::Null;
    let mut done: BTreeMap<u64, Value> = BTreeMap::new();
    match said {
        Said::Whole(answer) => last = answer.clone(),
        Said::Events(events) => {
            for event in events {
                if event["response"].is_object() {
                    last = event["response"].clone();
                }
                if event["type"] == "response.output_item.done" {
                    let next = done.keys().next_back().map_or(0, |last| last + 1);
                    let at = event["output_index"].as_u64().unwrap_or(next);
                    done.insert(at, event["item"].clone());
                }
            }
        }
    }
    chat.ids.extend(words(&last["id"]));
    chat.models.extend(words(&last["model"]));
    let usage = &last["usage"];
    chat.input = usage["input_tokens"].as_u64();
    chat.output = usage["output_tokens"].as_u64();
    let mut answer = Answer {
        finish: words(&last["incomplete_details"]["reason"]).or_else(|| words(&last["status"])),
        ..Answer::default()
    };
    let output: Vec<&Value> = list(&last["output"]).collect();
    let items = if output.is_empty() {
        done.values().collect()
    } else {
        output
    };
    for item in items {
        add(&mut answer, item);
    }
    chat.answers.insert(0, answer);
    chat
}

fn add(answer: &mut Answer, item: &Value) {
    match item["type"].as_str().unwrap_or_default() {
        "message" => {
            for piece in list(&item["content"]) {
                match piece["type"].as_str() {
                    Some("refusal") => answer.refusal.push_str(&text(&piece["refusal"])),
                    _ => answer.text.push_str(&text(&piece["text"])),
                }
            }
        }
        "reasoning" => {
            for piece in list(&item["content"]) {
                answer.reasoning.push_str(&text(&piece["text"]));
            }
        }
        "function_call" | "custom_tool_call" => {
            let arguments = words(&item["arguments"]).or_else(|| words(&item["input"]));
            answer.calls.push(Call::new(
                &text(&item["call_id"]),
                &text(&item["name"]),
                &arguments.unwrap_or_default(),
            ));
        }
        _ => {}
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn means(word: &str, kind: &FinishKind) -> bool {
    match word {
        "completed" => matches!(
            kind,
            FinishKind::Stop | FinishKind::ToolCalls | FinishKind::Refusal | FinishKind::Paused
        ),
        "max_output_tokens" => *kind == FinishKind::MaxTokens,
        "content_filter" => matches!(kind, FinishKind::ContentFilter(_)),
        "queued" | "in_progress" => *kind == FinishKind::Paused,
        _ => true,
    }
}

/// The secret of thoughts, which is another one each time that it is told: any but the first will do.
fn secrets(said: &Said, item: &Value) -> Vec<String> {
    let done = said.values().iter().filter(|event| {
        event["type"] == "response.output_item.done" && event["item"]["id"] == item["id"]
    });
    let done = done.map(|event| &event["item"]);
    let told = done
        .chain([item])
        .filter_map(|item| words(&item["encrypted_content"]));
    told.collect()
}

/// Every item has its name, its summary, its secret and its citations, and what the provider ran is
/// there as it came.
fn also(said: &Said, got: &ChatResponse) -> Vec<String> {
    let last = said.values().iter().rev().find_map(|value| {
        let answer = if value["response"].is_object() {
            &value["response"]
        } else {
            value
        };
        answer["output"].is_array().then_some(answer)
    });
    let mut lost = Vec::new();
    for item in last.into_iter().flat_map(|answer| list(&answer["output"])) {
        let kind = item["type"].as_str().unwrap_or_default();
        let id = item["id"].as_str();
        let is_empty = kind == "message" && list(&item["content"]).next().is_none();
        let parts: Vec<_> = got
            .message
            .parts
            .iter()
            .filter(|part| part.id.as_deref() == id)
            .collect();
        if parts.is_empty() && !is_empty {
            lost.push(format!("the item {kind} {id:?}"));
            continue;
        }
        let secrets = secrets(said, item);
        if kind == "reasoning" && !secrets.is_empty() {
            let mut kept = parts.iter().filter_map(|part| part.state.as_ref());
            if !kept.any(|state| secrets.contains(&state.data)) {
                lost.push(format!("the secret of {id:?}"));
            }
        }
        let summary: Vec<String> = list(&item["summary"])
            .map(|piece| text(&piece["text"]))
            .collect();
        let cited: usize = list(&item["content"])
            .map(|piece| list(&piece["annotations"]).count())
            .sum();
        let mut found = 0;
        for part in &parts {
            match &part.content {
                Content::Reasoning(thought) if thought.summary != summary => {
                    lost.push(format!("the summary of {id:?}"));
                }
                Content::Text(text) => found += text.annotations.len(),
                _ => {}
            }
        }
        if found != cited {
            lost.push(format!("{found} citations of {cited} in {id:?}"));
        }
        let whole = |part: &&&trunkline_core::Part| {
            let raw = match (&part.content, &part.state) {
                (Content::Opaque(opaque), _) => opaque.payload.get(),
                (
                    Content::ToolCall(_)
                    | Content::Media(_)
                    | Content::Approval(Approval::Request(_)),
                    Some(state),
                ) => state.data.as_str(),
                _ => return false,
            };
            serde_json::from_str::<Value>(raw).is_ok_and(|raw| raw == *item)
        };
        let is_named = matches!(
            kind,
            "message" | "reasoning" | "function_call" | "custom_tool_call"
        );
        if !is_named && !parts.iter().any(|part| whole(&part)) {
            lost.push(format!("what the item {kind} {id:?} is"));
        }
    }
    lost
}
