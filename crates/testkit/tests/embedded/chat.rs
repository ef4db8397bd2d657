//! Chat completions: text, streams, tools, structured output.

use serde_json::{Value, json};
use trunkline_testkit::embedded::CHAT_MODEL;

use crate::client::{Answer, post, provider};

/// A chat with one message from the user and some more fields.
async fn chat(question: &str, more: Value) -> Answer {
    let mut body = json!({
        "model": CHAT_MODEL,
        "messages": [{ "role": "user", "content": question }],
    });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    post(&provider().await, "/v1/chat/completions", body).await
}

fn weather_tool() -> Value {
    json!([{ "type": "function", "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {
                "city": { "type": "string" },
                "days": { "type": "integer", "maximum": 2 },
                "unit": { "enum": ["celsius", "fahrenheit"] },
            },
            "required": ["city"],
        },
    } }])
}

#[tokio::test]
async fn chats() {
    let answer = chat("What is the capital of Norway?", json!({})).await;
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("\r\nx-request-id: req_embedded_1"));
    let answer = answer.json();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(
        text.contains("“What is the capital of Norway?” in 6 words"),
        "{text}"
    );
    assert!(text.contains("embedded provider"), "{text}");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert_eq!(answer["object"], "chat.completion");
    let usage = |name: &str| answer["usage"][name].as_u64().unwrap();
    assert_eq!(usage("prompt_tokens"), 11, "six words and a message");
    assert_eq!(
        usage("total_tokens"),
        usage("prompt_tokens") + usage("completion_tokens")
    );
}

#[tokio::test]
async fn streams_the_same_answer_word_by_word() {
    let whole = chat("Hello there", json!({})).await.json();
    let options = json!({ "stream": true, "stream_options": { "include_usage": true } });
    let events = chat("Hello there", options).await.events();

    assert_eq!(
        events[0]["choices"][0]["delta"],
        json!({ "role": "assistant", "content": "" })
    );
    let texts: Vec<&str> = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert!(texts.len() > 10);
    assert_eq!(texts.concat(), whole["choices"][0]["message"]["content"]);

    let [.., finish, usage] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!(finish["choices"][0]["finish_reason"], "stop");
    assert_eq!(finish["choices"][0]["delta"], json!({}));
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"], whole["usage"]);
}

#[tokio::test]
async fn streams_no_usage_unless_asked() {
    let events = chat("Hello", json!({ "stream": true })).await.events();
    assert!(events.iter().all(|event| event.get("usage").is_none()));
    assert!(events.iter().all(|event| event["choices"] != json!([])));
}

#[tokio::test]
async fn calls_the_first_tool_and_quotes_its_result() {
    let question = "How is the weather in Bergen?";
    let answer = chat(question, json!({ "tools": weather_tool() }))
        .await
        .json();
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    let message = &answer["choices"][0]["message"];
    assert_eq!(message["content"], Value::Null);
    let function = &message["tool_calls"][0]["function"];
    assert_eq!(function["name"], "get_weather");
    let arguments: Value = serde_json::from_str(function["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(
        arguments,
        json!({ "city": "Bergen", "days": 2, "unit": "celsius" })
    );

    let body = json!({
        "model": CHAT_MODEL,
        "tools": weather_tool(),
        "messages": [
            { "role": "user", "content": question },
            message,
            { "role": "tool", "tool_call_id": "x", "content": "rain, 7 degrees" },
        ],
    });
    let answer = post(&provider().await, "/v1/chat/completions", body)
        .await
        .json();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains("“rain, 7 degrees”"), "{text}");
}

#[tokio::test]
async fn streams_the_arguments_of_a_tool_in_several_pieces() {
    let options = json!({ "stream": true, "tools": weather_tool() });
    let events = chat("The weather in Rome", options).await.events();
    let calls: Vec<&Value> = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"].get("tool_calls"))
        .collect();
    assert_eq!(calls[0][0]["function"]["name"], "get_weather");
    assert!(calls[0][0]["id"].is_string());
    let pieces: Vec<&str> = calls
        .iter()
        .map(|call| call[0]["function"]["arguments"].as_str().unwrap())
        .collect();
    assert!(pieces.len() > 3, "{pieces:?}");
    let arguments: Value = serde_json::from_str(&pieces.concat()).unwrap();
    assert_eq!(arguments["city"], "Rome");
    assert_eq!(
        events.last().unwrap()["choices"][0]["finish_reason"],
        "tool_calls"
    );
}

#[tokio::test]
async fn heeds_the_tool_choice() {
    let mut tools = weather_tool();
    tools.as_array_mut().unwrap().push(json!({
        "type": "function", "function": { "name": "second" },
    }));
    let named = |name: &str| json!({ "type": "function", "function": { "name": name } });
    let choose = |choice: Value| chat("Hi", json!({ "tools": tools, "tool_choice": choice }));

    let none = choose(json!("none")).await.json();
    assert_eq!(none["choices"][0]["finish_reason"], "stop");
    let second = choose(named("second")).await.json();
    let call = &second["choices"][0]["message"]["tool_calls"][0]["function"];
    assert_eq!(call, &json!({ "name": "second", "arguments": "{}" }));
    let unknown = choose(named("third")).await;
    assert_eq!(
        (unknown.status, &unknown.json()["error"]["param"]),
        (400, &json!("tool_choice"))
    );
}

#[tokio::test]
async fn answers_in_the_form_of_a_schema() {
    let schema = json!({
        "type": "object",
        "properties": {
            "city": { "type": "string" },
            "mood": { "enum": ["glad", "sad"] },
            "rating": { "type": "integer", "minimum": 4, "maximum": 9 },
            "sure": { "type": "boolean" },
            "share": { "type": "number", "maximum": 0.25 },
            "code": { "type": "string", "maxLength": 3 },
            "maybe": { "type": ["null", "integer"] },
            "sights": { "type": "array", "items": { "$ref": "#/$defs/Sight" } },
            "either": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/Sight" }] },
        },
        "$defs": { "Sight": {
            "type": "object",
            "properties": { "title": { "type": "string" } },
            "required": ["title"],
        } },
    });
    let format = json!({ "type": "json_schema", "json_schema": { "name": "x", "schema": schema } });
    let answer = chat("What to see in Paris", json!({ "response_format": format }))
        .await
        .json();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    let sight = |title: &str| json!({ "title": title });
    assert_eq!(
        value,
        json!({
            "city": "Paris", "mood": "glad", "rating": 4, "sure": true, "share": 0.25,
            "code": "som", "maybe": 1, "either": sight("some title"),
            "sights": [sight("some title"), sight("some title"), sight("some title")],
        })
    );
}

#[tokio::test]
async fn a_recursive_schema_comes_to_an_end() {
    let tree = json!({
        "type": "object",
        "properties": {
            "left": { "$ref": "#" }, "right": { "$ref": "#" },
            "more": { "type": "array", "items": { "$ref": "#" } },
        },
        "required": ["left", "right", "more"],
    });
    for schema in [tree, json!({ "$ref": "#" })] {
        let format = json!({ "type": "json_schema", "json_schema": { "schema": schema } });
        let answer = chat("Grow", json!({ "response_format": format })).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body.len() < 200_000, "{}", answer.body.len());
    }
}

#[tokio::test]
async fn answers_an_object_and_stops_at_the_token_limit() {
    let format = json!({ "response_format": { "type": "json_object" } });
    let answer = chat("Hi", format).await.json();
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    let value: Value = serde_json::from_str(text).unwrap();
    assert!(value["answer"].is_string());

    let answer = chat("Hi", json!({ "max_tokens": 4 })).await.json();
    assert_eq!(answer["choices"][0]["message"]["content"], "You asked “Hi”");
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"]["completion_tokens"], 4);
}
