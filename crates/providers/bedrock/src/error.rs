//! Bedrock's errors: a name in a header or in the stream, and `{"message":"…"}`.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html>

use http::{StatusCode, response::Parts};
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind,
    protocol::{error_of_status, read},
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refused {
    #[serde(alias = "Message")]
    message: Option<String>,
    #[serde(rename = "__type")]
    kind: Option<String>,
    original_message: Option<String>,
}

/// An answer that is no success.
pub(crate) fn of_answer(head: &Parts, body: &[u8]) -> Error {
    let refused = read::<Refused>(body).unwrap_or_default();
    let name = head.headers.get("x-amzn-errortype");
    let name = name.and_then(|name| name.to_str().ok());
    // `Name:http://…` in the header, `namespace#Name` in the body.
    let name = name.or(refused.kind.as_deref()).unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default();
    let name = name.rsplit('#').next().unwrap_or_default().to_owned();
    narrow(error_of_status(head.status), &name, refused)
}

/// An exception inside a stream. Its name begins with a small letter there.
pub(crate) fn in_band(name: &str, text: &str, payload: &[u8]) -> Error {
    let mut refused = read::<Refused>(payload).unwrap_or_default();
    if !text.is_empty() {
        refused.message.get_or_insert_with(|| text.to_owned());
    }
    let what = "the answer broke off without a reason";
    let error = narrow(Error::new(ErrorKind::Server, what), name, refused);
    let error = match status(name) {
        Some(status) => error.with_status(status),
        None => error,
    };
    error.with_delivery(Delivery::Responded)
}

/// The name says it better than the status, and the words sometimes better than the name.
fn narrow(usual: Error, name: &str, refused: Refused) -> Error {
    let message = refused.message.or(refused.original_message);
    let mut message = message.unwrap_or_else(|| usual.message().to_owned());
    let kind = kind(name, &message).unwrap_or(usual.kind());
    if kind == ErrorKind::Auth {
        // A signature that does not fit is answered with all that was signed, a session's token
        // among it.
        message.truncate(message.find('\n').unwrap_or(message.len()));
        message.truncate(
            message
                .find(" The Canonical String")
                .unwrap_or(message.len()),
        );
    }
    let delivery = match kind {
        ErrorKind::RateLimited | ErrorKind::QuotaExhausted | ErrorKind::Overloaded => {
            Delivery::Rejected
        }
        _ => usual.delivery(),
    };
    Error::new(kind, message)
        .with_delivery(delivery)
        .with_code(name)
}

fn kind(name: &str, message: &str) -> Option<ErrorKind> {
    let says = |words: &[&str]| {
        let message = message.to_ascii_lowercase();
        words.iter().any(|words| message.contains(words))
    };
    Some(match capital(name).as_str() {
        "ThrottlingException" if says(&["per day"]) => ErrorKind::QuotaExhausted,
        "ThrottlingException" | "TooManyRequestsException" => ErrorKind::RateLimited,
        "ServiceQuotaExceededException" => ErrorKind::QuotaExhausted,
        "ServiceUnavailableException" | "ModelNotReadyException" => ErrorKind::Overloaded,
        "InternalServerException"
        | "InternalFailure"
        | "ModelErrorException"
        | "ModelStreamErrorException"
        | "ModelInterruptedException" => ErrorKind::Server,
        "ModelTimeoutException" => ErrorKind::Timeout,
        "AccessDeniedException" => ErrorKind::Permission,
        "ResourceNotFoundException" => ErrorKind::NotFound,
        "UnrecognizedClientException"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignatureException"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "MissingAuthenticationTokenException" => ErrorKind::Auth,
        "ValidationException" if says(TOO_LONG) => ErrorKind::ContextLength,
        "ValidationException" if says(&["model identifier is invalid"]) => ErrorKind::NotFound,
        "ValidationException" if says(&["doesn't support", "does not support"]) => {
            ErrorKind::Unsupported
        }
        "ValidationException" => ErrorKind::InvalidRequest,
        _ => return None,
    })
}

/// Every family says it in its own words.
const TOO_LONG: &[&str] = &[
    "input is too long",
    "prompt is too long",
    "input tokens exceed",
    "too many input tokens",
    "maximum context length",
    "exceed context limit",
    "exceeds the maximum number of tokens",
];

/// The status that an exception has where it comes as an answer.
fn status(name: &str) -> Option<StatusCode> {
    Some(match capital(name).as_str() {
        "ValidationException" => StatusCode::BAD_REQUEST,
        "AccessDeniedException" => StatusCode::FORBIDDEN,
        "ResourceNotFoundException" => StatusCode::NOT_FOUND,
        "ModelTimeoutException" => StatusCode::REQUEST_TIMEOUT,
        "ModelErrorException" | "ModelStreamErrorException" | "ModelInterruptedException" => {
            StatusCode::FAILED_DEPENDENCY
        }
        "ThrottlingException" => StatusCode::TOO_MANY_REQUESTS,
        "InternalServerException" => StatusCode::INTERNAL_SERVER_ERROR,
        "ServiceUnavailableException" => StatusCode::SERVICE_UNAVAILABLE,
        _ => return None,
    })
}

fn capital(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
