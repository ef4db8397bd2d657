//! What an answer says, read in the plainest way: an independent reader to compare with. It knows
//! no provider, no event but `data`, and no type but `serde_json::Value`.

#![allow(
    clippy::indexing_slicing,
    reason = "indexing a `Value` by name answers null and cannot panic"
)]

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use trunkline_core::chat::FinishKind;

use super::format::Said;

/// What a chat answer says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Chat {
    /// By their index.
    pub(crate) answers: BTreeMap<u64, Answer>,
    pub(crate) ids: BTreeSet<String>,
    pub(crate) models: BTreeSet<String>,
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
}

/// One of the answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Answer {
    pub(crate) text: String,
    pub(crate) reasoning: String,
    pub(crate) refusal: String,
    /// In the order in which they began.
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: Option<String>,
}

/// A tool call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Call {
    place: u64,
    /// Empty where the provider gives none.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arguments: String,
}

impl Chat {
    /// Reads an answer, whole or streamed.
    pub(crate) fn of(said: &Said) -> Self {
        match said {
            Said::Whole(answer) => Self::of_answer(answer),
            Said::Events(events) => Self::of_stream(events),
        }
    }

    /// Reads a whole answer.
    fn of_answer(answer: &Value) -> Self {
        let mut chat = Self::default();
        chat.add(answer, "message");
        chat
    }

    /// Reads a stream.
    fn of_stream(events: &[Value]) -> Self {
        let mut chat = Self::default();
        for event in events {
            chat.add(event, "delta");
        }
        chat
    }

    fn add(&mut self, said: &Value, field: &str) {
        self.ids.extend(words(&said["id"]));
        self.models.extend(words(&said["model"]));
        for choice in list(&said["choices"]) {
            let answer = self
                .answers
                .entry(choice["index"].as_u64().unwrap_or(0))
                .or_default();
            answer.add(&choice[field]);
            answer.finish = words(&choice["finish_reason"]).or(answer.finish.take());
        }
        for usage in [&said["x_groq"]["usage"], &said["usage"]] {
            if usage.is_object() {
                self.input = input(usage).or(self.input);
                self.output = output(usage).or(self.output);
            }
        }
    }
}

impl Answer {
    fn add(&mut self, said: &Value) {
        match &said["content"] {
            Value::String(text) => self.text.push_str(text),
            pieces => {
                for piece in list(pieces) {
                    self.text
                        .push_str(piece["text"].as_str().unwrap_or_default());
                    for thought in list(&piece["thinking"]) {
                        self.reasoning
                            .push_str(thought["text"].as_str().unwrap_or_default());
                    }
                }
            }
        }
        // Those who send both send the same in both.
        let thought = words(&said["reasoning_content"]).or_else(|| words(&said["reasoning"]));
        self.reasoning.push_str(&thought.unwrap_or_default());
        self.refusal
            .push_str(said["refusal"].as_str().unwrap_or_default());

        for (place, call) in list(&said["tool_calls"]).enumerate() {
            let place = call["index"].as_u64().unwrap_or(place as u64);
            self.grow(place, &id(&call["id"]), &call["function"]);
        }
        // The form before tools; some send an empty one along.
        let old = &said["function_call"];
        if words(&old["name"]).is_some() || words(&old["arguments"]).is_some() {
            self.grow(0, "", old);
        }
    }

    /// Grows the call at this place. Another id there means another call.
    fn grow(&mut self, place: u64, id: &str, function: &Value) {
        let same = |call: &&mut Call| {
            call.place == place && (id.is_empty() || call.id.is_empty() || call.id == id)
        };
        if let Some(call) = self.calls.iter_mut().rfind(same) {
            call.add(id, function);
            return;
        }
        let mut call = Call {
            place,
            ..Call::default()
        };
        call.add(id, function);
        self.calls.push(call);
    }

    /// The text apart from what stands between `<think>` and `</think>` at its beginning, and that.
    pub(crate) fn without_tags(&self) -> Option<(&str, &str)> {
        let tagged = self.text.trim_start().strip_prefix("<think>")?;
        Some(
            tagged
                .split_once("</think>")
                .map_or(("", tagged), |(thought, text)| (text, thought)),
        )
    }
}

impl Call {
    /// A call that came whole. The id is empty where the provider gives none.
    pub(crate) fn new(id: &str, name: &str, arguments: &str) -> Self {
        Self {
            place: 0,
            id: id.to_owned(),
            name: name.to_owned(),
            arguments: arguments.to_owned(),
        }
    }

    fn add(&mut self, id: &str, function: &Value) {
        if self.id.is_empty() {
            id.clone_into(&mut self.id);
        }
        self.name
            .push_str(function["name"].as_str().unwrap_or_default());
        match &function["arguments"] {
            Value::Null => {}
            Value::String(text) => self.arguments.push_str(text),
            json => self.arguments.push_str(&json.to_string()),
        }
    }
}

/// What went in, with sounds. Who counts sounds apart is known by the total.
fn input(usage: &Value) -> Option<u64> {
    let input = usage["prompt_tokens"].as_u64()?;
    let audio = usage["prompt_tokens_details"]["audio_tokens"]
        .as_u64()
        .unwrap_or(0);
    let apart = usage["completion_tokens"].as_u64().unwrap_or(0) + input + audio;
    Some(if usage["total_tokens"].as_u64() == Some(apart) {
        input + audio
    } else {
        input
    })
}

/// What came out, with reasoning. Who counts reasoning apart is known by the total.
fn output(usage: &Value) -> Option<u64> {
    let output = usage["completion_tokens"].as_u64()?;
    let reasoning = usage["completion_tokens_details"]["reasoning_tokens"]
        .as_u64()
        .unwrap_or(0);
    let apart = usage["prompt_tokens"].as_u64().unwrap_or(0) + output + reasoning;
    Some(if usage["total_tokens"].as_u64() == Some(apart) {
        output + reasoning
    } else {
        output
    })
}

/// The elements of an array; none if it is no array.
pub(crate) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Most ids are strings, some are numbers.
fn id(value: &Value) -> String {
    words(value)
        .or_else(|| value.as_u64().map(|id| id.to_string()))
        .unwrap_or_default()
}

/// A text that is not empty.
pub(crate) fn words(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}

/// The events of a stream that are JSON.
pub(crate) fn events(body: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(body);
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.filter_map(|data| serde_json::from_str(data.trim()).ok())
        .collect()
}

/// Whether a provider's word for the end of an answer can mean `kind`. A model that stopped may
/// have done so in order to call tools, or to decline.
pub(crate) fn means(word: &str, kind: &FinishKind) -> bool {
    match word {
        "length" => *kind == FinishKind::MaxTokens,
        "tool_calls" | "tool_call" | "function_call" => *kind == FinishKind::ToolCalls,
        "content_filter" => matches!(kind, FinishKind::ContentFilter(_)),
        "stop" => matches!(
            kind,
            FinishKind::Stop
                | FinishKind::StopSequence(_)
                | FinishKind::ToolCalls
                | FinishKind::Refusal
        ),
        _ => true,
    }
}

/// The words of an error, wherever a provider puts them.
pub(crate) fn error_message(said: &Value) -> Option<String> {
    let error = &said["error"];
    let places = [&error["message"], error, &said["message"], &said["detail"]];
    places.into_iter().find_map(words)
}

/// The vectors of an answer, in the order of their index. What one number is in base64 is not said in
/// the answer: a byte with a sign, or a float.
pub(crate) fn vectors(answer: &Value, is_int8: bool) -> Vec<Vec<f32>> {
    let mut vectors: Vec<(u64, Vec<f32>)> = list(&answer["data"])
        .map(|entry| {
            (
                entry["index"].as_u64().unwrap_or(0),
                vector(&entry["embedding"], is_int8),
            )
        })
        .collect();
    vectors.sort_by_key(|(index, _)| *index);
    vectors.into_iter().map(|(_, vector)| vector).collect()
}

fn vector(embedding: &Value, is_int8: bool) -> Vec<f32> {
    if let Some(base64) = embedding.as_str() {
        let bytes = STANDARD.decode(base64).unwrap_or_default();
        if is_int8 {
            let numbers = bytes.iter().map(|byte| f32::from(byte.cast_signed()));
            return numbers.collect();
        }
        let quads = bytes
            .chunks_exact(4)
            .filter_map(|quad| quad.try_into().ok());
        return quads.map(f32::from_le_bytes).collect();
    }
    numbers(embedding)
}

/// A vector that is a list of numbers.
#[allow(clippy::cast_possible_truncation, reason = "vectors are of 32 bits")]
pub(crate) fn numbers(vector: &Value) -> Vec<f32> {
    let numbers = list(vector).filter_map(Value::as_f64);
    numbers.map(|number| number as f32).collect()
}

/// The names of the models of an answer.
pub(crate) fn models(answer: &Value) -> Vec<String> {
    list(&answer["data"])
        .filter_map(|model| words(&model["id"]))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn streamed(deltas: &[Value]) -> Answer {
        let events: Vec<Value> = deltas
            .iter()
            .map(|delta| json!({"choices": [{"delta": delta}]}))
            .collect();
        Chat::of_stream(&events).answers.remove(&0).unwrap()
    }

    #[test]
    fn text_comes_as_words_or_in_pieces() {
        let answer = streamed(&[
            json!({"content": null}),
            json!({"content": "a"}),
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}),
            json!({"content": [{"type": "text", "text": "b"}]}),
        ]);
        assert_eq!(
            (answer.text.as_str(), answer.reasoning.as_str()),
            ("ab", "hm")
        );
    }

    #[test]
    fn thoughts_that_come_twice_count_once() {
        let answer = streamed(&[
            json!({"reasoning": "x", "reasoning_content": "x"}),
            json!({"reasoning": "y"}),
        ]);
        assert_eq!(answer.reasoning, "xy");
    }

    #[test]
    fn calls_grow_under_their_index() {
        let call = |index: u64, name: Value, arguments: &str| json!({"tool_calls": [{"index": index, "function": {"name": name, "arguments": arguments}}]});
        let answer = streamed(&[
            call(0, json!("a"), "{"),
            call(1, json!("b"), "{}"),
            call(0, Value::Null, "}"),
        ]);
        let calls = answer.calls.iter();
        let calls: Vec<_> = calls
            .map(|call| (call.name.as_str(), call.arguments.as_str()))
            .collect();
        assert_eq!(calls, [("a", "{}"), ("b", "{}")]);
    }

    #[test]
    fn another_id_at_the_same_place_is_another_call() {
        let call =
            |id: Value| json!({"tool_calls": [{"index": 0, "id": id, "function": {"name": "f"}}]});
        let ids = |calls: &[Value]| -> Vec<String> {
            streamed(calls)
                .calls
                .into_iter()
                .map(|call| call.id)
                .collect()
        };
        assert_eq!(ids(&[call(json!("a")), call(json!("a"))]), ["a"]);
        assert_eq!(ids(&[call(json!("a")), call(json!(""))]), ["a"]);
        assert_eq!(ids(&[call(json!("a")), call(json!("b"))]), ["a", "b"]);
        assert_eq!(ids(&[call(json!(7))]), ["7"]);
    }

    #[test]
    fn the_old_form_of_calls_counts_unless_it_is_empty() {
        let empty = streamed(&[json!({"function_call": {"name": "", "arguments": ""}})]);
        assert!(empty.calls.is_empty());
        let old = streamed(&[json!({"function_call": {"name": "f", "arguments": "{}"}})]);
        assert_eq!(old.calls[0].name, "f");
    }

    #[test]
    fn reasoning_that_is_counted_apart_is_added() {
        let usage = |total: u64| {
            json!({"usage": {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": total,
                             "completion_tokens_details": {"reasoning_tokens": 5}}})
        };
        assert_eq!(Chat::of_answer(&usage(12)).output, Some(2));
        assert_eq!(Chat::of_answer(&usage(17)).output, Some(7));
    }

    #[test]
    fn sounds_that_are_counted_apart_are_added() {
        let usage = |total: u64| {
            json!({"usage": {"prompt_tokens": 11, "completion_tokens": 15, "total_tokens": total,
                             "prompt_tokens_details": {"audio_tokens": 375}}})
        };
        assert_eq!(Chat::of_answer(&usage(26)).input, Some(11));
        assert_eq!(Chat::of_answer(&usage(401)).input, Some(386));
    }

    #[test]
    fn events_are_the_lines_of_data_that_are_json() {
        let body = b": hello\n\ndata: {\"a\":1}\n\ndata:{\"a\":2}\r\n\r\nevent: x\ndata: {\"a\":3}\n\ndata: [DONE] \n";
        let numbers: Vec<_> = events(body)
            .iter()
            .map(|event| event["a"].as_u64())
            .collect();
        assert_eq!(numbers, [Some(1), Some(2), Some(3)]);
    }

    #[test]
    fn an_error_has_words_in_any_of_its_forms() {
        for error in [
            json!({"error": {"message": "no"}}),
            json!({"error": "no"}),
            json!({"message": "no"}),
            json!({"detail": "no"}),
        ] {
            assert_eq!(error_message(&error).as_deref(), Some("no"), "{error}");
        }
        assert_eq!(error_message(&json!({"error": {}})), None);
    }

    #[test]
    fn vectors_come_as_numbers_or_base64_and_in_any_order() {
        let answer = json!({"data": [
            {"index": 1, "embedding": "AACAPwAAAEA="},
            {"index": 0, "embedding": [0.5, -1]},
        ]});
        assert_eq!(vectors(&answer, false), [vec![0.5, -1.0], vec![1.0, 2.0]]);
        let bytes = json!({"data": [{"index": 0, "embedding": "AH+A/w=="}]});
        assert_eq!(vectors(&bytes, true), [vec![0.0, 127.0, -128.0, -1.0]]);
    }

    #[test]
    fn tags_at_the_beginning_are_told_apart() {
        let text = |text: &str| Answer {
            text: text.to_owned(),
            ..Answer::default()
        };
        assert_eq!(
            text("\n<think>hm</think>\n\nyes").without_tags(),
            Some(("\n\nyes", "hm"))
        );
        assert_eq!(text("<think>cut").without_tags(), Some(("", "cut")));
        assert_eq!(text("a <think>b</think>").without_tags(), None);
    }
}
