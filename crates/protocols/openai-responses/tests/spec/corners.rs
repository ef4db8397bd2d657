//! Corners where vocabularies lose something, by their numbers in the design; those that this wire
//! has.

use serde_json::json;
use trunkline_core::{
    ChatRequest, Content, Delta, Json, Message, Part, Role, StreamChunk, Tool, ToolCall, Warning,
    chat::{
        Effort, Executor, FinishKind, Format, Media, OpaqueState, Origin, Reasoning,
        ReasoningSetting, Source, ToolInput, ToolKind, ToolResult, ToolStatus,
    },
};

use crate::support::{answered, replayed, sent, stream, whole};

const THOUGHTS: &str = r#"{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"Short."},{"type":"summary_text","text":"Sure."}],"content":[{"type":"reasoning_text","text":"Long."}],"encrypted_content":"c2VjcmV0"}"#;
const WORDS: &str = r#"{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Yes.","annotations":[]}]}"#;

fn ask(model: &str) -> ChatRequest {
    ChatRequest::from("Hi").model(model)
}

#[test]
fn corner_03_encrypted_thoughts_and_names_go_back_as_they_came() {
    let answer = answered(&format!("{THOUGHTS},{WORDS}"));
    let state = answer.message.parts[0].state.as_ref().unwrap();
    assert_eq!(
        (&*state.kind, &*state.data),
        ("openai.encrypted_content", "c2VjcmV0")
    );
    let input = replayed(&answer);
    let thoughts: serde_json::Value = serde_json::from_str(THOUGHTS).unwrap();
    assert_eq!(input[0], thoughts);
    assert_eq!(
        (&input[1]["id"], &input[1]["status"]),
        (&json!("msg_1"), &json!("completed"))
    );

    // Another provider's stay behind, and with them the names of what followed them.
    let theirs = Part::new(Reasoning::new("hm"))
        .state(OpaqueState::new("anthropic.signature", "x"))
        .origin(Origin::new("anthropic", "claude"));
    let parts = [theirs, Part::text("Yes.").id("msg_1")];
    let request = ask("gpt-5")
        .message(Message::new(Role::Assistant, parts))
        .user("Go on.");
    let (body, warnings) = sent(request);
    assert_eq!(body["input"].as_array().unwrap().len(), 3);
    assert!(body["input"][1].get("id").is_none());
    let kind = "anthropic.signature".into();
    assert_eq!(warnings, [Warning::StateDropped { kind }]);
}

#[test]
fn corner_04_summaries_are_not_the_thoughts() {
    let answer = answered(THOUGHTS);
    let Content::Reasoning(thought) = &answer.message.parts[0].content else {
        panic!()
    };
    assert_eq!(thought.text.as_deref(), Some("Long."));
    assert_eq!(thought.summary, ["Short.", "Sure."]);
}

#[test]
fn corner_07_what_runs_in_the_background_is_paused() {
    for status in ["queued", "in_progress"] {
        let body = format!(r#"{{"id":"resp_7","model":"m","status":"{status}","output":[]}}"#);
        let answer = whole(&body).unwrap();
        assert_eq!(answer.finish.kind, FinishKind::Paused);
        assert_eq!(
            (answer.id.as_deref(), answer.finish.raw.as_deref()),
            (Some("resp_7"), Some(status))
        );
    }
    let mut request = ask("gpt-5");
    let options = Json::parse(r#"{"background":true}"#).unwrap();
    request.options.insert("openai".to_owned(), options);
    let (body, _) = sent(request);
    // It is polled, and has to be stored for that.
    assert_eq!(
        (&body["background"], &body["store"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(sent(ask("gpt-5")).0["store"], json!(false));
}

#[test]
fn corner_08_a_refusal_is_a_part_and_a_reason() {
    let refusal = r#"{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"refusal","refusal":"No."}]}"#;
    let answer = answered(refusal);
    let Content::Refusal(refusal) = &answer.message.parts[0].content else {
        panic!()
    };
    assert_eq!(
        (&*refusal.text, &answer.finish.kind),
        ("No.", &FinishKind::Refusal)
    );
    let input = replayed(&answer);
    assert_eq!(
        input[0]["content"][0],
        json!({"type": "refusal", "refusal": "No."})
    );
}

fn call(kind: &str, field: &str, text: &str) -> String {
    let text = json!(text);
    format!(r#"{{"type":"{kind}","id":"fc_1","call_id":"call_1","name":"f","{field}":{text}}}"#)
}

#[test]
fn corner_12_arguments_that_are_no_json_are_kept() {
    let answer = answered(&call("function_call", "arguments", r#"{"a":"#));
    let call = answer.tool_calls().next().unwrap();
    assert!(matches!(&call.input, ToolInput::Invalid { raw, .. } if raw == r#"{"a":"#));
    assert_eq!(replayed(&answer)[0]["arguments"], json!(r#"{"a":"#));
}

#[test]
fn corner_13_custom_tools_take_text() {
    let answer = answered(&call("custom_tool_call", "input", "SELECT 1;"));
    let call = answer.tool_calls().next().unwrap();
    assert_eq!(call.input, ToolInput::Text("SELECT 1;".to_owned()));
    assert_eq!(call.kind, ToolKind::Custom);
    let request = ask("gpt-5")
        .message(Message::assistant(&answer))
        .message(Message::new(
            Role::Tool,
            [Part::new(ToolResult::text("call_1", "1"))],
        ));
    let (body, _) = sent(request);
    assert_eq!(body["input"][1]["input"], json!("SELECT 1;"));
    assert_eq!(body["input"][2]["type"], json!("custom_tool_call_output"));
}

#[test]
fn corner_14_no_arguments_are_the_empty_object() {
    for arguments in ["", "{}"] {
        let answer = answered(&call("function_call", "arguments", arguments));
        assert_eq!(answer.tool_calls().next().unwrap().arguments(), "{}");
        assert_eq!(replayed(&answer)[0]["arguments"], json!("{}"));
    }
}

#[test]
fn corner_15_a_result_has_pictures_and_says_how_it_went() {
    let mut result = ToolResult::text("call_1", "a map").status(ToolStatus::Incomplete);
    let picture = Media::new("image/png", Source::Bytes("dot".into()));
    result.output.push(Part::new(picture));
    let request = ask("m").message(Message::new(Role::Tool, [Part::new(result)]));
    let (body, warnings) = sent(request);
    let item = &body["input"][1];
    assert_eq!(item["status"], json!("incomplete"));
    assert_eq!(
        item["output"][1]["image_url"],
        json!("data:image/png;base64,ZG90")
    );
    assert_eq!(warnings, []);
    // To have failed has no word here.
    let result = ToolResult::text("call_1", "no").status(ToolStatus::Error);
    let (_, warnings) = sent(ask("m").message(Message::new(Role::Tool, [Part::new(result)])));
    assert_eq!(
        warnings,
        [Warning::coerced("tool_result.status", "error", "text")]
    );
}

#[test]
fn corner_16_what_the_provider_ran_stands_in_its_place_and_goes_back() {
    let items = [
        r#"{"id":"ws_1","type":"web_search_call","status":"completed","action":{"type":"search","query":"x","n":12345678901234567890}}"#,
        r#"{"id":"ci_1","type":"code_interpreter_call","status":"completed","code":"1","container_id":"c","outputs":[{"type":"logs","logs":"1.0"}]}"#,
        r#"{"id":"mcp_1","type":"mcp_call","name":"roll","server_label":"dice","arguments":"{}","output":null,"error":{"type":"http_error","code":500}}"#,
        r#"{"id":"cu_1","type":"computer_call","call_id":"k","action":{"type":"wait"}}"#,
    ];
    let answer = answered(&items.join(","));
    let parts = &answer.message.parts;
    let calls: Vec<&ToolCall> = parts.iter().filter_map(Part::as_tool_call).collect();
    let names: Vec<&str> = calls.iter().map(|call| &*call.name).collect();
    assert_eq!(names, ["web_search", "code_interpreter", "roll"]);
    assert!(calls.iter().all(|call| call.executor == Executor::Provider));
    assert_eq!(answer.tool_calls().count(), 0);
    let Content::ToolResult(failed) = &parts[4].content else {
        panic!("{:?}", parts[4])
    };
    assert_eq!(failed.status, ToolStatus::Error);
    assert!(
        matches!(&parts[5].content, Content::Opaque(opaque) if &*opaque.kind == "openai.computer_call")
    );
    let input: Vec<String> = replayed(&answer).iter().map(ToString::to_string).collect();
    let items = items.map(|item| {
        serde_json::from_str::<serde_json::Value>(item)
            .unwrap()
            .to_string()
    });
    assert_eq!(input, items);
}

#[test]
fn corner_21_models_that_think_take_no_temperature() {
    let lost = |request: ChatRequest| {
        let (body, warnings) = sent(request.temperature(0.3).top_p(0.5));
        assert_eq!(body.get("temperature").is_none(), !warnings.is_empty());
        warnings
    };
    let dropped = [
        Warning::unsupported("temperature"),
        Warning::unsupported("top_p"),
    ];
    assert_eq!(lost(ask("o4-mini")), dropped);
    assert_eq!(lost(ask("gpt-5.2").effort(Effort::Low)), dropped);
    assert_eq!(lost(ask("gpt-5.2").effort(Effort::None)), []);
    assert_eq!(lost(ask("gpt-4.1")), []);
}

#[test]
fn corner_22_a_budget_becomes_a_degree_and_a_warning() {
    let budget = |tokens| {
        ask("gpt-5")
            .max_output_tokens(10_000)
            .reasoning(ReasoningSetting::Budget(tokens))
    };
    for (tokens, effort) in [
        (100, "minimal"),
        (900, "low"),
        (2_500, "medium"),
        (6_000, "high"),
        (9_500, "xhigh"),
    ] {
        let (body, warnings) = sent(budget(tokens));
        assert_eq!(body["reasoning"], json!({"effort": effort}));
        let told = Warning::coerced("reasoning", format!("{tokens} tokens"), effort);
        assert_eq!(warnings, [told]);
    }
    let (body, warnings) = sent(ask("gpt-5").effort(Effort::High));
    assert_eq!(
        (&body["reasoning"]["effort"], warnings.len()),
        (&json!("high"), 0)
    );
}

#[test]
fn corner_23_a_schema_is_strict_where_it_was_asked_for_and_nowhere_else() {
    let schema = || {
        Json::parse(r#"{"type":"object","properties":{"b":{},"a":{}},"required":["b"]}"#).unwrap()
    };
    let request = ask("m")
        .tool(Tool::new("loose", "", schema()))
        .tool(Tool::new("tight", "", schema()).strict(true));
    let format = Format::Schema {
        name: "x".to_owned(),
        schema: schema(),
        strict: true,
    };
    let (body, _) = sent(request.format(format));
    // Left out, it would be true, and optional parameters be demanded.
    let strict: Vec<_> = body["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| &tool["strict"])
        .collect();
    assert_eq!(strict, [false, true]);
    assert_eq!(body["text"]["format"]["strict"], json!(true));
    assert!(
        body["text"]["format"]["schema"]
            .to_string()
            .starts_with(r#"{"#)
    );
}

#[test]
fn corner_25_each_scheme_of_citations_goes_back_as_it_came() {
    let annotations = r#"[{"type":"url_citation","start_index":0,"end_index":3,"title":"T","url":"https://a.example"},{"type":"file_citation","file_id":"file-1","filename":"a.pdf","index":3},{"type":"container_file_citation","container_id":"c","file_id":"f","filename":"p.png","start_index":1,"end_index":2},{"type":"file_path","file_id":"file-2","index":0}]"#;
    let message = format!(
        r#"{{"type":"message","id":"msg_1","role":"assistant","content":[{{"type":"output_text","text":"Yes.","annotations":{annotations}}}]}}"#
    );
    let answer = answered(&message);
    let Content::Text(text) = &answer.message.parts[0].content else {
        panic!()
    };
    let [url, file, container, path] = text.annotations.as_slice() else {
        panic!()
    };
    assert_eq!(url.source.url.as_deref(), Some("https://a.example"));
    assert_eq!(url.span_in_output, Some(0..3));
    assert_eq!(
        (file.source.id.as_deref(), file.source.title.as_deref()),
        (Some("file-1"), Some("a.pdf"))
    );
    assert_eq!(container.span_in_output, Some(1..2));
    assert_eq!(path.source.id.as_deref(), Some("file-2"));
    let kept = replayed(&answer)[0]["content"][0]["annotations"].to_string();
    let came: serde_json::Value = serde_json::from_str(annotations).unwrap();
    assert_eq!(kept, came.to_string());
}

#[test]
fn corner_28_likelihoods_come_with_their_words() {
    let (body, _) = sent(ask("m").logprobs(2));
    assert_eq!(body["top_logprobs"], json!(2));
    assert_eq!(body["include"], json!(["message.output_text.logprobs"]));
    let (chunks, answer) = stream(&[
        r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"item_id":"msg_1","delta":"a","logprobs":[{"token":"a","logprob":-1}]}"#,
        r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"item_id":"msg_1","delta":"b","logprobs":[{"token":"b","logprob":-2}]}"#,
        r#"{"type":"response.output_text.done","output_index":0,"content_index":0,"item_id":"msg_1","text":"ab","logprobs":[{"token":"a","logprob":-1},{"token":"b","logprob":-2}]}"#,
        r#"{"type":"response.completed","response":{"status":"completed"}}"#,
    ]);
    let told = |chunk: &&StreamChunk| {
        matches!(
            chunk,
            StreamChunk::Delta {
                delta: Delta::Logprobs(_),
                ..
            }
        )
    };
    assert_eq!(chunks.iter().filter(told).count(), 2);
    let answer = answer.unwrap();
    assert_eq!(
        answer.logprobs.unwrap().get(),
        r#"[{"token":"a","logprob":-1},{"token":"b","logprob":-2}]"#
    );
}

#[test]
fn corner_34_arguments_keep_their_numbers_and_their_order() {
    let arguments = r#"{"z":12345678901234567890,"a":1.0,"a":2}"#;
    let answer = answered(&call("function_call", "arguments", arguments));
    assert_eq!(answer.tool_calls().next().unwrap().arguments(), arguments);
    assert_eq!(replayed(&answer)[0]["arguments"], json!(arguments));
}

#[test]
fn corner_03_thoughts_of_which_nothing_came_stay_behind() {
    let lost = |request: ChatRequest| {
        let (body, warnings) = sent(request);
        let items = body["input"].as_array().unwrap().clone();
        let kinds: Vec<_> = items.iter().map(|item| item["type"].clone()).collect();
        (kinds, warnings)
    };
    let kind = "openai.encrypted_content".into();
    let dropped = vec![Warning::StateDropped { kind }];
    // Cut before it said anything.
    let cut = Message::assistant(&answered(THOUGHTS));
    let request = ask("gpt-5").message(cut.clone()).user("Go on.");
    let words = vec![json!("message"), json!("message")];
    assert_eq!(lost(request), (words, dropped.clone()));
    assert_eq!(lost(ask("gpt-5").message(cut)).0, [json!("message")]);
    // What it said was written down without its name.
    let mut renamed = Message::assistant(&answered(&format!("{THOUGHTS},{WORDS}")));
    renamed.parts[1].id = None;
    let request = ask("gpt-5").message(renamed).user("Go on.");
    assert_eq!(lost(request), (vec![json!("message"); 3], dropped));
}

#[test]
fn corner_16_what_another_provider_ran_stays_behind_with_its_results() {
    let mut call = ToolCall::new("srv_1", "web_search", ToolInput::from_text("{}"));
    call.executor = Executor::Provider;
    let mut result = ToolResult::text("srv_1", "Found.");
    result.executor = Executor::Provider;
    let state = |item: &str| OpaqueState::new(format!("anthropic.{item}"), "x");
    let parts = [
        Part::new(call).state(state("server_tool_use")),
        Part::new(result.clone()).state(state("web_search_tool_result")),
        Part::new(result),
        Part::text("So."),
    ];
    let said = Message::new(Role::Assistant, parts);
    let (body, warnings) = sent(ask("gpt-5").message(said).user("Go on."));
    let input = body["input"].as_array().unwrap();
    assert!(
        input.iter().all(|item| item["type"] == "message"),
        "{input:?}"
    );
    assert_eq!(input.len(), 3);
    assert!(warnings.contains(&Warning::unsupported("tool_result")));
}

#[test]
fn corner_22_a_model_is_told_what_it_knows() {
    let effort = |request: ChatRequest| {
        let (body, warnings) = sent(request);
        (body["reasoning"]["effort"].clone(), warnings)
    };
    let coerced = |from: &str, to: &str| vec![Warning::coerced("reasoning", from, to)];
    let minimal = |model| effort(ask(model).effort(Effort::Minimal));
    assert_eq!(minimal("gpt-5-mini"), (json!("minimal"), vec![]));
    assert_eq!(
        minimal("gpt-5.1"),
        (json!("low"), coerced("minimal", "low"))
    );
    let no = serde_json::Value::Null;
    let unsupported = vec![Warning::unsupported("reasoning")];
    assert_eq!(minimal("gpt-4.1"), (no.clone(), unsupported.clone()));
    let none = |model| effort(ask(model).effort(Effort::None));
    assert_eq!(none("gpt-5.1"), (json!("none"), vec![]));
    assert_eq!(none("gpt-5-mini"), (no.clone(), unsupported));
    assert_eq!(none("gpt-4.1"), (no, vec![]));
    let zero = ask("gpt-5.1").reasoning(ReasoningSetting::Budget(0));
    assert_eq!(effort(zero), (json!("none"), vec![]));
}
