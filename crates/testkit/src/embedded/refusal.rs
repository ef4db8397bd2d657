//! Errors in OpenAI's form.

use serde_json::json;

use crate::peer::Reply;

/// A request that is answered with an error.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
}

impl Refusal {
    /// A 400: `param` is where the request is wrong, `message` says how.
    pub(super) fn invalid(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            ..Self::new(400, "invalid_request_error", None, message)
        }
    }

    pub(super) fn bad_json(error: &serde_json::Error) -> Self {
        let message = format!("The request body is not valid JSON: {error}.");
        Self::new(400, "invalid_request_error", None, message)
    }

    pub(super) fn wrong_key() -> Self {
        let message = "Incorrect or missing API key. The embedded provider takes the bearer \
                       token `embedded`.";
        Self::new(
            401,
            "invalid_request_error",
            Some("invalid_api_key"),
            message,
        )
    }

    pub(super) fn unknown_model(model: &str, known: &str) -> Self {
        let message =
            format!("The model `{model}` does not exist here; this endpoint serves `{known}`.");
        Self {
            param: Some("model".to_owned()),
            ..Self::new(
                404,
                "invalid_request_error",
                Some("model_not_found"),
                message,
            )
        }
    }

    pub(super) fn unknown_url(method: &str, path: &str) -> Self {
        let message = format!("Invalid URL ({method} {path})");
        Self::new(404, "invalid_request_error", None, message)
    }

    pub(super) fn wrong_method(method: &str, path: &str) -> Self {
        let message = format!("Not allowed to {method} on {path}.");
        Self::new(
            405,
            "invalid_request_error",
            Some("method_not_supported"),
            message,
        )
    }

    pub(super) fn rate_limited() -> Self {
        let message = "Rate limit reached for requests: the embedded provider turns its first \
                       request away on purpose. Please try again in 50ms.";
        Self::new(429, "requests", Some("rate_limit_exceeded"), message)
    }

    fn new(
        status: u16,
        kind: &'static str,
        code: Option<&'static str>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            kind,
            code,
            param: None,
            message: message.into(),
        }
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        let reply = Reply::status(refusal.status).json(json!({
            "error": {
                "message": refusal.message,
                "type": refusal.kind,
                "param": refusal.param,
                "code": refusal.code,
            }
        }));
        match refusal.status {
            429 => reply.header("retry-after-ms", "50"),
            _ => reply,
        }
    }
}
