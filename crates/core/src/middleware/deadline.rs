//! One bound over all that a call does.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Call, Delivery, Error, Phase, Reply, Result, trail::Trail};

/// Ends a call that takes too long.
///
/// The total bounds the wait for a whole answer, or for the first content of a stream: queueing
/// and retries included. After its first content a stream is bounded by the caller's own deadline,
/// or by [`max_stream`](Self::max_stream): a caller that reads too slowly does not hold its place
/// for ever. Whoever looks at the clock is the one who reads, so a stream that is kept and never
/// read again keeps its place until it is dropped.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    total: Duration,
    max_stream: Duration,
}

impl Default for Deadline {
    /// 600 s in all; one hour for a stream.
    fn default() -> Self {
        Self {
            total: Duration::from_secs(600),
            max_stream: Duration::from_secs(3_600),
        }
    }
}

impl Deadline {
    /// Sets the bound of calls whose caller gives none.
    #[must_use]
    pub fn total(mut self, total: Duration) -> Self {
        self.total = total;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        let wrong = if self.total.is_zero() {
            "the deadline's `total` is zero: no call could be answered; leave the layer out instead"
        } else if self.max_stream.is_zero() {
            "the deadline's `max_stream` is zero: no stream could be read; leave the layer out instead"
        } else {
            return Ok(());
        };
        Err(Error::config(wrong))
    }

    /// Sets the longest life of a stream whose caller gives no deadline.
    #[must_use]
    pub fn max_stream(mut self, max_stream: Duration) -> Self {
        self.max_stream = max_stream;
        self
    }
}

impl<S> Layer<S> for Deadline {
    type Service = DeadlineService<S>;

    fn layer(&self, inner: S) -> DeadlineService<S> {
        DeadlineService {
            deadline: *self,
            inner,
        }
    }
}

/// A service behind [`Deadline`].
#[derive(Clone, Debug)]
pub struct DeadlineService<S> {
    deadline: Deadline,
    inner: S,
}

impl<S> Service<Call> for DeadlineService<S>
where
    S: Service<Call, Response = Reply, Error = Error>,
{
    type Response = Reply;
    type Error = Error;
    type Future = DeadlineFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        let now = Instant::now();
        let own = call.deadline;
        // A total beyond what a clock can hold is none.
        let far = now + Duration::from_secs(86_400 * 365);
        let deadline = own.unwrap_or_else(|| now.checked_add(self.deadline.total).unwrap_or(far));
        call.deadline = Some(deadline);
        call.trail.open();
        let trail = call.trail.clone();
        DeadlineFuture {
            inner: self.inner.call(call),
            sleep: sleep_until(deadline),
            begun: false,
            stream_end: own
                .unwrap_or_else(|| now.checked_add(self.deadline.max_stream).unwrap_or(far)),
            began: now,
            trail,
        }
    }
}

pin_project! {
    /// The future of [`DeadlineService`].
    #[derive(Debug)]
    pub struct DeadlineFuture<F> {
        #[pin]
        inner: F,
        #[pin]
        sleep: Sleep,
        begun: bool,
        stream_end: Instant,
        began: Instant,
        trail: Trail,
    }
}

impl<F: Future<Output = Result<Reply>>> Future for DeadlineFuture<F> {
    type Output = Result<Reply>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        let this = self.project();
        if !std::mem::replace(this.begun, true) && this.sleep.deadline() <= Instant::now() {
            let error = Error::new(
                crate::ErrorKind::Timeout,
                "the call's deadline had passed before it began",
            );
            return Poll::Ready(Err(error.with_phase(Phase::Total)));
        }
        if let Poll::Ready(reply) = this.inner.poll(cx) {
            return Poll::Ready(reply.map(|reply| match reply {
                Reply::ChatStream(mut stream) => {
                    stream.end_at(
                        *this.stream_end,
                        this.stream_end.saturating_duration_since(*this.began),
                    );
                    Reply::ChatStream(stream)
                }
                other => other,
            }));
        }
        let after = this.sleep.deadline().saturating_duration_since(*this.began);
        this.sleep.poll(cx).map(|()| {
            // Nobody knows how far the attempt had come.
            let mut error =
                Error::timeout(Phase::Total, after).with_delivery(Delivery::MaybeProcessed);
            this.trail.close(&mut error);
            Err(error)
        })
    }
}
