//! What an answer costs, and how it ends.

use crate::support::{block, delta, end, start, stop, streamed, whole};
use serde_json::{Value, json};
use trunkline_core::ErrorKind;
use trunkline_core::chat::{Completeness, FinishKind, Ttl};

#[test]
fn corner_06_what_was_written_to_a_cache_is_told_by_how_long_it_stays() {
    let usage = json!({"input_tokens": 4, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20}, "output_tokens": 1});
    let input = whole(json!([]), json!({"usage": usage})).usage.input;
    assert_eq!((input.total, input.uncached), (Some(134), Some(4)));
    assert_eq!((input.cache_read, input.cache_write), (Some(100), Some(30)));
    let by_ttl: Vec<_> = input.cache_write_by_ttl.into_iter().collect();
    assert_eq!(by_ttl, [(Ttl::FiveMinutes, 10), (Ttl::OneHour, 20)]);
}

#[test]
fn corner_08_a_refusal_is_a_finish_and_what_was_said_stays() {
    let details = json!({"type": "refusal", "category": "bio", "explanation": "Not this."});
    let answer = whole(
        json!([{"type": "text", "text": "That"}]),
        json!({"stop_reason": "refusal", "stop_details": details}),
    );
    assert_eq!(answer.finish.kind, FinishKind::Refusal);
    assert_eq!(answer.finish.detail.as_deref(), Some("Not this."));
    assert_eq!(answer.text(), "That");
    let ext: Value = answer.ext.get("anthropic").unwrap().read().unwrap();
    assert_eq!(ext["stop_details"], details);
}

#[test]
fn corner_29_usage_in_two_events_is_neither_doubled_nor_lost() {
    let begun = start(json!({"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 1}));
    let words = [
        block(0, json!({"type": "text", "text": ""})),
        delta(0, json!({"type": "text_delta", "text": "Hello."})),
        stop(0),
    ];
    let events: Vec<Value> = [begun].into_iter().chain(words).collect();
    let (_, cut) = streamed(&events);
    assert_eq!(cut.usage.completeness, Completeness::Partial);
    assert_eq!(
        (cut.usage.input.total, cut.usage.output.total),
        (Some(14), Some(1))
    );

    let totals = |usage: Value| {
        let mut events = events.clone();
        events.push(end("end_turn", usage));
        let usage = streamed(&events).1.usage;
        assert_eq!(usage.completeness, Completeness::Final);
        (usage.input.total, usage.output.total)
    };
    assert_eq!(totals(json!({"output_tokens": 7})), (Some(14), Some(7)));
    let all = json!({"input_tokens": 9, "cache_read_input_tokens": 5, "output_tokens": 7});
    assert_eq!(totals(all), (Some(14), Some(7)));
    let after_tools = json!({"input_tokens": 40, "cache_read_input_tokens": 5, "output_tokens": 7});
    assert_eq!(totals(after_tools), (Some(45), Some(7)));
    assert_eq!(
        totals(json!({"input_tokens": null, "output_tokens": 7})),
        (Some(14), Some(7))
    );
}

#[test]
fn corner_30_the_runs_behind_an_answer_are_told_apart() {
    let run =
        |kind: &str, input: u64| json!({"type": kind, "input_tokens": input, "output_tokens": 1});
    let mut advisor = run("advisor_message", 500);
    advisor["model"] = json!("claude-opus-4-8");
    let usage = json!({"input_tokens": 30, "output_tokens": 2, "iterations": [run("message", 10), advisor, run("message", 20)],
        "output_tokens_details": {"thinking_tokens": 1}, "server_tool_use": {"web_search_requests": 2}});
    let usage = whole(json!([]), json!({"usage": usage})).usage;
    assert_eq!(
        usage.input.total,
        Some(30),
        "what the advisor read is not among it"
    );
    let runs: Vec<_> = usage
        .iterations
        .iter()
        .map(|run| {
            (
                run.kind.as_str(),
                run.model.as_deref(),
                run.usage.input.total,
            )
        })
        .collect();
    assert_eq!(
        runs,
        [
            ("message", None, Some(10)),
            ("advisor_message", Some("claude-opus-4-8"), Some(500)),
            ("message", None, Some(20)),
        ]
    );
    assert_eq!(usage.output.reasoning, Some(1));
    assert_eq!(usage.server_tools.get("web_search"), Some(&2));
}

#[test]
fn an_error_in_a_stream_keeps_what_came_before_it() {
    let (result, partial) = streamed(&[
        start(json!({"input_tokens": 9, "output_tokens": 1})),
        block(0, json!({"type": "text", "text": ""})),
        delta(0, json!({"type": "text_delta", "text": "Hel"})),
        json!({"type": "ping"}),
        json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}),
    ]);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Overloaded);
    assert_eq!(partial.text(), "Hel");
}

#[test]
fn blocks_without_a_name_do_not_pile_up() {
    let open = |at| block(at, json!({"type": "zenith"}));
    let events: Vec<_> = std::iter::once(start(json!({})))
        .chain((0..100_000).map(open))
        .collect();
    let (result, _) = streamed(&events);
    assert_eq!(result.unwrap_err().kind(), ErrorKind::LimitExceeded);
}
