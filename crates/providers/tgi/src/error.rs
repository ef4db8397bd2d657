//! The errors of the server, `{"error":"…","error_type":"validation"}`, and those of what stands in
//! front of it at Hugging Face.
//!
//! <https://huggingface.co/docs/text-generation-inference/reference/api_reference>, and by type
//! `router/src/infer/mod.rs` of its source. A stream that began well ends with the same object in an
//! event; that of chat completions with `{"error":{"message":"…","http_status_code":422}}`, whatever
//! went wrong.

use std::time::Duration;

use http::{StatusCode, response::Parts};
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind, Json,
    protocol::{Protocol, read},
};
use trunkline_openai_compat::ErrorDetail;

use crate::protocol::CHAT;

/// What an error of the server says.
#[derive(Default, Deserialize)]
pub(crate) struct Fault {
    /// Words; an object with a message where something else stands in front of the server.
    error: Option<Json>,
    error_type: Option<String>,
    /// Seconds until the model is there, where Hugging Face starts it.
    estimated_time: Option<f64>,
}

/// An answer that is no success.
pub(crate) fn of_answer(head: &Parts, body: &[u8]) -> Error {
    if head.status == StatusCode::SERVICE_UNAVAILABLE
        && let Some(error) = not_ready(body)
    {
        return error;
    }
    CHAT.error(head, body)
}

/// Whether what answers is not the server, which gives all its errors a type, but Hugging Face, which
/// starts one: after a pause, or for the first time. The server itself says nothing at all before its
/// model is there.
///
/// <https://huggingface.co/docs/inference-endpoints/autoscaling>
fn not_ready(body: &[u8]) -> Option<Error> {
    let fault: Fault = read(body).ok()?;
    let message = fault.message().filter(|_| fault.error_type.is_none())?;
    let wait = fault.estimated_time.map(Duration::try_from_secs_f64);
    let wait = wait.and_then(Result::ok);
    Some(
        Error::new(ErrorKind::NotReady, message)
            .with_delivery(Delivery::Rejected)
            .with_retry_after(wait),
    )
}

/// An error inside a native stream.
pub(crate) fn in_band(fault: Fault) -> Error {
    let message = fault.message();
    let message = message.unwrap_or_else(|| "the server broke off and does not say why".to_owned());
    let code = fault.error_type.unwrap_or_default();
    let kind = kind(&code, &message).unwrap_or(ErrorKind::Server);
    Error::new(kind, message)
        .with_type(code)
        .with_delivery(Delivery::Responded)
}

impl Fault {
    /// Whether it is one.
    pub(crate) fn is_set(&self) -> bool {
        self.error.is_some() || self.error_type.is_some()
    }

    fn message(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Detail {
            message: String,
        }
        let error = self.error.as_ref()?;
        let detail = || error.read::<Detail>().ok().map(|detail| detail.message);
        error.read::<String>().ok().or_else(detail)
    }
}

/// The same of chat completions, where errors in a stream have no type.
pub(crate) fn classify(detail: &ErrorDetail) -> Option<ErrorKind> {
    let message = &*detail.message;
    let code = match &*detail.kind {
        "" => {
            TYPES
                .iter()
                .find(|(begin, _)| message.starts_with(begin))?
                .1
        }
        code => code,
    };
    kind(code, message)
}

/// How the words of each type begin.
const TYPES: [(&str, &str); 7] = [
    ("Model is overloaded", "overloaded"),
    ("Input validation error", "validation"),
    ("Request failed during generation", "generation"),
    ("Incomplete generation", "incomplete_generation"),
    ("Template error", "template_error"),
    ("Missing template", "missing_template_variable"),
    ("Tool error", "tool_error"),
];

fn kind(code: &str, message: &str) -> Option<ErrorKind> {
    Some(match code {
        "overloaded" => ErrorKind::Overloaded,
        "validation" => validation(message),
        // The model wrote a call that is none, for want of room mostly: not the request's fault.
        "tool_error" if message.contains("Failed to parse generated text") => ErrorKind::Server,
        "template_error" | "missing_template_variable" | "tool_error" => ErrorKind::InvalidRequest,
        "generation"
        | "incomplete_generation"
        | "incomplete_generation_stream"
        | "stream_serialization_error"
        | "healthcheck" => ErrorKind::Server,
        _ => return None,
    })
}

/// What the validation found, by its words: `router/src/validation.rs`.
fn validation(message: &str) -> ErrorKind {
    let says = |words: &str| message.contains(words);
    if says("`inputs` must have less than") || says("`inputs` tokens + `max_new_tokens` must be") {
        ErrorKind::ContextLength
    } else if message.ends_with(" is not supported") {
        // A modality, a grammar.
        ErrorKind::Unsupported
    } else if says("exceeds maximum allowed size") {
        ErrorKind::TooLarge
    } else {
        ErrorKind::InvalidRequest
    }
}
