//! Thoughts that go back.

use trunkline_core::{
    ChatRequest, Message, Part, Role, ToolCall, Warning,
    chat::{OpaqueState, Origin, Reasoning, ToolInput},
};
use trunkline_openai_compat::Dialect;

use super::{PLAIN, encoded};
use crate::support::{delta, finish, stream_in, whole_in};

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

const PIECES: Dialect = PLAIN.provider("mistral").reasoning_pieces();

/// <https://docs.mistral.ai/studio/conversations/reasoning>
#[test]
fn a_piece_of_thought_goes_back_as_the_piece_that_it_was() {
    let thought = r#"{"type":"thinking","thinking":[{"type":"text","text":"so"}]}"#;
    let answer = whole_in(
        PIECES,
        &format!(
            r#"{{"choices":[{{"message":{{"content":[{thought},{{"type":"text","text":"yes"}}]}}}}]}}"#
        ),
    )
    .unwrap();
    let (body, warnings) = again(PIECES, answer.message.parts);
    assert!(
        body.contains(&format!(
            r#""content":[{thought},{{"type":"text","text":"yes"}}]"#
        )),
        "{body}"
    );
    assert_eq!(warnings, []);
    let (body, _) = again(PIECES, [Part::new(Reasoning::new("so")), call()]);
    assert!(
        body.contains(&format!(r#""content":[{thought}],"tool_calls""#)),
        "{body}"
    );
}

#[test]
fn its_signature_goes_back_with_it() {
    let answer = stream_in(
        PIECES,
        &[
            delta(r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"s"}]}]}"#),
            delta(
                r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"o"}],"signature":"s1g","closed":true}]}"#,
            ),
            delta(r#"{"content":"yes"}"#),
            finish("stop"),
        ],
    )
    .answer();
    let state = answer.message.parts[0].state.clone().unwrap();
    assert_eq!(state, OpaqueState::new("mistral.signature", "s1g"));
    let (body, warnings) = again(PIECES, answer.message.parts);
    assert!(
        body.contains(
            r#"{"type":"thinking","thinking":[{"type":"text","text":"so"}],"signature":"s1g"}"#
        ),
        "{body}"
    );
    assert_eq!(warnings, []);
}

#[test]
fn thoughts_of_another_stay_here() {
    let mut thought = Part::new(Reasoning::new("so"));
    thought.origin = Some(Origin::new("macaw", "m"));
    let (body, warnings) = again(PIECES, [thought, Part::text("yes")]);
    assert!(body.contains(r#""content":"yes""#), "{body}");
    let kind = "macaw.reasoning".into();
    assert_eq!(warnings, [Warning::StateDropped { kind }]);
}

/// <https://openrouter.ai/docs/guides/best-practices/reasoning-tokens>
#[test]
fn thoughts_go_back_as_text_only_where_they_have_no_details() {
    let dialect = PLAIN.reasoning_replay("reasoning");
    let details = r#"[{"type":"reasoning.text","text":"so","signature":"c2ln"}]"#;
    let thought = || Part::new(Reasoning::new("so"));
    let mut signed = thought();
    signed.state = Some(OpaqueState::new("openai.reasoning_details", details));
    let (body, _) = again(dialect, [signed, Part::text("Hi")]);
    assert!(body.contains(details), "{body}");
    assert!(!body.contains(r#""reasoning":"#), "{body}");
    let (body, _) = again(dialect, [thought(), Part::text("Hi")]);
    assert!(body.contains(r#""reasoning":"so""#), "{body}");
}
