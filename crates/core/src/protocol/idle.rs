//! A body that the caller reads, with the timer for its bytes.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};
use trunkline_http::{Phase, Sent, TransportError, TransportErrorKind};

use crate::Body;

/// `body`, which fails where it is waited for so long and nothing comes. The time that a caller takes
/// between two pieces is not counted.
pub(super) fn watched(body: Body, idle: Option<Duration>) -> Body {
    match idle {
        Some(idle) if !body.is_end_stream() => Body::new(Watched {
            body,
            idle,
            sleep: None,
            waits: false,
        }),
        _ => body,
    }
}

struct Watched {
    body: Body,
    idle: Duration,
    /// Made with the first wait, and set anew by each.
    sleep: Option<Pin<Box<Sleep>>>,
    waits: bool,
}

impl Watched {
    /// Ready when nothing has come for too long.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !std::mem::replace(&mut self.waits, true) {
            // A limit beyond what a clock can hold never passes.
            let Some(deadline) = Instant::now().checked_add(self.idle) else {
                return Poll::Pending;
            };
            match &mut self.sleep {
                Some(sleep) => sleep.as_mut().reset(deadline),
                None => self.sleep = Some(Box::pin(sleep_until(deadline))),
            }
        }
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.waits = false;
            return Poll::Ready(frame);
        }
        self.poll_idle(cx).map(|()| {
            // Nobody reads on: what holds the connection lets go of it.
            self.body = Body::empty();
            let what = format!("no byte of the content came for {:?}", self.idle);
            let error = TransportError::new(TransportErrorKind::Timeout, what)
                .with_phase(Phase::Body)
                .with_sent(Sent::Responded);
            Some(Err(error))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
