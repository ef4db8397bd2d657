//! What a backend's statistics say, whenever somebody collects.

use std::collections::BTreeMap;

use opentelemetry::{KeyValue, metrics::Meter};

use crate::{Backend, middleware::semconv};

/// Registers the instruments; their callbacks hold the backend.
pub(super) fn register(meter: &Meter, backend: Backend) {
    let source = backend.clone();
    meter
        .i64_observable_up_down_counter("trunkline.endpoint.active")
        .with_description("Attempts under way at an endpoint, to the end of their streams.")
        .with_unit("{attempt}")
        .with_callback(move |observer| {
            for (attributes, sums) in collect(&source) {
                let running = i64::try_from(sums.running).unwrap_or(i64::MAX);
                observer.observe(running, &attributes);
            }
        })
        .build();
    let source = backend.clone();
    meter
        .u64_observable_counter("trunkline.endpoint.attempts")
        .with_description("Attempts at an endpoint that are over, by how they ended.")
        .with_unit("{attempt}")
        .with_callback(move |observer| {
            for (mut attributes, sums) in collect(&source) {
                observer.observe(sums.completed, &attributes);
                for (kind, count) in sums.failed {
                    attributes.push(KeyValue::new("error.type", kind));
                    observer.observe(count, &attributes);
                    attributes.pop();
                }
            }
        })
        .build();
    meter
        .u64_observable_counter("trunkline.endpoint.retries")
        .with_description("Attempts at an endpoint that were not their call's first.")
        .with_unit("{attempt}")
        .with_callback(move |observer| {
            for (attributes, sums) in collect(&backend) {
                observer.observe(sums.retries, &attributes);
            }
        })
        .build();
}

/// What has happened under one set of attributes.
#[derive(Debug, Default)]
struct Sums {
    running: u64,
    completed: u64,
    retries: u64,
    failed: BTreeMap<&'static str, u64>,
}

/// The statistics by attributes. A pool may reach one endpoint with several keys, and a reader
/// takes one value for each set of attributes only: theirs is the sum.
fn collect(backend: &Backend) -> impl Iterator<Item = (Vec<KeyValue>, Sums)> {
    let mut by_endpoint = BTreeMap::<_, Sums>::new();
    for endpoint in backend.stats().endpoints {
        let sums = by_endpoint
            .entry((endpoint.provider, endpoint.endpoint))
            .or_default();
        sums.running += endpoint.running;
        sums.completed += endpoint.completed;
        sums.retries += endpoint.retries;
        let given_up = (endpoint.cancelled > 0).then_some((semconv::CANCELLED, endpoint.cancelled));
        for (kind, count) in endpoint.errors.into_iter().chain(given_up) {
            *sums.failed.entry(kind).or_default() += count;
        }
    }
    let name = backend.info().name.clone();
    by_endpoint
        .into_iter()
        .map(move |((provider, endpoint), sums)| (attributes(&name, &provider, &endpoint), sums))
}

fn attributes(backend: &str, provider: &str, endpoint: &str) -> Vec<KeyValue> {
    let (address, port) = semconv::server(endpoint);
    let mut attributes = vec![
        KeyValue::new("trunkline.backend.name", backend.to_owned()),
        KeyValue::new(
            "gen_ai.provider.name",
            semconv::provider(provider).to_owned(),
        ),
        KeyValue::new("server.address", address.to_owned()),
    ];
    if let Some(port) = port {
        attributes.push(KeyValue::new("server.port", i64::from(port)));
    }
    attributes
}
