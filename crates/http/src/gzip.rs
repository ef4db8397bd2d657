//! Content encodings. We ask for none; some servers and gateways compress all the same.

#[cfg(feature = "gzip")]
mod inflate;

use http::{HeaderMap, Response, header::CONTENT_ENCODING};
use http_body::Body as _;

use crate::{Body, BoxError, Phase, Sent, TransportError, TransportErrorKind};

/// Unwraps the body, or lets it fail in words: the status is readable in either case.
pub(crate) fn decoded(response: Response<Body>) -> Response<Body> {
    if !response.headers().contains_key(CONTENT_ENCODING) || response.body().is_end_stream() {
        return response;
    }
    let encodings = encodings(response.headers());
    match encodings
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        [] => response,
        #[cfg(feature = "gzip")]
        ["gzip" | "x-gzip"] => inflated(response),
        [one] => response.map(|_| unreadable(refused(one))),
        several => response.map(|_| {
            unreadable(format!(
                "{} encodings on one body; one is the most",
                several.len()
            ))
        }),
    }
}

fn encodings(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("an unreadable one").split(','))
        .map(|encoding| encoding.trim().to_ascii_lowercase())
        .filter(|encoding| !encoding.is_empty() && encoding != "identity")
        .collect()
}

#[cfg(feature = "gzip")]
fn inflated(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().remove(CONTENT_ENCODING);
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    response.map(|body| Body::new(inflate::Inflated::new(body)))
}

/// What the header says is the server's: only a name that looks like one is repeated.
fn refused(encoding: &str) -> String {
    let known = encoding.len() <= 16
        && encoding
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let name = if known { encoding } else { "unknown" };
    let remedy = match name {
        "gzip" | "x-gzip" => "enable the feature `gzip`, or",
        _ => "",
    };
    format!(
        "the content encoding {name} is not read: {remedy} let the server or its gateway send none, as we ask"
    )
}

fn unreadable(message: String) -> Body {
    let error = TransportError::new(TransportErrorKind::Decode, message)
        .with_phase(Phase::Body)
        .with_sent(Sent::Responded);
    Body::new(Unreadable(Some(error)))
}

struct Unreadable(Option<TransportError>);

impl http_body::Body for Unreadable {
    type Data = bytes::Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, BoxError>>> {
        std::task::Poll::Ready(self.0.take().map(|error| Err(error.into())))
    }
}
