//! What its words for an error mean: `{"error":"…"}`, below `/v2` and `/v3` alike.
//!
//! <https://github.com/openvinotoolkit/model_server/blob/main/src/status.cpp>,
//! <https://github.com/openvinotoolkit/model_server/blob/main/src/http_server.cpp>

use trunkline_core::ErrorKind;
use trunkline_open_inference::Fault;

/// Its graphs put a sentence of their own behind one that is always the same.
const TOO_LONG: [&str; 4] = [
    "exceeds model max length",
    "input length exceeds",
    "exceeds the model context",
    "longer than allowed by model",
];

pub(crate) fn classify(fault: &Fault<'_>) -> Option<ErrorKind> {
    match fault.status {
        // It has no status for a wrong key.
        500 if fault.says(&["unauthorized request"]) => Some(ErrorKind::Auth),
        400 | 412 | 500 if fault.says(&TOO_LONG) => Some(ErrorKind::ContextLength),
        400 if fault.says(&["exceeds max_allowed_chunks"]) => Some(ErrorKind::TooLarge),
        // It has one status for all that goes wrong in a graph; the graph's own tells whose fault it is.
        400 if fault.says(&["mp status - internal"]) => Some(ErrorKind::Server),
        // A path that this version has not, or metrics that are turned off.
        400 if fault.says(&["invalid request url"]) => Some(ErrorKind::Unsupported),
        // Each of our requests below /v3 names its model: this is a `predict` at a later server, which
        // takes what is below /v1 for the same.
        412 if fault.says(&["model field is missing"]) => Some(ErrorKind::Unsupported),
        500 if fault.says(&["model not found"]) => Some(ErrorKind::NotFound),
        _ => None,
    }
}
