//! Ids of tool calls that a provider does not take.

use trunkline_core::{ChatRequest, Message, Part, Role, ToolCall, chat::ToolInput};

use super::{PLAIN, encoded};

#[test]
fn a_call_and_its_result_go_under_the_same_other_id() {
    let call = |id: &str| ToolCall::new(id, "f", ToolInput::from_text("{}"));
    let (long, short) = (call("call_0123456789"), call("abc"));
    let turn = Message::new(
        Role::Assistant,
        [&long, &short].map(|call| Part::new(call.clone())),
    );
    let request = ChatRequest::from("hi")
        .message(turn)
        .message(Message::tool_result(&long, "1"))
        .message(Message::tool_result(&short, "2"));
    let dialect = PLAIN.call_id(|id| match id.strip_prefix("call_") {
        Some(rest) => rest.chars().rev().collect::<String>().into(),
        None => id.into(),
    });
    let (body, _) = encoded(dialect, request.clone());
    for id in [r#""id":"9876543210""#, r#""tool_call_id":"9876543210""#] {
        assert!(body.contains(id), "{body}");
    }
    for id in [r#""id":"abc""#, r#""tool_call_id":"abc""#] {
        assert!(body.contains(id), "{body}");
    }
    assert!(!body.contains("call_0123456789"), "{body}");
    let (body, _) = encoded(PLAIN, request);
    assert!(body.contains(r#""id":"call_0123456789""#), "{body}");
}
