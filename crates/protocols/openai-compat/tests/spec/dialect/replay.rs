//! Thoughts that go back.

use trunkline_core::{
    ChatRequest, Message, Part, Role, ToolCall, Warning,
    chat::{Reasoning, ToolInput},
};
use trunkline_openai_compat::Dialect;

use super::{PLAIN, encoded};

fn call() -> Part {
    Part::new(ToolCall::new("c1", "f", ToolInput::from_text("{}")))
}

fn again(dialect: Dialect, parts: impl IntoIterator<Item = Part>) -> (String, Vec<Warning>) {
    let turn = Message::new(Role::Assistant, Vec::from_iter(parts));
    encoded(dialect, ChatRequest::new([turn, Message::user("and?")]))
}

#[test]
fn a_turn_that_calls_tools_has_the_field_even_without_thoughts() {
    let usual = PLAIN.reasoning_replay("reasoning_content");
    let always = usual.reasoning_replay_always();
    let (body, _) = again(usual, [call()]);
    assert!(!body.contains("reasoning_content"), "{body}");
    let (body, _) = again(always, [call()]);
    assert!(body.contains(r#""reasoning_content":"""#), "{body}");
    let (body, _) = again(always, [Part::text("Hi")]);
    assert!(!body.contains("reasoning_content"), "{body}");
    let (body, _) = again(always, [Part::new(Reasoning::new("so")), call()]);
    assert!(body.contains(r#""reasoning_content":"so""#), "{body}");
}
