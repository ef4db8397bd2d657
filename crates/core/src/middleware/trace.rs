//! One span for each call, in OpenTelemetry's names for generative AI.
//!
//! <https://github.com/open-telemetry/semantic-conventions-genai>

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::{Instrument, instrument::Instrumented};

use super::follow::Following;
use crate::{Call, Error, Reply, Result};

mod attempt;
mod content;
mod span;

pub use attempt::KeyId;
pub(crate) use attempt::{Told, attempt, told_of};
use span::CallSpan;

/// A span for each call, from its start to the end of its reply: operation, provider, models,
/// tokens, waits, attempts, how it ended. Never what was said, unless
/// [`with_content`](Self::with_content) is called, and never a key or a provider's message.
///
/// Where no subscriber wants the span, a call costs what it costs without this layer.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    provider: &'static str,
    content: bool,
}

impl Trace {
    /// Spans of calls to this provider, by its id: `groq`.
    pub fn new(provider: &'static str) -> Self {
        Self {
            provider,
            content: false,
        }
    }

    /// Records the messages and the answer as events of the span. They may be private.
    #[must_use]
    pub fn with_content(mut self) -> Self {
        self.content = true;
        self
    }
}

impl<S> Layer<S> for Trace {
    type Service = TraceService<S>;

    fn layer(&self, inner: S) -> TraceService<S> {
        TraceService {
            trace: *self,
            inner,
        }
    }
}

/// A service behind [`Trace`].
#[derive(Clone, Debug)]
pub struct TraceService<S> {
    trace: Trace,
    inner: S,
}

impl<S> Service<Call> for TraceService<S>
where
    S: Service<Call, Response = Reply, Error = Error>,
{
    type Response = Reply;
    type Error = Error;
    type Future = TraceFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut call: Call) -> Self::Future {
        let span = span::open(self.trace.provider, &call.op);
        let following = (!span.is_disabled())
            .then(|| CallSpan::begin(span.clone(), &mut call, self.trace.content));
        let inner = span.in_scope(|| self.inner.call(call));
        TraceFuture {
            inner: inner.instrument(span),
            following: Following::new(following),
        }
    }
}

pin_project! {
    /// The future of [`TraceService`].
    #[derive(Debug)]
    pub struct TraceFuture<F> {
        #[pin]
        inner: Instrumented<F>,
        following: Following<CallSpan>,
    }
}

impl<F: Future<Output = Result<Reply>>> Future for TraceFuture<F> {
    type Output = Result<Reply>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        let this = self.project();
        let result = ready!(this.inner.poll(cx));
        Poll::Ready(this.following.take().settle(result))
    }
}
