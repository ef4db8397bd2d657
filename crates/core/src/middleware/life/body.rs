//! The body of an answer that ends with the backend.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use trunkline_http::{TransportError, TransportErrorKind};

use super::{CLOSED, Place};
use crate::Body;

/// `body`, which holds a place to its end, and fails when the backend is ended before.
pub(super) fn kept(body: Body, place: Place) -> Body {
    Body::new(Kept {
        body,
        place: Some(place),
    })
}

struct Kept {
    body: Body,
    place: Option<Place>,
}

impl HttpBody for Kept {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        let ended = |place: &Place| place.poll_ended(cx).is_ready();
        match &frame {
            Poll::Pending if self.place.as_ref().is_some_and(ended) => {
                *self = Self {
                    body: Body::default(),
                    place: None,
                };
                let error = TransportError::new(TransportErrorKind::Closed, CLOSED);
                return Poll::Ready(Some(Err(error)));
            }
            Poll::Pending => {}
            Poll::Ready(Some(Ok(_))) if !self.body.is_end_stream() => {}
            Poll::Ready(_) => self.place = None,
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
