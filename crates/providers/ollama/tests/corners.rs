//! The corners where things get lost between our vocabulary and a wire, by their number in the
//! vocabulary: one test for each that Ollama's wire has. Those of requests alone are in a file of their
//! own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::{collections::VecDeque, sync::Arc, time::Duration};

use bytes::Bytes;
use serde_json::{Value, json};
use trunkline_core::{
    ChatRequest, ChatResponse, Content, ErrorKind, Json, Message, Op, Part, Reply, Result, Role,
    StreamChunk, Tool, ToolCall, Warning,
    chat::{
        CachePoint, Completeness, Effort, Executor, FinishKind, Format, Media, OpaqueState,
        ReasoningSetting, Refusal, Source, ToolChoice, ToolInput, ToolKind, ToolResult, ToolStatus,
        Warnings,
    },
    http_transport::frame::{FrameLimits, Framer, Framing},
    protocol::{Decoder, Protocol, Target, Terminal},
    stream::Fold,
};
use trunkline_ollama::Ndjson;

#[path = "corners/requests.rs"]
mod requests;

/// What is sent, as text, and what is said of it.
fn written(request: ChatRequest) -> (String, Vec<Warning>) {
    let target = Target::parse("http://127.0.0.1:11434/api").unwrap();
    let mut warnings = Warnings::default();
    let op = Op::Chat(Arc::new(request.model("m")));
    let sent = Ndjson.encode(&op, &target, &mut warnings).unwrap();
    let text = String::from_utf8(sent.into_body().to_vec()).unwrap();
    (text, warnings.into_vec())
}

fn sent(request: ChatRequest) -> (Value, Vec<Warning>) {
    let (text, warnings) = written(request);
    (serde_json::from_str(&text).unwrap(), warnings)
}

fn head() -> http::response::Parts {
    http::Response::new(()).into_parts().0
}

fn op() -> Op {
    Op::ChatStream(Arc::new(ChatRequest::from("Hi").model("m")))
}

/// A whole answer.
fn read(body: &str) -> ChatResponse {
    match Ndjson.decode(&op(), &head(), Bytes::copy_from_slice(body.as_bytes())) {
        Ok(Reply::Chat(answer)) => answer,
        other => panic!("{other:?}"),
    }
}

/// A stream, and whether it came to its end.
fn stream(body: &[u8], pieces: usize) -> Result<(Vec<StreamChunk>, Terminal)> {
    let mut framer = Framer::new(Framing::NdJson, FrameLimits::default());
    let mut decoder = Ndjson.decoder(&op(), &head());
    let mut out = VecDeque::new();
    for piece in body.chunks(pieces) {
        framer.feed(Bytes::copy_from_slice(piece));
        while let Some(frame) = framer.next().unwrap() {
            decoder.frame(frame, &mut out)?;
        }
    }
    if let Some(frame) = framer.finish().unwrap() {
        decoder.frame(frame, &mut out)?;
    }
    Ok((out.into(), decoder.terminal()))
}

fn streamed(body: &str) -> ChatResponse {
    Fold::of(stream(body.as_bytes(), usize::MAX).unwrap().0).unwrap()
}

fn answer(message: &str, end: &str) -> String {
    format!(
        r#"{{"model":"m","created_at":"2026-03-14T09:26:53.5Z","message":{{"role":"assistant",{message}}},"done":true{end}}}"#
    )
}

const STOP: &str = r#","done_reason":"stop""#;

fn calls(answer: &ChatResponse) -> Vec<&ToolCall> {
    answer.message.tool_calls().collect()
}

fn probe() -> Tool {
    let schema = Json::parse(r#"{"type":"object","properties":{}}"#).unwrap();
    Tool::new("probe", "Probes.", schema)
}

/// A conversation that goes on after these parts of the model's.
fn after(parts: impl Into<Vec<Part>>) -> ChatRequest {
    ChatRequest::from("Hi").message(Message::new(Role::Assistant, parts.into()))
}

fn coerced(feature: &str, from: &str, to: &str) -> Warning {
    Warning::coerced(feature, from, to)
}

#[test]
fn corner_10_calls_without_ids_get_ids_of_ours_that_never_go_back() {
    let call = r#"{"function":{"name":"f","arguments":{}}}"#;
    let body = answer(
        &format!(r#""content":"","tool_calls":[{call},{call}]"#),
        STOP,
    );
    let first = read(&body);
    let made = calls(&first);
    assert_eq!(made.len(), 2);
    assert!(made.iter().all(|call| call.synthetic_id));
    assert_ne!(made[0].id, made[1].id);
    // The same answer again has the same ids; that of another moment, others.
    assert_eq!(calls(&read(&body))[0].id, made[0].id);
    let later = read(&body.replace("09:26:53.5Z", "09:26:53.6Z"));
    assert_ne!(calls(&later)[0].id, made[0].id);

    let request = ChatRequest::from("Hi")
        .message(Message::assistant(&first))
        .message(Message::tool_result(made[1], "second"))
        .message(Message::tool_result(made[0], "first"));
    let (body, warnings) = sent(request);
    assert_eq!(warnings, []);
    assert_eq!(body["messages"][1]["tool_calls"][0].get("id"), None);
    assert_eq!(
        body["messages"][2],
        json!({"role": "tool", "content": "second", "tool_name": "f"})
    );
}

#[test]
fn corner_10_ids_that_came_go_back_to_their_calls() {
    let call = |id: &str| format!(r#"{{"id":"{id}","function":{{"name":"f","arguments":{{}}}}}}"#);
    let body = format!(r#""content":"","tool_calls":[{},{}]"#, call("a"), call(""));
    let first = read(&answer(&body, STOP));
    let made = calls(&first);
    assert!(!made[0].synthetic_id && made[1].synthetic_id);
    let request = ChatRequest::from("Hi")
        .message(Message::assistant(&first))
        .message(Message::tool_result(made[0], "one"));
    let (body, _) = sent(request);
    assert_eq!(body["messages"][1]["tool_calls"][0]["id"], "a");
    assert_eq!(body["messages"][2]["tool_call_id"], "a");
}

#[test]
fn corner_12_arguments_that_are_no_json_are_kept_and_not_sent() {
    let call = r#"{"function":{"name":"f","arguments":"{\"city\": \"Par"}}"#;
    let first = read(&answer(&format!(r#""tool_calls":[{call}]"#), STOP));
    let made = calls(&first);
    assert!(
        matches!(&made[0].input, ToolInput::Invalid { raw, .. } if raw == r#"{"city": "Par"#),
        "{made:?}"
    );
    // A text in the place of an object would have the whole conversation refused.
    let (body, warnings) = sent(after(first.message.parts.clone()));
    assert_eq!(
        body["messages"][1]["tool_calls"][0]["function"]["arguments"],
        json!({})
    );
    assert!(
        warnings.contains(&coerced("tool_call.arguments", "no object", "{}")),
        "{warnings:?}"
    );
}

#[test]
fn corner_14_no_arguments_are_an_empty_object() {
    for arguments in [
        "",
        r#","arguments":null"#,
        r#","arguments":"""#,
        r#","arguments":{}"#,
    ] {
        let call = format!(r#"{{"function":{{"name":"f"{arguments}}}}}"#);
        let first = read(&answer(&format!(r#""tool_calls":[{call}]"#), STOP));
        assert_eq!(calls(&first)[0].arguments(), "{}", "{arguments}");
        assert!(calls(&first)[0].is_complete(), "{arguments}");
        let (body, warnings) = sent(after(first.message.parts.clone()).user("Go on."));
        assert_eq!(warnings, []);
        let call = &body["messages"][1]["tool_calls"][0];
        assert_eq!(call["function"]["arguments"], json!({}));
    }
}

#[test]
fn corner_24_a_form_is_no_tool_and_its_finish_is_its_own() {
    let said = answer(r#""content":"{}""#, STOP);
    assert_eq!(read(&said).finish.kind, FinishKind::Stop);
    let request = ChatRequest::from("Hi")
        .tool(probe())
        .tool_choice(ToolChoice::None);
    let (body, warnings) = sent(request.format(Format::Json));
    assert_eq!((body.get("tools"), warnings), (None, vec![]));
}

#[test]
fn corner_29_figures_that_did_not_come_are_not_zero() {
    let whole = read(&answer(
        r#""content":"a""#,
        r#","done_reason":"stop","eval_count":3"#,
    ));
    // A prompt that a cache had whole is not counted.
    assert_eq!(
        (whole.usage.input.total, whole.usage.output.total),
        (None, Some(3))
    );
    let none = read(&answer(r#""content":"a""#, STOP));
    assert_eq!(none.usage.completeness, Completeness::Missing);
}

#[test]
fn corner_32_durations_are_timing_and_loading_is_a_finish() {
    let figures = r#","done_reason":"load","total_duration":4000000000,"load_duration":3000000000,"prompt_eval_duration":1000000,"eval_duration":2000000"#;
    let loaded = read(&answer(r#""content":"""#, figures));
    assert_eq!(loaded.finish.kind, FinishKind::Load);
    assert_eq!(loaded.finish.raw.as_deref(), Some("load"));
    let timing = loaded.usage.timing.unwrap();
    assert_eq!(timing.total, Some(Duration::from_secs(4)));
    assert_eq!(timing.load, Some(Duration::from_secs(3)));
    assert_eq!(timing.prompt, Some(Duration::from_millis(1)));
    assert_eq!(timing.completion, Some(Duration::from_millis(2)));
    assert_eq!(timing.queue, None);
}

#[test]
fn corner_32_a_line_may_hold_all_that_a_model_says() {
    let line = answer(
        r#""thinking":"Hm.","content":"Well.","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]"#,
        STOP,
    );
    let all = streamed(&line);
    assert_eq!(all, read(&line));
    let kinds: Vec<_> = all.message.parts.iter().map(|part| &part.content).collect();
    let [
        Content::Reasoning(thought),
        Content::Text(text),
        Content::ToolCall(call),
    ] = &kinds[..]
    else {
        panic!("{kinds:?}")
    };
    assert_eq!(
        (thought.text.as_deref(), &*text.text),
        (Some("Hm."), "Well.")
    );
    assert_eq!(call.arguments(), r#"{"a":1}"#);
    assert_eq!(all.finish.kind, FinishKind::ToolCalls);
}

#[test]
fn corner_34_digits_and_order_of_arguments_are_kept() {
    let arguments =
        r#"{"zebra":1.0,"apple":9223372036854775807,"more":12345678901234567890,"zebra":2}"#;
    let call = format!(r#"{{"function":{{"name":"f","arguments":{arguments}}}}}"#);
    let line = answer(&format!(r#""tool_calls":[{call}]"#), STOP);
    for first in [read(&line), streamed(&line)] {
        assert_eq!(calls(&first)[0].arguments(), arguments);
        let (body, _) = written(after(first.message.parts.clone()).user("Go on."));
        assert!(
            body.contains(&format!(r#""arguments":{arguments}"#)),
            "{body}"
        );
    }
}

#[test]
fn corner_35_lines_are_lines_however_they_are_cut() {
    let one = answer(r#""content":"größe 漢""#, "").replace(r#","done":true"#, r#","done":false"#);
    let two = answer(r#""content":"字""#, STOP);
    for between in ["\n", "\r\n", "\n\n", "\n \n"] {
        let body = format!("\u{feff}{one}{between}{two}");
        for pieces in [1, 2, 7, usize::MAX] {
            let (chunks, terminal) = stream(body.as_bytes(), pieces).unwrap();
            assert_eq!(terminal, Terminal::Last, "{between:?}");
            assert_eq!(Fold::of(chunks).unwrap().text(), "größe 漢字");
        }
    }
    // A line of which nothing is known is passed over, wherever it stands.
    let strange = format!("{{\"later\":1}}\n{one}\n{{\"later\":2}}\n{two}");
    let first = read(&two);
    let all = streamed(&strange);
    assert_eq!(
        (all.text().as_str(), all.created),
        ("größe 漢字", first.created)
    );
    let (_, terminal) = stream(one.as_bytes(), 5).unwrap();
    assert_eq!(terminal, Terminal::Open, "it never said that it was done");
    let cut = stream(&one.as_bytes()[..40], usize::MAX).unwrap_err();
    assert_eq!(cut.kind(), ErrorKind::Decode);
}

#[test]
fn corner_36_where_a_model_runs_is_kept() {
    let line = answer(
        r#""content":"a""#,
        r#","done_reason":"stop","remote_host":"https://ollama.com:443""#,
    );
    let told = read(&line).ext.get("ollama").unwrap().get().to_owned();
    assert_eq!(told, r#"{"remote_host":"https://ollama.com:443"}"#);
}
