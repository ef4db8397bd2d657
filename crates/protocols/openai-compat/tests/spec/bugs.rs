//! What broke in other libraries, with the bytes that broke it.

use trunkline_core::{ErrorKind, chat::FinishKind};
use trunkline_openai_compat::Dialect;
use trunkline_testkit::{Peer, peer::Reply};

use crate::support::{call, chat_stream, delta, finish, sse, stream, stream_in, whole};

#[tokio::test]
async fn bug_15_a_refusal_fails_the_call_and_not_the_first_item() {
    let body = r#"{"error":{"message":"no such key","code":"invalid_api_key"}}"#;
    let peer = Peer::start(Reply::status(401).json(body)).await;
    let error = call(&peer, chat_stream()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Auth);
    assert_eq!(error.message(), "no such key");
}

#[tokio::test]
async fn bug_16_an_error_as_json_under_200_fails_the_call() {
    let body = r#"{"error":{"message":"busy","code":"rate_limit_exceeded"}}"#;
    let peer = Peer::start(Reply::status(200).json(body)).await;
    let error = call(&peer, chat_stream()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.message(), "busy");
}

#[test]
fn bug_21_a_tool_delta_needs_no_index() {
    for index in ["", r#""index":null,"#] {
        let read = stream(&[
            delta(&format!(
                r#"{{"tool_calls":[{{{index}"id":"a","function":{{"name":"f","arguments":""}}}}]}}"#
            )),
            delta(&format!(
                r#"{{"tool_calls":[{{{index}"function":{{"arguments":"{{\"x\":"}}}}]}}"#
            )),
            delta(&format!(
                r#"{{"tool_calls":[{{{index}"id":"a","function":{{"arguments":"1}}"}}}}]}}"#
            )),
            delta(&format!(
                r#"{{"tool_calls":[{{{index}"id":"b","function":{{"name":"g","arguments":"{{}}"}}}}]}}"#
            )),
            finish("tool_calls"),
        ]);
        let answer = read.answer();
        let calls: Vec<_> = answer
            .tool_calls()
            .map(|call| (call.id.as_str(), call.name.as_str(), call.arguments()))
            .collect();
        assert_eq!(
            calls,
            [("a", "f", r#"{"x":1}"#), ("b", "g", "{}")],
            "{index}"
        );
    }
}

#[test]
fn bug_22_an_index_is_a_name_and_not_a_place() {
    for index in ["4294967295", "18446744073709551615", "7"] {
        let piece =
            |what: &str| delta(&format!(r#"{{"tool_calls":[{{"index":{index},{what}}}]}}"#));
        let answer = stream(&[
            piece(r#""id":"a","function":{"name":"f","arguments":"{"}"#),
            piece(r#""function":{"arguments":"}"}"#),
            finish("tool_calls"),
        ])
        .answer();
        assert_eq!(answer.tool_calls().count(), 1, "{index}");
        assert_eq!(answer.tool_calls().next().unwrap().arguments(), "{}");
    }
}

#[test]
fn bug_23_a_chunk_may_have_no_choices_and_a_choice_no_delta() {
    let answer = stream(&[
        r#"{"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}"#,
        r#"{"id":"c","model":"gpt","choices":[{"index":0,"delta":{"content":"Hi"}}]}"#,
        r#"{"id":"c","model":"gpt","choices":[{"index":0,"content_filter_offsets":{"check_offset":1},"finish_reason":null}]}"#,
        r#"{"id":"c","model":"gpt","choices":[{"index":0,"finish_reason":"stop"}]}"#,
    ])
    .answer();
    assert_eq!(
        (answer.text().as_str(), answer.model.as_str()),
        ("Hi", "gpt")
    );
    assert_eq!(answer.id.as_deref(), Some("c"), "an empty id is none");
}

#[test]
fn bug_23_id_and_model_may_come_one_after_the_other() {
    for first in [r#""id":"","model":"gpt""#, r#""id":"c","model":"""#] {
        let answer = stream(&[
            format!(r#"{{{first},"choices":[]}}"#),
            r#"{"id":"c","model":"gpt","created":7,"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#.to_owned(),
        ])
        .answer();
        let known = (answer.id.as_deref(), answer.model.as_str(), answer.created);
        assert_eq!(known, (Some("c"), "gpt", Some(7)), "{first}");
    }
}

#[test]
fn bug_24_finish_reasons_that_nobody_wrote_down() {
    for (wire, kind, raw) in [
        ("", FinishKind::Stop, None),
        ("eos", FinishKind::Stop, Some("eos")),
        ("eos_token", FinishKind::Stop, Some("eos_token")),
        ("repetition", FinishKind::Other, Some("repetition")),
        ("aborted", FinishKind::Cancelled, Some("aborted")),
    ] {
        let answer = stream(&[delta(r#"{"content":"Hi"}"#), finish(wire)]).answer();
        assert_eq!(answer.finish.kind, kind, "{wire:?}");
        assert_eq!(answer.finish.raw.as_deref(), raw, "{wire:?}");
    }
}

#[test]
fn bug_24_of_two_finish_reasons_the_first_counts() {
    let events = [
        delta(r#"{"content":"Hi"}"#),
        finish("length"),
        finish("stop"),
    ];
    assert_eq!(stream(&events).answer().finish.kind, FinishKind::MaxTokens);
}

#[test]
fn bug_25_either_end_will_do() {
    let text = |body: String| sse(body).answer().text();
    let hi = delta(r#"{"content":"Hi"}"#);
    assert_eq!(text(format!("data: {hi}\n\ndata: [DONE]\n\n")), "Hi");
    assert_eq!(
        text(format!("data: {hi}\n\ndata: {}\n\n", finish("stop"))),
        "Hi"
    );
    // Seen: a blank after the word, and no blank line after that.
    assert_eq!(text(format!("data: {hi}\n\ndata: [DONE] \n")), "Hi");
    assert_eq!(text(format!("data: {hi}\n\ndata: [DONE]")), "Hi");
}

#[test]
fn bug_26_the_last_word_before_any_other_is_no_answer() {
    let error = sse("data: [DONE]\n\n").error();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

#[test]
fn bug_27_an_error_inside_a_stream_ends_it() {
    for frame in [
        r#"{"error":{"message":"boom","type":"server_error"}}"#,
        r#"{"error":{"message":"boom"},"choices":[]}"#,
        r#"{"id":"c","choices":[{"index":0,"delta":{},"error":{"code":502,"message":"boom"},"finish_reason":"error"}]}"#,
        r#"{"object":"error","message":"boom","type":"server_error","code":500}"#,
        r#"{"id":"c","choices":[],"x_groq":{"id":"r","error":"boom"}}"#,
    ] {
        let read = stream(&[delta(r#"{"content":"Hi"}"#).as_str(), frame]);
        assert_eq!(read.partial.text(), "Hi", "what came before stays");
        let error = read.error();
        assert_eq!(
            (error.kind(), error.message()),
            (ErrorKind::Server, "boom"),
            "{frame}"
        );
    }
    // And what only looks like one is none.
    for error in ["null", "\"\"", "{}", "false"] {
        let frame = format!(
            r#"{{"id":"c","choices":[{{"index":0,"delta":{{"content":"Hi"}}}}],"error":{error}}}"#
        );
        assert_eq!(stream(&[frame]).answer().text(), "Hi", "{error}");
    }
}

#[test]
fn bug_27_an_event_named_error_is_one_whatever_it_holds() {
    for (data, message) in [
        (r#"{"message":"boom"}"#, "boom"),
        ("boom", "boom"),
        (r#"{"detail":"boom"}"#, "boom"),
        (
            "null",
            "the provider broke off the answer and does not say why",
        ),
    ] {
        let hi = delta(r#"{"content":"Hi"}"#);
        let read = sse(format!("data: {hi}\n\nevent: error\ndata: {data}\n\n"));
        assert_eq!(read.partial.text(), "Hi");
        let error = read.error();
        assert_eq!(error.kind(), ErrorKind::Server, "{data}");
        assert_eq!(error.message(), message);
    }
}

#[test]
fn bug_28_usage_comes_last_or_with_the_finish() {
    const USAGE: &str = r#""usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}"#;
    let trailing = [
        delta(r#"{"content":"Hi"}"#),
        finish("stop"),
        format!(r#"{{"id":"c","model":"m","choices":[],{USAGE}}}"#),
    ];
    let inline = [
        delta(r#"{"content":"Hi"}"#),
        format!(
            r#"{{"id":"c","model":"m","choices":[{{"index":0,"delta":{{}},"finish_reason":"stop"}}],{USAGE}}}"#
        ),
    ];
    for events in [&trailing[..], &inline[..]] {
        let usage = stream(events).answer().usage;
        assert_eq!((usage.input.total, usage.output.total), (Some(3), Some(2)));
    }
}

#[test]
fn bug_29_the_last_chunk_may_say_something() {
    let answer = stream(&[
        r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hi","tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#,
    ])
    .answer();
    assert_eq!(answer.text(), "Hi");
    assert_eq!(answer.tool_calls().count(), 1);
}

#[test]
fn bug_30_null_is_absence() {
    let answer = stream(&[
        r#"{"id":"c","model":"m","created":null,"service_tier":"turbo-9000","system_fingerprint":null,"usage":null,"choices":[{"index":0,"delta":{"role":null,"content":null,"refusal":null,"tool_calls":null,"function_call":null,"audio":null,"annotations":null,"reasoning":null},"logprobs":null,"finish_reason":null}]}"#,
        r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}"#,
    ])
    .answer();
    assert_eq!(answer.text(), "Hi");
    assert_eq!(answer.service_tier.as_deref(), Some("turbo-9000"));
}

#[test]
fn bug_31_arguments_may_be_an_object_null_or_nothing() {
    for (arguments, expected) in [
        (
            r#""arguments":{"b":1.0,"a":12345678901234567890}"#,
            r#"{"b":1.0,"a":12345678901234567890}"#,
        ),
        (r#""arguments":null"#, "{}"),
        (r#""arguments":"""#, "{}"),
        (r#""x":1"#, "{}"),
    ] {
        let calls = format!(
            r#"{{"tool_calls":[{{"index":0,"id":0,"function":{{"name":"f",{arguments}}}}}]}}"#
        );
        let body = format!(
            r#"{{"id":"c","choices":[{{"message":{calls},"finish_reason":"tool_calls"}}]}}"#
        );
        for answer in [
            stream(&[delta(&calls), finish("tool_calls")]).answer(),
            whole(&body).unwrap(),
        ] {
            let call = answer.tool_calls().next().unwrap();
            assert_eq!(call.arguments(), expected);
            assert_eq!(call.id.as_str(), "0", "a number is an id, too");
        }
    }
}

#[test]
fn bug_32_stop_after_a_call_means_the_call() {
    let call =
        delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#);
    for reason in ["stop", "tool_calls", "tool_call", "function_call", ""] {
        let answer = stream(&[call.clone(), finish(reason)]).answer();
        assert_eq!(answer.finish.kind, FinishKind::ToolCalls, "{reason:?}");
    }
    let cut = stream(&[call, finish("length")]).answer();
    assert_eq!(cut.finish.kind, FinishKind::MaxTokens, "a cut is no wish");
}

#[test]
fn bug_33_no_type_the_same_id_twice_and_a_late_name() {
    let read = stream(&[
        delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{\"n\""}}]}"#),
        delta(r#"{"tool_calls":[{"index":0,"function":{"name":"late","arguments":":1}"}}]}"#),
        delta(
            r#"{"tool_calls":[{"index":1,"id":"a","function":{"name":"twin","arguments":"{}"}}]}"#,
        ),
        finish("tool_calls"),
    ]);
    let answer = read.answer();
    let calls: Vec<_> = answer.tool_calls().collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(
        (calls[0].name.as_str(), calls[0].arguments()),
        ("late", r#"{"n":1}"#)
    );
    assert_ne!(calls[0].id, calls[1].id, "results must find their calls");
    assert!(calls[1].synthetic_id && !calls[0].synthetic_id);
}

#[test]
fn bug_33_a_whole_answer_with_one_id_twice_has_two_calls() {
    let answer = whole(
        r#"{"id":"c","choices":[{"message":{"tool_calls":[{"id":"0","function":{"name":"f","arguments":"{}"}},{"id":"0","function":{"name":"g","arguments":"{}"}},{"function":{"name":"h"}}]},"finish_reason":"tool_calls"}]}"#,
    )
    .unwrap();
    let names: Vec<_> = answer.tool_calls().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["f", "g", "h"]);
    let ids: std::collections::HashSet<_> = answer.tool_calls().map(|call| &call.id).collect();
    assert_eq!(ids.len(), 3);
}

#[test]
fn bug_34_blanks_are_words() {
    let answer = stream(&[
        delta(r#"{"content":" "}"#),
        delta(r#"{"content":"\n\n"}"#),
        delta(r#"{"content":"a"}"#),
        delta(r#"{"content":"\t "}"#),
        finish("stop"),
    ])
    .answer();
    assert_eq!(answer.text(), " \n\na\t ");
}

#[test]
fn bug_35_a_frame_of_null_or_of_a_list() {
    let answer = stream(&[
        "null".to_owned(),
        format!(
            "[{},null,{}]",
            delta(r#"{"content":"a"}"#),
            delta(r#"{"content":"b"}"#)
        ),
        "[]".to_owned(),
        finish("stop"),
    ])
    .answer();
    assert_eq!(answer.text(), "ab");
    let error = stream(&["[[{}]]"]).error();
    assert_eq!(
        error.kind(),
        ErrorKind::Decode,
        "a list of lists is no chunk"
    );
}

#[test]
fn bug_36_thoughts_by_either_name_or_between_tags() {
    for field in ["reasoning", "reasoning_content"] {
        let answer = stream(&[
            delta(&format!(r#"{{"{field}":"so"}}"#)),
            delta(r#"{"content":"yes"}"#),
            finish("stop"),
        ])
        .answer();
        assert_eq!(thoughts(&answer), "so", "{field}");
        assert_eq!(answer.text(), "yes");
    }
    let both = stream(&[
        delta(r#"{"reasoning":"so","reasoning_content":"so"}"#),
        delta(r#"{"reasoning":"","reasoning_content":"!"}"#),
        delta(r#"{"reasoning":"?","reasoning_content":""}"#),
        finish("stop"),
    ])
    .answer();
    assert_eq!(
        thoughts(&both),
        "so!?",
        "the same thought under both names is one"
    );

    let tags = ["<thi", "nk>so ", "</thi", "so</think", ">\n\nyes"];
    let events: Vec<String> = tags
        .iter()
        .map(|text| delta(&serde_json::json!({ "content": text }).to_string()))
        .chain([finish("stop")])
        .collect();
    let answer = stream_in(Dialect::OPENAI.think_tags(), &events).answer();
    assert_eq!(thoughts(&answer), "so </thiso");
    assert_eq!(answer.text(), "\n\nyes");
    let untold = stream(&events).answer();
    assert_eq!(
        untold.text(),
        tags.concat(),
        "only where the dialect says so"
    );
}

fn thoughts(answer: &trunkline_core::ChatResponse) -> String {
    answer
        .message
        .parts
        .iter()
        .filter_map(|part| match &part.content {
            trunkline_core::Content::Reasoning(reasoning) => reasoning.text.clone(),
            _ => None,
        })
        .collect()
}
