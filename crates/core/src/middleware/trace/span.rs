//! The span of a call and what is written into it.

use std::fmt;

use tokio::time::Instant;
use tracing::{
    Span,
    field::{self, Empty},
};

use super::content;
use crate::{
    Call, ChatRequest, End, Error, ErrorKind, Op, Reply, StreamChunk,
    chat::{Format, Meta, Modality, Usage},
    middleware::{
        follow::Follower,
        semconv::{self, Escaped},
        times::Lap,
    },
    protocol::request_id,
    stream::Fold,
};

/// Opens the span of a call, with what is known before anything is sent: samplers look at it then.
///
/// It has 32 fields, as many as every version of tracing can hold.
pub(super) fn open(provider: &'static str, op: &Op) -> Span {
    let operation = semconv::operation(op);
    let model = op.model();
    let request = match op {
        Op::Chat(request) | Op::ChatStream(request) => Some(&**request),
        _ => None,
    };
    tracing::info_span!(
        target: "trunkline",
        "gen_ai",
        otel.name = field::display(Title { operation, model }),
        otel.kind = "client",
        otel.status_code = Empty,
        gen_ai.operation.name = operation,
        gen_ai.provider.name = semconv::provider(provider),
        gen_ai.request.model = (!model.is_empty()).then(|| field::display(Escaped(model))),
        gen_ai.request.stream = matches!(op, Op::ChatStream(_)).then_some(true),
        gen_ai.request.max_tokens = request.and_then(|request| request.max_output_tokens),
        gen_ai.request.temperature = request.and_then(|request| request.temperature),
        gen_ai.request.top_p = request.and_then(|request| request.top_p),
        gen_ai.request.top_k = request.and_then(|request| request.top_k),
        gen_ai.request.seed = request.and_then(|request| request.seed),
        gen_ai.request.choice.count =
            request.and_then(|request| request.candidates).filter(|count| *count != 1),
        gen_ai.output.r#type = request.and_then(output_type),
        gen_ai.response.model = Empty,
        gen_ai.response.id = Empty,
        gen_ai.response.finish_reasons = Empty,
        gen_ai.response.time_to_first_chunk = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        gen_ai.usage.cache_read.input_tokens = Empty,
        gen_ai.usage.cache_creation.input_tokens = Empty,
        gen_ai.usage.reasoning.output_tokens = Empty,
        server.address = Empty,
        server.port = Empty,
        http.response.status_code = Empty,
        error.r#type = Empty,
        trunkline.request.id = Empty,
        trunkline.attempts = Empty,
        trunkline.retry.wait = Empty,
        trunkline.queue.time = Empty,
        trunkline.breaker.state = Empty,
    )
}

/// The span's name: `chat llama-3.3-70b`.
struct Title<'a> {
    operation: &'static str,
    model: &'a str,
}

impl fmt::Display for Title<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        if self.model.is_empty() {
            return Ok(());
        }
        write!(f, " {}", Escaped(self.model))
    }
}

/// What was asked for, where the request says so.
fn output_type(request: &ChatRequest) -> Option<&'static str> {
    let asks = |modality| request.modalities.contains(&modality);
    match &request.format {
        Some(Format::Json | Format::Schema { .. }) => Some("json"),
        _ if asks(Modality::Image) => Some("image"),
        _ if asks(Modality::Audio) => Some("speech"),
        Some(Format::Text) => Some("text"),
        None => None,
    }
}

/// An open span, until its call is over.
#[derive(Debug)]
pub(super) struct CallSpan {
    span: Span,
    began: Instant,
    lap: Lap,
    has_content: bool,
    usage: Option<Box<Usage>>,
    /// The answer so far, where the caller wants to see it there.
    answer: Option<Box<Fold>>,
    content: bool,
}

impl CallSpan {
    pub(super) fn begin(span: Span, call: &mut Call, content: bool) -> Self {
        if let (true, Op::Chat(request) | Op::ChatStream(request)) = (content, &call.op) {
            span.in_scope(|| content::asked(request));
        }
        Self {
            span,
            began: Instant::now(),
            lap: Lap::begin(call),
            has_content: false,
            usage: None,
            answer: None,
            content,
        }
    }

    fn first_content(&mut self) {
        if !std::mem::replace(&mut self.has_content, true) {
            self.span.record(
                "gen_ai.response.time_to_first_chunk",
                self.began.elapsed().as_secs_f64(),
            );
        }
    }

    fn name(&self, field: &'static str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.span.record(field, field::display(Escaped(value)));
        }
    }

    fn meta(&self, meta: &Meta) {
        self.endpoint(meta.endpoint.as_deref());
        self.status(meta.status);
        self.name("trunkline.request.id", meta.request_id());
    }

    fn endpoint(&self, authority: Option<&str>) {
        let Some((address, port)) = authority.map(semconv::server) else {
            return;
        };
        self.span.record("server.address", address);
        if let Some(port) = port {
            self.span.record("server.port", port);
        }
    }

    fn status(&self, status: Option<http::StatusCode>) {
        if let Some(status) = status {
            self.span
                .record("http.response.status_code", status.as_u16());
        }
    }

    fn usage(&self, usage: &Usage) {
        for (field, tokens) in [
            ("gen_ai.usage.input_tokens", usage.input.total),
            ("gen_ai.usage.output_tokens", usage.output.total),
            (
                "gen_ai.usage.cache_read.input_tokens",
                usage.input.cache_read,
            ),
            (
                "gen_ai.usage.cache_creation.input_tokens",
                usage.input.cache_write,
            ),
            (
                "gen_ai.usage.reasoning.output_tokens",
                usage.output.reasoning,
            ),
        ] {
            if let Some(tokens) = tokens {
                self.span.record(field, tokens);
            }
        }
    }

    /// Kind and status, never the provider's message: it may quote the prompt.
    fn failure(&self, error: &Error) {
        self.span.record("error.type", error.kind().name());
        self.span.record("otel.status_code", "ERROR");
        self.endpoint(error.endpoint());
        self.status(error.status());
        self.name("trunkline.request.id", error.request_id());
        if error.kind() == ErrorKind::CircuitOpen {
            self.span.record("trunkline.breaker.state", "open");
        }
    }

    fn waits(&self) {
        self.span.record("trunkline.attempts", self.lap.attempts());
        for (field, time) in [
            ("trunkline.retry.wait", self.lap.wait()),
            ("trunkline.queue.time", self.lap.queue()),
        ] {
            if !time.is_zero() {
                self.span.record(field, time.as_secs_f64());
            }
        }
    }
}

impl Follower for CallSpan {
    fn on_reply(&mut self, reply: &Reply) {
        if let Some(meta) = reply.meta() {
            self.meta(meta);
        }
        self.name("gen_ai.response.model", Some(reply.model()));
        self.name("gen_ai.response.id", reply.id());
        if let Some(usage) = reply.usage() {
            self.usage(usage);
        }
        match reply {
            Reply::Chat(response) => {
                self.span.record(
                    "gen_ai.response.finish_reasons",
                    response.finish.kind.class().as_str(),
                );
                if self.content {
                    self.span.in_scope(|| content::answered(response));
                }
            }
            Reply::ChatStream(stream) => {
                self.answer = self.content.then(Box::default);
                if stream.has_content() {
                    self.first_content();
                }
            }
            Reply::Raw(response) => {
                self.status(Some(response.status()));
                self.name("trunkline.request.id", request_id(response.headers()));
            }
            _ => {}
        }
    }

    fn on_chunk(&mut self, chunk: &StreamChunk) {
        if let Some(answer) = &mut self.answer
            && answer.push(chunk).is_err()
        {
            self.answer = None;
        }
        if chunk.is_output() {
            self.first_content();
        }
        if let Some(usage) = semconv::usage(chunk) {
            self.usage = Some(Box::new(usage.clone()));
        }
        match chunk {
            StreamChunk::Meta(meta) => {
                self.name("gen_ai.response.model", meta.model.as_deref());
                self.name("gen_ai.response.id", meta.id.as_deref());
            }
            StreamChunk::Finish { reason, .. } => {
                self.span.record(
                    "gen_ai.response.finish_reasons",
                    reason.kind.class().as_str(),
                );
            }
            _ => {}
        }
    }

    fn on_end(&mut self, end: End<'_>) {
        if let Some(usage) = &self.usage {
            self.usage(usage);
        }
        if let Some(answer) = &self.answer {
            self.span.in_scope(|| content::answered(&answer.partial()));
        }
        self.waits();
        match end {
            End::Complete => {}
            End::Failed(error) => self.failure(error),
            End::Dropped => {
                self.span.record("error.type", semconv::CANCELLED);
            }
        }
    }
}
