//! What a span says of the way a call went: attempts, waits, refusals, its end.

use std::{future::IntoFuture, time::Duration};

use tokio::time::{sleep, timeout};
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt};
use trunkline_core::{
    Backend, Call, ChatRequest, ChatResponse, Content, Error, ErrorKind, Message, Op, Part, Phase,
    Reply, Role, Secret, ToolCall,
    chat::ToolInput,
    middleware::{Gate, KeyId, Retry, Stack, Times, Trace},
    raw::RawRequest,
};

use crate::{
    support::{
        Answer, Wire, account, model,
        parrot::{KEY, backend, chat_op},
    },
    trace::{Record, recorded},
};

fn hello() -> Answer {
    Answer::json(r#"{"say":"hi"}"#).header("x-request-id", "req_7")
}

fn assert_has(record: &Record, lines: &[&str]) {
    for line in lines {
        assert!(record.has(line), "{line} is not in\n{}", record.text());
    }
}

fn count(record: &Record, line: &str) -> usize {
    record.text().lines().filter(|known| *known == line).count()
}

/// The number behind `name=`, of each time that it was recorded.
fn numbers(record: &Record, name: &str) -> Vec<f64> {
    let text = record.text();
    let values = text.lines().filter_map(|line| line.strip_prefix(name));
    values
        .filter_map(|value| value.strip_prefix('=')?.parse().ok())
        .collect()
}

#[tokio::test]
async fn a_span_says_what_was_asked_for_and_who_answered() {
    let wire = Wire::new([hello()]);
    let request = ChatRequest::from("hi").temperature(0.5).seed(7);
    let ask = model(&wire).chat(request).max_output_tokens(64);
    let (record, answer) = recorded(ask.into_future()).await;
    answer.unwrap();
    assert_has(
        &record,
        &[
            "gen_ai.request.temperature=0.5",
            "gen_ai.request.max_tokens=64",
            "gen_ai.request.seed=7",
            "server.address=api.parrot.example",
            "http.response.status_code=200",
            "trunkline.request.id=req_7",
            "trunkline.attempts=1",
        ],
    );
    assert!(!record.text().contains("gen_ai.request.stream"));
    assert!(!record.text().contains("trunkline.retry.wait"));
}

#[tokio::test(start_paused = true)]
async fn a_stream_s_span_says_when_its_first_content_came() {
    let wire = Wire::new([Answer::events([r#"{"ping":1}"#])
        .pause(2)
        .event(r#"{"say":"hi"}"#)
        .pause(3)
        .event(r#"{"stop":1}"#)
        .event("[DONE]")]);
    let (record, ()) = recorded(async {
        let stream = model(&wire).chat("hi").stream().await.unwrap();
        stream.collect().await.unwrap();
    })
    .await;
    assert_has(&record, &["gen_ai.request.stream=true"]);
    assert_eq!(
        numbers(&record, "gen_ai.response.time_to_first_chunk"),
        [2.0]
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_future_is_dropped_is_marked_as_cancelled() {
    let wire = Wire::new([hello().head_after(Duration::from_secs(10))]);
    let (record, late) = recorded(timeout(
        Duration::from_secs(1),
        model(&wire).chat("hi").into_future(),
    ))
    .await;
    assert!(late.is_err());
    assert_has(&record, &["error.type=cancelled", "trunkline.attempts=1"]);
    assert!(
        !record.has("otel.status_code=ERROR"),
        "it is nobody's fault"
    );
}

#[tokio::test(start_paused = true)]
async fn the_span_of_a_raw_request_lasts_as_long_as_its_body() {
    let wire = Wire::new([hello().hangs()]);
    let (record, reply) = recorded(async {
        let op = Op::Raw(RawRequest::get("/files/7").into());
        model(&wire).backend().call(Call::new(op)).await.unwrap()
    })
    .await;
    assert_has(&record, &["http.response.status_code=200"]);
    assert!(!record.has("closed"), "{}", record.text());
    drop(reply);
    assert_has(&record, &["error.type=cancelled", "closed"]);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_s_duration_begins_after_the_wait_for_it() {
    let second = |seconds| Duration::from_secs(seconds);
    let wire = Wire::new([
        Answer::status(503).header("retry-after", "20"),
        Answer::status(503)
            .header("retry-after", "20")
            .head_after(second(3)),
        hello().head_after(second(5)),
    ]);
    let (record, answer) = recorded(model(&wire).chat("hi").into_future()).await;
    answer.unwrap();
    let took = numbers(&record, "trunkline.attempt.duration");
    let rounded: Vec<_> = took.iter().map(|seconds| seconds.round()).collect();
    assert_eq!(rounded, [0.0, 3.0, 5.0]);
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_told_of_and_the_span_sums_them_up() {
    let wire = Wire::new([
        Answer::status(503).head_after(Duration::from_secs(4)),
        hello(),
    ]);
    let (record, answer) = recorded(model(&wire).chat("hi").into_future()).await;
    answer.unwrap();
    assert_eq!(count(&record, "message=trunkline.attempt"), 2);
    assert_has(
        &record,
        &[
            "trunkline.attempt.number=1",
            "error.type=server",
            "http.response.status_code=503",
            "trunkline.attempt.duration=4.0",
            "trunkline.retry.budget=9.0",
            "trunkline.attempt.number=2",
            "trunkline.attempts=2",
        ],
    );
    let waits = numbers(&record, "trunkline.attempt.wait");
    assert_eq!(waits, numbers(&record, "trunkline.retry.wait"));
    assert_eq!(waits.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_a_layer_below_told_of_is_not_told_of_again() {
    let wire = Wire::new([Answer::status(503)]);
    let twice = || Retry::default().attempts(2);
    let backend = account(&wire, |builder| builder.stack(Stack::bare()))
        .backend()
        .clone()
        .layer(twice())
        .layer(twice())
        .layer(Trace::new("parrot"));
    let (record, result) = recorded(backend.call(Call::new(chat_op()))).await;
    assert_eq!(result.unwrap_err().attempts().len(), 2);
    assert_eq!(count(&record, "message=trunkline.attempt"), 2);
    assert_has(&record, &["trunkline.attempts=2"]);
}

#[tokio::test(start_paused = true)]
async fn f133_an_attempt_names_its_key_by_a_hash() {
    let wire = Wire::new([Answer::status(503)]);
    let (record, _) = recorded(model(&wire).chat("hi").key(KEY).into_future()).await;
    let id = KeyId::of(&Secret::from(KEY));
    assert_has(&record, &[&format!("trunkline.attempt.key={id}")]);
    assert!(!record.text().contains(KEY));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_names_the_key_that_a_layer_chose_for_it() {
    let wire = Wire::new([Answer::status(503)]);
    let mut call = Call::new(chat_op());
    let id = KeyId::of(&Secret::from("sk-of-a-pool"));
    call.extensions.insert(id);
    let (record, _) = recorded(model(&wire).backend().call(call)).await;
    let line = format!("trunkline.attempt.key={id}");
    assert_eq!(count(&record, &line), 3, "{}", record.text());
}

#[tokio::test(start_paused = true)]
async fn what_layers_below_made_a_call_wait_for_is_in_its_span() {
    let slow = backend(|call: Call| async move {
        sleep(Duration::from_secs(2)).await;
        Times::of(&call).unwrap().add_queue(Duration::from_secs(2));
        Ok(Reply::Chat(ChatResponse::of_text("m", "hi")))
    });
    let (record, reply) = recorded(traced(slow).call(Call::new(chat_op()))).await;
    reply.unwrap();
    assert_eq!(numbers(&record, "trunkline.queue.time"), [2.0]);
}

#[tokio::test]
async fn who_stood_in_no_line_has_no_time_there() {
    let gated = Stack::default().endpoint_limits(Gate::new(1, 1));
    for stack in [Stack::default(), gated] {
        let wire = Wire::new([hello()]);
        let model = account(&wire, |builder| builder.stack(stack)).model("ara");
        let (record, answer) = recorded(model.chat("hi").into_future()).await;
        answer.unwrap();
        assert!(numbers(&record, "trunkline.queue.time").is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn who_stood_in_line_in_vain_has_stood_there() {
    let wire = Wire::new([hello().head_after(Duration::from_secs(60))]);
    let gate = Gate::new(1, 1).longest_wait(Duration::from_secs(20));
    let stack = Stack::default().endpoint_limits(gate);
    let model = account(&wire, |builder| builder.stack(stack)).model("ara");
    let first = tokio::spawn(model.chat("hi").into_future());
    sleep(Duration::from_secs(1)).await;
    let (record, answer) = recorded(model.chat("hi").into_future()).await;
    assert_eq!(answer.unwrap_err().phase(), Some(Phase::Queue));
    assert_eq!(numbers(&record, "trunkline.queue.time"), [20.0]);
    first.await.unwrap().unwrap();
}

fn traced(backend: Backend) -> Backend {
    backend.layer(Trace::new("mock"))
}

#[tokio::test]
async fn a_refusal_names_the_breaker_s_state() {
    let open =
        backend(|_| async { Err(Error::new(ErrorKind::CircuitOpen, "the breaker is open")) });
    let (record, _) = recorded(traced(open).call(Call::new(chat_op()))).await;
    assert_has(
        &record,
        &["error.type=circuit_open", "trunkline.breaker.state=open"],
    );
}

#[tokio::test]
async fn nothing_is_kept_of_a_call_whose_span_nobody_wants() {
    let looks = backend(|call: Call| async move {
        let seen = format!("{}", Times::of(&call).is_some());
        Ok(Reply::Chat(ChatResponse::of_text("m", seen)))
    });
    let deaf = tracing_subscriber::registry().with(LevelFilter::OFF);
    let guard = tracing::subscriber::set_default(deaf);
    let reply = traced(looks).call(Call::new(chat_op())).await.unwrap();
    drop(guard);
    assert_eq!(reply.into_chat().unwrap().text(), "false");
}

#[tokio::test]
async fn f132_foreign_names_are_escaped_and_cut() {
    let long = "x".repeat(4_000);
    let wire = Wire::new([Answer::events([])
        .header("x-request-id", long.clone())
        .event(r#"{"model":"ara\n\u001b[31m\u202e"}"#)
        .event(r#"{"say":"hi"}"#)
        .event(r#"{"stop":1}"#)
        .event("[DONE]")]);
    let model = account(&wire, |builder| builder).model("ara\nforged=1");
    let (record, ()) = recorded(async {
        let stream = model.chat("hi").stream().await.unwrap();
        stream.collect().await.unwrap();
    })
    .await;
    assert_has(
        &record,
        &[
            r"otel.name=chat ara\nforged=1",
            r"gen_ai.request.model=ara\nforged=1",
            r"gen_ai.response.model=ara\n\u{1b}[31m\u{202e}",
        ],
    );
    assert!(record.text().contains("trunkline.request.id=xxx"));
    assert!(!record.text().contains(&long));
}

#[tokio::test]
async fn what_was_said_has_the_conventions_form() {
    let wire = Wire::new([hello()]);
    let stack = Stack::default().trace_content();
    let model = account(&wire, |builder| builder.stack(stack)).model("ara");
    let call = ToolCall::new(
        "call_1",
        "weather",
        ToolInput::from_text(r#"{"in":"Bonn"}"#),
    );
    let history = [
        Message::system("Be brief."),
        Message::new(
            Role::Assistant,
            [Part::new(Content::ToolCall(call.clone()))],
        ),
        Message::tool_result(&call, "rain"),
    ];
    let (record, answer) = recorded(model.chat(history).into_future()).await;
    answer.unwrap();
    let parsed = |name: &str| -> serde_json::Value {
        let text = record.text();
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        serde_json::from_str(line.unwrap()).unwrap()
    };
    assert_eq!(
        parsed("gen_ai.input.messages="),
        serde_json::json!([
            { "role": "system", "parts": [{ "type": "text", "content": "Be brief." }] },
            { "role": "assistant", "parts": [{
                "type": "tool_call", "id": "call_1", "name": "weather",
                "arguments": { "in": "Bonn" },
            }] },
            { "role": "tool", "parts": [{
                "type": "tool_call_response", "id": "call_1",
                "response": [{ "type": "text", "content": "rain" }],
            }] },
        ])
    );
    assert_eq!(
        parsed("gen_ai.output.messages="),
        serde_json::json!([{
            "role": "assistant",
            "parts": [{ "type": "text", "content": "hi" }],
            "finish_reason": "stop",
        }])
    );
}
