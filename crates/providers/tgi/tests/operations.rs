//! What only this server has, over a real connection.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::time::Duration;

use serde_json::{Value, json};
use trunkline_core::{
    Backend, ChatRequest, Content, Delivery, ErrorKind, HttpClient, Json, Message, Part, Role,
    Warning,
    chat::{Completeness, FinishKind, Refusal},
};
use trunkline_testkit::{Peer, peer::Reply};
use trunkline_tgi::{ChatTokenize, Generate, GenerateStream, Grammar, Info, Parameters, Tgi};

fn at(peer: &Peer) -> Backend {
    let builder = Tgi::builder().client(HttpClient::shared());
    builder.endpoint(peer.url()).build().unwrap().bare()
}

async fn answering(body: &Value) -> Peer {
    Peer::start(Reply::status(200).json(body)).await
}

fn asked(peer: &Peer) -> (String, Value) {
    let request = peer.requests().remove(0);
    let body = serde_json::from_str(&request.text()).unwrap_or_default();
    (format!("{} {}", request.method, request.path), body)
}

fn token(id: u32, text: &str) -> Value {
    json!({"id": id, "text": text, "logprob": -0.5, "special": false})
}

#[tokio::test]
async fn a_generation_has_its_tokens_its_end_and_what_it_took() {
    let end = json!({"id": 2, "text": "</s>", "logprob": null, "special": true});
    let other = json!({
        "generated_text": " seals.", "finish_reason": "length", "generated_tokens": 2, "seed": 8,
        "prefill": [], "tokens": [token(31, " seals")],
    });
    let body = json!({
        "generated_text": " otters",
        "details": {
            "finish_reason": "eos_token", "generated_tokens": 2, "seed": 18446744073709551615_u64,
            "prefill": [{"id": 1, "text": "<s>", "logprob": null}, {"id": 9, "text": "Sea", "logprob": -4.25}],
            "tokens": [token(30, " otters"), end],
            "top_tokens": [[token(30, " otters"), token(31, " seals")], []],
            "best_of_sequences": [other],
            "a_field_of_tomorrow": {},
        },
    });
    let reply = Reply::status(200)
        .header("x-prompt-tokens", "2")
        .header("x-generated-tokens", "2")
        .header("x-queue-time", "3")
        .header("x-total-time", "250")
        .json(&body);
    let peer = Peer::start(reply).await;
    let generated = at(&peer).ask(Generate::new("Sea")).await.unwrap();
    assert_eq!(generated.text, " otters");
    let usage = &generated.usage;
    assert_eq!((usage.input.total, usage.output.total), (Some(2), Some(2)));
    assert_eq!(usage.completeness, Completeness::Final);
    let timing = usage.timing.as_ref().unwrap();
    assert_eq!(timing.queue, Some(Duration::from_millis(3)));
    assert_eq!(timing.total, Some(Duration::from_millis(250)));
    let details = generated.details.unwrap();
    assert_eq!(details.finish.kind, FinishKind::Stop);
    assert_eq!(details.finish.raw.as_deref(), Some("eos_token"));
    assert_eq!(details.seed, Some(u64::MAX));
    assert_eq!(details.prefill[0].logprob, None);
    assert_eq!(details.prefill[1].logprob, Some(-4.25));
    assert!(details.tokens[1].special && details.tokens[1].logprob.is_none());
    assert_eq!(details.top_tokens[0][1].text, " seals");
    let other = &details.best_of_sequences[0];
    assert_eq!((&*other.text, other.details.seed), (" seals.", Some(8)));
    assert_eq!(other.details.finish.kind, FinishKind::MaxTokens);
    assert_eq!(
        asked(&peer),
        (
            "POST /generate".to_owned(),
            json!({"inputs": "Sea", "parameters": {"details": true}})
        )
    );
}

#[tokio::test]
async fn every_setting_of_a_generation_is_sent() {
    let peer = answering(&json!({"generated_text": "b"})).await;
    let schema = Json::parse(r#"{"properties":{"n":{"type":"integer","default":null}}}"#).unwrap();
    let parameters = Parameters::new()
        .best_of(2_u32)
        .do_sample(true)
        .temperature(0.5)
        .top_k(10_u32)
        .top_p(0.95)
        .typical_p(0.9)
        .repetition_penalty(1.03)
        .frequency_penalty(0.1)
        .seed(7_u64)
        .max_new_tokens(20_u64)
        .stop(vec!["\n".to_owned()])
        .truncate(100_u64)
        .return_full_text(false)
        .details(false)
        .decoder_input_details(true)
        .top_n_tokens(5_u32)
        .grammar(Grammar::json(schema))
        .watermark(true)
        .adapter_id("fjord-lab/otter-lora");
    let generated = at(&peer).ask(Generate::new("a").with(parameters)).await;
    let generated = generated.unwrap();
    assert!(generated.details.is_none() && generated.usage.output.total.is_none());
    assert_eq!(generated.usage.completeness, Completeness::Missing);
    let parameters = json!({
        "best_of": 2, "do_sample": true, "temperature": 0.5, "top_k": 10, "top_p": 0.95,
        "typical_p": 0.9, "repetition_penalty": 1.03, "frequency_penalty": 0.1, "seed": 7,
        "max_new_tokens": 20, "stop": ["\n"], "truncate": 100, "return_full_text": false,
        "details": false, "decoder_input_details": true, "top_n_tokens": 5,
        "grammar": {"type": "json", "value": {"properties": {"n": {"type": "integer", "default": null}}}},
        "watermark": true, "adapter_id": "fjord-lab/otter-lora",
    });
    assert_eq!(
        asked(&peer).1,
        json!({"inputs": "a", "parameters": parameters})
    );
}

#[test]
fn a_schema_may_have_a_name() {
    let schema = Json::parse(r#"{"properties":{}}"#).unwrap();
    let named = Json::of(&Grammar::json_schema("beast", schema)).unwrap();
    let expected = r#"{"type":"json_schema","value":{"name":"beast","schema":{"properties":{}}}}"#;
    assert_eq!(named.get(), expected);
}

#[tokio::test]
async fn a_list_of_one_is_an_answer_and_an_unknown_end_is_kept() {
    let details = json!({"finish_reason": "tide", "tokens": [{"id": 3, "text": null, "special": null}], "top_tokens": null});
    let peer = answering(&json!([{"generated_text": "b", "details": details}])).await;
    let generated = at(&peer).ask(Generate::new("a")).await.unwrap();
    let finish = generated.details.unwrap().finish;
    assert_eq!(
        (finish.kind, finish.raw.as_deref()),
        (FinishKind::Other, Some("tide"))
    );
}

#[tokio::test]
async fn what_is_no_generation_is_an_error() {
    let fault = json!({"error": "Incomplete generation", "error_type": "incomplete_generation"});
    for (body, kind) in [
        (json!({}), ErrorKind::Decode),
        (json!([]), ErrorKind::Decode),
        (fault, ErrorKind::Server),
        (json!({"error": {"message": "no"}}), ErrorKind::Server),
    ] {
        let peer = answering(&body).await;
        let error = at(&peer).ask(Generate::new("a")).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}");
    }
    let busy = json!({"error": "Model is overloaded", "error_type": "overloaded"});
    let peer = Peer::start(Reply::status(429).json(&busy)).await;
    let error = at(&peer).ask(Generate::new("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert_eq!(error.delivery(), Delivery::Rejected);
}

fn events(events: &[Value]) -> Reply {
    Reply::sse(events).slices(7)
}

#[tokio::test]
async fn a_stream_gives_tokens_and_at_last_the_whole() {
    let details = json!({"finish_reason": "stop_sequence", "generated_tokens": 3, "seed": null, "input_length": 1});
    let all = [
        json!({"index": 1, "token": token(30, " otters"), "generated_text": null, "details": null}),
        json!({"index": 2, "token": token(5, " swim"), "top_tokens": [token(6, " float")], "generated_text": null, "details": null}),
        json!({"index": 3, "token": {"id": 2, "text": "</s>", "logprob": -0.1, "special": true}, "generated_text": " otters swim", "details": details}),
    ];
    let peer = Peer::start(events(&all)).await;
    let parameters = Parameters::new().top_n_tokens(1_u32);
    let stream = GenerateStream::new("Sea").with(parameters);
    let mut pieces = at(&peer).follow(stream).await.unwrap();
    let mut seen = Vec::new();
    while let Some(piece) = pieces.next().await {
        seen.push(piece.unwrap());
    }
    let text: String = seen.iter().map(trunkline_tgi::Piece::text).collect();
    assert_eq!(text, " otters swim");
    assert_eq!(seen[1].top_tokens[0].text, " float");
    assert_eq!(seen[2].generated_text.as_deref(), Some(" otters swim"));
    let details = seen[2].details.as_ref().unwrap();
    assert_eq!(details.finish.kind, FinishKind::StopSequence(None));
    assert_eq!(
        (details.input_length, details.generated_tokens),
        (Some(1), Some(3))
    );
    let body = json!({"inputs": "Sea", "parameters": {"details": true, "top_n_tokens": 1}});
    assert_eq!(asked(&peer), ("POST /generate_stream".to_owned(), body));
}

#[tokio::test]
async fn a_stream_that_fails_or_ends_too_early_says_so() {
    let begun =
        json!({"index": 1, "token": token(30, "a"), "generated_text": null, "details": null});
    let failed =
        json!({"error": "Request failed during generation: no memory", "error_type": "generation"});
    for (end, kind) in [
        (Some(failed), ErrorKind::Server),
        (None, ErrorKind::Interrupted),
    ] {
        let all: Vec<_> = std::iter::once(begun.clone()).chain(end).collect();
        let peer = Peer::start(events(&all)).await;
        let mut pieces = at(&peer).follow(GenerateStream::new("a")).await.unwrap();
        pieces.next().await.unwrap().unwrap();
        let error = pieces.next().await.unwrap().unwrap_err();
        assert_eq!(
            (error.kind(), error.delivery()),
            (kind, Delivery::Committed)
        );
        assert!(pieces.next().await.is_none());
    }
    for (kind, error_type, words) in [
        (ErrorKind::Overloaded, "overloaded", "Model is overloaded"),
        (
            ErrorKind::ContextLength,
            "validation",
            "Input validation error: `inputs` must have less than 10 tokens. Given: 12",
        ),
        (
            ErrorKind::InvalidRequest,
            "validation",
            "Input validation error: `best_of` != 1 is not supported when streaming tokens",
        ),
        (ErrorKind::Server, "a_type_of_tomorrow", "?"),
    ] {
        let fault = json!({"error": words, "error_type": error_type});
        let peer = Peer::start(events(&[fault])).await;
        let mut pieces = at(&peer).follow(GenerateStream::new("a")).await.unwrap();
        let error = pieces.next().await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, words));
        assert_eq!(error.delivery(), Delivery::Responded);
    }
}

#[tokio::test]
async fn the_server_says_what_it_is() {
    let body = json!({"model_id": "m", "max_total_tokens": 8192, "max_input_length": 4096, "version": "1.4.3", "sha": null});
    let peer = answering(&body).await;
    let served = at(&peer).ask(Info).await.unwrap();
    assert_eq!(
        (&*served.model_id, served.max_total_tokens),
        ("m", Some(8192))
    );
    assert_eq!((served.max_input_tokens, served.sha), (Some(4096), None));
    assert_eq!(asked(&peer).0, "GET /info");
    for other in [
        json!({"model_id": "m", "model_type": {"embedding": {"pooling": "cls"}}, "max_input_length": 512}),
        json!({"object": "list", "data": []}),
    ] {
        let peer = answering(&other).await;
        let error = at(&peer).ask(Info).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{other}");
    }
}

#[tokio::test]
async fn a_conversation_is_shown_as_the_model_sees_it() {
    let placed = json!([{"id": 1, "text": "", "start": 0, "stop": 0}, {"id": 7, "text": "[Hi]", "start": 0, "stop": 4}]);
    let peer = answering(&json!({"tokenize_response": placed, "templated_text": "[Hi]"})).await;
    let request = ChatRequest::from("Hi").top_k(3_u64);
    let seen = at(&peer).ask(ChatTokenize::new(request)).await.unwrap();
    assert_eq!(seen.text, "[Hi]");
    assert_eq!(
        (seen.tokens[0].span.clone(), seen.tokens[1].span.clone()),
        (None, Some(0..4))
    );
    assert_eq!(seen.warnings, [Warning::unsupported("top_k")]);
    let body = json!({"model": "tgi", "messages": [{"role": "user", "content": "Hi"}]});
    assert_eq!(asked(&peer), ("POST /chat_tokenize".to_owned(), body));
}

#[tokio::test]
async fn a_base_url_may_end_with_v1() {
    let peer = answering(&json!({"model_id": "m", "max_total_tokens": 1})).await;
    let builder = Tgi::builder().client(HttpClient::shared());
    let tgi = builder
        .endpoint(format!("{}/v1/", peer.url()))
        .build()
        .unwrap();
    tgi.bare().ask(Info).await.unwrap();
    assert_eq!(asked(&peer).0, "GET /info");
}

/// What a chat comes to on the wire, and what is said of it.
async fn chatted(request: ChatRequest) -> (Value, Vec<Warning>) {
    let body = json!({
        "object": "chat.completion", "id": "", "created": 1, "model": "m",
        "choices": [{
            "index": 0, "message": {"role": "assistant", "content": "b"}, "logprobs": null,
            "finish_reason": "stop",
        }],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    });
    let peer = answering(&body).await;
    let answer = at(&peer).model("tgi").chat(request).await.unwrap();
    (asked(&peer).1, answer.warnings)
}

#[tokio::test]
async fn settings_that_say_nothing_are_not_sent() {
    // The server refuses a `top_p` of 1, and makes a penalty of 0 a strong one.
    let request = ChatRequest::from("a").top_p(1.0).presence_penalty(0.0);
    let (body, warnings) = chatted(request).await;
    let bare = json!({"model": "tgi", "messages": [{"role": "user", "content": "a"}]});
    assert_eq!((body, warnings), (bare, vec![]));
}

#[tokio::test]
async fn settings_that_the_server_understands_otherwise_leave_a_warning() {
    let request = ChatRequest::from("a")
        .top_p(0.5)
        .presence_penalty(-0.75)
        .seed(-1);
    let (body, warnings) = chatted(request).await;
    assert_eq!(body["top_p"], 0.5);
    assert_eq!(body["presence_penalty"], -0.75);
    assert_eq!(body.get("seed"), None, "it has no sign there");
    let penalty = Warning::coerced("presence_penalty", "-0.75", "a repetition penalty of 1.25");
    assert_eq!(warnings, [penalty, Warning::unsupported("seed")]);
}

#[tokio::test]
async fn a_refusal_of_another_model_is_told_in_words() {
    // A turn without words and calls is none for the server.
    let turn = Message::new(
        Role::Assistant,
        [Part::new(Content::Refusal(Refusal::new("No.")))],
    );
    let request = ChatRequest::from("a")
        .message(turn)
        .message(Message::user("b"));
    let (body, _) = chatted(request).await;
    let turn = json!({"role": "assistant", "content": "No."});
    assert_eq!(body["messages"][1], turn);
}

/// Where there is no room for the name of the tool, the server says what it took, and nothing else.
#[tokio::test]
async fn a_stream_that_was_cut_before_its_call_is_no_answer() {
    let last = json!({
        "object": "chat.completion.chunk", "id": "", "created": 1, "model": "m", "choices": [],
        "usage": {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13},
    });
    let peer = Peer::start(Reply::sse([last.to_string(), "[DONE]".to_owned()])).await;
    let request = ChatRequest::from("a").max_output_tokens(4);
    let answer = at(&peer).model("tgi").chat(request).buffered().await;
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Interrupted);
}
