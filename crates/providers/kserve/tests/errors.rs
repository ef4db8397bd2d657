//! What a server's words for an error mean.

#![allow(clippy::unwrap_used, reason = "tests")]

use http::Response;
use trunkline_core::{Error, ErrorKind, protocol::Protocol};
use trunkline_kserve::{DIALECT, OpenInference};

fn failed(status: u16, body: &str) -> Error {
    let head = Response::builder().status(status).body(()).unwrap();
    OpenInference(DIALECT).error(&head.into_parts().0, body.as_bytes())
}

#[test]
fn errors_are_what_their_words_say() {
    use ErrorKind::{
        InvalidRequest, NotFound, NotReady, Overloaded, Server, TooLarge, Unsupported,
    };
    for (status, body, kind) in [
        (400, "", NotReady),
        (400, "null", NotReady),
        (400, "<html></html>", InvalidRequest),
        (400, r#"{"error":"Model version not ready"}"#, NotReady),
        (
            503,
            r#"{"error":"Model with name m is not ready."}"#,
            NotReady,
        ),
        (
            503,
            r#"{"error":"Request for unknown model: 'm' version 1 is not at ready state"}"#,
            NotReady,
        ),
        (
            503,
            r#"{"error":"[request id: 7] Server is stopping, scheduler for model has stopped accepting new inference requests"}"#,
            Overloaded,
        ),
        (
            400,
            r#"{"error":"Request for unknown model: 'm' is not found"}"#,
            NotFound,
        ),
        (
            404,
            r#"{"error":"Request for unknown model: 'm' is not found"}"#,
            NotFound,
        ),
        (404, r#"{"error":"Model m not found"}"#, NotFound),
        (
            400,
            r#"{"error":"unexpected shape for input 'x'"}"#,
            InvalidRequest,
        ),
        (
            422,
            r#"{"detail":[{"type":"json_invalid"}]}"#,
            InvalidRequest,
        ),
        (
            500,
            r#"{"error":"failed to parse the request JSON buffer: Invalid value. at 10"}"#,
            InvalidRequest,
        ),
        (
            500,
            r#"{"error":"Unable to parse 'data': Shape does not match"}"#,
            InvalidRequest,
        ),
        (
            400,
            r#"{"error":"JSON input 'x' has a byte_size that exceeds the maximum allowed value"}"#,
            TooLarge,
        ),
        (
            503,
            r#"{"error":"explicit model load / unload is not allowed if polling is enabled"}"#,
            Unsupported,
        ),
        (503, r#"{"error":"Exceeds maximum queue size"}"#, Overloaded),
        (500, "Internal Server Error", Server),
        (500, "<html>Oops</html>", Server),
    ] {
        let error = failed(status, body);
        assert_eq!(error.kind(), kind, "{status} {body}");
        assert!(
            !error.message().contains(['<', '{']) || status == 422,
            "{error}"
        );
    }
    assert_eq!(
        failed(500, "Internal Server Error").message(),
        "Internal Server Error"
    );
}
