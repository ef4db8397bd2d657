//! A response head within its bounds, and the body that follows.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
#[cfg(feature = "http2")]
use http::Version;
use http::{HeaderMap, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;

#[cfg(feature = "http2")]
use super::pump::Pumped;
use super::{failure, route::Slot, tasks::Tasks};
use crate::{Body, TransportError};

const MAX_HEADERS: usize = 100;
const MAX_HEADER_BYTES: usize = 32 * 1024;

pub(super) fn receive(
    response: Response<Incoming>,
    slot: Slot,
    #[cfg_attr(not(feature = "http2"), allow(unused_variables))] tasks: &Tasks,
) -> Result<Response<Body>, TransportError> {
    bounded(response.headers())?;
    let (parts, incoming) = response.into_parts();
    let slot = Some(slot);
    let body = match parts.version {
        _ if incoming.is_end_stream() => Body::empty(),
        #[cfg(feature = "http2")]
        Version::HTTP_2 => Body::new(Pumped::new(incoming, slot, tasks)),
        _ => Body::new(Arriving { incoming, slot }),
    };
    Ok(Response::from_parts(parts, body))
}

fn bounded(headers: &HeaderMap) -> Result<(), TransportError> {
    // The two are the colon with its space, and the end of the line.
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 2 + 2)
        .sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(failure::headers_too_large());
    }
    Ok(())
}

struct Arriving {
    incoming: Incoming,
    /// Given back when the body is read or dropped.
    slot: Option<Slot>,
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = ready!(Pin::new(&mut self.incoming).poll_frame(cx));
        if !matches!(frame, Some(Ok(_))) {
            self.slot = None;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(failure::of_body)))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
