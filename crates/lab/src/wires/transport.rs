//! A transport that answers every request with what was recorded.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use trunkline_core::{
    Body,
    http_transport::{Transport, TransportError},
};

use super::{corpus::Exchange, cut::Cut};

/// One recorded answer.
#[derive(Clone, Debug)]
pub(crate) struct Recorded {
    status: StatusCode,
    headers: HeaderMap,
    pieces: VecDeque<Bytes>,
}

impl Recorded {
    /// The answer of `exchange`, its body cut by `cut`.
    pub(crate) fn new(exchange: &Exchange, cut: &Cut) -> Self {
        Self {
            status: exchange.status,
            headers: exchange.headers.clone(),
            pieces: cut.pieces(&exchange.body).into(),
        }
    }
}

impl Transport for Recorded {
    fn send(
        &self,
        _: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, TransportError>> + Send + 'static {
        let mut response = Response::new(Body::new(Pieces(self.pieces.clone())));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        std::future::ready(Ok(response))
    }
}

/// A body that arrives piece by piece.
struct Pieces(VecDeque<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }
}
