//! Degrees of thinking that a provider does not know.

use trunkline_core::{
    ChatRequest, Warning,
    chat::{
        Effort::{self, High, Low, Max, Medium, Minimal, None, XHigh},
        ReasoningSetting,
    },
};
use trunkline_openai_compat::ReasoningParam;

use super::{PLAIN, encoded};

fn sent(known: &'static [Effort], asked: ReasoningSetting) -> (Option<String>, Vec<Warning>) {
    let request = ChatRequest::from("hi").reasoning(asked);
    let (body, warnings) = encoded(PLAIN.efforts(known), request);
    let effort = body.split_once(r#""reasoning_effort":""#);
    let effort = effort.and_then(|(_, rest)| rest.split('"').next());
    (effort.map(str::to_owned), warnings)
}

#[test]
fn an_unknown_degree_becomes_the_nearest_one_and_the_higher_of_two() {
    const USUAL: &[Effort] = &[Low, Medium, High];
    for (known, asked, expected) in [
        (USUAL, Low, Low),
        (USUAL, Minimal, Low),
        (USUAL, XHigh, High),
        (USUAL, Max, High),
        (&[Low, High, Max], Medium, High),
        (&[Low, High, Max], XHigh, Max),
        (&[None, High], Minimal, High),
        (&[High, None], Max, High),
        (&[None, High], None, None),
        // Without a list all are known.
        (&[], Minimal, Minimal),
        (&[], None, None),
    ] {
        let (effort, warnings) = sent(known, ReasoningSetting::Effort(asked));
        assert_eq!(effort.as_deref(), Some(expected.as_str()), "{asked:?}");
        let coerced = Warning::coerced("reasoning", asked.as_str(), expected.as_str());
        let told = (asked != expected).then_some(coerced);
        assert_eq!(warnings, Vec::from_iter(told), "{asked:?} of {known:?}");
    }
}

#[test]
fn no_thinking_is_asked_for_where_it_is_known_and_nowhere_else() {
    let (effort, warnings) = sent(&[Low, High], ReasoningSetting::Effort(None));
    assert_eq!(effort, Option::None);
    assert_eq!(warnings, [Warning::unsupported("reasoning")]);
    let (effort, warnings) = sent(&[None], ReasoningSetting::Effort(High));
    assert_eq!(effort, Option::None, "thinking is not switched off for it");
    assert_eq!(warnings, [Warning::unsupported("reasoning")]);
}

#[test]
fn a_budget_becomes_a_known_degree_with_one_warning() {
    let (effort, warnings) = sent(&[Low, High], ReasoningSetting::Budget(32_000));
    assert_eq!(effort.as_deref(), Some("high"));
    let coerced = Warning::coerced("reasoning", "32000 tokens", "high");
    assert_eq!(warnings, [coerced]);
    let (body, warnings) = encoded(
        PLAIN.reasoning(ReasoningParam::Object).efforts(&[Low]),
        ChatRequest::from("hi").reasoning(ReasoningSetting::Budget(9)),
    );
    assert!(body.contains(r#""reasoning":{"max_tokens":9}"#), "{body}");
    assert_eq!(warnings, []);
}

#[test]
fn a_budget_goes_into_the_field_that_takes_one() {
    for field in ["reasoning_effort", "reasoning_budget"] {
        let dialect = PLAIN.efforts(&[Low]).reasoning_budget(field);
        let budget = ChatRequest::from("hi").reasoning(ReasoningSetting::Budget(512));
        let (body, warnings) = encoded(dialect, budget);
        assert!(body.contains(&format!(r#""{field}":512"#)), "{body}");
        assert_eq!(body.matches("reasoning").count(), 1, "{body}");
        assert_eq!(warnings, []);
        let (body, _) = encoded(dialect, ChatRequest::from("hi").effort(Low));
        assert!(body.contains(r#""reasoning_effort":"low""#), "{body}");
    }
}

#[test]
fn not_to_think_may_be_a_switch() {
    let dialect = PLAIN
        .efforts(&[Low, High])
        .no_thinking(r#"{"reasoning":{"enabled":false}}"#);
    let (body, warnings) = encoded(dialect, ChatRequest::from("hi").effort(None));
    assert!(body.contains(r#""reasoning":{"enabled":false}"#), "{body}");
    assert!(!body.contains("effort"), "{body}");
    assert_eq!(warnings, []);
    let (body, _) = encoded(dialect, ChatRequest::from("hi").effort(Low));
    assert!(!body.contains("enabled"), "{body}");
}
