//! Cohere's errors: `{"fault":{"code":"key_rejected","text":"…"}}`.

use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind,
    protocol::{error_of_status, read},
};

#[derive(Deserialize)]
struct Refused {
    fault: Fault,
}

/// What went wrong.
#[derive(Deserialize)]
pub(crate) struct Fault {
    code: Option<String>,
    text: Option<String>,
}

/// An answer that is no success.
pub(crate) fn of_answer(head: &Parts, body: &[u8]) -> Error {
    let usual = error_of_status(head.status);
    match read::<Refused>(body) {
        Ok(refused) => narrow(&usual, refused.fault),
        Err(_) => usual,
    }
}

/// An error in a success's clothes: inside a stream, or alone under status 200.
pub(crate) fn in_band(fault: Fault) -> Error {
    let usual = Error::new(ErrorKind::Server, "the answer broke off without a reason");
    narrow(&usual, fault).with_delivery(Delivery::Responded)
}

/// The code says it better than the status.
fn narrow(usual: &Error, fault: Fault) -> Error {
    let code = fault.code.unwrap_or_default();
    let kind = match &*code {
        "key_rejected" => ErrorKind::Auth,
        "unknown_model" => ErrorKind::NotFound,
        "too_fast" => ErrorKind::RateLimited,
        "out_of_credit" => ErrorKind::QuotaExhausted,
        "conversation_too_long" => ErrorKind::ContextLength,
        "content_blocked" => ErrorKind::ContentFilter,
        "all_busy" => ErrorKind::Overloaded,
        _ => usual.kind(),
    };
    let message = fault.text.unwrap_or_else(|| usual.message().to_owned());
    let delivery = match kind {
        // Cohere says that it did nothing, whatever its status.
        ErrorKind::RateLimited | ErrorKind::QuotaExhausted | ErrorKind::Overloaded => {
            Delivery::Rejected
        }
        _ => usual.delivery(),
    };
    Error::new(kind, message)
        .with_delivery(delivery)
        .with_code(code)
}
