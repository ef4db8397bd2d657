//! Claude on a platform that is not Anthropic's.

use serde_json::{Value, json};
use trunkline_anthropic_messages::{Beta, CLAUDE, Dialect, Messages, ModelPlace, Options};
use trunkline_core::{ChatRequest, ErrorKind, protocol::Protocol};

use crate::support::{head, sent};

const VERTEX: Messages = Messages(
    Dialect::named("vertex", CLAUDE)
        .version("vertex-2023-10-16")
        .model(ModelPlace::Path {
            prefix: "/publishers/anthropic/models/",
            whole: ":rawPredict",
            stream: ":streamRawPredict",
        })
        .count_path("/publishers/anthropic/models/count-tokens:rawPredict"),
);

#[test]
fn the_model_stands_in_the_path_and_the_version_in_the_body() {
    let options = Options::new()
        .betas([Beta::Context1M, Beta::Other("new-1".to_owned())])
        .speed("fast");
    let request = ChatRequest::from("hi").model("claude-sonnet-4@20250514");
    let (request, warnings) = sent(VERTEX, &request.option(options));
    assert_eq!(warnings, []);
    assert_eq!(
        request.uri().path(),
        "/v1/publishers/anthropic/models/claude-sonnet-4%4020250514:rawPredict"
    );
    let betas = &request.headers()["anthropic-beta"];
    assert_eq!(betas, "context-1m-2025-08-07,new-1");
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        body,
        json!({
            "anthropic_version": "vertex-2023-10-16",
            "max_tokens": 64_000,
            "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}],
            "speed": "fast",
        })
    );
}

#[test]
fn an_error_inside_the_platform_s_own_is_the_one_that_counts() {
    let mut head = head();
    head.status = http::StatusCode::BAD_REQUEST;
    let inner = json!({"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 2 > 1"}, "request_id": "req_vrtx_1"});
    let outer =
        json!({"error": {"code": 400, "message": inner.to_string(), "status": "INVALID_ARGUMENT"}});
    for body in [outer.clone(), json!([outer])] {
        let error = VERTEX.error(&head, body.to_string().as_bytes());
        assert_eq!(error.kind(), ErrorKind::ContextLength);
        assert_eq!(error.message(), "prompt is too long: 2 > 1");
        assert_eq!(error.request_id(), Some("req_vrtx_1"));
    }
    let own = json!({"error": {"code": 429, "message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}});
    head.status = http::StatusCode::TOO_MANY_REQUESTS;
    let error = VERTEX.error(&head, own.to_string().as_bytes());
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.code(), Some("RESOURCE_EXHAUSTED"));
}

#[test]
fn a_server_of_one_s_own_has_its_own_word_for_what_is_too_long() {
    let mut head = head();
    head.status = http::StatusCode::BAD_REQUEST;
    let body = json!({"type": "error", "error": {"type": "exceed_context_size_error", "message": "the request is larger than the context"}});
    let error =
        Messages(Dialect::named("anthropic", CLAUDE)).error(&head, body.to_string().as_bytes());
    assert_eq!(error.kind(), ErrorKind::ContextLength);
}
