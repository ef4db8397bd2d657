//! Corners of requests.

use super::*;

#[test]
fn corner_05_a_mark_for_a_cache_is_warned_of() {
    let point = Part::new(Content::CachePoint(CachePoint::default()));
    let request = ChatRequest::from(vec![Part::text("Hi"), point]);
    let (body, warnings) = sent(request);
    assert_eq!(warnings, [Warning::unsupported("cache_point")]);
    assert_eq!(body["messages"], json!([{"role": "user", "content": "Hi"}]));
}

#[test]
fn corner_08_words_of_a_refusal_stay_the_model_s_words() {
    let (body, warnings) = sent(after([Part::new(Refusal::new("I will not."))]).user("Why?"));
    assert_eq!(warnings, []);
    assert_eq!(
        body["messages"][1],
        json!({"role": "assistant", "content": "I will not."})
    );
}

#[test]
fn corner_13_a_tool_that_takes_text_is_warned_of() {
    let mut custom = probe();
    custom.kind = ToolKind::Custom;
    let (body, warnings) = sent(ChatRequest::from("Hi").tool(custom));
    assert_eq!(warnings, [Warning::unsupported("tools.kind")]);
    assert_eq!(body.get("tools"), None);
    let call = ToolCall::new("c", "probe", ToolInput::Text("SELECT 1".to_owned()));
    let (_, warnings) = sent(after([Part::new(call)]).user("Go on."));
    assert_eq!(
        warnings,
        [coerced("tool_call.arguments", "no object", "{}")]
    );
}

#[test]
fn corner_15_pictures_of_a_tool_s_result_arrive_and_its_status_is_warned_of() {
    let call = ToolCall::new("c", "probe", ToolInput::from_text("{}"));
    let mut result = ToolResult::text("c", "seen").status(ToolStatus::Denied);
    result.output.push(Part::image("image/png", "dot"));
    result.output.push(Part::audio("audio/wav", "sound"));
    let request = after([Part::new(call)]);
    let request = request.message(Message::new(Role::Tool, [Part::new(result)]));
    let (body, warnings) = sent(request);
    assert_eq!(
        body["messages"][2],
        json!({"role": "tool", "content": "seen", "images": ["ZG90"], "tool_name": "probe",
               "tool_call_id": "c"})
    );
    assert_eq!(
        warnings,
        [
            coerced("tool_result.status", "denied", "text"),
            Warning::unsupported("tool_result.media")
        ]
    );
}

#[test]
fn corner_16_what_another_provider_ran_itself_is_warned_of() {
    let mut call = ToolCall::new("s", "web_search", ToolInput::from_text("{}"));
    call.executor = Executor::Provider;
    let mut result = ToolResult::text("s", "found");
    result.executor = Executor::Provider;
    let parts = [Part::new(call), Part::new(result), Part::text("Here.")];
    let (body, warnings) = sent(after(parts).user("Go on."));
    assert_eq!(
        body["messages"][1],
        json!({"role": "assistant", "content": "Here."})
    );
    let left = ["tool_call", "tool_result"].map(Warning::unsupported);
    assert_eq!(warnings, left);
}

#[test]
fn corner_17_instructions_stay_where_they_stand() {
    let request = ChatRequest::new([
        Message::system("one"),
        Message::user("two"),
        Message::system("three"),
        Message::new(Role::Developer, [Part::text("four")]),
        Message::user("five"),
    ]);
    let (body, warnings) = sent(request);
    let messages = body["messages"].as_array().unwrap();
    let turns: Vec<_> = messages
        .iter()
        .map(|turn| {
            (
                turn["role"].as_str().unwrap(),
                turn["content"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        turns,
        [
            ("system", "one"),
            ("user", "two"),
            ("system", "three"),
            ("system", "four"),
            ("user", "five")
        ]
    );
    assert_eq!(warnings, [coerced("role", "developer", "system")]);
}

#[test]
fn corner_18_turns_of_one_role_and_empty_ones_stay_apart() {
    let request = ChatRequest::new([
        Message::user("one"),
        Message::user(""),
        Message::assistant_text("two"),
        Message::assistant_text("three"),
        Message::user("four"),
    ]);
    let (body, warnings) = sent(request);
    assert_eq!(warnings, []);
    assert_eq!(body["messages"].as_array().unwrap().len(), 5);
    assert_eq!(body["messages"][1], json!({"role": "user", "content": ""}));
}

#[test]
fn corner_19_words_to_go_on_from_are_warned_of() {
    let (body, warnings) = sent(after([Part::text("The sky is")]));
    assert_eq!(warnings, [Warning::unsupported("prefill")]);
    assert_eq!(body["messages"][1]["content"], "The sky is");
}

#[test]
fn corner_20_the_limit_on_output_is_an_option() {
    let (body, warnings) = sent(ChatRequest::from("Hi").max_output_tokens(7));
    assert_eq!(
        (&body["options"], warnings),
        (&json!({"num_predict": 7}), vec![])
    );
    assert_eq!(sent(ChatRequest::from("Hi")).0.get("options"), None);
}

#[test]
fn corner_22_degrees_of_thought_are_the_nearest() {
    for (effort, think) in [
        (Effort::None, json!(false)),
        (Effort::Minimal, json!("low")),
        (Effort::Low, json!("low")),
        (Effort::Medium, json!("medium")),
        (Effort::High, json!("high")),
        (Effort::XHigh, json!("max")),
        (Effort::Max, json!("max")),
    ] {
        let (body, warnings) = sent(ChatRequest::from("Hi").effort(effort));
        assert_eq!(body["think"], think);
        let is_off = think != json!(effort.as_str()) && effort != Effort::None;
        assert_eq!(!warnings.is_empty(), is_off, "{effort:?} {warnings:?}");
    }
    let budget = |tokens| ChatRequest::from("Hi").reasoning(ReasoningSetting::Budget(tokens));
    assert_eq!(sent(budget(0)).0["think"], json!(false));
    let (body, warnings) = sent(budget(1_024));
    assert_eq!(body.get("think"), None);
    assert_eq!(warnings, [Warning::unsupported("reasoning.budget")]);
}

#[test]
fn corner_23_a_schema_goes_as_it_is() {
    let schema = r##"{"type":"object","$defs":{"C":{"enum":["b","a"]}},"properties":{"z":{"$ref":"#/$defs/C"},"a":{"type":["number","null"],"maximum":1.0}}}"##;
    let format = |strict| Format::Schema {
        name: "answer".to_owned(),
        schema: Json::parse(schema).unwrap(),
        strict,
    };
    let (body, warnings) = written(ChatRequest::from("Hi").format(format(true)));
    assert!(body.contains(&format!(r#""format":{schema}"#)), "{body}");
    assert_eq!(warnings, []);
    let (_, warnings) = sent(ChatRequest::from("Hi").format(format(false)));
    assert_eq!(warnings, [coerced("schema.strict", "false", "true")]);
    let (body, _) = sent(ChatRequest::from("Hi").format(Format::Json));
    assert_eq!(body["format"], "json");
}

#[test]
fn corner_26_what_is_no_picture_is_warned_of() {
    for (media, feature) in [
        (
            Media::new("application/pdf", Source::Bytes("x".into())),
            "document_in",
        ),
        (
            Media::new("audio/wav", Source::Bytes("x".into())),
            "audio_in",
        ),
        (
            Media::new("image/png", Source::Url("https://example.com/x".to_owned())),
            "image_in.url",
        ),
        (
            Media::new("image/png", Source::Text("x".to_owned())),
            "image_in",
        ),
    ] {
        let request = ChatRequest::from(vec![Part::text("Hi"), Part::new(media)]);
        let (body, warnings) = sent(request);
        assert_eq!(warnings, [Warning::unsupported(feature)]);
        assert_eq!(body["messages"], json!([{"role": "user", "content": "Hi"}]));
    }
    let written = Part::image_url("data:image/png;base64,ZG90");
    let (body, warnings) = sent(ChatRequest::from(vec![written]));
    assert_eq!(
        (&body["messages"][0]["images"], warnings),
        (&json!(["ZG90"]), vec![])
    );
}

#[test]
fn corner_01_to_03_another_provider_s_state_stays_behind() {
    let mut thought = Part::new(trunkline_core::chat::Reasoning::new("Hm."));
    thought.state = Some(OpaqueState::new("anthropic.signature", "sealed"));
    let (body, warnings) = written(after([thought]).user("Go on."));
    assert!(!body.contains("sealed") && body.contains("Hm."), "{body}");
    let kind = "anthropic.signature".into();
    assert_eq!(warnings, [Warning::StateDropped { kind }]);
}
