//! The lossy corners of the vocabulary that touch this wire, each by its number, through the
//! protocol as the driver calls it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may panic"
)]

use std::{collections::VecDeque, sync::Arc};

use http::{Response, response::Parts};
use serde_json::{Value, json};
use trunkline_core::{
    ChatRequest, ChatResponse, Content, Error, Json, Message, Op, Part, Reply, Role, StreamChunk,
    Tool, Warning,
    chat::{
        Category, Effort, Executor, FinishKind, Format, Locator, Media, Origin, ReasoningSetting,
        Source, ToolInput, ToolResult, ToolStatus, Warnings,
    },
    http_transport::frame::{FrameLimits, Framer, Framing},
    protocol::{Decoder, Protocol, Target, Terminal},
    stream::{Fold, Laws},
};
use trunkline_gemini::{Api, Gemini};
use trunkline_gemini_content::GeminiContent;

const NEW: &str = "gemini-3.8-flash";
const OLD: &str = "gemini-2.5-flash";

fn protocol() -> GeminiContent {
    let settings = trunkline_core::account::Settings::default();
    <Api as trunkline_core::account::Provider>::protocol(&settings).unwrap()
}

fn head() -> Parts {
    Response::new(()).into_parts().0
}

/// What is sent, and what is warned of.
fn sent(request: ChatRequest) -> (Value, Vec<Warning>) {
    let target = Target::parse("https://example.com/v1beta").unwrap();
    let mut warnings = Warnings::default();
    let op = Op::Chat(Arc::new(request));
    let request = protocol().encode(&op, &target, &mut warnings).unwrap();
    let body = serde_json::from_slice(request.body()).unwrap();
    (body, warnings.into_vec())
}

fn contents(request: ChatRequest) -> Value {
    sent(request).0["contents"].clone()
}

/// A whole answer, its parts marked as the driver marks them.
fn whole(answer: &Value) -> ChatResponse {
    let op = Op::Chat(Arc::new(ChatRequest::from("?").model(NEW)));
    let reply = protocol().decode(&op, &head(), answer.to_string().into());
    let Ok(Reply::Chat(answer)) = reply else {
        panic!("{reply:?}")
    };
    marked(answer)
}

fn marked(mut answer: ChatResponse) -> ChatResponse {
    for part in &mut answer.message.parts {
        part.origin = Some(Origin::new("gemini", NEW));
    }
    answer
}

/// A stream that ends cleanly after these frames; the laws hold in all of it.
fn streamed(frames: &[Value]) -> Result<ChatResponse, Error> {
    let op = Op::ChatStream(Arc::new(ChatRequest::from("?").model(NEW)));
    let mut decoder = protocol().decoder(&op, &head());
    let mut framer = Framer::new(Framing::Sse, FrameLimits::default());
    for frame in frames {
        framer.feed(format!("data: {frame}\r\n\r\n").into());
    }
    let mut out = VecDeque::from([StreamChunk::Start { warnings: vec![] }]);
    while let Some(frame) = framer.next().unwrap() {
        decoder.frame(frame, &mut out)?;
    }
    decoder.finish(&mut out)?;
    let mut laws = Laws::default();
    for chunk in &out {
        assert_eq!(laws.check(chunk), Ok(()), "{chunk:?}");
    }
    Fold::of(out).map(marked)
}

fn said(parts: Value) -> Value {
    json!({"candidates": [{"content": {"parts": parts, "role": "model"}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 1}, "modelVersion": NEW, "responseId": "r"})
}

fn frame(parts: Value) -> Value {
    let mut frame = said(parts);
    frame["candidates"][0]
        .as_object_mut()
        .unwrap()
        .remove("finishReason");
    frame
}

/// The answer goes back: what of it is sent.
fn replayed(answer: &ChatResponse) -> (Value, Vec<Warning>) {
    let request = ChatRequest::from("Q").model(NEW);
    let request = request.message(Message::assistant(answer)).user("Go on.");
    let (body, warnings) = sent(request);
    (body["contents"][1]["parts"].clone(), warnings)
}

#[test]
fn corner_01_a_signature_goes_back_wherever_it_stood() {
    let parts = json!([
        {"text": "hm", "thought": true},
        {"text": "a", "thoughtSignature": "c2ln/MQ=="},
        {"text": "b"},
        {"functionCall": {"name": "f", "args": {"z": 1, "a": 2}}, "thoughtSignature": "s2"},
        {"functionCall": {"name": "g", "args": {}}},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}, "thoughtSignature": "s3"},
        {"text": "", "thoughtSignature": "s4"},
    ]);
    let (back, warnings) = replayed(&whole(&said(parts.clone())));
    assert_eq!((back, warnings), (parts.clone(), vec![]));
    // One part in a frame.
    let frames = parts.as_array().unwrap().iter();
    let frames: Vec<_> = frames
        .map(|part| frame(json!([part])))
        .chain([said(json!([]))])
        .collect();
    assert_eq!(replayed(&streamed(&frames).unwrap()).0, parts);
    // To another provider it does not go, and says so once.
    let mut answer = whole(&said(parts));
    for part in &mut answer.message.parts {
        part.origin = Some(Origin::new("elsewhere", "e"));
        if let Some(state) = &mut part.state {
            state.kind = "vertex.thought_signature".into();
        }
    }
    let (back, warnings) = replayed(&answer);
    assert!(!back.to_string().contains("s2"), "{back}");
    let dropped = |warning: &&Warning| matches!(warning, Warning::StateDropped { .. });
    assert_eq!(
        warnings.iter().filter(dropped).count(),
        1,
        "one for each kind"
    );
}

#[test]
fn corner_01_a_call_of_another_model_has_the_word_for_no_signature() {
    let call = || {
        let call = trunkline_core::ToolCall::new("c", "f", ToolInput::from_text("{}"));
        let message = Message::new(Role::Assistant, [Part::new(call.clone()), Part::new(call)]);
        ChatRequest::from("Q").message(message)
    };
    let parts = contents(call().model(NEW))[1]["parts"].clone();
    assert_eq!(
        parts[0]["thoughtSignature"],
        "skip_thought_signature_validator"
    );
    assert_eq!(parts[1].get("thoughtSignature"), None);
    let parts = contents(call().model(OLD))[1]["parts"].clone();
    assert_eq!(parts[0].get("thoughtSignature"), None);
}

#[test]
fn corner_09_a_blocked_prompt_is_no_empty_success() {
    let blocked = json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 7}, "modelVersion": NEW});
    for answer in [whole(&blocked), streamed(&[blocked]).unwrap()] {
        let kind = FinishKind::ContentFilter(Category::Prohibited);
        assert_eq!(answer.finish.kind, kind);
        assert_eq!(answer.finish.raw.as_deref(), Some("PROHIBITED_CONTENT"));
        assert!(answer.message.parts.is_empty());
    }
}

#[test]
fn corner_10_parallel_calls_without_ids_keep_apart() {
    let calls = json!([{"functionCall": {"name": "f", "args": {"n": 1}}},
        {"functionCall": {"name": "f", "args": {"n": 2}}}]);
    let answer = streamed(&[said(calls)]).unwrap();
    let calls: Vec<_> = answer.message.tool_calls().cloned().collect();
    assert_ne!(calls[0].id, calls[1].id);
    assert!(calls.iter().all(|call| call.synthetic_id));
    // Answered in the other order, they are sent in that of the calls, and no id of ours is.
    let request = ChatRequest::from("Q")
        .model(NEW)
        .message(Message::assistant(&answer));
    let request = request
        .message(Message::tool_result(&calls[1], "two"))
        .message(Message::tool_result(&calls[0], "one"));
    let contents = contents(request);
    let results = contents[2]["parts"].clone();
    let outputs = [0, 1].map(|at| results[at]["functionResponse"]["response"]["output"].clone());
    assert_eq!(outputs, [json!("one"), json!("two")]);
    assert!(!contents.to_string().contains("\"id\""), "{contents}");
}

#[test]
fn corner_12_arguments_that_are_no_json_go_as_an_object() {
    let input = ToolInput::Invalid {
        raw: "{\"a\":".to_owned(),
        error: "cut".to_owned(),
    };
    let call = trunkline_core::ToolCall::new("c", "f", input);
    let message = Message::new(Role::Assistant, [Part::new(call)]);
    let request = ChatRequest::from("Q").model(NEW).message(message);
    let (body, warnings) = sent(request.user("Go on."));
    let args = &body["contents"][1]["parts"][0]["functionCall"]["args"];
    assert_eq!(*args, json!({"input": "{\"a\":"}));
    assert_eq!(
        warnings,
        [Warning::coerced("tool_call.arguments", "text", "object")]
    );
}

#[test]
fn corner_14_a_call_without_arguments_has_the_empty_object() {
    for call in [json!({"name": "now"}), json!({"name": "now", "args": {}})] {
        let answer = whole(&said(json!([{"functionCall": call}])));
        let made = answer.message.tool_calls().next().unwrap();
        assert_eq!(made.input, ToolInput::Json(Json::empty_object()));
        assert_eq!(answer.finish.kind, FinishKind::ToolCalls);
        assert_eq!(replayed(&answer).0[0]["functionCall"]["args"], json!({}));
    }
}

#[test]
fn corner_15_a_result_has_its_status_and_its_picture() {
    let result = |status| {
        let call = trunkline_core::ToolCall::new("c", "f", ToolInput::from_text("{}"));
        let mut result = ToolResult::text("c", "no").status(status);
        result.output.push(Part::image("image/png", "dot"));
        ChatRequest::from("Q")
            .message(Message::new(Role::Assistant, [Part::new(call)]))
            .message(Message::new(
                Role::Tool,
                [Part::new(Content::ToolResult(result))],
            ))
    };
    let (body, warnings) = sent(result(ToolStatus::Error).model(NEW));
    assert_eq!(
        body["contents"][2]["parts"][0]["functionResponse"],
        json!({"id": "c", "name": "f", "response": {"error": "no"},
            "parts": [{"inlineData": {"mimeType": "image/png", "data": "ZG90"}}]})
    );
    assert!(warnings.is_empty());
    // Models of before take words only.
    let (body, warnings) = sent(result(ToolStatus::Ok).model(OLD));
    let response = &body["contents"][2]["parts"][0]["functionResponse"];
    assert_eq!(response["response"], json!({"output": "no"}));
    assert_eq!(warnings, [Warning::unsupported("tool_result.media")]);
}

#[test]
fn corner_16_code_that_the_provider_ran_stays_in_its_place() {
    let parts = json!([
        {"text": "I compute."},
        {"executableCode": {"language": "PYTHON", "code": "1/0", "id": "x"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "ZeroDivisionError", "id": "x"}},
        {"toolCall": {"toolType": "URL_CONTEXT", "args": {"urls": ["u"]}, "id": "y"}, "thoughtSignature": "s"},
        {"toolResponse": {"toolType": "URL_CONTEXT", "response": {"n": 1.0}, "id": "y"}},
        {"text": "It fails."},
    ]);
    let answer = whole(&said(parts.clone()));
    assert_eq!(
        answer.finish.kind,
        FinishKind::Stop,
        "nothing is the caller's to run"
    );
    assert_eq!(answer.message.tool_calls().count(), 0);
    let Content::ToolCall(call) = &answer.message.parts[1].content else {
        panic!()
    };
    assert_eq!((call.executor, call.id.as_str()), (Executor::Provider, "x"));
    let Content::ToolResult(result) = &answer.message.parts[2].content else {
        panic!()
    };
    assert_eq!(
        (result.status, result.call.as_str()),
        (ToolStatus::Error, "x")
    );
    assert_eq!(replayed(&answer), (parts, vec![]));
}

#[test]
fn corner_17_instructions_are_one_and_say_if_they_were_moved() {
    let request = ChatRequest::from("Q").model(NEW).system("First.");
    let request = request.message(Message::developer("Second."));
    let (body, warnings) = sent(request);
    assert_eq!(
        body["systemInstruction"]["parts"][0]["text"],
        "First.\n\nSecond."
    );
    assert_eq!(warnings, [Warning::Hoisted { message: 2 }]);
}

#[test]
fn corner_18_results_are_one_turn_and_empty_words_are_none() {
    let request = ChatRequest::from("Q").model(NEW);
    let request = request.message(Message::assistant_text("")).user("Go on.");
    let (body, warnings) = sent(request);
    assert_eq!(body["contents"].as_array().unwrap().len(), 2);
    assert_eq!(warnings, [Warning::unsupported("text")]);
}

#[test]
fn corner_22_effort_is_a_degree_or_a_budget() {
    let config = |model: &str, setting| {
        let request = ChatRequest::from("Q").model(model).reasoning(setting);
        let (body, warnings) = sent(request);
        (body["generationConfig"]["thinkingConfig"].clone(), warnings)
    };
    let effort = ReasoningSetting::Effort;
    let (sent, warnings) = config(NEW, effort(Effort::Medium));
    assert_eq!(
        sent,
        json!({"includeThoughts": true, "thinkingLevel": "medium"})
    );
    assert!(warnings.is_empty());
    let (sent, warnings) = config(NEW, effort(Effort::None));
    assert_eq!(
        sent,
        json!({"includeThoughts": false, "thinkingLevel": "low"})
    );
    assert_eq!(warnings, [Warning::coerced("reasoning", "none", "low")]);
    let (sent, warnings) = config(OLD, effort(Effort::Low));
    assert_eq!(sent["thinkingBudget"], 6_553);
    assert_eq!(
        warnings,
        [Warning::coerced("reasoning", "low", "6553 tokens")]
    );
    assert_eq!(config(OLD, effort(Effort::Max)).0["thinkingBudget"], 24_576);
    let (sent, warnings) = config(OLD, effort(Effort::None));
    assert_eq!((&sent["thinkingBudget"], warnings), (&json!(0), vec![]));
    assert_eq!(
        config("gemini-2.5-pro", effort(Effort::None)).0["thinkingBudget"],
        128
    );
    for model in [NEW, OLD] {
        let (sent, warnings) = config(model, ReasoningSetting::Budget(512));
        assert_eq!((&sent["thinkingBudget"], warnings), (&json!(512), vec![]));
    }
}

#[test]
fn corner_23_a_schema_is_said_in_known_words_and_in_its_order() {
    let schema = r##"{"$schema":"x","type":"object","properties":{"z":{"const":"a"},"a":{"description":"d","$ref":"#/$defs/n"}},"$defs":{"n":{"type":"null"}}}"##;
    let schema = || Json::parse(schema).unwrap();
    let format = Format::Schema {
        name: "n".to_owned(),
        schema: schema(),
        strict: true,
    };
    let request = ChatRequest::from("Q").model(NEW).format(format);
    let request = request.tool(Tool::new("f", "", schema()));
    let target = Target::parse("https://example.com/v1beta").unwrap();
    let op = Op::Chat(Arc::new(request));
    let request = protocol()
        .encode(&op, &target, &mut Warnings::default())
        .unwrap();
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    let known = r##"{"type":"object","properties":{"z":{"enum":["a"]},"a":{"description":"d","anyOf":[{"$ref":"#/$defs/n"}]}},"$defs":{"n":{"type":"null"}}}"##;
    assert!(
        body.contains(&format!("\"responseJsonSchema\":{known}")),
        "{body}"
    );
    assert!(
        body.contains(&format!("\"parametersJsonSchema\":{known}")),
        "{body}"
    );
}

#[test]
fn corner_25_segments_cite_the_words_that_they_are_of() {
    let grounding = json!({"groundingChunks": [{"web": {"uri": "u0", "title": "t0"}}, {"web": {"uri": "u1"}}, {"web": {"uri": "u2"}}],
        "groundingSupports": [{"segment": {"startIndex": 4, "endIndex": 7}, "groundingChunkIndices": [1, 0, 9]}]});
    let mut last = said(json!([{"text": "", "thoughtSignature": "s"}]));
    last["candidates"][0]["groundingMetadata"] = grounding;
    let frames = [
        frame(json!([{"text": "hm", "thought": true}])),
        frame(json!([{"text": "Ærø "}])),
        frame(json!([{"text": "er"}])),
        last,
    ];
    let answer = streamed(&frames).unwrap();
    let Content::Text(text) = &answer.message.parts[1].content else {
        panic!("{:?}", answer.message.parts)
    };
    let cited: Vec<_> = text
        .annotations
        .iter()
        .map(|one| one.source.url.as_deref())
        .collect();
    assert_eq!(cited, [Some("u1"), Some("u0")]);
    assert_eq!(text.annotations[0].span_in_output, Some(4..7));
    let place = Locator::SearchResult {
        index: 1,
        start: None,
        end: None,
    };
    assert_eq!(text.annotations[0].locator, Some(place));
    let sources = answer.message.parts.iter().filter(|part| matches!(&part.content, Content::Source(source) if source.url.as_deref() == Some("u2")));
    assert_eq!(sources.count(), 1, "what no words stand on is a source");
    assert!(
        answer
            .ext
            .get("gemini")
            .unwrap()
            .get()
            .contains("groundingSupports")
    );
    // None of it was a part on the wire.
    let (back, warnings) = replayed(&answer);
    assert_eq!((back.as_array().unwrap().len(), warnings), (3, vec![]));
}

#[test]
fn corner_26_a_document_is_a_part_with_its_type() {
    let file = Media::new(
        "application/pdf",
        Source::File([("gemini".into(), "files/1".to_owned())].into()),
    );
    let text = Media::new("text/plain", Source::Text("é".to_owned()));
    let parts = vec![
        Part::document("application/pdf", "a.pdf", "pdf"),
        Part::new(file),
        Part::new(text),
    ];
    let sent = contents(ChatRequest::from(parts).model(NEW));
    assert_eq!(
        sent[0]["parts"],
        json!([{"inlineData": {"mimeType": "application/pdf", "data": "cGRm"}},
            {"fileData": {"mimeType": "application/pdf", "fileUri": "files/1"}},
            {"inlineData": {"mimeType": "text/plain", "data": "w6k="}}])
    );
}

#[test]
fn corner_29_the_last_figures_count_and_thoughts_are_among_them() {
    let mut first = frame(json!([{"text": "a"}]));
    first["usageMetadata"] = json!({"promptTokenCount": 10, "thoughtsTokenCount": 3});
    let mut last = said(json!([{"text": "b"}]));
    last["usageMetadata"] = json!({"promptTokenCount": 10, "cachedContentTokenCount": 4,
        "candidatesTokenCount": 2, "thoughtsTokenCount": 5, "toolUsePromptTokenCount": 7});
    let usage = streamed(&[first.clone(), last]).unwrap().usage;
    assert_eq!((usage.input.total, usage.output.total), (Some(17), Some(7)));
    assert_eq!(
        (usage.input.cache_read, usage.output.reasoning),
        (Some(4), Some(5))
    );
    assert_eq!(usage.input.tool_prompt, Some(7));
    // What is not told is not zero.
    let told = whole(&said(json!([{"text": "a"}]))).usage;
    assert_eq!((told.input.total, told.output.total), (Some(1), None));
    // Cut, there are those of before.
    let error = streamed(&[first]).unwrap_err();
    let partial = error.partial().unwrap().usage.clone();
    assert_eq!(
        (partial.input.total, partial.output.total),
        (Some(10), Some(3))
    );
}

#[test]
fn corner_34_numbers_and_order_of_arguments_stay() {
    let args = r#"{"b":1.0,"a":12345678901234567890}"#;
    let answer = format!(
        r#"{{"candidates":[{{"content":{{"parts":[{{"functionCall":{{"name":"f","args":{args}}}}}]}},"finishReason":"STOP"}}]}}"#
    );
    let op = Op::Chat(Arc::new(ChatRequest::from("?").model(NEW)));
    let Ok(Reply::Chat(answer)) = protocol().decode(&op, &head(), answer.into()) else {
        panic!()
    };
    assert_eq!(
        answer.message.tool_calls().next().unwrap().arguments(),
        args
    );
    let target = Target::parse("https://example.com").unwrap();
    let request = ChatRequest::from("Q")
        .model(NEW)
        .message(Message::assistant(&answer));
    let op = Op::Chat(Arc::new(request));
    let request = protocol()
        .encode(&op, &target, &mut Warnings::default())
        .unwrap();
    assert!(String::from_utf8_lossy(request.body()).contains(&format!("\"args\":{args}")));
}

#[test]
fn corner_36_ratings_and_the_class_of_service_are_kept() {
    let mut answer = said(json!([{"text": "a"}]));
    answer["candidates"][0]["safetyRatings"] =
        json!([{"category": "HARM_CATEGORY_HARASSMENT", "probability": "LOW"}]);
    answer["usageMetadata"]["serviceTier"] = json!("flex");
    let answer = whole(&answer);
    assert!(
        answer
            .ext
            .get("gemini")
            .unwrap()
            .get()
            .contains("HARM_CATEGORY_HARASSMENT")
    );
    assert_eq!(answer.service_tier.as_deref(), Some("flex"));
}

#[test]
fn field_bug_48_a_candidate_may_have_no_content() {
    for content in [
        json!(null),
        json!({}),
        json!({"role": "model"}),
        json!({"parts": null}),
    ] {
        let mut answer = said(json!([]));
        answer["candidates"][0]["content"] = content;
        answer["candidates"][0]["finishReason"] = json!("MALFORMED_FUNCTION_CALL");
        assert_eq!(whole(&answer).finish.kind, FinishKind::BadToolCall);
    }
}

#[test]
fn field_bug_49_what_is_left_out_on_the_wire_is_not_missed() {
    let answer = json!({"candidates": [{"content": {"parts": [{"text": "a"}]}}]});
    assert_eq!(whole(&answer).finish.kind, FinishKind::Other);
    let op = Op::Chat(Arc::new(ChatRequest::from("?")));
    let empty = json!({"usageMetadata": {}}).to_string();
    let error = protocol().decode(&op, &head(), empty.into()).unwrap_err();
    assert_eq!(error.kind(), trunkline_core::ErrorKind::Decode);
}

#[test]
fn field_bug_50_a_reason_in_every_frame_ends_nothing() {
    let op = Op::ChatStream(Arc::new(ChatRequest::from("?")));
    let mut decoder = protocol().decoder(&op, &head());
    let mut out = VecDeque::new();
    for text in ["a", "b"] {
        let frame = said(json!([{"text": text}])).to_string();
        let frame = trunkline_core::http_transport::frame::Frame::new(frame);
        decoder.frame(frame, &mut out).unwrap();
    }
    assert_eq!(decoder.terminal(), Terminal::Open);
    decoder.finish(&mut out).unwrap();
    let answer = Fold::of(out).unwrap();
    assert_eq!(
        (answer.text().as_str(), answer.finish.kind),
        ("ab", FinishKind::Stop)
    );
}

#[test]
fn field_bug_52_an_error_may_be_the_last_frame() {
    let fault =
        json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Enough."}});
    let error = streamed(&[frame(json!([{"text": "a"}])), fault]).unwrap_err();
    assert_eq!(error.kind(), trunkline_core::ErrorKind::RateLimited);
}

#[test]
fn a_key_is_in_a_header_and_never_in_the_url() {
    assert_eq!(
        trunkline_gemini::PROVIDER.auth,
        trunkline_core::protocol::AuthScheme::Header("x-goog-api-key")
    );
    let vars = |name: &str| (name == "GOOGLE_API_KEY").then(|| "a-key".to_owned());
    assert!(Gemini::from_vars(&vars).is_ok());
}

#[test]
fn corner_22_a_model_is_told_a_degree_that_it_knows() {
    let asked = |model: &str, setting| {
        let request = ChatRequest::from("Q").model(model).reasoning(setting);
        let (body, warnings) = sent(request);
        let config = body["generationConfig"]["thinkingConfig"].clone();
        let told = [&config["thinkingLevel"], &config["thinkingBudget"]];
        let told = told.into_iter().find(|it| !it.is_null()).cloned();
        (told.unwrap_or_default(), warnings.len())
    };
    use ReasoningSetting::{Budget, Effort as Degree};
    for (model, setting, expected, warned) in [
        ("gemini-3.8-flash", Degree(Effort::Minimal), json!("low"), 1),
        (
            "gemini-3.5-flash",
            Degree(Effort::Minimal),
            json!("minimal"),
            0,
        ),
        (
            "gemini-3-flash-preview",
            Degree(Effort::None),
            json!("minimal"),
            1,
        ),
        (
            "gemini-3.1-flash-lite",
            Degree(Effort::Minimal),
            json!("minimal"),
            0,
        ),
        (
            "gemini-3.1-pro-preview",
            Degree(Effort::Minimal),
            json!("low"),
            1,
        ),
        (
            "gemini-3.1-pro-preview",
            Degree(Effort::Medium),
            json!("medium"),
            0,
        ),
        (
            "gemini-3-pro-preview",
            Degree(Effort::Medium),
            json!("high"),
            1,
        ),
        (
            "gemini-3.1-flash-image",
            Degree(Effort::Low),
            json!("high"),
            1,
        ),
        ("gemini-3.8-flash", Budget(0), json!("low"), 1),
        ("gemini-2.5-pro", Budget(0), json!(128), 1),
        ("gemini-2.5-pro", Budget(50_000), json!(32_768), 1),
        ("gemini-2.5-flash", Budget(0), json!(0), 0),
        ("gemini-2.5-flash-lite", Budget(100), json!(512), 1),
        ("gemini-2.0-flash", Budget(100), Value::Null, 1),
        ("gemini-2.0-flash", Degree(Effort::None), Value::Null, 0),
    ] {
        assert_eq!(
            asked(model, setting),
            (expected, warned),
            "{model} {setting:?}"
        );
    }
}

#[test]
fn corner_01_a_signature_of_thoughts_that_were_not_told_goes_back() {
    let parts = json!([
        {"text": "", "thought": true, "thoughtSignature": "s1"},
        {"text": "a"},
    ]);
    assert_eq!(replayed(&whole(&said(parts.clone()))).0, parts);
}

#[test]
fn an_answer_is_not_lost_for_its_sources() {
    let mut answer = said(json!([{"text": "a"}]));
    let chunks: Vec<_> = (0..5_000)
        .map(|at| json!({"web": {"uri": format!("https://{at}.example")}}))
        .collect();
    let pages: Vec<_> = (0..5_000).map(|at| json!({"retrievedUrl": format!("https://p{at}.example"), "urlRetrievalStatus": "URL_RETRIEVAL_STATUS_SUCCESS"})).collect();
    let candidate = &mut answer["candidates"][0];
    candidate["groundingMetadata"] = json!({"groundingChunks": chunks});
    candidate["urlContextMetadata"] = json!({"urlMetadata": pages});
    let read = whole(&answer);
    assert_eq!(
        (read.text().as_str(), read.message.parts.len()),
        ("a", 1_025)
    );
    assert!(
        read.ext
            .get("gemini")
            .unwrap()
            .get()
            .contains("https://p4999.example")
    );
}
