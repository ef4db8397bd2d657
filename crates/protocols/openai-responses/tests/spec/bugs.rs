//! What was reported against others, by its number in the design, and what recorded traffic showed.

use trunkline_core::{Content, ErrorKind, StreamChunk, ToolCall, chat::FinishKind};

use crate::support::{stream, whole};

const CREATED: &str = r#"{"type":"response.created","response":{"id":"resp_1","model":"m","status":"in_progress","output":[]}}"#;
const ADDED: &str = r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""}}"#;
const DONE: &str = r#"{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":1}"}}"#;
const COMPLETED: &str =
    r#"{"type":"response.completed","response":{"id":"resp_1","model":"m","status":"completed"}}"#;
const HEL: &str = r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"item_id":"msg_1","delta":"Hel"}"#;

#[test]
fn bug_37_a_keepalive_is_a_sign_of_life() {
    let (chunks, answer) = stream(&[
        CREATED,
        r#"{"type":"keepalive","sequence_number":2}"#,
        HEL,
        COMPLETED,
    ]);
    assert!(chunks.contains(&StreamChunk::KeepAlive));
    assert_eq!(answer.unwrap().text(), "Hel");
}

#[test]
fn bug_38_a_failed_response_is_told_at_once() {
    let failed = r#"{"type":"response.failed","response":{"id":"resp_1","status":"failed","error":{"code":"rate_limit_exceeded","message":"Slow down"},"output":[]}}"#;
    let (_, answer) = stream(&[CREATED, HEL, failed]);
    let error = answer.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::RateLimited, Some("rate_limit_exceeded"))
    );
    assert_eq!(error.partial().unwrap().text(), "Hel");
}

#[test]
fn bug_39_an_incomplete_response_keeps_what_it_has() {
    let incomplete = r#"{"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"Hel"}]},{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a"}]}}"#;
    for events in [vec![CREATED, incomplete], vec![CREATED, HEL, incomplete]] {
        let answer = stream(&events).1.unwrap();
        assert_eq!(
            (&*answer.text(), &answer.finish.kind),
            ("Hel", &FinishKind::MaxTokens)
        );
        let call = answer.tool_calls().next().unwrap();
        assert!(
            !call.is_complete() && call.arguments() == r#"{"a"#,
            "{call:?}"
        );
    }
}

#[test]
fn bug_40_arguments_are_whole_wherever_they_are_told() {
    let delta = r#"{"type":"response.function_call_arguments.delta","output_index":0,"item_id":"fc_1","delta":"{\"a\""}"#;
    let whole = r#"{"type":"response.function_call_arguments.done","output_index":0,"item_id":"fc_1","arguments":"{\"a\":1}"}"#;
    let at_end = r#"{"type":"response.completed","response":{"status":"completed","output":[{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":"{\"a\":1}"}]}}"#;
    for events in [
        vec![ADDED, delta, whole, DONE, COMPLETED],
        vec![ADDED, DONE, COMPLETED],
        vec![ADDED, delta, DONE, COMPLETED],
        vec![DONE, COMPLETED],
        // Its own end was lost.
        vec![ADDED, delta, whole, COMPLETED],
        vec![ADDED, delta, at_end],
        vec![ADDED, at_end],
        vec![at_end],
        vec![ADDED, delta, whole, DONE, at_end],
    ] {
        let answer = stream(&events).1.unwrap();
        let calls: Vec<_> = answer.tool_calls().map(ToolCall::arguments).collect();
        assert_eq!(calls, [r#"{"a":1}"#], "{events:?}");
        assert_eq!(answer.finish.kind, FinishKind::ToolCalls);
    }
}

#[test]
fn bug_41_an_end_without_output_takes_nothing_away() {
    for end in [
        COMPLETED,
        r#"{"type":"response.completed","response":{"output":null}}"#,
        r#"{"type":"response.completed"}"#,
    ] {
        let answer = stream(&[CREATED, HEL, end]).1.unwrap();
        assert_eq!(
            (&*answer.text(), &answer.finish.kind),
            ("Hel", &FinishKind::Stop)
        );
    }
}

#[test]
fn items_that_are_renamed_at_the_end_are_not_said_twice() {
    // As GitHub Copilot and OpenRouter do.
    let other = r#"{"type":"response.completed","response":{"status":"completed","output":[{"type":"message","id":"msg_other","role":"assistant","content":[{"type":"output_text","text":"Hello"}]}]}}"#;
    assert_eq!(stream(&[CREATED, HEL, other]).1.unwrap().text(), "Hello");
    let moved = r#"{"type":"response.output_text.delta","output_index":3,"content_index":1,"item_id":"msg_1","delta":"Hello"}"#;
    assert_eq!(stream(&[CREATED, moved, other]).1.unwrap().text(), "Hello");
}

#[test]
fn items_interleave_and_end_in_any_order() {
    let answer = stream(&[
        r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"reasoning","id":"rs_1","summary":[]}}"#,
        r#"{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"item_id":"rs_1","delta":"h"}"#,
        HEL,
        r#"{"type":"response.reasoning_text.done","output_index":0,"content_index":0,"item_id":"rs_1","text":"hm"}"#,
        COMPLETED,
    ]);
    // The text came under the place of the thoughts: it is not theirs.
    let answer = answer.1.unwrap();
    let Content::Reasoning(thought) = &answer.message.parts[0].content else {
        panic!()
    };
    assert_eq!(thought.text.as_deref(), Some("hm"));
    assert_eq!(answer.text(), "Hel");
}

#[test]
fn an_error_is_told_in_each_of_its_forms() {
    for event in [
        r#"{"type":"error","code":"server_is_overloaded","message":"Busy","param":null}"#,
        r#"{"type":"error","error":{"type":"server_error","code":"server_is_overloaded","message":"Busy"}}"#,
        r#"{"error":{"code":"server_is_overloaded","message":"Busy"}}"#,
    ] {
        let error = stream(&[CREATED, event]).1.unwrap_err();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Overloaded, "Busy"),
            "{event}"
        );
    }
}

#[test]
fn a_whole_answer_that_failed_keeps_what_came_before() {
    let failed = r#"{"id":"resp_1","status":"failed","error":{"code":"server_error","message":"Oh."},"output":[{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"Hel"}]}]}"#;
    let error = whole(failed).unwrap_err();
    assert_eq!(
        (error.kind(), error.partial().unwrap().text()),
        (ErrorKind::Server, "Hel".to_owned())
    );
}

#[test]
fn counts_below_nothing_are_none() {
    let answer = whole(
        r#"{"status":"completed","output":[],"usage":{"input_tokens":7,"output_tokens":-9}}"#,
    )
    .unwrap();
    assert_eq!(
        (answer.usage.input.total, answer.usage.output.total),
        (Some(7), None)
    );
}

#[test]
fn words_of_a_piece_of_no_known_kind_are_not_lost() {
    let added = r#"{"type":"response.content_part.added","output_index":0,"content_index":0,"item_id":"msg_1","part":{"type":"zenith","text":""}}"#;
    let done = added.replace("part.added", "part.done");
    let (_, answer) = stream(&[CREATED, added, HEL, &done, COMPLETED]);
    assert_eq!(answer.unwrap().text(), "Hel");
    let (_, answer) = stream(&[CREATED, added, &done, COMPLETED]);
    let parts = answer.unwrap().message.parts;
    assert!(
        matches!(&parts[..], [part] if matches!(&part.content, Content::Opaque(it) if &*it.kind == "openai.zenith")),
        "{parts:?}"
    );
}
