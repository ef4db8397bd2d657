//! The instruments, and in which buckets they count.

use opentelemetry::metrics::{Counter, Histogram, Meter, UpDownCounter};

use super::names::Names;

/// What calls are measured with.
#[derive(Debug)]
pub(super) struct Instruments {
    pub(super) duration: Histogram<f64>,
    pub(super) time_to_first_chunk: Histogram<f64>,
    pub(super) tokens: Histogram<u64>,
    pub(super) active: UpDownCounter<i64>,
    pub(super) attempts: Counter<u64>,
    pub(super) retry_wait: Histogram<f64>,
    pub(super) queue_time: Histogram<f64>,
    pub(super) request_models: Names,
    pub(super) response_models: Names,
}

impl Instruments {
    pub(super) fn new(meter: &Meter) -> Self {
        let seconds = |name, what| {
            meter
                .f64_histogram(name)
                .with_description(what)
                .with_unit("s")
                .with_boundaries(seconds())
                .build()
        };
        Self {
            duration: seconds(
                "gen_ai.client.operation.duration",
                "From the start of a call to the end of its reply.",
            ),
            time_to_first_chunk: seconds(
                "gen_ai.client.operation.time_to_first_chunk",
                "From the start of a call to the first content of its stream.",
            ),
            tokens: meter
                .u64_histogram("gen_ai.client.token.usage")
                .with_description("Tokens that went in and came out, as the provider counted.")
                .with_unit("{token}")
                .with_boundaries(tokens())
                .build(),
            active: meter
                .i64_up_down_counter("trunkline.client.active")
                .with_description("Calls under way, to the end of their streams.")
                .with_unit("{call}")
                .build(),
            attempts: meter
                .u64_counter("trunkline.client.attempts")
                .with_description("Attempts that were made for calls.")
                .with_unit("{attempt}")
                .build(),
            retry_wait: seconds(
                "trunkline.client.retry.wait",
                "What a call waited between its attempts, where it did.",
            ),
            queue_time: seconds(
                "trunkline.client.queue.time",
                "What a call stood in line, where it did.",
            ),
            request_models: Names::default(),
            response_models: Names::default(),
        }
    }
}

/// The conventions' bounds for times: 10 ms, doubled up to 82 s.
fn seconds() -> Vec<f64> {
    (0..14).map(|power| f64::from(1 << power) / 100.0).collect()
}

/// The conventions' bounds for tokens: the powers of four up to 4¹³.
fn tokens() -> Vec<f64> {
    (0..14).map(|power| f64::from(1 << (2 * power))).collect()
}
