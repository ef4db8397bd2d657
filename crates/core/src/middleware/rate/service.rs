//! The service behind [`RateLimit`].

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

use super::{
    RateLimit,
    line::{Entry, Line},
    reservation::Reservation,
};
use crate::{Call, Error, Reply, Result};

/// A service behind [`RateLimit`]. Its clones share the limits.
#[derive(Clone, Debug)]
pub struct RateLimitService<S> {
    settings: RateLimit,
    line: Arc<Line>,
    inner: S,
}

impl<S> RateLimitService<S> {
    pub(super) fn new(settings: RateLimit, line: Arc<Line>, inner: S) -> Self {
        Self {
            settings,
            line,
            inner,
        }
    }
}

impl<S> Service<Call> for RateLimitService<S>
where
    S: Service<Call, Response = Reply, Error = Error> + Clone,
{
    type Response = Reply;
    type Error = Error;
    type Future = RateLimitFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, call: Call) -> RateLimitFuture<S> {
        // A layer cannot refuse to be built, so settings that cannot work are told here.
        let entry = match self.settings.check() {
            Ok(()) => self.line.enter(&call),
            Err(error) => Entry::Refused(error),
        };
        let state = match entry {
            Entry::In(reservation) => State::Sent {
                future: self.inner.call(call),
                reservation: Some(reservation),
            },
            Entry::Wait(place) => {
                // The one that was polled ready makes the call; its clone is polled for the next.
                let clone = self.inner.clone();
                let ready = std::mem::replace(&mut self.inner, clone);
                State::Waiting {
                    place,
                    then: Some((ready, call)),
                }
            }
            Entry::Refused(error) => State::Refused { error: Some(error) },
        };
        RateLimitFuture { state }
    }
}

pin_project! {
    /// The future of [`RateLimitService`].
    pub struct RateLimitFuture<S>
    where
        S: Service<Call>,
    {
        #[pin]
        state: State<S>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S>
    where
        S: Service<Call>,
    {
        Refused { error: Option<Error> },
        Waiting {
            place: Pin<Box<dyn Future<Output = Result<Reservation>> + Send>>,
            then: Option<(S, Call)>,
        },
        Sent {
            #[pin]
            future: S::Future,
            reservation: Option<Reservation>,
        },
    }
}

impl<S> Future for RateLimitFuture<S>
where
    S: Service<Call, Response = Reply, Error = Error>,
{
    type Output = Result<Reply>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProjection::Refused { error } => match error.take() {
                    Some(error) => return Poll::Ready(Err(error)),
                    // It has been told already.
                    None => return Poll::Pending,
                },
                StateProjection::Waiting { place, then } => {
                    let reservation = ready!(place.as_mut().poll(cx))?;
                    let Some((mut inner, call)) = then.take() else {
                        return Poll::Pending;
                    };
                    State::Sent {
                        future: inner.call(call),
                        reservation: Some(reservation),
                    }
                }
                StateProjection::Sent {
                    future,
                    reservation,
                } => {
                    let result = ready!(future.poll(cx));
                    return Poll::Ready(match reservation.take() {
                        Some(reservation) => reservation.settle(result),
                        None => result,
                    });
                }
            };
            state.set(next);
        }
    }
}

impl<S: Service<Call>> fmt::Debug for RateLimitFuture<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RateLimitFuture")
    }
}
