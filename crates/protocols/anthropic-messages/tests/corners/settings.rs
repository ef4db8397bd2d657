//! What a request asks of a model.

use crate::support::{NEW, OLD, body, encoded, old, tool};
use serde_json::{Value, json};
use trunkline_anthropic_messages::{Beta, Options};
use trunkline_core::chat::{Effort, Format, ReasoningSetting, ToolChoice};
use trunkline_core::{ChatRequest, Json, Tool, Warning};

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
    let sent = body(&request.clone().model("claude-sonnet-4-0"));
    assert_eq!(
        (&sent["temperature"], &sent["top_p"], &sent["top_k"]),
        (&json!(0.2), &json!(0.9), &json!(40))
    );
    // One of the two, since version 4.5.
    let (sent, warnings) = encoded(&request.clone().model(OLD));
    assert_eq!(
        (&sent["temperature"], sent.get("top_p")),
        (&json!(0.2), None)
    );
    assert_eq!(warnings, [Warning::unsupported("top_p")]);
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
fn every_choice_of_tools_has_its_word() {
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
fn corner_21_a_temperature_is_within_what_claude_takes() {
    let (sent, warnings) = encoded(&old("hi").temperature(1.5));
    assert_eq!(sent["temperature"], json!(1.0));
    assert_eq!(warnings, [Warning::coerced("temperature", "1.5", "1")]);
}

#[test]
fn corner_21_a_model_that_thinks_chooses_freely() {
    let request = |temperature| {
        old("hi")
            .temperature(temperature)
            .reasoning(ReasoningSetting::Budget(2_048))
    };
    let (sent, warnings) = encoded(&request(0.2).top_k(40));
    assert_eq!((sent.get("temperature"), sent.get("top_k")), (None, None));
    assert_eq!(warnings, ["temperature", "top_k"].map(Warning::unsupported));
    assert_eq!(body(&request(1.0))["temperature"], json!(1.0));
    let top_p = |top_p| {
        old("hi")
            .top_p(top_p)
            .reasoning(ReasoningSetting::Budget(2_048))
    };
    assert_eq!(body(&top_p(0.95))["top_p"], json!(0.95));
    assert_eq!(encoded(&top_p(0.9)).0.get("top_p"), None);
}

#[test]
fn corner_22_a_budget_is_within_the_limit_on_output() {
    let thinking = |limit, tokens| {
        let request = old("hi").max_output_tokens(limit);
        let (sent, warnings) = encoded(&request.reasoning(ReasoningSetting::Budget(tokens)));
        (sent["thinking"]["budget_tokens"].as_u64(), warnings.len())
    };
    assert_eq!(thinking(8_000, 2_048), (Some(2_048), 0));
    assert_eq!(thinking(2_000, 4_096), (Some(1_999), 1));
    assert_eq!(thinking(8_000, 100), (Some(1_024), 1));
    assert_eq!(thinking(1_000, 2_048), (None, 1));
    // Between calls it is for all of a turn.
    let options = Options::new().betas([Beta::InterleavedThinking]);
    let request = old("hi").max_output_tokens(2_000).option(options);
    let sent = body(&request.reasoning(ReasoningSetting::Budget(4_096)));
    assert_eq!(sent["thinking"]["budget_tokens"], 4_096);
}

#[test]
fn who_must_call_a_tool_does_not_think() {
    for choice in [
        ToolChoice::Required,
        ToolChoice::Named("weather".to_owned()),
    ] {
        let request = old("hi").tool(tool()).tool_choice(choice);
        let request = request.reasoning(ReasoningSetting::Effort(Effort::High));
        let (sent, warnings) = encoded(&request);
        assert_eq!(sent["thinking"], json!({"type": "disabled"}));
        let why = "none, since a tool must be called";
        assert_eq!(warnings, [Warning::coerced("reasoning", "high", why)]);
    }
}
