//! A transport that answers out of memory, so that what lies above it can be seen.

use std::{future::Future, sync::Mutex};

use bytes::Bytes;
use http::{Request, Response, header};
use trunkline_http::{Body, Transport, TransportError};

use super::{Work, payload};

pub(crate) struct Memory {
    work: Work,
    /// The last answer, and for how many events.
    answer: Mutex<(usize, Bytes)>,
}

impl Memory {
    pub(crate) fn new(work: Work) -> Self {
        Self {
            work,
            answer: Mutex::new((usize::MAX, Bytes::new())),
        }
    }

    fn body(&self, n: usize) -> Bytes {
        let mut answer = self
            .answer
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if answer.0 != n {
            let bytes = if self.work == Work::StreamInMemory {
                payload::events(n).collect::<String>().into_bytes()
            } else {
                payload::chat(1 << 10)
            };
            *answer = (n, bytes.into());
        }
        answer.1.clone()
    }
}

impl Transport for Memory {
    fn send(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<Body>, TransportError>> + Send + 'static {
        let n = request
            .headers()
            .get("x-n")
            .and_then(|n| n.to_str().ok()?.parse().ok())
            .unwrap_or(0);
        let mut response = Response::new(Body::from(self.body(n)));
        let media_type = if self.work == Work::StreamInMemory {
            "text/event-stream"
        } else {
            "application/json"
        };
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            http::HeaderValue::from_static(media_type),
        );
        std::future::ready(Ok(response))
    }
}
