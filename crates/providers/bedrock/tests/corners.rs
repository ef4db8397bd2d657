//! Corners where vocabularies lose something, by their numbers in the design; those that Converse has.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests"
)]

use std::{collections::VecDeque, sync::Arc};

use http::response::Parts;
use serde_json::{Value, json};
use trunkline_bedrock::Converse;
use trunkline_core::{
    ChatRequest, ChatResponse, Content, ErrorKind, Json, Message, Op, Part, Reply, Result, Role,
    Tool, ToolCall, Warning,
    chat::{
        CachePoint, Completeness, Effort, Executor, FinishKind, Format, Media, OpaqueState,
        Reasoning, ReasoningSetting, Source, ToolChoice, ToolInput, ToolResult, ToolStatus, Ttl,
        Warnings,
    },
    http_transport::frame::Frame,
    protocol::{Decoder, Protocol, Target},
    stream::Fold,
};
use trunkline_testkit::fixture::message;

const NEW: &str = "global.anthropic.claude-sonnet-4-6";
const OLD: &str = "us.anthropic.claude-3-7-sonnet-20250219-v1:0";

fn head() -> Parts {
    http::Response::new(()).into_parts().0
}

fn written(request: &ChatRequest) -> (String, Vec<Warning>) {
    let target = Target::parse("https://bedrock.example").unwrap();
    let mut warnings = Warnings::default();
    let op = Op::Chat(Arc::new(request.clone()));
    let sent = Converse.encode(&op, &target, &mut warnings).unwrap();
    let text = String::from_utf8(sent.into_body().to_vec()).unwrap();
    (text, warnings.into_vec())
}

fn sent(request: &ChatRequest) -> (Value, Vec<Warning>) {
    let (text, warnings) = written(request);
    (serde_json::from_str(&text).unwrap(), warnings)
}

fn of(messages: impl IntoIterator<Item = Message>) -> ChatRequest {
    ChatRequest::new(messages).model(NEW)
}

fn whole(request: ChatRequest, content: Value, stop: &str) -> ChatResponse {
    let answer = json!({"output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop, "usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}});
    let op = Op::Chat(Arc::new(request));
    match Converse
        .decode(&op, &head(), answer.to_string().into())
        .unwrap()
    {
        Reply::Chat(answer) => answer,
        other => panic!("{other:?}"),
    }
}

fn streamed(request: ChatRequest, events: &[(&str, Value)]) -> Result<ChatResponse> {
    let mut decoder = Converse.decoder(&Op::ChatStream(Arc::new(request)), &head());
    let mut out = VecDeque::new();
    for (name, payload) in events {
        let (kind, named) = match name.ends_with("Exception") {
            true => ("exception", ":exception-type"),
            false => ("event", ":event-type"),
        };
        let headers = [(named, *name), (":message-type", kind)];
        decoder.frame(Frame::new(message(headers, payload.to_string())), &mut out)?;
    }
    decoder.finish(&mut out)?;
    Fold::of(out)
}

fn delta(at: u64, delta: Value) -> (&'static str, Value) {
    (
        "contentBlockDelta",
        json!({"contentBlockIndex": at, "delta": delta}),
    )
}

fn tool() -> Tool {
    Tool::new(
        "tide",
        "High water.",
        Json::parse(r#"{"type":"object"}"#).unwrap(),
    )
}

#[test]
fn corner_02_signatures_and_redacted_thoughts_go_back_and_unsigned_ones_do_not() {
    let content = json!([
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"reasoningContent": {"reasoningText": {"text": "", "signature": "b25seQ=="}}},
        {"reasoningContent": {"redactedContent": "cmVk"}},
        {"text": "No."}
    ]);
    let answer = whole(of([Message::user("?")]), content.clone(), "end_turn");
    let request = of([
        Message::user("?"),
        Message::assistant(&answer),
        Message::user("Why?"),
    ]);
    let (body, warnings) = sent(&request);
    assert_eq!(body["messages"][1]["content"], content);
    assert_eq!(warnings, []);

    let mut others = Part::new(Reasoning::new("Hm."));
    let unsigned = Message::new(Role::Assistant, [others.clone(), Part::text("No.")]);
    let (body, warnings) = sent(&of([Message::user("?"), unsigned, Message::user("!")]));
    assert_eq!(body["messages"][1]["content"], json!([{"text": "No."}]));
    assert_eq!(warnings.len(), 1);

    others.state = Some(OpaqueState::new("anthropic.signature", "x"));
    let foreign = Message::new(Role::Assistant, [others, Part::text("No.")]);
    let (_, warnings) = sent(&of([Message::user("?"), foreign, Message::user("!")]));
    let kind = "anthropic.signature".into();
    assert_eq!(warnings, [Warning::StateDropped { kind }]);
}

#[test]
fn corner_05_and_06_cache_points_are_carried_and_their_writes_told_by_time() {
    let mut point = CachePoint::default();
    point.ttl = Some(Ttl::OneHour);
    let long = Part::new(Content::CachePoint(point));
    let mut parts = vec![Part::text("a"), long];
    parts.extend([
        Part::cache_point(),
        Part::cache_point(),
        Part::cache_point(),
        Part::cache_point(),
    ]);
    let mut cached = tool();
    let mark = Json::parse(r#"{"cachePoint":{"type":"default"}}"#).unwrap();
    cached.ext.insert("bedrock", mark);
    let (body, warnings) = sent(&of([Message::new(Role::User, parts)]).tool(cached));
    let content = &body["messages"][0]["content"];
    assert_eq!(
        content[1],
        json!({"cachePoint": {"type": "default", "ttl": "1h"}})
    );
    assert_eq!(
        content.as_array().unwrap().len(),
        5,
        "four of them, and not five"
    );
    assert_eq!(warnings, [Warning::unsupported("cache_point")]);
    assert_eq!(
        body["toolConfig"]["tools"][1],
        json!({"cachePoint": {"type": "default"}})
    );

    let usage = json!({"inputTokens": 5, "outputTokens": 2, "totalTokens": 107, "cacheReadInputTokens": 40,
        "cacheWriteInputTokens": 60, "cacheDetails": [{"ttl": "1h", "inputTokens": 50}, {"ttl": "5m", "inputTokens": 10}]});
    let events = [
        delta(0, json!({"text": "a"})),
        ("messageStop", json!({"stopReason": "end_turn"})),
        ("metadata", json!({"usage": usage})),
    ];
    let usage = streamed(of([Message::user("?")]), &events).unwrap().usage;
    assert_eq!(
        (usage.input.total, usage.input.uncached),
        (Some(105), Some(5))
    );
    assert_eq!(usage.input.cache_write_by_ttl[&Ttl::OneHour], 50);
    assert_eq!(usage.total(), Some(107));
}

fn called(pieces: &[&str]) -> ToolCall {
    let start = json!({"toolUse": {"toolUseId": "t", "name": "tide"}});
    let mut events = vec![(
        "contentBlockStart",
        json!({"contentBlockIndex": 0, "start": start}),
    )];
    events.extend(
        pieces
            .iter()
            .map(|piece| delta(0, json!({"toolUse": {"input": piece}}))),
    );
    events.push(("contentBlockStop", json!({"contentBlockIndex": 0})));
    events.push(("messageStop", json!({"stopReason": "tool_use"})));
    let answer = streamed(of([Message::user("?")]), &events).unwrap();
    answer.message.tool_calls().next().unwrap().clone()
}

#[test]
fn corner_12_and_14_arguments_that_are_no_json_are_kept_and_none_are_an_object() {
    assert!(
        matches!(called(&["{\"a\":", "oops"]).input, ToolInput::Invalid { raw, .. } if raw == "{\"a\":oops")
    );
    assert_eq!(called(&[]).arguments(), "{}");
    assert_eq!(called(&[""]).arguments(), "{}");
    let call = ToolCall::new("t", "tide", ToolInput::from_text(""));
    let (body, _) = sent(
        &of([
            Message::user("?"),
            Message::new(Role::Assistant, [Part::new(call)]),
        ])
        .model(OLD),
    );
    assert_eq!(
        body["messages"][1]["content"][0]["toolUse"]["input"],
        json!({})
    );
}

#[test]
fn corner_15_a_result_has_images_and_says_that_it_failed() {
    let mut result = ToolResult::text("t", "Gone.").status(ToolStatus::Error);
    result.output.push(Part::image("image/png", "x"));
    let (body, warnings) = sent(&of([Message::new(Role::Tool, [Part::new(result)])]));
    let expected = json!({"toolUseId": "t", "status": "error",
        "content": [{"text": "Gone."}, {"image": {"format": "png", "source": {"bytes": "eA=="}}}]});
    assert_eq!(
        body["messages"][0],
        json!({"role": "user", "content": [{"toolResult": expected}]})
    );
    assert_eq!(warnings, []);
}

#[test]
fn corner_16_what_bedrock_ran_itself_goes_back_and_nobody_else_s_does() {
    let content = json!([
        {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "input": {"q": 1}, "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "s", "content": [{"text": "x"}], "status": "success", "type": "nova_grounding_result"}},
        {"text": "So."}
    ]);
    let answer = whole(of([Message::user("?")]), content.clone(), "end_turn");
    assert_eq!(
        answer.message.tool_calls().count(),
        0,
        "nobody has to run it"
    );
    let (body, warnings) = sent(&of([
        Message::user("?"),
        Message::assistant(&answer),
        Message::user("!"),
    ]));
    assert_eq!(body["messages"][1]["content"], content);
    assert_eq!(warnings, []);

    let mut call = ToolCall::new("s", "web_search", ToolInput::from_text("{}"));
    call.executor = Executor::Provider;
    let foreign = Message::new(Role::Assistant, [Part::new(call), Part::text("So.")]);
    let (body, warnings) = sent(&of([Message::user("?"), foreign, Message::user("!")]));
    assert_eq!(body["messages"][1]["content"], json!([{"text": "So."}]));
    assert_eq!(warnings.len(), 1);
}

#[test]
fn corner_17_instructions_that_come_later_are_moved_with_a_warning() {
    let (body, warnings) = sent(&of([
        Message::system("one"),
        Message::user("?"),
        Message::developer("two"),
    ]));
    assert_eq!(body["system"], json!([{"text": "one"}, {"text": "two"}]));
    assert_eq!(warnings, [Warning::Hoisted { message: 2 }]);
}

#[test]
fn corner_18_turns_of_one_side_are_joined_and_blank_texts_left_out() {
    let blank = Message::new(
        Role::User,
        [Part::text(""), Part::text("b"), Part::text(" \n")],
    );
    let (body, warnings) = sent(&of([Message::user("a"), blank]));
    let expected = json!([{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]);
    assert_eq!(body["messages"], expected);
    let blank = Warning::unsupported("text.blank");
    assert_eq!(warnings, [blank, Warning::Merged { message: 1 }]);
}

#[test]
fn corner_19_a_beginning_is_gone_on_with_where_the_model_takes_it() {
    let begun = [Message::user("?"), Message::assistant_text("It is")];
    assert_eq!(sent(&of(begun.clone()).model(OLD)).1, []);
    let (body, warnings) = sent(&of(begun));
    assert_eq!(body["messages"][1]["role"], "assistant");
    assert_eq!(warnings, [Warning::unsupported("prefill")]);
}

#[test]
fn corner_22_thinking_is_asked_for_in_the_model_s_own_words() {
    let asked = |model: &str, setting| {
        let request = of([Message::user("?")])
            .model(model)
            .reasoning(setting)
            .max_output_tokens(10_000);
        let (body, warnings) = sent(&request);
        let fields = body["additionalModelRequestFields"].clone();
        (
            fields,
            body["outputConfig"]["effort"].clone(),
            warnings.len(),
        )
    };
    let effort = |effort| ReasoningSetting::Effort(effort);
    let thinking = |more: Value| json!({ "thinking": more });
    let adaptive = thinking(json!({"type": "adaptive"}));
    assert_eq!(
        asked(NEW, effort(Effort::XHigh)),
        (adaptive.clone(), json!("xhigh"), 0)
    );
    assert_eq!(
        asked(NEW, effort(Effort::Minimal)),
        (adaptive, json!("low"), 1)
    );
    let budget = |tokens: u32| thinking(json!({"type": "enabled", "budget_tokens": tokens}));
    assert_eq!(
        asked(OLD, effort(Effort::High)),
        (budget(6_000), Value::Null, 1)
    );
    assert_eq!(
        asked(OLD, effort(Effort::Minimal)),
        (budget(1_024), Value::Null, 1)
    );
    assert_eq!(
        asked(OLD, ReasoningSetting::Budget(2_000)),
        (budget(2_000), Value::Null, 0)
    );
    let off = thinking(json!({"type": "disabled"}));
    assert_eq!(asked(OLD, effort(Effort::None)), (off, Value::Null, 0));
    let nova = json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}});
    assert_eq!(
        asked("us.amazon.nova-2-lite-v1:0", effort(Effort::Max)),
        (nova, Value::Null, 1)
    );
    let gpt = json!({"reasoning_effort": "medium"});
    assert_eq!(
        asked("openai.gpt-oss-20b-1:0", effort(Effort::Medium)),
        (gpt, Value::Null, 0)
    );
    assert_eq!(
        asked("mistral.magistral", effort(Effort::Low)),
        (Value::Null, json!("low"), 0)
    );
    assert_eq!(asked("mistral.magistral", ReasoningSetting::Budget(9)).2, 1);
}

#[test]
fn corner_24_an_answer_that_came_as_a_call_is_an_answer() {
    let schema = Json::parse(r#"{"type":"object"}"#).unwrap();
    let (name, strict) = ("place".to_owned(), true);
    let format = Format::Schema {
        name,
        schema,
        strict,
    };
    let request = of([Message::user("?")]).model(OLD).format(format);
    let (body, warnings) = sent(&request);
    assert_eq!(
        body["toolConfig"]["toolChoice"],
        json!({"tool": {"name": "json_answer"}})
    );
    assert_eq!(warnings.len(), 1);
    let call = |name: &str, input: Value| json!({"toolUse": {"toolUseId": "t", "name": name, "input": input}});
    let answer = whole(
        request.clone(),
        json!([call("json_answer", json!({"a": 1}))]),
        "tool_use",
    );
    assert_eq!(
        (answer.text().as_str(), &answer.finish.kind),
        (r#"{"a":1}"#, &FinishKind::Stop)
    );
    assert_eq!(answer.finish.raw.as_deref(), Some("tool_use"));

    // Beside tools of the caller's own, either may be called.
    let request = request.tool(tool());
    assert_eq!(
        sent(&request).0["toolConfig"]["toolChoice"],
        json!({"any": {}})
    );
    let answer = whole(request, json!([call("tide", json!({}))]), "tool_use");
    assert_eq!(answer.finish.kind, FinishKind::ToolCalls);
    // Where the model can hold to a schema, a tool of that name is a tool.
    let answer = whole(
        of([Message::user("?")]),
        json!([call("json_answer", json!({}))]),
        "tool_use",
    );
    assert_eq!(answer.finish.kind, FinishKind::ToolCalls);
}

#[test]
fn corner_26_documents_are_documents() {
    let pdf = Part::document("application/pdf", "Über uns.pdf", "x");
    let text = Part::new(Media::new("text/plain", Source::Text("Noon.".to_owned())));
    let (body, warnings) = sent(&of([Message::new(
        Role::User,
        [Part::text("?"), pdf, text],
    )]));
    let content = &body["messages"][0]["content"];
    let expected = json!({"format": "pdf", "name": "-ber uns", "source": {"bytes": "eA=="}});
    assert_eq!(content[1]["document"], expected);
    let expected = json!({"name": "document-2", "source": {"text": "Noon."}});
    assert_eq!(content[2]["document"], expected);
    assert_eq!(
        warnings,
        [Warning::coerced("filename", "Über uns.pdf", "-ber uns")]
    );
}

#[test]
fn corner_29_usage_comes_after_the_end_and_is_absent_where_it_never_came() {
    let mut events = vec![delta(0, json!({"text": "a"}))];
    events.push(("messageStop", json!({"stopReason": "end_turn"})));
    let answer = streamed(of([Message::user("?")]), &events).unwrap();
    assert_eq!(answer.usage.completeness, Completeness::Missing);
    assert_eq!(answer.usage.input.total, None);
    let usage = json!({"inputTokens": 1, "outputTokens": 2});
    events.push(("metadata", json!({ "usage": usage })));
    let answer = streamed(of([Message::user("?")]), &events).unwrap();
    assert_eq!(
        (answer.usage.total(), answer.usage.input.cache_read),
        (Some(3), None)
    );
}

#[test]
fn corner_33_an_exception_ends_the_stream_with_its_kind_and_a_trace_is_kept() {
    for (name, kind) in [
        ("throttlingException", ErrorKind::RateLimited),
        ("modelStreamErrorException", ErrorKind::Server),
        ("somethingNewException", ErrorKind::Server),
    ] {
        let events = [
            delta(0, json!({"text": "a"})),
            (name, json!({"message": "No."})),
        ];
        let error = streamed(of([Message::user("?")]), &events).unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, "No."), "{name}");
    }
    let trace = json!({"guardrail": {"actionReason": "blocked"}});
    let events = [
        ("messageStop", json!({"stopReason": "guardrail_intervened"})),
        ("metadata", json!({ "trace": trace })),
    ];
    let answer = streamed(of([Message::user("?")]), &events).unwrap();
    let ext: Value = answer.ext.get("bedrock").unwrap().read().unwrap();
    assert_eq!(ext["trace"], trace);
}

#[test]
fn corner_34_numbers_and_the_order_of_keys_stay() {
    const INPUT: &str = r#"{"z":9007199254740993,"a":1.10}"#;
    let call = called(&[&INPUT[..9], &INPUT[9..]]);
    assert_eq!(call.arguments(), INPUT);
    let (text, _) = written(&of([
        Message::user("?"),
        Message::new(Role::Assistant, [Part::new(call)]),
    ]));
    assert!(text.contains(INPUT), "{text}");
}

fn thinking(request: ChatRequest) -> (Value, Vec<Warning>) {
    let (body, warnings) = sent(&request);
    (
        body["additionalModelRequestFields"]["thinking"].clone(),
        warnings,
    )
}

fn made(arguments: &str) -> Message {
    let call = ToolCall::new("t", "tide", ToolInput::from_text(arguments));
    Message::new(Role::Assistant, [Part::new(call)])
}

fn given(result: ToolResult) -> Message {
    Message::new(Role::Tool, [Part::new(result)])
}

#[test]
fn corner_12_arguments_that_are_no_json_go_back_as_an_object() {
    let request = of([
        Message::user("?"),
        made("{\"a\":"),
        given(ToolResult::text("t", "No.")),
    ]);
    let (body, warnings) = sent(&request.tool(tool()));
    let input = &body["messages"][1]["content"][0]["toolUse"]["input"];
    assert_eq!(*input, json!({"arguments": "{\"a\":"}));
    let to = r#"{"arguments":…}"#;
    assert_eq!(
        warnings,
        [Warning::coerced("tool_call.input", "no object", to)]
    );
}

#[test]
fn corner_15_a_failure_without_a_word_says_of_what_kind_it_is() {
    let request = of([given(ToolResult::text("t", " ").status(ToolStatus::Error))]);
    let result = &sent(&request).0["messages"][0]["content"][0]["toolResult"];
    assert_eq!(result["content"], json!([{"text": "error"}]));
}

#[test]
fn a_conversation_with_calls_names_its_tools_though_none_is_offered() {
    let messages = [
        Message::user("?"),
        made("{}"),
        given(ToolResult::text("t", "7")),
    ];
    let (body, warnings) = sent(&of(messages.clone()));
    let spec = json!({"name": "tide", "inputSchema": {"json": {"type": "object"}}});
    assert_eq!(body["toolConfig"], json!({"tools": [{"toolSpec": spec}]}));
    let to = "those that were called before";
    assert_eq!(warnings, [Warning::coerced("tools", "none", to)]);
    assert_eq!(sent(&of([Message::user("?")])).0.get("toolConfig"), None);
}

#[test]
fn corner_21_claude_is_asked_for_nothing_that_goes_ill_with_thinking() {
    let settings = |model: &str| {
        let request = of([Message::user("?")]).model(model);
        request.temperature(0.2).top_p(0.9).top_k(40)
    };
    let lost = |request: &ChatRequest| {
        let (body, warnings) = sent(request);
        let own = body["inferenceConfig"].clone();
        (own["temperature"].clone(), own["topP"].clone(), warnings)
    };
    let all = |names: &[&'static str]| -> Vec<_> {
        names
            .iter()
            .map(|name| Warning::unsupported(*name))
            .collect()
    };
    let no = Value::Null;
    assert_eq!(lost(&settings(OLD)), (json!(0.2), json!(0.9), vec![]));
    assert_eq!(
        lost(&settings(NEW)),
        (json!(0.2), no.clone(), all(&["top_p"]))
    );
    let every = all(&["temperature", "top_p", "top_k"]);
    let newest = settings("us.anthropic.claude-opus-4-8");
    assert_eq!(lost(&newest), (no.clone(), no.clone(), every.clone()));
    let thinks = settings(OLD).reasoning(ReasoningSetting::Budget(2_000));
    assert_eq!(lost(&thinks), (no.clone(), no, every));
    let hot = of([Message::user("?")]).temperature(1.5);
    assert_eq!(lost(&hot).0, json!(1.0));
}

#[test]
fn corner_22_a_budget_is_one_that_the_model_takes() {
    let asked = |model: &str, limit, tokens| {
        let request = of([Message::user("?")])
            .model(model)
            .max_output_tokens(limit);
        let (thinking, warnings) = thinking(request.reasoning(ReasoningSetting::Budget(tokens)));
        (thinking, warnings.len())
    };
    let budget = |tokens: u32| json!({"type": "enabled", "budget_tokens": tokens});
    assert_eq!(asked(OLD, 2_000, 4_000), (budget(1_999), 1));
    assert_eq!(asked(OLD, 8_000, 100), (budget(1_024), 1));
    assert_eq!(asked(OLD, 1_000, 2_000), (Value::Null, 1));
    assert_eq!(asked(OLD, 8_000, 0), (json!({"type": "disabled"}), 0));
    assert_eq!(asked(NEW, 8_000, 2_000), (budget(2_000), 0));
    let newest = "us.anthropic.claude-opus-4-8";
    assert_eq!(
        asked(newest, 8_000, 2_000),
        (json!({"type": "adaptive"}), 1)
    );
    let small = of([Message::user("?")]).model(OLD).max_output_tokens(1_000);
    let small = small.reasoning(ReasoningSetting::Effort(Effort::High));
    assert_eq!(thinking(small).1, [Warning::unsupported("reasoning")]);
}

#[test]
fn who_must_call_a_tool_or_began_without_thoughts_does_not_think() {
    let effort = ReasoningSetting::Effort(Effort::High);
    let off = json!({"type": "disabled"});
    let forced = of([Message::user("?")]).model(OLD).tool(tool());
    let forced = forced.tool_choice(ToolChoice::Required).reasoning(effort);
    let why = "none, since a tool must be called";
    let expected = vec![Warning::coerced("reasoning", "high", why)];
    assert_eq!(thinking(forced), (off.clone(), expected));
    let messages = [
        Message::user("?"),
        made("{}"),
        given(ToolResult::text("t", "7")),
    ];
    let goes_on = of(messages).model(OLD).tool(tool()).reasoning(effort);
    let why = "none, since the turn that goes on began without";
    let expected = vec![Warning::coerced("reasoning", "high", why)];
    assert_eq!(thinking(goes_on.clone()), (off, expected));
    assert_eq!(thinking(goes_on.model(NEW)).0, json!({"type": "adaptive"}));
}

#[test]
fn no_two_documents_have_the_same_name() {
    let pdf = |bytes| Part::document("application/pdf", "report.pdf", bytes);
    let message = Message::new(Role::User, [pdf("x"), pdf("y")]);
    let (body, _) = sent(&of([message, Message::new(Role::User, [pdf("z")])]));
    let content = body["messages"][0]["content"].as_array().unwrap();
    let names: Vec<_> = content
        .iter()
        .map(|it| it["document"]["name"].clone())
        .collect();
    assert_eq!(names, ["report", "report-2", "report-3"]);
}
