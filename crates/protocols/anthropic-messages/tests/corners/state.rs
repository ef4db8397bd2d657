//! What a model wants back unchanged.

use crate::support::{
    NEW, OLD, PROTOCOL, block, body, delta, encoded, end, head, old, replayed, sent, start, stop,
    streamed, weather, whole,
};
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;
use trunkline_core::chat::{
    Executor, FinishKind, Locator, OpaqueState, Reasoning, ToolInput, ToolKind, ToolStatus,
};
use trunkline_core::protocol::Protocol;
use trunkline_core::{
    ChatRequest, Content, Json, Message, Op, Part, Role, Tool, ToolCall, Warning,
};

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
