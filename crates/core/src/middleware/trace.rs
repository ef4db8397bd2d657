//! One span for each call, in OpenTelemetry's names for generative AI.
//!
//! <https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/>

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;
use tracing::{Instrument, Span, field::Empty, instrument::Instrumented};

use crate::{
    Call, ChatResponse, End, Error, Observe, Op, Reply, Result, StreamChunk, chat::Usage,
    stream::Fold,
};

/// A span for each call: operation, provider, models, tokens, how it ended. Never what was said,
/// unless [`with_content`](Self::with_content) is called.
#[derive(Clone, Copy, Debug)]
pub struct Trace {
    provider: &'static str,
    content: bool,
}

impl Trace {
    /// Spans of calls to this provider.
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

    fn span(&self, op: &Op) -> Span {
        let operation = operation(op);
        let model = op.model();
        let span = tracing::info_span!(
            target: "trunkline",
            "gen_ai",
            otel.name = Empty,
            otel.kind = "client",
            gen_ai.operation.name = operation,
            gen_ai.provider.name = self.provider,
            gen_ai.request.model = Empty,
            gen_ai.response.model = Empty,
            gen_ai.response.id = Empty,
            gen_ai.response.finish_reasons = Empty,
            gen_ai.usage.input_tokens = Empty,
            gen_ai.usage.output_tokens = Empty,
            http.response.status_code = Empty,
            error.r#type = Empty,
            otel.status_code = Empty,
        );
        if !span.is_disabled() {
            if model.is_empty() {
                span.record("otel.name", operation);
            } else {
                span.record("otel.name", format!("{operation} {model}"));
                span.record("gen_ai.request.model", model);
            }
            if let (true, Op::Chat(request) | Op::ChatStream(request)) = (self.content, op) {
                let messages = serde_json::to_string(&request.messages).unwrap_or_default();
                span.in_scope(|| tracing::info!(target: "trunkline", { gen_ai.input.messages = messages }, "request"));
            }
        }
        span
    }
}

/// The name of an operation in the conventions, where they have one.
fn operation(op: &Op) -> &'static str {
    match op {
        Op::Chat(_) | Op::ChatStream(_) => "chat",
        Op::Embed(_) => "embeddings",
        op => op.name(),
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

    fn call(&mut self, call: Call) -> Self::Future {
        let span = self.trace.span(&call.op);
        let inner = span
            .in_scope(|| self.inner.call(call))
            .instrument(span.clone());
        TraceFuture {
            inner,
            span,
            content: self.trace.content,
        }
    }
}

pin_project! {
    /// The future of [`TraceService`].
    #[derive(Debug)]
    pub struct TraceFuture<F> {
        #[pin]
        inner: Instrumented<F>,
        span: Span,
        content: bool,
    }
}

impl<F: Future<Output = Result<Reply>>> Future for TraceFuture<F> {
    type Output = Result<Reply>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Reply>> {
        let this = self.project();
        let result = std::task::ready!(this.inner.poll(cx));
        if this.span.is_disabled() {
            return Poll::Ready(result);
        }
        Poll::Ready(match result {
            Ok(Reply::ChatStream(mut stream)) => {
                let answer = this.content.then(Fold::default);
                stream.observe(Watch {
                    span: this.span.clone(),
                    answer,
                });
                Ok(Reply::ChatStream(stream))
            }
            Ok(reply) => {
                match &reply {
                    Reply::Chat(response) => record_answer(this.span, response, *this.content),
                    Reply::Embed(response) => record_usage(this.span, &response.usage),
                    _ => {}
                }
                Ok(reply)
            }
            Err(error) => {
                record_error(this.span, &error);
                Err(error)
            }
        })
    }
}

/// Holds the span open to the end of a stream.
struct Watch {
    span: Span,
    /// The answer, where the caller wants to see it there.
    answer: Option<Fold>,
}

impl Observe for Watch {
    fn on_event(&mut self, chunk: &StreamChunk) {
        if self
            .answer
            .as_mut()
            .is_some_and(|answer| answer.push(chunk).is_err())
        {
            self.answer = None;
        }
        match chunk {
            StreamChunk::Meta(meta) => {
                record(&self.span, "gen_ai.response.model", meta.model.as_deref());
                record(&self.span, "gen_ai.response.id", meta.id.as_deref());
            }
            StreamChunk::Usage(usage) => record_usage(&self.span, usage),
            StreamChunk::Finish { reason, usage, .. } => {
                self.span.record(
                    "gen_ai.response.finish_reasons",
                    reason.kind.class().as_str(),
                );
                if let Some(usage) = usage {
                    record_usage(&self.span, usage);
                }
            }
            _ => {}
        }
    }

    fn on_end(self: Box<Self>, end: End<'_>) {
        if let Some(answer) = &self.answer {
            record_message(&self.span, &answer.partial());
        }
        match end {
            End::Complete => {}
            End::Failed(error) => record_error(&self.span, error),
            End::Dropped => {
                self.span.record("error.type", "cancelled");
            }
        }
    }
}

fn record_answer(span: &Span, response: &ChatResponse, content: bool) {
    record(span, "gen_ai.response.model", Some(&response.model));
    record(span, "gen_ai.response.id", response.id.as_deref());
    span.record(
        "gen_ai.response.finish_reasons",
        response.finish.kind.class().as_str(),
    );
    record_usage(span, &response.usage);
    if content {
        record_message(span, response);
    }
}

fn record_message(span: &Span, response: &ChatResponse) {
    let message = serde_json::to_string(&response.message).unwrap_or_default();
    span.in_scope(
        || tracing::info!(target: "trunkline", { gen_ai.output.messages = message }, "answer"),
    );
}

fn record_usage(span: &Span, usage: &Usage) {
    if let Some(tokens) = usage.input.total {
        span.record("gen_ai.usage.input_tokens", tokens);
    }
    if let Some(tokens) = usage.output.total {
        span.record("gen_ai.usage.output_tokens", tokens);
    }
}

/// Kind and status only: a provider's message may quote the prompt.
fn record_error(span: &Span, error: &Error) {
    span.record("error.type", error.kind().name());
    span.record("otel.status_code", "ERROR");
    if let Some(status) = error.status() {
        span.record("http.response.status_code", status.as_u16());
    }
}

fn record(span: &Span, field: &'static str, value: Option<&str>) {
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        span.record(field, value);
    }
}
