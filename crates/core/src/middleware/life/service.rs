//! The life of a backend as a layer.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{Life, Place};
use crate::{Call, Error, Reply, Result, trail::Trail};

impl<S> Layer<S> for Life {
    type Service = LifeService<S>;

    fn layer(&self, inner: S) -> LifeService<S> {
        LifeService {
            life: self.clone(),
            inner,
        }
    }
}

/// A service that ends with a backend.
#[derive(Clone, Debug)]
pub(crate) struct LifeService<S> {
    life: Life,
    inner: S,
}

impl<S> Service<Call> for LifeService<S>
where
    S: Service<Call, Response = Reply, Error = Error>,
{
    type Response = Reply;
    type Error = Error;
    type Future = LifeFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        // What was tried until then is told by who is sent away.
        call.trail.open();
        let trail = call.trail.clone();
        let (place, refusal) = match self.life.enter() {
            Ok(place) => (Some(place), None),
            Err(refusal) => (None, Some(refusal)),
        };
        LifeFuture {
            inner: place.is_some().then(|| self.inner.call(call)),
            place,
            refusal,
            trail,
        }
    }
}

pin_project! {
    /// The future of [`LifeService`].
    #[derive(Debug)]
    pub(crate) struct LifeFuture<F> {
        #[pin]
        inner: Option<F>,
        place: Option<Place>,
        refusal: Option<Error>,
        trail: Trail,
    }
}

impl<F: Future<Output = Result<Reply>>> Future for LifeFuture<F> {
    type Output = Result<Reply>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        let mut this = self.project();
        if let Some(refusal) = this.refusal.take() {
            return Poll::Ready(Err(refusal));
        }
        let (Some(inner), Some(place)) = (this.inner.as_mut().as_pin_mut(), this.place.as_ref())
        else {
            return Poll::Pending;
        };
        let result = match inner.poll(cx) {
            Poll::Ready(result) => result,
            Poll::Pending => match place.poll_ended(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(mut error) => {
                    this.trail.close(&mut error);
                    Err(error)
                }
            },
        };
        // What the call holds goes before its place: who waits for the last one finds nothing.
        this.inner.set(None);
        let place = this.place.take();
        Poll::Ready(match (result, place) {
            (Ok(reply), Some(place)) => Ok(place.until_over(reply)),
            (result, _) => result,
        })
    }
}
