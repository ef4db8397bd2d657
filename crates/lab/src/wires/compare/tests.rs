use serde_json::json;
use trunkline_core::{
    ChatRequest, EmbedResponse, Error, ErrorKind, Part, Role, ToolCall,
    chat::{Reasoning, Refusal, ToolInput},
    models::{ModelInfo, ModelsPage},
};

use super::*;
use crate::wires::{exceptions::tests::exchange, format::COMPLETIONS};

fn answered(status: u16, body: &Value) -> Exchange {
    let mut exchange = exchange();
    exchange.status = http::StatusCode::from_u16(status).unwrap();
    exchange.body = body.to_string().into();
    exchange
}

fn failed(kind: ErrorKind, message: &'static str) -> Got {
    let error = Error::new(kind, message);
    let failure = Failure {
        kind: error.kind(),
        message: error.message().to_owned(),
        code: None,
        status: None,
        partial: None,
    };
    Got::Failed(Box::new(failure), Vec::new())
}

fn asked() -> Op {
    Op::Chat(ChatRequest::new([Message::user("hi")]).into())
}

fn parts(parts: Vec<Part>) -> ChatResponse {
    ChatResponse::new(
        "m",
        Message::new(Role::Assistant, parts),
        Finish::new(FinishKind::Stop),
    )
}

/// Everything that can be lost.
fn said() -> Value {
    json!({
        "id": "1",
        "model": "m",
        "choices": [{
            "index": 0,
            "finish_reason": "stop",
            "message": {
                "content": "hello",
                "reasoning": "hm",
                "refusal": "no",
                "tool_calls": [{"id": "c", "function": {"name": "f", "arguments": "{\"a\": 1}"}}],
            },
        }],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2},
    })
}

fn got() -> ChatResponse {
    let mut reasoning = Reasoning::default();
    reasoning.text = Some("hm".to_owned());
    let mut got = parts(vec![
        Part::new(Content::Reasoning(reasoning)),
        Part::text("hello"),
        Part::new(Content::Refusal(Refusal::new("no"))),
        Part::new(Content::ToolCall(ToolCall::new(
            "c",
            "f",
            ToolInput::from_text("{\"a\": 1}"),
        ))),
    ]);
    got.id = Some("1".to_owned());
    got.usage.input.total = Some(3);
    got.usage.output.total = Some(2);
    got
}

fn chat_faults(said: &Value, got: ChatResponse) -> Vec<String> {
    faults(
        &answered(200, said),
        &COMPLETIONS,
        &asked(),
        &Got::Chat(Box::new(got), Vec::new()),
    )
}

#[test]
fn an_answer_that_kept_everything_has_no_fault() {
    assert_eq!(chat_faults(&said(), got()), [""; 0]);
}

#[test]
fn whatever_is_lost_is_named() {
    let without = |part: usize| {
        let mut got = got();
        got.message.parts.remove(part);
        got
    };
    let changed = |change: fn(&mut ChatResponse)| {
        let mut got = got();
        change(&mut got);
        got
    };
    for (what, got) in [
        ("reasoning", without(0)),
        ("text", without(1)),
        ("refusal", without(2)),
        ("tool calls", without(3)),
        (
            "finish",
            changed(|got| got.finish = Finish::new(FinishKind::MaxTokens)),
        ),
        ("input tokens", changed(|got| got.usage.input.total = None)),
        (
            "output tokens",
            changed(|got| got.usage.output.total = Some(3)),
        ),
        ("model", changed(|got| got.model.clear())),
        ("id", changed(|got| got.id = None)),
    ] {
        let faults = chat_faults(&said(), got);
        assert_eq!(faults.len(), 1, "{what}: {faults:?}");
        assert!(
            faults[0].starts_with(&format!("lost: {what}: ")),
            "{faults:?}"
        );
    }
}

#[test]
fn a_second_answer_that_is_missing_is_named() {
    let mut said = said();
    let choices = said["choices"].as_array_mut().unwrap();
    choices.push(json!({"index": 1, "message": {"content": "other"}}));
    assert_eq!(chat_faults(&said, got()), ["lost: answer 1"]);
}

#[test]
fn the_fault_shows_where_texts_part() {
    let faults = chat_faults(
        &json!({"choices": [{"message": {"content": "hello"}}]}),
        parts(vec![Part::text("help")]),
    );
    assert_eq!(faults, [r#"lost: text: from byte 3, "p", and not "lo""#]);
}

#[test]
fn arguments_may_be_absent_or_spaced() {
    for (said, got, same) in [
        ("", "{}", true),
        (" {}\n", "{}", true),
        (r#"{"a":1}"#, r#"{ "a": 1 }"#, true),
        (r#"{"a":1"#, r#"{"a":1"#, true),
        (r#"{"a":1}"#, r#"{"a":2}"#, false),
        (r#"{"a":1"#, "{}", false),
    ] {
        assert_eq!(same_arguments(said, got), same, "{said} {got}");
    }
}

#[test]
fn a_call_keeps_its_id_and_one_without_says_that_it_was_made_up() {
    let call = |id: &str| json!({"choices": [{"message": {"tool_calls": [{"id": id, "function": {"name": "f"}}]}}]});
    let got = |id: &str, synthetic: bool| {
        let mut call = ToolCall::new(id, "f", ToolInput::from_text(""));
        call.synthetic_id = synthetic;
        parts(vec![Part::new(Content::ToolCall(call))])
    };
    assert_eq!(chat_faults(&call("a"), got("a", false)), [""; 0]);
    assert_eq!(chat_faults(&call(""), got("made up", true)), [""; 0]);
    assert_eq!(chat_faults(&call("a"), got("b", false)).len(), 1);
    assert_eq!(chat_faults(&call(""), got("", false)).len(), 1);
}

#[test]
fn arguments_that_were_cut_before_their_first_byte_may_be_invalid() {
    let cut = ToolInput::Invalid {
        raw: String::new(),
        error: "cut".to_owned(),
    };
    let got = ToolCall::new("", "f", cut);
    let mut said = naive::Call::default();
    said.name = "f".to_owned();
    let mut synthetic = got;
    synthetic.synthetic_id = true;
    assert!(same_call(&said, &synthetic, &FinishKind::MaxTokens));
    assert!(
        !same_call(&said, &synthetic, &FinishKind::ToolCalls),
        "a call without arguments is whole"
    );
}

#[test]
fn thoughts_in_tags_may_be_told_apart_or_left() {
    let said = json!({"choices": [{"message": {"content": "<think>hm</think>\n\nyes"}}]});
    let mut reasoning = Reasoning::default();
    reasoning.text = Some("hm".to_owned());
    let apart = vec![Part::new(Content::Reasoning(reasoning)), Part::text("yes")];
    assert_eq!(chat_faults(&said, parts(apart)), [""; 0]);
    assert_eq!(
        chat_faults(&said, parts(vec![Part::text("<think>hm</think>\n\nyes")])),
        [""; 0]
    );
    assert_eq!(
        chat_faults(&said, parts(vec![Part::text("yes")])).len(),
        1,
        "thoughts were lost"
    );
}

#[test]
fn an_error_must_be_one_of_a_fitting_kind() {
    let said = json!({"error": {"message": "no such model"}});
    let exchange = answered(404, &said);
    assert_eq!(
        faults(
            &exchange,
            &COMPLETIONS,
            &asked(),
            &failed(ErrorKind::NotFound, "no such model")
        ),
        [""; 0]
    );
    let wrong = faults(
        &exchange,
        &COMPLETIONS,
        &asked(),
        &failed(ErrorKind::Server, "no such model"),
    );
    assert_eq!(wrong, ["status 404 came back as Server: no such model"]);
    let passed_over = faults(
        &exchange,
        &COMPLETIONS,
        &asked(),
        &Got::Chat(Box::new(got()), Vec::new()),
    );
    assert!(
        passed_over[0].starts_with("status 404 came back as an answer"),
        "{passed_over:?}"
    );
}

#[test]
fn an_error_must_say_what_the_provider_said() {
    let said = json!({"error": "no such model"});
    let silent = failed(ErrorKind::NotFound, "the server answered 404 Not Found");
    let faults_of = |body: &Value| faults(&answered(404, body), &COMPLETIONS, &asked(), &silent);
    assert!(
        faults_of(&said)[0].starts_with("lost: the error's message"),
        "{:?}",
        faults_of(&said)
    );
    assert_eq!(faults_of(&json!({})), [""; 0], "nothing was said");
}

#[test]
fn an_error_inside_a_success_must_come_out() {
    let exchange = answered(200, &json!({"error": {"message": "overloaded"}}));
    assert_eq!(
        faults(
            &exchange,
            &COMPLETIONS,
            &asked(),
            &failed(ErrorKind::Overloaded, "overloaded")
        ),
        [""; 0]
    );
    let unread = faults(
        &exchange,
        &COMPLETIONS,
        &asked(),
        &failed(ErrorKind::Decode, "no choices"),
    );
    assert_eq!(unread, ["Decode: no choices"]);
    let passed_over = faults(
        &exchange,
        &COMPLETIONS,
        &asked(),
        &Got::Chat(Box::new(got()), Vec::new()),
    );
    assert!(
        passed_over[0].starts_with("the error in the answer was passed over"),
        "{passed_over:?}"
    );
}

#[test]
fn an_error_in_a_stream_is_seen_after_other_events() {
    let mut exchange = exchange();
    exchange.body = "data: {\"choices\":[]}\n\ndata: {\"error\":{\"message\":\"no\"}}\n\n".into();
    assert_eq!(
        faults(
            &exchange,
            &COMPLETIONS,
            &asked(),
            &failed(ErrorKind::Server, "no")
        ),
        [""; 0]
    );
    assert_eq!(
        faults(
            &exchange,
            &COMPLETIONS,
            &asked(),
            &failed(ErrorKind::Interrupted, "cut")
        ),
        ["Interrupted: cut"]
    );
}

#[test]
fn an_answer_that_was_not_decoded_is_a_fault() {
    let faults = faults(
        &answered(200, &said()),
        &COMPLETIONS,
        &asked(),
        &failed(ErrorKind::Decode, "what is this"),
    );
    assert_eq!(faults, ["Decode: what is this"]);
}

#[test]
fn vectors_and_models_must_all_come() {
    let op = Op::Embed(trunkline_core::EmbedRequest::new(["a"]).into());
    let exchange = answered(200, &json!({"data": [{"index": 0, "embedding": [0.5]}]}));
    let vectors =
        |numbers: Vec<f32>| Got::Embed(Box::new(EmbedResponse::new("m", vec![numbers.into()])));
    assert_eq!(
        faults(&exchange, &COMPLETIONS, &op, &vectors(vec![0.5])),
        [""; 0]
    );
    assert_eq!(
        faults(&exchange, &COMPLETIONS, &op, &vectors(vec![0.25])),
        ["lost: vectors: 1 of 1 came back"]
    );

    let op = Op::Models(trunkline_core::models::ModelsRequest::default().into());
    let exchange = answered(200, &json!({"data": [{"id": "a"}, {"id": "b"}]}));
    let models = |names: &[&str]| {
        Got::Models(Box::new(ModelsPage::new(
            names.iter().map(|name| ModelInfo::new(*name)).collect(),
        )))
    };
    assert_eq!(
        faults(&exchange, &COMPLETIONS, &op, &models(&["a", "b"])),
        [""; 0]
    );
    assert_eq!(
        faults(&exchange, &COMPLETIONS, &op, &models(&["a"])),
        ["lost: models: 1 of 2 came back"]
    );
}

#[test]
fn a_reply_to_another_operation_is_a_fault() {
    let got = Got::Models(Box::default());
    assert_eq!(
        faults(&answered(200, &json!({})), &COMPLETIONS, &asked(), &got),
        ["0 models came back to another operation"]
    );
}
