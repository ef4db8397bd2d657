//! Corners where vocabularies lose something, by their numbers in the design; those that this wire
//! has. Each other one stands in the crate whose wire has it.

use trunkline_core::{
    ChatRequest, Content, Message,
    chat::{ChatResponse, FinishKind, ToolInput},
};
use trunkline_openai_compat::Dialect;

use crate::support::{body_of, chat, delta, finish, stream, stream_in, whole};

fn thoughts(answer: &ChatResponse) -> String {
    let parts = answer.message.parts.iter();
    let thoughts = parts.filter_map(|part| match &part.content {
        Content::Reasoning(reasoning) => reasoning.text.clone(),
        _ => None,
    });
    thoughts.collect()
}

#[test]
fn corner_04_thoughts_have_three_places_and_one_meaning() {
    for (dialect, said) in [
        (
            Dialect::OPENAI,
            r#"{"reasoning_content":"hm","content":"yes"}"#,
        ),
        (Dialect::OPENAI, r#"{"reasoning":"hm","content":"yes"}"#),
        (
            Dialect::OPENAI,
            r#"{"reasoning":"hm","reasoning_content":"hm","content":"yes"}"#,
        ),
        (
            Dialect::OPENAI.think_tags(),
            r#"{"content":"<think>hm</think>yes"}"#,
        ),
    ] {
        let answer = stream_in(dialect, &[delta(said), finish("stop")]).answer();
        assert_eq!(
            (thoughts(&answer), answer.text()),
            ("hm".into(), "yes".into()),
            "{said}"
        );
    }
}

#[test]
fn corner_11_a_late_name_a_first_index_of_one_and_an_empty_last_chunk_are_one_call() {
    let call = |call: &str| delta(&format!(r#"{{"tool_calls":[{{"index":1,{call}}}]}}"#));
    let answer = stream(&[
        call(r#""id":"a","type":"function","function":{"arguments":""}"#),
        call(r#""function":{"name":"f","arguments":"{\"x\""}"#),
        call(r#""function":{"arguments":":1}"}"#),
        call(r#""function":{"arguments":""}"#),
        finish("tool_calls"),
    ])
    .answer();
    let calls: Vec<_> = answer.tool_calls().collect();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(
        (
            calls[0].id.as_str(),
            calls[0].name.as_str(),
            calls[0].arguments()
        ),
        ("a", "f", r#"{"x":1}"#)
    );
}

fn one_call(arguments: &str) -> ChatResponse {
    let arguments = serde_json::Value::from(arguments);
    let call = format!(
        r#"{{"tool_calls":[{{"index":0,"id":"a","function":{{"name":"f","arguments":{arguments}}}}}]}}"#
    );
    stream(&[delta(&call), finish("tool_calls")]).answer()
}

/// The next request, with this answer in it.
fn sent_back(answer: &ChatResponse) -> String {
    let request = ChatRequest::from("hi")
        .message(Message::assistant(answer))
        .user("go on");
    body_of(Dialect::OPENAI, &chat(request)).unwrap().0
}

#[test]
fn corner_12_arguments_that_are_no_json_stay_with_the_call() {
    let answer = one_call("{\"x\":");
    let call = answer.tool_calls().next().unwrap();
    assert!(matches!(&call.input, ToolInput::Invalid { raw, .. } if raw == "{\"x\":"));
    assert_eq!(answer.finish.kind, FinishKind::ToolCalls);
    assert!(sent_back(&answer).contains(r#""arguments":"{\"x\":""#));
}

#[test]
fn corner_14_no_arguments_are_the_empty_object() {
    for nothing in ["", " ", "{}"] {
        let answer = one_call(nothing);
        assert_eq!(
            answer.tool_calls().next().unwrap().arguments(),
            "{}",
            "{nothing:?}"
        );
        assert!(sent_back(&answer).contains(r#""arguments":"{}""#));
    }
}

#[test]
fn corner_20_the_bound_on_tokens_has_the_dialect_s_name() {
    let request = ChatRequest::from("hi").max_output_tokens(5);
    let body = |dialect| body_of(dialect, &chat(request.clone())).unwrap().0;
    let new = body(Dialect::OPENAI.max_tokens("max_completion_tokens"));
    assert!(new.contains(r#""max_completion_tokens":5"#), "{new}");
    assert!(!new.contains(r#""max_tokens""#), "{new}");
    let old = body(Dialect::OPENAI.max_tokens("max_tokens"));
    assert!(old.contains(r#""max_tokens":5"#), "{old}");
}

#[test]
fn corner_27_speech_keeps_its_id_its_end_and_its_words() {
    let body = r#"{"id":"c","model":"m","choices":[{"index":0,"finish_reason":"stop","message":
        {"role":"assistant","content":null,"audio":
            {"id":"audio_1","data":"AAEC","expires_at":1790000000,"transcript":"Good day"}}}]}"#;
    let answer = whole(body).unwrap();
    let part = answer.message.parts.first().unwrap();
    let Content::Media(media) = &part.content else {
        panic!("{part:?}")
    };
    assert_eq!(media.transcript.as_deref(), Some("Good day"));
    assert_eq!(part.id.as_deref(), Some("audio_1"));
    assert!(format!("{:?}", part.ext).contains("1790000000"), "{part:?}");
    // It goes back by its id alone.
    let body = sent_back(&answer);
    assert!(body.contains(r#""audio":{"id":"audio_1"}"#), "{body}");
}

#[test]
fn corner_28_several_answers_and_their_likelihoods_stay_apart() {
    let chunk = |index: u32, text: &str| {
        format!(
            r#"{{"id":"c","model":"m","choices":[{{"index":{index},"delta":{{"content":"{text}"}},"finish_reason":"stop","logprobs":{{"content":[{{"token":"{text}","logprob":-0.5}}]}}}}]}}"#
        )
    };
    let answer = stream(&[chunk(1, "no"), chunk(0, "yes")]).answer();
    assert_eq!(answer.text(), "yes");
    assert_eq!(answer.candidates.len(), 1);
    assert_eq!(answer.candidates[0].message.text(), "no");
    let tokens =
        |logprobs: &Option<trunkline_core::Json>| logprobs.as_ref().unwrap().get().to_owned();
    assert!(tokens(&answer.logprobs).contains("yes"));
    assert!(tokens(&answer.candidates[0].logprobs).contains("no"));
}

#[test]
fn corner_34_numbers_and_the_order_of_fields_survive_in_arguments() {
    let arguments = r#"{"z":9007199254740993,"a":1.10,"a2":1e400}"#;
    let answer = one_call(arguments);
    assert_eq!(answer.tool_calls().next().unwrap().arguments(), arguments);
    let escaped = serde_json::Value::from(arguments).to_string();
    assert!(sent_back(&answer).contains(&escaped));
}
