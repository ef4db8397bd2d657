//! What came in goes out.

use trunkline_core::{
    ChatRequest, Json, Message, Part, Role, ToolCall, Warning,
    chat::{Executor, OpaqueState, Reasoning, Replay, ToolInput, ToolResult},
};
use trunkline_openai_compat::Dialect;

use crate::support::{body_of, chat, delta, finish, stream, whole};

const ARGUMENTS: &str = r#"{"b":1.0,"a":12345678901234567890,"c":"\u00e9 é 😀","b":[ 1 ]}"#;
const DETAILS: &str = r#"[{"type":"reasoning.text","text":"so","index":0,"signature":"s=="},{"type":"reasoning.encrypted","data":"AA","id":"r1","index":1}]"#;
const EXTRA: &str = r#"{"google":{"thought_signature":"c2ln","n":1.0}}"#;

fn again(answer: &trunkline_core::ChatResponse) -> (String, Vec<Warning>) {
    let request = ChatRequest::from("hi")
        .message(Message::assistant(answer))
        .user("and?");
    body_of(Dialect::OPENAI, &chat(request)).unwrap()
}

fn answers() -> [trunkline_core::ChatResponse; 2] {
    let arguments = serde_json::to_string(ARGUMENTS).unwrap();
    let call = |index: &str| {
        format!(
            r#"{{{index}"id":"call_é/1","type":"function","function":{{"name":"f","arguments":{arguments}}},"extra_content":{EXTRA}}}"#
        )
    };
    let message = format!(
        r#"{{"role":"assistant","content":"Hi","refusal":"no","reasoning":"so","reasoning_details":{DETAILS},"tool_calls":[{}],"audio":{{"id":"audio_1","data":"AAAA","transcript":"hi"}}}}"#,
        call("")
    );
    let body = format!(
        r#"{{"id":"c","model":"m","choices":[{{"index":0,"message":{message},"finish_reason":"tool_calls"}}]}}"#
    );
    let events = [
        delta(
            r#"{"reasoning":"s","reasoning_details":[{"type":"reasoning.text","text":"s","index":0}]}"#,
        ),
        delta(
            r#"{"reasoning":"o","reasoning_details":[{"type":"reasoning.text","text":"o","index":0}]}"#,
        ),
        delta(
            r#"{"reasoning_details":[{"type":"reasoning.text","index":0,"signature":"s=="},{"type":"reasoning.encrypted","data":"AA","id":"r1","index":1}]}"#,
        ),
        delta(r#"{"content":"H"}"#),
        delta(r#"{"content":"i"}"#),
        delta(r#"{"refusal":"no"}"#),
        delta(r#"{"audio":{"id":"audio_1","data":"AA"}}"#),
        delta(r#"{"audio":{"data":"AA","transcript":"hi"}}"#),
        delta(&format!(r#"{{"tool_calls":[{}]}}"#, call(r#""index":0,"#))),
        // Some repeat it.
        delta(&format!(
            r#"{{"tool_calls":[{{"index":0,"extra_content":{EXTRA}}}]}}"#
        )),
        finish("tool_calls"),
    ];
    [whole(&body).unwrap(), stream(&events).answer()]
}

#[test]
fn an_answer_goes_back_as_it_came() {
    for answer in answers() {
        let (body, warnings) = again(&answer);
        assert_eq!(warnings, []);
        let arguments = serde_json::to_string(ARGUMENTS).unwrap();
        for part in [
            format!(
                r#""id":"call_é/1","type":"function","function":{{"name":"f","arguments":{arguments}}},"extra_content":{EXTRA}"#
            ),
            format!(r#""reasoning_details":{DETAILS}"#),
            r#""content":"Hi""#.to_owned(),
            r#""refusal":"no""#.to_owned(),
            r#""audio":{"id":"audio_1"}"#.to_owned(),
        ] {
            assert_eq!(body.matches(&part).count(), 1, "{part} in {body}");
        }
    }
}

#[test]
fn whole_or_streamed_it_is_the_same_answer() {
    let [mut whole, mut streamed] = answers();
    // The pieces of the sound are two bytes, the whole is three: base64 of the test's making.
    for answer in [&mut whole, &mut streamed] {
        answer.message.parts.retain(|part| part.id.is_none());
    }
    assert_eq!(whole.message, streamed.message);
}

#[test]
fn a_signature_that_comes_alone_finds_its_call() {
    let events = [
        delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]}"#),
        delta(&format!(
            r#"{{"tool_calls":[{{"index":0,"extra_content":{EXTRA}}}]}}"#
        )),
        finish("tool_calls"),
    ];
    let (body, _) = again(&stream(&events).answer());
    assert!(
        body.contains(&format!(r#""extra_content":{EXTRA}"#)),
        "{body}"
    );
}

#[test]
fn a_signature_of_the_message_goes_back_with_it() {
    let events = [
        delta(&format!(r#"{{"content":"Hi","extra_content":{EXTRA}}}"#)),
        delta(&format!(r#"{{"content":"!","extra_content":{EXTRA}}}"#)),
        finish("stop"),
    ];
    let (body, warnings) = again(&stream(&events).answer());
    assert!(
        body.contains(&format!(
            r#"{{"role":"assistant","content":"Hi!","extra_content":{EXTRA}}}"#
        )),
        "{body}"
    );
    assert_eq!(warnings, []);
}

#[test]
fn notes_on_a_file_go_back_as_notes() {
    let note = r#"{"type":"file","file":{"hash":"h","content":[1.0]}}"#;
    let body =
        format!(r#"{{"choices":[{{"message":{{"content":"Hi","annotations":[{note}]}}}}]}}"#);
    let (body, warnings) = again(&whole(&body).unwrap());
    assert!(
        body.contains(&format!(
            r#"{{"role":"assistant","content":"Hi","annotations":[{note}]}}"#
        )),
        "{body}"
    );
    assert_eq!(warnings, []);
}

#[test]
fn the_state_of_another_stays_here_with_a_warning() {
    let kinds = [
        "anthropic.signature",
        "openrouter.reasoning_details",
        "openai.encrypted_content",
        "openaix.extra_content",
    ];
    for kind in kinds {
        let thought =
            Part::new(Reasoning::new("so")).state(OpaqueState::new(kind, r#"["canary"]"#));
        let request = ChatRequest::new([
            Message::new(Role::Assistant, [thought, Part::text("Hi")]),
            Message::user("and?"),
        ]);
        let (body, warnings) = body_of(Dialect::OPENAI, &chat(request)).unwrap();
        assert!(!body.contains("canary"), "{kind}: {body}");
        assert_eq!(warnings, [Warning::StateDropped { kind: kind.into() }]);
    }
}

#[test]
fn thoughts_go_back_where_they_are_wanted_and_once() {
    let turn = Message::new(
        Role::Assistant,
        [
            Part::new(Reasoning::new("one")),
            Part::text("Hi"),
            Part::new(Reasoning::new("two")),
        ],
    );
    let request = ChatRequest::new([turn, Message::user("and?")]);
    let (body, _) = body_of(Dialect::OPENAI, &chat(request.clone())).unwrap();
    assert!(!body.contains("one"), "{body}");
    let (body, _) = body_of(
        Dialect::OPENAI.reasoning_replay("reasoning_content"),
        &chat(request),
    )
    .unwrap();
    assert!(
        body.contains(r#""reasoning_content":"one\n\ntwo""#),
        "{body}"
    );
}

#[test]
fn a_conversation_of_several_turns() {
    let call = |id: &str, name: &str, arguments: &str| {
        ToolCall::new(id, name, ToolInput::from_text(arguments))
    };
    let (one, two) = (call("c1", "weather", ARGUMENTS), call("c2", "clock", ""));
    let mut json = ToolResult::text("c3", "");
    json.output.clear();
    json.json = Json::parse(r#"{"t":12.50}"#).ok();
    let request = ChatRequest::new([
        Message::system("Be brief."),
        Message::user("Weather and time?").named("ann"),
        Message::new(
            Role::Assistant,
            [
                Part::text("Let me look."),
                Part::new(one.clone()),
                Part::new(two.clone()),
            ],
        ),
        Message::tool_result(&one, "21 °C\n\"fair\""),
        Message::tool_error(&two, "no clock"),
        Message::new(Role::Assistant, [Part::new(call("c3", "cut", r#"{"x":"#))]),
        Message::new(Role::Tool, [Part::new(json)]),
        Message::new(
            Role::User,
            [
                Part::text("And this?"),
                Part::image_url("https://example.com/a.png"),
                Part::image("image/png", "png"),
                Part::document("application/pdf", "a.pdf", "pdf"),
                Part::cache_point(),
            ],
        ),
    ]);
    let (body, warnings) = body_of(Dialect::OPENAI, &chat(request)).unwrap();
    let lines = body.replace(r#"{"role""#, "\n{\"role\"");
    insta::assert_snapshot!(format!("{lines}\n\n{warnings:#?}"));
}

#[test]
fn what_has_no_place_in_a_request_stays_here() {
    let odd = r#"{"choices":[{"message":{"content":"Hi","images":[{"odd":1}]}}]}"#;
    let (body, warnings) = again(&whole(odd).unwrap());
    assert!(!body.contains("odd"), "{body}");
    let kind = "openai.image".into();
    assert_eq!(warnings, [Warning::StateDropped { kind }]);

    let mut searched = ToolCall::new("s1", "web_search", ToolInput::from_text("{}"));
    searched.executor = Executor::Provider;
    let parts = [Part::text("Hi"), Part::new(searched)];
    let request = ChatRequest::new([Message::new(Role::Assistant, parts), Message::user("?")]);
    let (body, _) = body_of(Dialect::OPENAI, &chat(request)).unwrap();
    assert!(
        !body.contains("tool_calls"),
        "nobody answers what the provider ran: {body}"
    );
}

#[test]
fn state_goes_back_from_the_model_and_if_it_may() {
    let state = || OpaqueState::new("openai.extra_content", r#"{"canary":1}"#);
    for (role, state) in [
        (Role::User, state()),
        (Role::Assistant, state().replay(Replay::Never)),
    ] {
        let message = Message::new(role, [Part::text("Hi").state(state)]);
        let request = ChatRequest::new([message, Message::user("?")]);
        let (body, warnings) = body_of(Dialect::OPENAI, &chat(request)).unwrap();
        assert!(!body.contains("canary"), "{body}");
        assert_eq!(warnings.len(), 1, "{warnings:?}");
    }
}

#[test]
fn a_tool_that_says_nothing_says_so() {
    let call = ToolCall::new("c1", "f", ToolInput::from_text(""));
    let mut result = ToolResult::text("c1", "");
    result.output.clear();
    let request = ChatRequest::new([
        Message::new(Role::Assistant, [Part::new(call)]),
        Message::new(Role::Tool, [Part::new(result)]),
    ]);
    let (body, _) = body_of(Dialect::OPENAI, &chat(request)).unwrap();
    assert!(
        body.contains(r#""tool_call_id":"c1","content":"""#),
        "{body}"
    );
}
