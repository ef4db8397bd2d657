//! Cohere's errors: `{"id":"…","message":"…"}`, seldom with a code in `error_type`.
//!
//! <https://docs.cohere.com/reference/errors>

use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind,
    protocol::{error_of_status, read},
};

/// What went wrong.
#[derive(Default, Deserialize)]
pub(crate) struct Fault {
    pub(crate) message: Option<String>,
    pub(crate) error_type: Option<String>,
    pub(crate) id: Option<String>,
}

/// An answer that is no success.
pub(crate) fn of_answer(head: &Parts, body: &[u8]) -> Error {
    let status = head.status.as_u16();
    let usual = error_of_status(head.status);
    let usual = match status {
        // A word on Cohere's list, in the question or in the answer.
        498 => Error::new(ErrorKind::ContentFilter, usual.message().to_owned())
            .with_delivery(usual.delivery()),
        // Too many use it at once, as the description of its API says.
        503 => Error::new(ErrorKind::Overloaded, usual.message().to_owned()),
        _ => usual,
    };
    narrow(&usual, read(body).unwrap_or_default())
}

/// An error in a success's clothes: inside a stream, or alone under status 200.
pub(crate) fn in_band(fault: Fault) -> Error {
    let usual = Error::new(
        ErrorKind::Server,
        "the answer broke off, and does not say why",
    );
    narrow(&usual, fault).with_delivery(Delivery::Responded)
}

/// Where the status says little, the words decide: there is hardly ever a code.
fn narrow(usual: &Error, fault: Fault) -> Error {
    let said = fault.message.as_deref().unwrap_or_default();
    let said = said.to_ascii_lowercase();
    let code = fault.error_type.unwrap_or_default();
    let kind = match usual.kind() {
        // That of the minute passes by itself, that of the month does not.
        ErrorKind::RateLimited if said.contains("/ month") || said.contains("per month") => {
            ErrorKind::QuotaExhausted
        }
        // The same words are said of a limit on output that the model does not have.
        ErrorKind::InvalidRequest | ErrorKind::Server
            if (code == "TOO_MANY_TOKENS" || said.starts_with("too many tokens"))
                && !said.contains("max tokens must be") =>
        {
            ErrorKind::ContextLength
        }
        ErrorKind::InvalidRequest if said.starts_with("blocked input") => ErrorKind::ContentFilter,
        kind => kind,
    };
    let delivery = match kind {
        // Cohere says that it did nothing, whatever its status.
        ErrorKind::RateLimited | ErrorKind::QuotaExhausted | ErrorKind::Overloaded => {
            Delivery::Rejected
        }
        _ => usual.delivery(),
    };
    let message = fault.message.unwrap_or_else(|| usual.message().to_owned());
    let error = Error::new(kind, message)
        .with_delivery(delivery)
        .with_code(code);
    match fault.id {
        Some(id) => error.with_request_id(id),
        None => error,
    }
}
