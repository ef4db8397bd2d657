//! Answers that the provider stores: what runs in the background is asked for by its id, until it is
//! whole.
//!
//! <https://platform.openai.com/docs/guides/background>

use bytes::Bytes;
use http::Method;
use trunkline_core::{ChatResponse, Class, Result, protocol::segment, raw::RawRequest};

use crate::{Dialect, decode};

/// The request for a stored answer.
///
/// # Errors
///
/// [`InvalidRequest`](trunkline_core::ErrorKind::InvalidRequest): `id` is none.
pub fn retrieve(id: &str) -> Result<RawRequest> {
    Ok(RawRequest::get(format!("/responses/{}", segment(id)?)))
}

/// The request to stop an answer that runs in the background. To ask twice does no harm.
///
/// # Errors
///
/// [`InvalidRequest`](trunkline_core::ErrorKind::InvalidRequest): `id` is none.
pub fn cancel(id: &str) -> Result<RawRequest> {
    let path = format!("/responses/{}/cancel", segment(id)?);
    Ok(RawRequest::new(
        Method::POST,
        path,
        Bytes::new(),
        Class::Read,
    ))
}

/// The request to forget a stored answer.
///
/// # Errors
///
/// [`InvalidRequest`](trunkline_core::ErrorKind::InvalidRequest): `id` is none.
pub fn forget(id: &str) -> Result<RawRequest> {
    let path = format!("/responses/{}", segment(id)?);
    Ok(RawRequest::new(
        Method::DELETE,
        path,
        Bytes::new(),
        Class::Effect,
    ))
}

/// Reads a stored answer. One that is not whole yet has
/// [`Paused`](trunkline_core::chat::FinishKind::Paused) as its finish.
///
/// # Errors
///
/// As for an answer to a chat: what the provider says of one that failed.
pub fn stored(dialect: Dialect, body: &[u8]) -> Result<ChatResponse> {
    decode::response(dialect, body)
}
