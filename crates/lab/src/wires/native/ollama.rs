//! Ollama's own API: JSON, or a line of it at a time.

#![allow(
    clippy::indexing_slicing,
    reason = "indexing a `Value` by name answers null and cannot panic"
)]

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use trunkline_core::{
    ChatResponse, EmbedRequest, Op, chat::FinishKind, embed::EmbedInput, models::ModelsRequest,
};

use crate::wires::{
    corpus::Exchange,
    format::{Format, Said, top_level_error},
    naive::{self, Call, Chat, list, numbers, words},
    plan,
};

pub(crate) const FORMAT: Format = Format {
    providers: &["ollama"],
    plan: op,
    settings: |_| &[],
    read,
    error: top_level_error,
    chat,
    means,
    also,
    vectors: |_, answer| list(&answer["embeddings"]).map(numbers).collect(),
    places: |_| Vec::new(),
    tokens: |_| None,
    models: |answer| {
        let models = list(&answer["models"]);
        models.filter_map(|model| words(&model["model"])).collect()
    },
};

fn op(exchange: &Exchange) -> Option<Op> {
    let said = read(&exchange.body);
    let first = said.values().first()?;
    match exchange.bare_path() {
        // Some that are labelled so are of the compatible endpoint.
        "/api/chat" if first["choices"].is_null() => Some(plan::chat(exchange)),
        "/api/embed" => {
            let inputs = plan::inputs(&exchange.request["input"]).unwrap_or_else(|| {
                let count = list(&first["embeddings"]).count();
                vec![EmbedInput::from("as recorded"); count]
            });
            let request = EmbedRequest::new(inputs).model(plan::model(exchange));
            Some(Op::Embed(Arc::new(request)))
        }
        "/api/tags" => Some(Op::Models(Arc::new(ModelsRequest::default()))),
        _ => None,
    }
}

fn read(body: &[u8]) -> Said {
    match serde_json::from_slice(body) {
        Ok(value) => Said::Whole(value),
        Err(_) => {
            let text = String::from_utf8_lossy(body);
            let lines = text.lines();
            Said::Events(
                lines
                    .filter_map(|line| serde_json::from_str(line).ok())
                    .collect(),
            )
        }
    }
}

fn chat(said: &Said) -> Chat {
    let mut chat = Chat::default();
    for line in said.values() {
        chat.models.extend(words(&line["model"]));
        chat.input = line["prompt_eval_count"].as_u64().or(chat.input);
        chat.output = line["eval_count"].as_u64().or(chat.output);
        let answer = chat.answers.entry(0).or_default();
        let message = &line["message"];
        let grow = |text: &mut String, more: &Value| text.extend(more.as_str());
        grow(&mut answer.text, &message["content"]);
        grow(&mut answer.reasoning, &message["thinking"]);
        for call in list(&message["tool_calls"]) {
            let function = &call["function"];
            answer.calls.push(Call::new(
                call["id"].as_str().unwrap_or_default(),
                function["name"].as_str().unwrap_or_default(),
                &function["arguments"].to_string(),
            ));
        }
        answer.finish = words(&line["done_reason"]).or(answer.finish.take());
    }
    chat
}

fn means(word: &str, kind: &FinishKind) -> bool {
    match word {
        "load" | "unload" => *kind == FinishKind::Load,
        word => naive::means(word, kind),
    }
}

/// Times and likelihoods.
fn also(said: &Said, got: &ChatResponse) -> Vec<String> {
    let mut lost = Vec::new();
    let last = said.values().last().unwrap_or(&Value::Null);
    let timing = got.usage.timing.as_deref().cloned().unwrap_or_default();
    for (name, time) in [
        ("total_duration", timing.total),
        ("load_duration", timing.load),
        ("prompt_eval_duration", timing.prompt),
        ("eval_duration", timing.completion),
    ] {
        let said = last[name].as_u64().map(Duration::from_nanos);
        if said != time {
            lost.push(format!("lost: {name}, {time:?}, and not {said:?}"));
        }
    }
    let said: Vec<&Value> = said
        .values()
        .iter()
        .flat_map(|line| list(&line["logprobs"]))
        .collect();
    let got: Vec<Value> = got
        .logprobs
        .as_ref()
        .and_then(|entries| entries.read().ok())
        .unwrap_or_default();
    if said.len() != got.len() || said.into_iter().ne(&got) {
        lost.push("lost: logprobs".to_owned());
    }
    lost
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_grow_one_answer() {
        let body = [
            json!({"model": "m", "message": {"thinking": "h"}, "done": false}),
            json!({"model": "m", "message": {"thinking": "m", "content": "a"}, "done": false}),
            json!({"model": "m", "message": {"content": "b", "tool_calls": [
                {"function": {"name": "f", "arguments": {"x": 1}}}
            ]}, "done": false}),
            json!({"model": "m", "done": true, "done_reason": "stop", "eval_count": 7}),
        ]
        .map(|line| line.to_string())
        .join("\n");
        let mut chat = chat(&read(body.as_bytes()));
        assert_eq!((chat.input, chat.output), (None, Some(7)));
        let answer = chat.answers.remove(&0).unwrap();
        assert_eq!(
            (answer.text.as_str(), answer.reasoning.as_str()),
            ("ab", "hm")
        );
        assert_eq!(answer.calls, [Call::new("", "f", r#"{"x":1}"#)]);
        assert_eq!(answer.finish.as_deref(), Some("stop"));
    }

    #[test]
    fn a_word_for_the_end_means_what_it_means() {
        assert!(means("unload", &FinishKind::Load));
        assert!(!means("load", &FinishKind::Stop));
        assert!(means("stop", &FinishKind::ToolCalls));
        assert!(!means("length", &FinishKind::Stop));
    }
}
