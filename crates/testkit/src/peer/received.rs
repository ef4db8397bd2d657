//! What a client sent.

use bytes::Bytes;
use tokio::time::Instant;

/// One request as it was read off the wire.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received {
    /// The method; empty if the exchange did not read the whole head.
    pub method: String,
    /// The request target: path and query.
    pub path: String,
    /// The headers in order, names as the client spelt them.
    pub headers: Vec<(String, String)>,
    /// The body without chunk framing, or as much of it, raw, as an exchange that reads only
    /// part of the request has read.
    pub body: Bytes,
    /// The connection it came on; the first is 1.
    pub connection: usize,
    /// When it had been read.
    pub at: Instant,
}

impl Received {
    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text, with U+FFFD for what is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}
