//! Corners where vocabularies lose something, by their numbers in the design; those that Cohere's
//! wire has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests"
)]

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use http::response::Parts;
use serde_json::{Value, json};
use trunkline_cohere::{CitationMode, Document, Options, V2};
use trunkline_core::{
    ChatRequest, ChatResponse, Content, Json, Message, Op, Part, Reply, Result, Role, StreamChunk,
    Tool, Warning,
    chat::{
        Completeness, Effort, FinishKind, Format, Media, Origin, Reasoning, ReasoningSetting,
        Source, ToolInput, ToolResult, ToolStatus, Warnings,
    },
    http_transport::frame::{FrameLimits, Framer, Framing},
    protocol::{Decoder, Protocol, Target, Terminal},
    stream::Fold,
};

fn head() -> Parts {
    http::Response::new(()).into_parts().0
}

fn hi() -> Op {
    Op::ChatStream(Arc::new(ChatRequest::from("hi").model("m")))
}

/// The body that is sent, and what it does not carry.
fn sent(request: ChatRequest) -> (Value, Vec<Warning>) {
    let (text, warnings) = written(request);
    (serde_json::from_str(&text).unwrap(), warnings)
}

fn written(request: ChatRequest) -> (String, Vec<Warning>) {
    let mut warnings = Warnings::default();
    let target = Target::parse("https://api.cohere.example").unwrap();
    let op = Op::Chat(Arc::new(request.model("m")));
    let sent = V2.encode(&op, &target, &mut warnings).unwrap();
    let text = String::from_utf8(sent.into_body().to_vec()).unwrap();
    (text, warnings.into_vec())
}

fn whole(message: &Value, finish: &str) -> ChatResponse {
    let answer = json!({"id": "c-1", "message": message, "finish_reason": finish});
    read_whole(&answer)
}

fn read_whole(answer: &Value) -> ChatResponse {
    match V2
        .decode(&hi(), &head(), answer.to_string().into())
        .unwrap()
    {
        Reply::Chat(response) => response,
        other => panic!("{other:?}"),
    }
}

/// What a stream of these events folds to, and how far it says that it is.
fn streamed(op: &Op, events: &[Value]) -> (Result<ChatResponse>, Terminal) {
    let mut decoder = V2.decoder(op, &head());
    let mut framer = Framer::new(Framing::Sse, FrameLimits::default());
    let mut out = VecDeque::from([StreamChunk::Start { warnings: vec![] }]);
    for event in events {
        let name = event["type"].as_str().unwrap();
        framer.feed(Bytes::from(format!("event: {name}\ndata: {event}\n\n")));
        while let Some(frame) = framer.next().unwrap() {
            if let Err(error) = decoder.frame(frame, &mut out) {
                return (Err(error), decoder.terminal());
            }
        }
    }
    decoder.finish(&mut out).unwrap();
    (Fold::of(out), decoder.terminal())
}

fn event(kind: &str, index: u64, message: Value) -> Value {
    json!({"type": kind, "index": index, "delta": {"message": message}})
}

fn end(finish: &str) -> Value {
    json!({"type": "message-end", "delta": {"finish_reason": finish}})
}

fn call(id: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}})
}

/// The next request, with this answer in it.
fn sent_back(answer: &ChatResponse) -> Value {
    let request = ChatRequest::from("hi").message(Message::assistant(answer));
    sent(request.user("go on")).0["messages"][1].clone()
}

fn with_result(result: ToolResult) -> (Value, Vec<Warning>) {
    let result = Part::new(Content::ToolResult(result));
    let (body, warnings) = sent(ChatRequest::new([Message::new(Role::Tool, [result])]));
    (body["messages"][0].clone(), warnings)
}

#[test]
fn corner_10_calls_without_ids_have_ids_of_their_own() {
    let calls = json!([call("", "{}"), {"type": "function", "function": {"name": "f"}}]);
    let answer = whole(&json!({ "tool_calls": calls }), "TOOL_CALL");
    let ids: Vec<_> = answer
        .tool_calls()
        .map(|call| (call.id.as_str(), call.synthetic_id))
        .collect();
    assert_eq!(ids, [("call_c-1_0", true), ("call_c-1_1", true)]);
    let back = sent_back(&answer);
    assert_eq!(back["tool_calls"][1]["id"], "call_c-1_1");
}

#[test]
fn corner_12_arguments_that_are_no_json_stay_with_the_call() {
    let answer = whole(&json!({"tool_calls": [call("a", "{\"x\":")]}), "TOOL_CALL");
    let made = answer.tool_calls().next().unwrap();
    assert!(matches!(&made.input, ToolInput::Invalid { raw, .. } if raw == "{\"x\":"));
    assert_eq!(answer.finish.kind, FinishKind::ToolCalls);
    assert_eq!(
        sent_back(&answer)["tool_calls"][0]["function"]["arguments"],
        "{\"x\":"
    );
}

#[test]
fn corner_14_no_arguments_are_the_empty_object() {
    let events = [
        event("tool-call-start", 0, json!({"tool_calls": call("a", "")})),
        json!({"type": "tool-call-end", "index": 0}),
        end("TOOL_CALL"),
    ];
    let answer = streamed(&hi(), &events).0.unwrap();
    assert_eq!(answer.tool_calls().next().unwrap().arguments(), "{}");
    assert_eq!(
        sent_back(&answer)["tool_calls"][0]["function"]["arguments"],
        "{}"
    );
}

#[test]
fn corner_15_results_are_words_documents_or_json_and_a_failure_is_told() {
    let table =
        Part::new(Media::new("text/plain", Source::Text("18:40".to_owned())).filename("Brest"));
    let picture = Part::image("image/png", "harbour");
    let mut result = ToolResult::text("a", "All local.").status(ToolStatus::Error);
    result.output.extend([table.id("brest"), picture]);
    let (message, warnings) = with_result(result);
    assert_eq!(
        message,
        json!({"role": "tool", "tool_call_id": "a", "content": [
            {"type": "text", "text": "All local."},
            {"type": "document", "document": {"id": "brest", "data": {"title": "Brest", "text": "18:40"}}},
        ]})
    );
    assert_eq!(
        warnings,
        [
            Warning::coerced("tool_result.status", "error", "text"),
            Warning::unsupported("tool_result.media"),
        ]
    );

    let mut result = ToolResult::text("a", "");
    result.output.clear();
    result.json = Some(Json::parse(r#"{"b":1.0,"a":12345678901234567890}"#).unwrap());
    let (message, warnings) = with_result(result);
    assert_eq!(message["content"], r#"{"b":1.0,"a":12345678901234567890}"#);
    assert_eq!(warnings, []);
}

#[test]
fn corner_17_instructions_stay_where_they_stand() {
    let request = ChatRequest::from("hi")
        .system("first")
        .message(Message::developer("in between"))
        .user("go on");
    let (body, warnings) = sent(request);
    let roles: Vec<_> = body["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["role"])
        .collect();
    assert_eq!(roles, ["system", "user", "system", "user"]);
    assert_eq!(body["messages"][2]["content"], "in between");
    assert_eq!(warnings, []);
}

#[test]
fn corner_18_turns_of_one_role_stay_apart_and_empty_texts_are_left_out() {
    let said = Message::new(Role::User, [Part::text(""), Part::text("two")]);
    let thought = Part::new(Content::Reasoning(Reasoning::new("hm")));
    let silent = Message::new(Role::Assistant, [Part::text(""), thought]);
    let (body, warnings) = sent(
        ChatRequest::from("one")
            .message(said)
            .message(silent)
            .user("three"),
    );
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": "one"},
            {"role": "user", "content": "two"},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}]},
            {"role": "user", "content": "three"},
        ])
    );
    assert_eq!(warnings, []);
}

#[test]
fn corner_22_an_effort_is_a_share_of_the_longest_answer_and_a_budget_is_itself() {
    let effort = ReasoningSetting::Effort;
    let budget = |tokens: u32| json!({"type": "enabled", "token_budget": tokens});
    for (setting, most, expected, is_told) in [
        (
            effort(Effort::None),
            None,
            json!({"type": "disabled"}),
            false,
        ),
        (effort(Effort::Minimal), Some(1_000), budget(20), true),
        (effort(Effort::Low), Some(1_000), budget(100), true),
        (effort(Effort::Medium), None, budget(9_600), true),
        (effort(Effort::High), Some(1_000), budget(600), true),
        (effort(Effort::XHigh), Some(1_000), budget(900), true),
        (effort(Effort::Max), None, json!({"type": "enabled"}), false),
        (
            ReasoningSetting::Budget(0),
            None,
            json!({"type": "disabled"}),
            false,
        ),
        (ReasoningSetting::Budget(777), None, budget(777), false),
    ] {
        let mut request = ChatRequest::from("hi").reasoning(setting);
        request.max_output_tokens = most;
        let (body, warnings) = sent(request);
        assert_eq!(body["thinking"], expected, "{setting:?}");
        assert_eq!(!warnings.is_empty(), is_told, "{setting:?}: {warnings:?}");
    }
}

#[test]
fn corner_23_a_schema_loses_the_bounds_that_cohere_does_not_know_and_keeps_its_order() {
    let format = |schema: &str| Format::Schema {
        name: "tide".to_owned(),
        schema: Json::parse(schema).unwrap(),
        strict: true,
    };
    let asked = r##"{"type":"object","required":["z","a"],"properties":{"z":{"type":"integer","minimum":1},
        "a":{"oneOf":[{"type":"string","format":"email","pattern":"a+"},{"$ref":"#/$defs/t"}]},
        "minimum":{"enum":[{"minimum":2}]}},"$defs":{"t":{"type":"string","format":"date"}}}"##;
    let sent = r##"{"type":"object","required":["z","a"],"properties":{"z":{"type":"integer"},"a":{"anyOf":[{"type":"string","pattern":"a+"},{"$ref":"#/$defs/t"}]},"minimum":{"enum":[{"minimum":2}]}},"$defs":{"t":{"type":"string","format":"date"}}}"##;
    let (body, warnings) = written(ChatRequest::from("hi").format(format(asked)));
    assert!(body.contains(&format!(r#""json_schema":{sent}"#)), "{body}");
    let lost = Warning::coerced("schema", "a schema with format, minimum", "one without");
    assert_eq!(warnings, [lost]);

    // What needs no change is sent as it was written.
    let kept = r#"{ "type":"object", "properties":{"b":{"type":"string"}} }"#;
    let (body, warnings) = written(ChatRequest::from("hi").format(format(kept)));
    assert!(body.contains(kept), "{body}");
    assert_eq!(warnings, []);
}

#[test]
fn corner_23_schemas_of_tools_are_held_to_where_all_tools_are_strict() {
    let tool = |name: &str| Tool::new(name, "", Json::parse(r#"{"maxLength":3}"#).unwrap());
    let (body, warnings) = sent(ChatRequest::from("hi").tool(tool("a").strict(true)));
    assert_eq!(body["strict_tools"], true);
    assert_eq!(body["tools"][0]["function"]["parameters"], json!({}));
    assert_eq!(warnings.len(), 1, "{warnings:?}");

    let both = ChatRequest::from("hi")
        .tool(tool("a").strict(true))
        .tool(tool("b"));
    let (body, warnings) = sent(both);
    assert_eq!(body["strict_tools"], Value::Null);
    assert_eq!(
        body["tools"][0]["function"]["parameters"],
        json!({"maxLength": 3})
    );
    assert_eq!(warnings, [Warning::unsupported("tools.strict")]);
}

#[test]
fn corner_25_a_citation_has_its_span_its_sources_and_goes_back() {
    let cited = json!({"start": 0, "end": 3, "text": "Six", "sources": [
        {"type": "document", "id": "tides", "document": {"id": "tides", "title": "Tides", "url": "https://t.example"}},
        {"type": "tool", "id": "clock_1:0", "tool_output": {"title": 7}},
    ], "type": "TEXT_CONTENT", "content_index": 1, "zebra": 1.0});
    let thought =
        json!({"start": 0, "end": 2, "text": "hm", "sources": [], "type": "THINKING_CONTENT"});
    let table = Media::new("text/plain", Source::Text("Six".to_owned()));
    let request = ChatRequest::from(vec![Part::new(table).id("tides")]).model("m");
    let op = Op::ChatStream(Arc::new(request));
    let events = [
        event(
            "content-start",
            0,
            json!({"content": {"type": "thinking", "thinking": "hm"}}),
        ),
        event("citation-start", 0, json!({ "citations": thought })),
        event(
            "content-start",
            1,
            json!({"content": {"type": "text", "text": "Six."}}),
        ),
        event("citation-start", 1, json!({ "citations": cited })),
        json!({"type": "citation-end", "index": 1}),
        event("citation-start", 2, json!({ "citations": thought })),
        end("COMPLETE"),
    ];
    let answer = streamed(&op, &events).0.unwrap();
    let Content::Text(text) = &answer.message.parts[1].content else {
        panic!("{answer:?}")
    };
    let [one, two] = &text.annotations[..] else {
        panic!("{text:?}")
    };
    assert_eq!(
        (one.source.id.as_deref(), one.source.index),
        (Some("tides"), Some(0))
    );
    assert_eq!(one.source.title.as_deref(), Some("Tides"));
    assert_eq!(one.source.url.as_deref(), Some("https://t.example"));
    assert_eq!(
        (two.source.id.as_deref(), two.source.index),
        (Some("clock_1:0"), None)
    );
    assert_eq!(
        (&one.span_in_output, &two.span_in_output),
        (&Some(0..3), &Some(0..3))
    );
    assert_eq!(sent_back(&answer)["citations"], json!([cited]));
    // A citation of a thought has no text to stand at, and is not lost.
    let beside: Value = answer.ext.get("cohere").unwrap().read().unwrap();
    assert_eq!(beside["citations"], json!([thought, thought]));
}

#[test]
fn corner_26_documents_are_listed_beside_the_messages() {
    let text = |text: &str| Source::Text(text.to_owned());
    let fields = r#"{"zone":12345678901234567890,"body":"Seven"}"#;
    let parts = vec![
        Part::text("When?"),
        Part::new(Media::new("text/plain", text("Six")).filename("tides.txt")).id("tides"),
        Part::new(Media::new("application/json", Source::Bytes(fields.into()))),
        Part::document("application/pdf", "chart.pdf", "pages"),
    ];
    let given = Options::new()
        .documents([Document::text("Eight").id("more")])
        .citation_options(CitationMode::Accurate);
    let (body, warnings) = written(ChatRequest::from(parts).option(given));
    let listed = format!(
        r#""documents":[{{"id":"tides","data":{{"title":"tides.txt","text":"Six"}}}},{{"data":{fields}}},{{"id":"more","data":{{"text":"Eight"}}}}]"#
    );
    assert!(body.contains(&listed), "{body}");
    assert!(
        body.contains(r#"{"role":"user","content":"When?"}"#),
        "{body}"
    );
    assert!(
        body.contains(r#""citation_options":{"mode":"ACCURATE"}"#),
        "{body}"
    );
    assert_eq!(warnings, [Warning::unsupported("document_in")]);
}

#[test]
fn corner_28_likelihoods_come_token_by_token_or_at_once() {
    let entry = |text: &str| json!({"text": text, "token_ids": [7], "logprobs": [-0.5]});
    let delta = |text: &str| {
        let mut event = event("content-delta", 0, json!({"content": {"text": text}}));
        event["logprobs"] = entry(text);
        event
    };
    let start = event(
        "content-start",
        0,
        json!({"content": {"type": "text", "text": ""}}),
    );
    let answer = streamed(&hi(), &[start, delta("a"), delta("b"), end("COMPLETE")])
        .0
        .unwrap();
    let told: Value = answer.logprobs.unwrap().read().unwrap();
    assert_eq!(told, json!([entry("a"), entry("b")]));
}

#[test]
fn corner_29_usage_that_did_not_come_is_missing_and_not_zero() {
    let start = event(
        "content-start",
        0,
        json!({"content": {"type": "text", "text": "Six"}}),
    );
    let (cut, terminal) = streamed(&hi(), &[start]);
    let error = cut.unwrap_err();
    let partial = error.partial().unwrap();
    assert_eq!((terminal, partial.text().as_str()), (Terminal::Open, "Six"));
    assert_eq!(partial.usage.completeness, Completeness::Missing);
    assert_eq!(
        (partial.usage.input.total, partial.usage.output.total),
        (None, None)
    );

    let mut last = end("COMPLETE");
    last["delta"]["usage"] = json!({"tokens": {"input_tokens": 3}});
    let told = streamed(&hi(), &[last]).0.unwrap().usage;
    assert_eq!(told.completeness, Completeness::Final);
    assert_eq!((told.input.total, told.output.total), (Some(3), None));
}

#[test]
fn corner_31_billed_units_and_tokens_are_two_accounts() {
    let usage = json!({
        "billed_units": {"input_tokens": 12, "output_tokens": 9.5, "search_units": 1},
        "tokens": {"input_tokens": 500, "image_tokens": 40, "output_tokens": 70, "reasoning_tokens": 60},
        "cached_tokens": 448,
    });
    let answer = json!({"message": {}, "finish_reason": "COMPLETE", "usage": usage});
    let told = read_whole(&answer).usage;
    assert_eq!(
        (told.input.total, told.input.cache_read),
        (Some(540), Some(448))
    );
    assert_eq!(
        (told.output.total, told.output.reasoning),
        (Some(70), Some(60))
    );
    let billed = told.billed.unwrap();
    assert_eq!(
        (billed.input, billed.output, billed.searches),
        (Some(12.0), Some(9.5), Some(1.0))
    );
    assert_eq!(told.raw.unwrap().get(), usage.to_string());

    let only = json!({"message": {}, "finish_reason": "COMPLETE", "usage": {"billed_units": {"input_tokens": 3}}});
    assert_eq!(
        read_whole(&only).usage.input.total,
        None,
        "units are no tokens"
    );
}

#[test]
fn corner_34_arguments_keep_their_order_and_their_numbers() {
    const ARGUMENTS: &str = r#"{"zebra":1.0,"apple":12345678901234567890}"#;
    let events = [
        event("tool-call-start", 0, json!({"tool_calls": call("a", "")})),
        event(
            "tool-call-delta",
            0,
            json!({"tool_calls": {"function": {"arguments": &ARGUMENTS[..20]}}}),
        ),
        event(
            "tool-call-delta",
            0,
            json!({"tool_calls": {"function": {"arguments": &ARGUMENTS[20..]}}}),
        ),
        end("TOOL_CALL"),
    ];
    let answer = streamed(&hi(), &events).0.unwrap();
    assert_eq!(answer.tool_calls().next().unwrap().arguments(), ARGUMENTS);
    assert_eq!(
        sent_back(&answer)["tool_calls"][0]["function"]["arguments"],
        ARGUMENTS
    );
}

#[test]
fn a_plan_goes_back_to_its_place_byte_for_byte() {
    let plan = |text: &str| event("tool-plan-delta", 0, json!({ "tool_plan": text }));
    let events = [
        plan("I will \u{e9}\n"),
        plan(" look."),
        event("tool-call-start", 0, json!({"tool_calls": call("a", "{}")})),
        end("TOOL_CALL"),
    ];
    let mut answer = streamed(&hi(), &events).0.unwrap();
    assert!(matches!(
        &answer.message.parts[0].content,
        Content::Reasoning(_)
    ));
    let back = sent_back(&answer);
    assert_eq!(
        (&back["tool_plan"], &back["content"]),
        (&json!("I will \u{e9}\n look."), &Value::Null)
    );
    // What was stored by a database that writes JSON its own way is still a plan.
    let mark = Json::parse("{\n  \"place\": \"tool_plan\"\n}").unwrap();
    answer.message.parts[0].ext.insert("cohere", mark);
    assert_eq!(sent_back(&answer)["tool_plan"], "I will \u{e9}\n look.");
}

#[test]
fn thoughts_of_others_stay_behind_and_are_told_of() {
    let thought = Part::new(Content::Reasoning(Reasoning::new("hm")));
    let thought = thought.origin(Origin::new("elsewhere", "their-model"));
    let message = Message::new(Role::Assistant, [thought, Part::text("Six.")]);
    let (body, warnings) = sent(ChatRequest::from("When?").message(message).user("Sure?"));
    assert_eq!(
        body["messages"][1],
        json!({"role": "assistant", "content": [{"type": "text", "text": "Six."}]})
    );
    assert_eq!(warnings, [Warning::unsupported("reasoning")]);
}

#[test]
fn what_has_no_name_goes_back_to_its_place_as_it_came() {
    let answer = r#"{"message":{"content":[{"type":"sonar","zebra":1.0,"depth":[ 3 ]}],
        "tool_calls":[{"id":"x","type":"grammar","rule":12345678901234567890}]},"finish_reason":"NOVEL"}"#;
    let Reply::Chat(answer) = V2.decode(&hi(), &head(), Bytes::from(answer)).unwrap() else {
        panic!("no chat")
    };
    assert_eq!(answer.finish.kind, FinishKind::Other);
    assert_eq!(answer.finish.raw.as_deref(), Some("NOVEL"));
    let (body, warnings) = written(
        ChatRequest::from("hi")
            .message(Message::assistant(&answer))
            .user("go on"),
    );
    let back = r#"{"role":"assistant","content":[{"type":"sonar","zebra":1.0,"depth":[ 3 ]}],"tool_calls":[{"id":"x","type":"grammar","rule":12345678901234567890}]}"#;
    assert!(body.contains(back), "{body}");
    assert_eq!(warnings, []);
}

#[test]
fn a_citation_after_its_text_is_over_is_not_lost() {
    let cited = json!({"start": 0, "end": 3, "text": "Six", "sources": [], "type": "TEXT_CONTENT"});
    let events = [
        event(
            "content-start",
            0,
            json!({"content": {"type": "text", "text": "Six"}}),
        ),
        json!({"type": "content-end", "index": 0}),
        event("citation-start", 0, json!({ "citations": cited })),
        end("COMPLETE"),
    ];
    let answer = streamed(&hi(), &events).0.unwrap();
    let beside: Value = answer.ext.get("cohere").unwrap().read().unwrap();
    assert_eq!(beside["citations"], json!([cited]));
}
