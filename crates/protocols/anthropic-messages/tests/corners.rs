//! The corners where a conversation loses something between two wires: what becomes of each on
//! this one.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use http::{Request, response::Parts};
use serde_json::{Value, json};
use trunkline_anthropic_messages::{CLAUDE, Dialect, Messages, cited};
use trunkline_core::{
    ChatRequest, ChatResponse, Content, ErrorKind, Json, Message, Op, Part, Result, Role,
    StreamChunk, Tool, ToolCall, Warning,
    chat::{
        CachePoint, Completeness, Effort, Executor, FinishKind, Format, Locator, Media, MediaType,
        OpaqueState, Reasoning, ReasoningSetting, Source, ToolInput, ToolKind, ToolResult,
        ToolStatus, Ttl, Warnings,
    },
    http_transport::frame::{FrameLimits, Framer, Framing},
    protocol::{Decoder, Protocol, Target},
    stream::Fold,
};

const PROTOCOL: Messages = Messages(Dialect::named("anthropic", CLAUDE));
const OLD: &str = "claude-sonnet-4-5";
const NEW: &str = "claude-opus-4-8";

fn sent(protocol: Messages, request: &ChatRequest) -> (Request<Bytes>, Vec<Warning>) {
    let target = Target::parse("https://api.example.com/v1").unwrap();
    let mut warnings = Warnings::default();
    let op = Op::Chat(Arc::new(request.clone()));
    let request = protocol.encode(&op, &target, &mut warnings).unwrap();
    (request, warnings.into_vec())
}

/// The body of a request, and what is lost on the way.
fn encoded(request: &ChatRequest) -> (Value, Vec<Warning>) {
    let (request, warnings) = sent(PROTOCOL, request);
    (serde_json::from_slice(request.body()).unwrap(), warnings)
}

fn body(request: &ChatRequest) -> Value {
    let (body, warnings) = encoded(request);
    assert_eq!(warnings, []);
    body
}

fn old(messages: impl Into<ChatRequest>) -> ChatRequest {
    messages.into().model(OLD)
}

fn head() -> Parts {
    let response = http::Response::builder().body(()).unwrap();
    response.into_parts().0
}

/// A whole answer of this content, or of these fields.
fn whole(content: Value, more: Value) -> ChatResponse {
    let mut answer = json!({"type": "message", "id": "msg_1", "model": OLD, "role": "assistant",
        "content": content, "stop_reason": "end_turn", "stop_sequence": null,
        "usage": {"input_tokens": 3, "output_tokens": 2}});
    for (name, value) in more.as_object().unwrap() {
        answer[name] = value.clone();
    }
    let op = Op::Chat(Arc::new(old("hi")));
    let body = Bytes::from(answer.to_string());
    PROTOCOL
        .decode(&op, &head(), body)
        .unwrap()
        .into_chat()
        .unwrap()
}

/// A stream of these events, as far as it came.
fn streamed(events: &[Value]) -> (Result<()>, ChatResponse) {
    let op = Op::ChatStream(Arc::new(old("hi")));
    let mut decoder = PROTOCOL.decoder(&op, &head());
    let mut framer = Framer::new(Framing::Sse, FrameLimits::default());
    let mut out = VecDeque::new();
    let mut result = Ok(());
    for event in events {
        let name = event["type"].as_str().unwrap();
        framer.feed(Bytes::from(format!("event: {name}\ndata: {event}\n\n")));
        while let Some(frame) = framer.next().unwrap() {
            result = result.and_then(|()| decoder.frame(frame, &mut out));
        }
    }
    let mut fold = Fold::default();
    out.into_iter()
        .for_each(|chunk: StreamChunk| fold.push(&chunk).unwrap());
    (result, fold.partial())
}

fn start(usage: Value) -> Value {
    json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
        "model": OLD, "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage}})
}

fn block(index: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn stop(index: u64) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn end(reason: &str, usage: Value) -> Value {
    json!({"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": null}, "usage": usage})
}

/// What the assistant's turn is in the next request.
fn replayed(answer: &ChatResponse) -> Value {
    let request = ChatRequest::new([Message::user("hi"), Message::assistant(answer)]);
    let (body, _) = encoded(&request.message(Message::user("go on")).model(OLD));
    body["messages"][1]["content"].clone()
}

fn weather(id: &str, input: ToolInput) -> Message {
    let call = ToolCall::new(id, "weather", input);
    Message::new(Role::Assistant, [Part::new(call)])
}

fn tool() -> Tool {
    Tool::new("weather", "", Json::empty_object())
}

fn cache(ttl: Option<Ttl>) -> Part {
    let mut point = CachePoint::default();
    point.ttl = ttl;
    Part::new(point)
}

#[test]
fn corner_02_thoughts_that_are_hidden_go_back_as_they_came_and_in_their_order() {
    let content = json!([
        {"type": "redacted_thinking", "data": "EmwK=="},
        {"type": "thinking", "thinking": "", "signature": "ErUB1=="},
        {"type": "thinking", "thinking": "Aloud.", "signature": "ErUB2=="},
        {"type": "text", "text": "Yes."},
    ]);
    let answer = whole(content.clone(), json!({}));
    let Content::Reasoning(silent) = &answer.message.parts[1].content else {
        panic!("{:?}", answer.message.parts[1]);
    };
    assert_eq!(
        silent.text, None,
        "nothing was said, which is not the empty text"
    );
    assert_eq!(replayed(&answer), content);

    let (_, pieces) = streamed(&[
        start(json!({})),
        block(
            0,
            json!({"type": "thinking", "thinking": "", "signature": ""}),
        ),
        delta(0, json!({"type": "signature_delta", "signature": "Er"})),
        delta(0, json!({"type": "signature_delta", "signature": "UB1=="})),
        stop(0),
        end("end_turn", json!({"output_tokens": 4})),
    ]);
    assert_eq!(replayed(&pieces), json!([content[1]]));
}

#[test]
fn corner_02_another_provider_s_thoughts_stay_behind_with_one_warning_for_each_kind() {
    let sealed = |seal: &str| {
        let thought = Part::new(Reasoning::new("Hm."));
        thought.state(OpaqueState::new("zenith.seal", seal))
    };
    let said = Message::new(
        Role::Assistant,
        [sealed("1"), sealed("2"), Part::text("Yes.")],
    );
    let request = old(vec![Message::user("hi"), said, Message::user("sure?")]);
    let (body, warnings) = encoded(&request);
    assert_eq!(
        body["messages"][1]["content"],
        json!([{"type": "text", "text": "Yes."}])
    );
    let kind = "zenith.seal".into();
    assert_eq!(warnings, [Warning::StateDropped { kind }]);

    let unsigned = Message::new(Role::Assistant, [Part::new(Reasoning::new("Hm."))]);
    let (_, warnings) = encoded(&old(vec![
        Message::user("hi"),
        unsigned,
        Message::user("?"),
    ]));
    assert_eq!(warnings, [Warning::unsupported("reasoning")]);
}

#[test]
fn corner_05_a_cache_point_marks_the_block_before_it() {
    let system = Message::system("Laws.").part(cache(Some(Ttl::OneHour)));
    let user = Message::user("A case.").part(cache(Some(Ttl::FiveMinutes)));
    let signed = Part::new(Reasoning::new("Hm."));
    let signed = signed.state(OpaqueState::new("anthropic.signature", "Er=="));
    let thoughts = Message::new(Role::Assistant, [Part::text("Well."), signed, cache(None)]);
    let body = body(&old(vec![system, user, thoughts, Message::user("So?")]));
    let mark = |ttl: &str| json!({"type": "ephemeral", "ttl": ttl});
    assert_eq!(body["system"][0]["cache_control"], mark("1h"));
    assert_eq!(
        body["messages"][0]["content"][0]["cache_control"],
        mark("5m")
    );
    let assistant = &body["messages"][1]["content"];
    assert_eq!(
        assistant[0]["cache_control"],
        json!({"type": "ephemeral"}),
        "thoughts cannot have a mark"
    );
    assert_eq!(assistant[1].get("cache_control"), None);
}

#[test]
fn corner_05_of_more_than_four_marks_the_first_and_the_latest_stay() {
    let mut messages = vec![Message::system("Laws.").part(cache(None))];
    for turn in 0..5 {
        messages.push(Message::user(format!("{turn}")).part(cache(None)));
        messages.push(Message::assistant_text("Go on."));
    }
    messages.push(Message::user("Well?"));
    let (body, warnings) = encoded(&old(messages));
    let marked = |block: &Value| block.get("cache_control").is_some();
    assert!(marked(&body["system"][0]));
    let users: Vec<bool> = (0..6)
        .map(|turn| marked(&body["messages"][turn * 2]["content"][0]))
        .collect();
    assert_eq!(users, [false, false, true, true, true, false]);
    assert_eq!(
        warnings,
        [Warning::unsupported("cache_point")],
        "told once for its kind"
    );
}

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
fn corner_07_a_paused_turn_is_gone_on_with_where_it_stopped() {
    let content = json!([
        {"type": "text", "text": "I search twice. "},
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "a"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": [{"type": "web_search_result", "url": "https://a.example", "title": "A", "encrypted_content": "Ep=="}]},
        {"type": "text", "text": "Now the other. "},
    ]);
    let answer = whole(content.clone(), json!({"stop_reason": "pause_turn"}));
    assert_eq!(answer.finish.kind, FinishKind::Paused);
    // On a model that takes no beginnings of answers, too: this is none.
    let request = ChatRequest::new([Message::user("hi"), Message::assistant(&answer)]).model(NEW);
    let sent = body(&request);
    assert_eq!(
        sent["messages"][1],
        json!({"role": "assistant", "content": content})
    );
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
fn corner_12_arguments_that_are_no_json_are_kept_and_go_back_as_an_object() {
    let (_, answer) = streamed(&[
        start(json!({})),
        block(
            0,
            json!({"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}),
        ),
        delta(
            0,
            json!({"type": "input_json_delta", "partial_json": "{\"city\":"}),
        ),
        end("max_tokens", json!({"output_tokens": 4})),
    ]);
    let call = answer.message.tool_calls().next().unwrap();
    assert!(matches!(&call.input, ToolInput::Invalid { raw, .. } if raw == "{\"city\":"));
    assert_eq!(answer.finish.kind, FinishKind::MaxTokens);

    let request = ChatRequest::new([Message::user("hi"), Message::assistant(&answer)]);
    let request = request
        .message(Message::tool_error(call, "no JSON"))
        .model(OLD);
    let (sent, warnings) = encoded(&request);
    let input = &sent["messages"][1]["content"][0]["input"];
    assert_eq!(*input, json!({"arguments": "{\"city\":"}));
    assert!(
        matches!(&warnings[..], [Warning::Coerced { feature, .. }] if &**feature == "tool_call.input")
    );
}

#[test]
fn corner_14_no_arguments_are_the_empty_object() {
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}});
    let answer = whole(json!([call]), json!({"stop_reason": "tool_use"}));
    assert_eq!(answer.tool_calls().next().unwrap().arguments(), "{}");
    let (_, pieces) = streamed(&[
        start(json!({})),
        block(0, call.clone()),
        delta(0, json!({"type": "input_json_delta", "partial_json": ""})),
        stop(0),
        end("tool_use", json!({"output_tokens": 4})),
    ]);
    assert_eq!(pieces.tool_calls().next().unwrap().arguments(), "{}");
    assert_eq!(replayed(&pieces), json!([call]));
    for nothing in [ToolInput::from_text(""), ToolInput::Text(String::new())] {
        let request = old(vec![
            Message::user("hi"),
            weather("toolu_1", nothing),
            Message::user("?"),
        ]);
        assert_eq!(
            body(&request)["messages"][1]["content"][0]["input"],
            json!({})
        );
    }
}

#[test]
fn corner_15_a_result_keeps_its_pictures_and_says_that_it_failed() {
    let mut result = ToolResult::text("toolu_1", "a map").status(ToolStatus::Error);
    result.output.push(Part::image(MediaType::PNG, "dot"));
    result
        .output
        .push(Part::document(MediaType::PDF, "map.pdf", "%PDF"));
    let results = Message::new(Role::Tool, [Part::new(Content::ToolResult(result))]);
    let call = weather("toolu_1", ToolInput::from_text("{}"));
    let sent = body(&old(vec![Message::user("hi"), call, results]));
    let source =
        |kind: &str, data: &str| json!({"type": "base64", "media_type": kind, "data": data});
    assert_eq!(
        sent["messages"][2],
        json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": [
            {"type": "text", "text": "a map"},
            {"type": "image", "source": source("image/png", "ZG90")},
            {"type": "document", "source": source("application/pdf", "JVBERg=="), "title": "map.pdf"},
        ]}]})
    );
}

#[test]
fn corner_16_tools_of_the_provider_stay_in_the_turn_and_are_not_the_application_s() {
    let content = json!([
        {"type": "server_tool_use", "id": "srvtoolu_1", "name": "bash_code_execution", "input": {"command": "ls"}, "caller": {"type": "direct"}},
        {"type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_1", "content": {"type": "bash_code_execution_result", "stdout": "a\n", "stderr": "", "return_code": 0, "content": []}},
        {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "ask", "server_name": "wiki", "input": {"q": 1}},
        {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": true, "content": [{"type": "text", "text": "gone"}]},
        {"type": "container_upload", "file_id": "file_1"},
        {"type": "text", "text": "Done."},
    ]);
    let answer = whole(content.clone(), json!({}));
    assert_eq!(answer.tool_calls().count(), 0, "nothing is left to run");
    let Content::ToolCall(asked) = &answer.message.parts[2].content else {
        panic!("{:?}", answer.message.parts[2]);
    };
    assert_eq!(
        (asked.executor, &asked.kind),
        (Executor::Provider, &ToolKind::Mcp("wiki".into()))
    );
    let Content::ToolResult(failed) = &answer.message.parts[3].content else {
        panic!("{:?}", answer.message.parts[3]);
    };
    assert_eq!(failed.status, ToolStatus::Error);
    assert_eq!(replayed(&answer), content);

    let mut foreign = ToolCall::new("ws_1", "web_search", ToolInput::from_text("{}"));
    foreign.executor = Executor::Provider;
    let turn = Message::new(Role::Assistant, [Part::new(foreign), Part::text("So.")]);
    let (sent, warnings) = encoded(&old(vec![Message::user("hi"), turn, Message::user("?")]));
    assert_eq!(
        sent["messages"][1]["content"],
        json!([{"type": "text", "text": "So."}])
    );
    assert_eq!(warnings, [Warning::unsupported("tool_call")]);
}

#[test]
fn corner_17_later_instructions_keep_their_place_where_they_can_and_else_are_moved() {
    let messages = vec![
        Message::system("Be brief."),
        Message::developer("Be kind."),
        Message::user("hi"),
        Message::system("Answer in Danish."),
    ];
    let (moved, warnings) = encoded(&old(messages.clone()));
    let text = |text: &str| json!({"type": "text", "text": text});
    assert_eq!(
        moved["system"],
        json!([
            text("Be brief."),
            text("Be kind."),
            text("Answer in Danish.")
        ])
    );
    assert_eq!(warnings, [Warning::Hoisted { message: 3 }]);

    let able = Messages(Dialect::named("anthropic", CLAUDE).mid_system());
    let there = |model: &str, messages: Vec<Message>| {
        let (sent, warnings) = sent(able, &ChatRequest::new(messages).model(model));
        let body: Value = serde_json::from_slice(sent.body()).unwrap();
        (body["messages"].clone(), warnings)
    };
    let (kept, warnings) = there(NEW, messages.clone());
    assert_eq!(
        kept[1],
        json!({"role": "system", "content": [text("Answer in Danish.")]})
    );
    assert_eq!(warnings, []);
    // Before a user's turn is no place for them.
    let mut between = messages.clone();
    between.push(Message::user("well?"));
    let (_, warnings) = there(NEW, between);
    assert!(
        warnings.contains(&Warning::Hoisted { message: 3 }),
        "{warnings:?}"
    );
    let (_, warnings) = there(OLD, messages);
    assert_eq!(warnings, [Warning::Hoisted { message: 3 }]);
}

#[test]
fn corner_18_turns_of_one_side_are_joined_and_empty_texts_are_not_sent() {
    let calls = ["toolu_1", "toolu_2"]
        .map(|id| Part::new(ToolCall::new(id, "weather", ToolInput::from_text("{}"))));
    let results = ["toolu_1", "toolu_2"].map(|id| {
        let call = ToolCall::new(id, "weather", ToolInput::from_text("{}"));
        Message::tool_result(&call, "7")
    });
    let [first, second] = results;
    let (sent, warnings) = encoded(&old(vec![
        Message::user("One."),
        Message::user(""),
        Message::user("Two."),
        Message::new(
            Role::Assistant,
            [Part::text("")]
                .into_iter()
                .chain(calls)
                .collect::<Vec<_>>(),
        ),
        first,
        second,
        Message::user("Well?"),
    ]));
    let turns = sent["messages"].as_array().unwrap();
    let roles: Vec<&str> = turns
        .iter()
        .map(|turn| turn["role"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["user", "assistant", "user"]);
    let kinds = |turn: usize| -> Vec<&str> {
        let blocks = turns[turn]["content"].as_array().unwrap();
        blocks
            .iter()
            .map(|block| block["type"].as_str().unwrap())
            .collect()
    };
    assert_eq!(kinds(0), ["text", "text"]);
    assert_eq!(kinds(1), ["tool_use", "tool_use"]);
    assert_eq!(
        kinds(2),
        ["tool_result", "tool_result", "text"],
        "results come first"
    );
    assert_eq!(warnings, [Warning::Merged { message: 2 }]);
}

#[test]
fn corner_19_a_beginning_of_an_answer_is_warned_of_where_the_model_takes_none() {
    let messages = vec![
        Message::user("hi"),
        Message::assistant_text("The answer is "),
    ];
    let (sent, warnings) = encoded(&old(messages.clone()));
    let last = &sent["messages"][1]["content"][0]["text"];
    assert_eq!(last, "The answer is", "white space at its end is refused");
    assert!(
        matches!(&warnings[..], [Warning::Coerced { .. }]),
        "{warnings:?}"
    );
    let messages = vec![
        Message::user("hi"),
        Message::assistant_text("The answer is"),
    ];
    body(&old(messages.clone()));
    let (_, warnings) = encoded(&ChatRequest::new(messages).model(NEW));
    assert_eq!(warnings, [Warning::unsupported("prefill")]);
}

#[test]
fn corner_20_a_limit_on_output_is_always_there() {
    for (model, most) in [
        ("claude-3-haiku-20240307", 4_096),
        ("claude-opus-4-1", 32_000),
        (OLD, 64_000),
        (NEW, 128_000),
        ("somebody-else-s", 4_096),
    ] {
        let sent = body(&ChatRequest::from("hi").model(model));
        assert_eq!(sent["max_tokens"], most, "{model}");
    }
    assert_eq!(body(&old("hi").max_output_tokens(7))["max_tokens"], 7);
}

#[test]
fn corner_21_what_newer_models_refuse_is_left_out_with_a_warning() {
    let request = ChatRequest::from("hi")
        .temperature(0.2)
        .top_p(0.9)
        .top_k(40);
    let sent = body(&request.clone().model(OLD));
    assert_eq!(
        (&sent["temperature"], &sent["top_k"]),
        (&json!(0.2), &json!(40))
    );
    let (sent, warnings) = encoded(&request.model(NEW));
    assert_eq!(sent.get("temperature"), None);
    let features = ["temperature", "top_p", "top_k"];
    assert_eq!(warnings, features.map(Warning::unsupported));
}

#[test]
fn corner_22_degrees_and_budgets_are_what_the_model_knows() {
    let thinking = |model: &str, setting: ReasoningSetting| {
        let request = ChatRequest::from("hi")
            .max_output_tokens(10_000)
            .model(model);
        let (sent, warnings) = encoded(&request.reasoning(setting));
        (
            sent["thinking"].clone(),
            sent["output_config"]["effort"].clone(),
            warnings.len(),
        )
    };
    use ReasoningSetting::{Budget, Effort as Degree};
    let adaptive = json!({"type": "adaptive"});
    for (model, setting, expected) in [
        (
            NEW,
            Degree(Effort::High),
            (adaptive.clone(), json!("high"), 0),
        ),
        (
            NEW,
            Degree(Effort::Minimal),
            (adaptive.clone(), json!("low"), 1),
        ),
        (NEW, Budget(5_000), (adaptive.clone(), json!("high"), 1)),
        (NEW, Degree(Effort::None), (Value::Null, Value::Null, 0)),
        (
            "claude-opus-4-6",
            Degree(Effort::XHigh),
            (adaptive, json!("high"), 1),
        ),
        (
            "claude-opus-4-6",
            Budget(2_048),
            (
                json!({"type": "enabled", "budget_tokens": 2_048}),
                Value::Null,
                0,
            ),
        ),
        (
            OLD,
            Budget(2_048),
            (
                json!({"type": "enabled", "budget_tokens": 2_048}),
                Value::Null,
                0,
            ),
        ),
        (
            OLD,
            Degree(Effort::Medium),
            (
                json!({"type": "enabled", "budget_tokens": 3_000}),
                Value::Null,
                1,
            ),
        ),
        (
            OLD,
            Degree(Effort::Minimal),
            (
                json!({"type": "enabled", "budget_tokens": 1_024}),
                Value::Null,
                1,
            ),
        ),
        (
            OLD,
            Degree(Effort::None),
            (json!({"type": "disabled"}), Value::Null, 0),
        ),
        (
            "claude-sonnet-5-5",
            Degree(Effort::None),
            (json!({"type": "between_tools"}), Value::Null, 1),
        ),
        (
            "claude-3-5-haiku-latest",
            Degree(Effort::Low),
            (Value::Null, Value::Null, 1),
        ),
    ] {
        assert_eq!(thinking(model, setting), expected, "{model} {setting:?}");
    }
}

#[test]
fn corner_25_citations_keep_their_places_and_go_back_as_they_came() {
    let citations = json!([
        {"type": "char_location", "cited_text": "a", "document_index": 0, "document_title": "t", "start_char_index": 1, "end_char_index": 2},
        {"type": "page_location", "cited_text": "b", "document_index": 1, "document_title": null, "start_page_number": 3, "end_page_number": 5},
        {"type": "content_block_location", "cited_text": "c", "document_index": 2, "document_title": null, "start_block_index": 0, "end_block_index": 1},
        {"type": "search_result_location", "cited_text": "d", "search_result_index": 4, "source": "https://kb.example/d", "title": "D", "start_block_index": 0, "end_block_index": 2},
        {"type": "web_search_result_location", "cited_text": "e", "url": "https://e.example", "title": "E", "encrypted_index": "Eo=="},
    ]);
    let content = json!([{"type": "text", "text": "So.", "citations": citations}]);
    let answer = whole(content.clone(), json!({}));
    let Content::Text(text) = &answer.message.parts[0].content else {
        panic!("{answer:?}");
    };
    let places: Vec<_> = text
        .annotations
        .iter()
        .map(|cited| cited.locator.clone())
        .collect();
    let (start, end) = (Some(0), Some(2));
    assert_eq!(
        places,
        [
            Some(Locator::CharRange { start: 1, end: 2 }),
            Some(Locator::Page { start: 3, end: 5 }),
            Some(Locator::Block { start: 0, end: 1 }),
            Some(Locator::SearchResult {
                index: 4,
                start,
                end
            }),
            None,
        ]
    );
    assert_eq!(
        text.annotations[3].source.url.as_deref(),
        Some("https://kb.example/d")
    );
    assert_eq!(replayed(&answer), content);
}

#[test]
fn corner_26_documents_are_documents() {
    let text = cited(Part::document(MediaType::TEXT, "notes.txt", "Words."));
    let page = Part::new(Media::new(
        MediaType::PDF,
        Source::Url("https://a.example/b.pdf".to_owned()),
    ));
    let sheet = Part::document("application/vnd.ms-excel", "sums.xls", "…");
    let (sent, warnings) = encoded(&old(vec![
        text,
        page,
        sheet,
        Part::text("What do they say?"),
    ]));
    assert_eq!(
        sent["messages"][0]["content"],
        json!([
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Words."}, "title": "notes.txt", "citations": {"enabled": true}},
            {"type": "document", "source": {"type": "url", "url": "https://a.example/b.pdf"}},
            {"type": "text", "text": "What do they say?"},
        ])
    );
    assert_eq!(warnings, [Warning::unsupported("document_in")]);
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
fn corner_34_numbers_and_the_order_of_keys_survive() {
    let arguments = r#"{"z":12345678901234567890,"a":1.10,"m":{"y":1,"b":2}}"#;
    let body = format!(
        r#"{{"type":"message","model":"c","content":[{{"type":"tool_use","id":"toolu_1","name":"f","input":{arguments}}}],"stop_reason":"tool_use"}}"#
    );
    let op = Op::Chat(Arc::new(old("hi")));
    let answer = PROTOCOL
        .decode(&op, &head(), Bytes::from(body))
        .unwrap()
        .into_chat()
        .unwrap();
    assert_eq!(answer.tool_calls().next().unwrap().arguments(), arguments);
    let request = ChatRequest::new([Message::user("hi"), Message::assistant(&answer)]);
    let tool = Tool::new(
        "f",
        "",
        Json::parse(r#"{"type":"object","maximum":9007199254740993}"#).unwrap(),
    );
    let request = request.message(Message::user("?")).tool(tool).model(OLD);
    let (sent, _) = sent(PROTOCOL, &request);
    let sent = String::from_utf8(sent.body().to_vec()).unwrap();
    assert!(sent.contains(&format!(r#""input":{arguments}"#)), "{sent}");
    assert!(sent.contains("9007199254740993"), "{sent}");
}

#[test]
fn every_choice_of_tools_has_its_word() {
    use trunkline_core::chat::ToolChoice;
    let choice = |choice: Option<ToolChoice>, parallel: Option<bool>| {
        let mut request = old("hi")
            .tool(tool())
            .tool(Tool::new("other", "", Json::empty_object()));
        request.tool_choice = choice;
        request.parallel_tools = parallel;
        let (sent, _) = encoded(&request);
        (
            sent["tool_choice"].clone(),
            sent["tools"].as_array().unwrap().len(),
        )
    };
    let named = ToolChoice::Named("weather".to_owned());
    let allowed = ToolChoice::Allowed(vec!["weather".to_owned()]);
    for (asked, parallel, expected, tools) in [
        (None, None, Value::Null, 2),
        (
            None,
            Some(false),
            json!({"type": "auto", "disable_parallel_tool_use": true}),
            2,
        ),
        (Some(ToolChoice::Auto), None, json!({"type": "auto"}), 2),
        (
            Some(ToolChoice::None),
            Some(true),
            json!({"type": "none"}),
            2,
        ),
        (
            Some(ToolChoice::Required),
            Some(true),
            json!({"type": "any", "disable_parallel_tool_use": false}),
            2,
        ),
        (
            Some(named),
            None,
            json!({"type": "tool", "name": "weather"}),
            2,
        ),
        (Some(allowed), None, json!({"type": "auto"}), 1),
    ] {
        assert_eq!(choice(asked, parallel), (expected, tools));
    }
}

#[test]
fn a_schema_is_held_to_by_the_provider_itself() {
    let schema = Json::parse(r#"{"type":"object","additionalProperties":false}"#).unwrap();
    let format = Format::Schema {
        name: "answer".to_owned(),
        schema,
        strict: true,
    };
    let sent = body(&old("hi").format(format));
    assert_eq!(
        sent["output_config"],
        json!({"format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": false}}})
    );
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
