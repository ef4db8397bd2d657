//! Whose fault an error is, and what it says.

use trunkline_core::{Error, ErrorKind, Scope, protocol::Protocol};
use trunkline_openai_compat::{Dialect, OpenAiCompat};

use crate::support::{head, stream};

fn error(status: u16, body: &str) -> Error {
    OpenAiCompat(Dialect::OPENAI).error(&head(status), body.as_bytes())
}

fn behind(status: u16, metadata: &str) -> Error {
    error(
        status,
        &format!(
            r#"{{"error":{{"code":{status},"message":"Provider returned error","metadata":{metadata}}}}}"#
        ),
    )
}

/// `metadata.raw` is what the provider behind a router said.
///
/// <https://openrouter.ai/docs/api_reference/errors-and-debugging>
#[test]
fn the_account_of_a_router_is_not_ours() {
    let raw = |inner: &str| {
        let raw = serde_json::to_string(inner).unwrap();
        format!(r#"{{"provider_name":"Hen","raw":{raw}}}"#)
    };
    for code in [
        "insufficient_quota",
        "invalid_api_key",
        "rate_limit_exceeded",
    ] {
        let inner =
            format!(r#"{{"error":{{"message":"theirs","code":"{code}","type":"{code}"}}}}"#);
        let error = behind(502, &raw(&inner));
        assert_eq!(error.kind(), ErrorKind::Server, "{code}");
        assert_eq!((error.message(), error.code()), ("theirs", Some("502")));
    }
    for (status, kind) in [
        (401, ErrorKind::Server),
        (402, ErrorKind::Server),
        // A block of its own, often for content: nobody's key.
        (403, ErrorKind::Permission),
        (429, ErrorKind::RateLimited),
    ] {
        let error = behind(status, &raw(r#"{"error":{"message":"no"}}"#));
        assert_eq!(
            (error.kind(), error.scope()),
            (kind, Scope::Model),
            "{status}"
        );
        let ours = behind(status, "{}");
        let scope = ours.scope();
        assert!(matches!(scope, Scope::Key | Scope::Account), "{status}");
    }
    // What the request is at fault for it is at fault for anywhere.
    let long = behind(
        400,
        &raw(r#"{"error":{"message":"m","code":"context_length_exceeded"}}"#),
    );
    assert_eq!(long.kind(), ErrorKind::ContextLength);
    let unsafe_ = behind(
        400,
        &raw(r#"{"error":{"message":"m","code":"content_filter","param":"prompt"}}"#),
    );
    assert_eq!(unsafe_.kind(), ErrorKind::ContentFilter);
    assert_eq!(unsafe_.param(), Some("prompt"));
    let busy = behind(429, &raw("slow down, please"));
    assert_eq!(
        (busy.kind(), busy.message()),
        (ErrorKind::RateLimited, "slow down, please")
    );
}

#[test]
fn the_type_of_an_error_may_stand_among_its_metadata() {
    for (status, kind, expected) in [
        (400, "context_length_exceeded", ErrorKind::ContextLength),
        (400, "content_policy_violation", ErrorKind::ContentFilter),
        (503, "provider_overloaded", ErrorKind::Overloaded),
        (400, "image_too_large", ErrorKind::TooLarge),
        (400, "brand_new", ErrorKind::InvalidRequest),
    ] {
        let inside = behind(status, &format!(r#"{{"error_type":"{kind}"}}"#));
        let beside = error(
            status,
            &format!(r#"{{"error":{{"message":"m","error_type":"{kind}"}}}}"#),
        );
        for error in [inside, beside] {
            assert_eq!((error.kind(), error.error_type()), (expected, Some(kind)));
        }
    }
    let own = error(
        400,
        r#"{"error":{"message":"m","type":"mine","metadata":{"error_type":"theirs"}}}"#,
    );
    assert_eq!(own.error_type(), Some("mine"));
}

#[test]
fn a_short_word_beside_a_message_does_not_replace_it() {
    let gate = error(
        429,
        r#"{"error":"Too Many Requests","message":"Wait a minute."}"#,
    );
    assert_eq!(gate.message(), "Wait a minute.");
    assert_eq!(gate.error_type(), Some("Too Many Requests"));
    let flat = error(400, r#"{"code":"c","error":"all there is"}"#);
    assert_eq!((flat.message(), flat.code()), ("all there is", Some("c")));
}

#[test]
fn a_message_may_be_a_list_of_messages_and_a_title_will_do() {
    for body in [
        r#"{"object":"error","message":{"detail":[{"type":"x","loc":["body"],"msg":"Extra inputs"}]},"code":null}"#,
        r#"{"message":[{"msg":"Extra inputs"}],"detail":[{"msg":"Extra inputs"}]}"#,
        r#"{"status":422,"title":"Extra inputs"}"#,
        r#"{"title":"Unprocessable","detail":"Extra inputs"}"#,
    ] {
        assert_eq!(error(422, body).message(), "Extra inputs", "{body}");
    }
}

#[test]
fn the_request_s_name_may_stand_in_the_body() {
    for body in [
        r#"{"error":{"message":"m"},"request_id":"r-1"}"#,
        r#"{"title":"m","requestId":"r-1"}"#,
        r#"{"error":{"message":"m","request_id":"r-1"}}"#,
    ] {
        assert_eq!(error(500, body).request_id(), Some("r-1"), "{body}");
    }
    let broken = stream(&[r#"{"error":{"message":"m"},"request_id":"r-1"}"#]).error();
    assert_eq!(broken.request_id(), Some("r-1"));
}

#[test]
fn a_status_beside_an_error_in_a_stream_is_its_status() {
    for name in ["status_code", "raw_status_code", "http_status"] {
        let body = format!(r#"{{"error":{{"message":"m"}},"{name}":429}}"#);
        assert_eq!(
            stream(&[body]).error().kind(),
            ErrorKind::RateLimited,
            "{name}"
        );
    }
}
