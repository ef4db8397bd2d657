//! One call under measurement.

use std::sync::Arc;

use opentelemetry::KeyValue;
use tokio::time::{Duration, Instant};

use super::Instruments;
use crate::{
    Call, End, Reply, StreamChunk,
    chat::{Meta, Usage},
    middleware::{follow::Follower, semconv, times::Lap},
};

/// What is known of a call so far; its instruments learn of it at the end, when all is known.
#[derive(Debug)]
pub(super) struct Measured {
    instruments: Arc<Instruments>,
    began: Instant,
    lap: Lap,
    operation: &'static str,
    provider: Option<Arc<str>>,
    request_model: Option<Arc<str>>,
    response_model: Option<Arc<str>>,
    endpoint: Option<Arc<str>>,
    first_chunk: Option<Duration>,
    input: Option<u64>,
    output: Option<u64>,
}

impl Measured {
    pub(super) fn begin(
        instruments: Arc<Instruments>,
        provider: Option<Arc<str>>,
        call: &mut Call,
    ) -> Self {
        let measured = Self {
            began: Instant::now(),
            lap: Lap::begin(call),
            operation: semconv::operation(&call.op),
            provider,
            request_model: instruments.request_models.of(call.op.model()),
            response_model: None,
            endpoint: None,
            first_chunk: None,
            input: None,
            output: None,
            instruments,
        };
        measured.instruments.active.add(1, &measured.known_before());
        measured
    }

    /// The attributes that do not change during a call.
    fn known_before(&self) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(8);
        attributes.push(KeyValue::new("gen_ai.operation.name", self.operation));
        if let Some(model) = &self.request_model {
            attributes.push(KeyValue::new("gen_ai.request.model", model.clone()));
        }
        attributes
    }

    fn attributes(&self) -> Vec<KeyValue> {
        let mut attributes = self.known_before();
        if let Some(provider) = self.provider.as_deref() {
            let provider = semconv::provider(provider).to_owned();
            attributes.push(KeyValue::new("gen_ai.provider.name", provider));
        }
        if let Some(model) = &self.response_model {
            attributes.push(KeyValue::new("gen_ai.response.model", model.clone()));
        }
        if let Some((address, port)) = self.endpoint.as_deref().map(semconv::server) {
            attributes.push(KeyValue::new("server.address", address.to_owned()));
            if let Some(port) = port {
                attributes.push(KeyValue::new("server.port", i64::from(port)));
            }
        }
        attributes
    }

    fn first_content(&mut self) {
        self.first_chunk.get_or_insert_with(|| self.began.elapsed());
    }

    fn meta(&mut self, meta: &Meta) {
        self.provider = meta.provider.clone().or_else(|| self.provider.take());
        self.endpoint.clone_from(&meta.endpoint);
    }

    fn model(&mut self, name: &str) {
        self.response_model = self.instruments.response_models.of(name);
    }

    fn usage(&mut self, usage: &Usage) {
        self.input = usage.input.total;
        self.output = usage.output.total;
    }

    fn record_tokens(&self, attributes: &[KeyValue]) {
        for (kind, tokens) in [("input", self.input), ("output", self.output)] {
            if let Some(tokens) = tokens {
                let mut attributes = attributes.to_vec();
                attributes.push(KeyValue::new("gen_ai.token.type", kind));
                self.instruments.tokens.record(tokens, &attributes);
            }
        }
    }
}

impl Follower for Measured {
    fn on_reply(&mut self, reply: &Reply) {
        if let Some(meta) = reply.meta() {
            self.meta(meta);
        }
        if !reply.model().is_empty() {
            self.model(reply.model());
        }
        if let Some(usage) = reply.usage() {
            self.usage(usage);
        }
        if let Reply::ChatStream(stream) = reply
            && stream.has_content()
        {
            self.first_content();
        }
    }

    fn on_chunk(&mut self, chunk: &StreamChunk) {
        if chunk.is_output() {
            self.first_content();
        }
        if let Some(usage) = semconv::usage(chunk) {
            self.usage(usage);
        }
        if let StreamChunk::Meta(meta) = chunk
            && let Some(model) = &meta.model
        {
            self.model(model);
        }
    }

    fn on_end(&mut self, end: End<'_>) {
        let instruments = self.instruments.clone();
        instruments.active.add(-1, &self.known_before());
        let error = match end {
            End::Complete => None,
            End::Failed(error) => {
                if !error.provider().is_empty() {
                    self.provider = Some(error.provider().into());
                }
                if let Some(endpoint) = error.endpoint() {
                    self.endpoint = Some(endpoint.into());
                }
                Some(error.kind().name())
            }
            End::Dropped => Some(semconv::CANCELLED),
        };
        let mut attributes = self.attributes();
        self.record_tokens(&attributes);
        if let Some(first_chunk) = self.first_chunk {
            instruments
                .time_to_first_chunk
                .record(first_chunk.as_secs_f64(), &attributes);
        }
        if let Some(error) = error {
            attributes.push(KeyValue::new("error.type", error));
        }
        instruments
            .duration
            .record(self.began.elapsed().as_secs_f64(), &attributes);
        instruments
            .attempts
            .add(u64::from(self.lap.attempts()), &attributes);
        for (instrument, time) in [
            (&instruments.retry_wait, self.lap.wait()),
            (&instruments.queue_time, self.lap.queue()),
        ] {
            if !time.is_zero() {
                instrument.record(time.as_secs_f64(), &attributes);
            }
        }
    }
}
