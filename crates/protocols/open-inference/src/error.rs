//! Errors: `{"error":"…"}`, also as plain text; FastAPI's `{"detail":…}`; and no body at all.
//!
//! <https://github.com/triton-inference-server/server/blob/main/src/http_server.cc>,
//! <https://github.com/SeldonIO/MLServer/blob/master/mlserver/rest/errors.py>

use http::response::Parts;
use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_core::{Delivery, Error, ErrorKind, protocol::error_of_status};

use crate::Dialect;

/// What went wrong, as a server says it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Fault<'a> {
    /// The status; 200 inside of an answer.
    pub status: u16,
    /// Its words, in small letters; empty where there are none.
    pub words: &'a str,
    /// Whether it said nothing at all, not even a page for people.
    pub silent: bool,
}

impl Fault<'_> {
    /// Whether one of these is among its words.
    pub fn says(&self, any: &[&str]) -> bool {
        any.iter().any(|words| self.words.contains(words))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Object {
    message: String,
}

/// Longer pages are no message.
const LONGEST: usize = 2_000;

/// An answer that is no success.
pub(crate) fn of_answer(dialect: &Dialect, head: &Parts, body: &[u8]) -> Error {
    let usual = error_of_status(head.status);
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let silent = matches!(text, "" | "null");
    narrow(dialect, head.status.as_u16(), &usual, message(text), silent)
}

/// An error in a success's clothes.
pub(crate) fn in_band(dialect: &Dialect, error: &RawValue) -> Error {
    let usual = Error::new(
        ErrorKind::Server,
        "the server says that it failed, and not why",
    );
    narrow(dialect, 200, &usual, Some(plain(error)), false).with_delivery(Delivery::Responded)
}

fn message(body: &str) -> Option<String> {
    let said = serde_json::from_str::<Body<'_>>(body)
        .ok()
        .and_then(|said| {
            let said = said.error.or(said.detail).or(said.message)?;
            Some(plain(said))
        });
    // A page for people says nothing to a program.
    let text = || (!body.starts_with('<') && body.len() <= LONGEST).then(|| body.to_owned());
    said.or_else(text)
        .filter(|message| !matches!(&**message, "" | "null"))
}

fn plain(json: &RawValue) -> String {
    let text = serde_json::from_str::<String>(json.get());
    let text =
        text.or_else(|_| serde_json::from_str::<Object>(json.get()).map(|object| object.message));
    text.unwrap_or_else(|_| json.get().to_owned())
}

fn narrow(
    dialect: &Dialect,
    status: u16,
    usual: &Error,
    message: Option<String>,
    silent: bool,
) -> Error {
    let words = message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let fault = Fault {
        status,
        words: &words,
        silent,
    };
    let kind = (dialect.classify)(&fault).or_else(|| kind(&fault));
    let kind = kind.unwrap_or(usual.kind());
    // Of these it is certain that nothing was done.
    let delivery = match kind {
        kind if kind == usual.kind() => usual.delivery(),
        // Where the words say so against the status, its delivery is not theirs.
        ErrorKind::Server | ErrorKind::Timeout if usual.delivery() == Delivery::Rejected => {
            Delivery::MaybeProcessed
        }
        ErrorKind::Server | ErrorKind::Timeout => usual.delivery(),
        _ => Delivery::Rejected,
    };
    let message = message.unwrap_or_else(|| match kind {
        ErrorKind::NotReady => "the server or the model is not ready".to_owned(),
        _ => usual.message().to_owned(),
    });
    Error::new(kind, message).with_delivery(delivery)
}

/// What is there, and does not serve yet. The third is Triton's, of a version that loads.
const NOT_YET: [&str; 4] = [
    "not ready",
    "not loaded yet",
    "not at ready state",
    "is loading",
];
/// What was turned away before a model saw it; the last by a server that is about to end.
const FULL: [&str; 3] = [
    "exceeds maximum queue",
    "timeout expired",
    "stopped accepting",
];

/// The words say it better than the status.
fn kind(fault: &Fault<'_>) -> Option<ErrorKind> {
    match fault.status {
        400 | 404 | 500 | 503 if fault.says(&NOT_YET) => Some(ErrorKind::NotReady),
        400 if fault.says(&["unknown model"]) => Some(ErrorKind::NotFound),
        400 | 500 if fault.says(&["exceeds the maximum allowed"]) => Some(ErrorKind::TooLarge),
        // Triton's status for a body that it cannot read.
        500 if fault.says(&["failed to parse", "unable to parse"]) => {
            Some(ErrorKind::InvalidRequest)
        }
        503 if fault.says(&["not allowed"]) => Some(ErrorKind::Unsupported),
        503 if fault.says(&FULL) => Some(ErrorKind::Overloaded),
        _ => None,
    }
}
