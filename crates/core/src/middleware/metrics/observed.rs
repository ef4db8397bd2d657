//! What a backend's statistics say, whenever somebody collects.

use std::collections::BTreeMap;

use opentelemetry::{KeyValue, metrics::Meter};

use crate::{
    Backend,
    middleware::{CircuitState, semconv},
    stats::{EndpointStats, KeyState},
};

/// Registers the instruments; their callbacks hold the backend.
pub(super) fn register(meter: &Meter, backend: &Backend) {
    let watch = Watch { meter, backend };
    watch.level(
        "trunkline.endpoint.active",
        "Attempts under way at an endpoint, to the end of their streams.",
        "{attempt}",
        |sums| sums.running,
    );
    watch.level(
        "trunkline.endpoint.queued",
        "Calls that wait for their turn at an endpoint.",
        "{call}",
        |sums| sums.queued,
    );
    watch.level(
        "trunkline.endpoint.ejected",
        "1 where a pool leaves the endpoint out, else 0.",
        "{endpoint}",
        |sums| sums.ejected,
    );
    watch.attempts();
    watch.retries();
    watch.refused();
    watch.circuits();
    watch.keys();
    watch.budget();
}

/// Who looks at what.
struct Watch<'a> {
    meter: &'a Meter,
    backend: &'a Backend,
}

impl Watch<'_> {
    /// What goes up and down at each endpoint.
    fn level(
        &self,
        name: &'static str,
        what: &'static str,
        unit: &'static str,
        of: fn(&Sums) -> u64,
    ) {
        let backend = self.backend.clone();
        self.meter
            .i64_observable_up_down_counter(name)
            .with_description(what)
            .with_unit(unit)
            .with_callback(move |observer| {
                for (attributes, sums) in endpoints(&backend) {
                    observer.observe(level(of(&sums)), &attributes);
                }
            })
            .build();
    }

    fn attempts(&self) {
        let backend = self.backend.clone();
        self.meter
            .u64_observable_counter("trunkline.endpoint.attempts")
            .with_description("Attempts at an endpoint that are over, by how they ended.")
            .with_unit("{attempt}")
            .with_callback(move |observer| {
                for (attributes, sums) in endpoints(&backend) {
                    observer.observe(sums.completed, &attributes);
                    for (kind, count) in sums.failed {
                        observer.observe(count, &with(&attributes, "error.type", kind));
                    }
                }
            })
            .build();
    }

    fn retries(&self) {
        let backend = self.backend.clone();
        self.meter
            .u64_observable_counter("trunkline.endpoint.retries")
            .with_description("Attempts at an endpoint that were not their call's first.")
            .with_unit("{attempt}")
            .with_callback(move |observer| {
                for (attributes, sums) in endpoints(&backend) {
                    observer.observe(sums.retries, &attributes);
                }
            })
            .build();
    }

    fn refused(&self) {
        let backend = self.backend.clone();
        self.meter
            .u64_observable_counter("trunkline.endpoint.refused")
            .with_description("Calls that were not sent: an open circuit, a full queue.")
            .with_unit("{call}")
            .with_callback(move |observer| {
                for (attributes, sums) in endpoints(&backend) {
                    for (kind, count) in sums.refused {
                        observer.observe(count, &with(&attributes, "error.type", kind));
                    }
                }
            })
            .build();
    }

    /// Counted by state, since there is a circuit for each model, and callers choose their names.
    fn circuits(&self) {
        const STATE: &str = "trunkline.breaker.state";
        let backend = self.backend.clone();
        self.meter
            .i64_observable_up_down_counter(STATE)
            .with_description("Circuits of an endpoint, one for each model, by their state.")
            .with_unit("{circuit}")
            .with_callback(move |observer| {
                for (attributes, sums) in endpoints(&backend) {
                    for (state, count) in sums.circuits {
                        observer.observe(level(count), &with(&attributes, STATE, state));
                    }
                }
            })
            .build();
    }

    fn keys(&self) {
        const STATE: &str = "trunkline.key.state";
        let backend = self.backend.clone();
        self.meter
            .i64_observable_up_down_counter(STATE)
            .with_description("Keys, by how they stand with the provider.")
            .with_unit("{key}")
            .with_callback(move |observer| {
                let keys = backend.stats().keys;
                let states = keys.iter().map(|key| key.state.name());
                for (state, count) in tally(KeyState::ALL.map(KeyState::name), states) {
                    observer.observe(level(count), &with(&[name_of(&backend)], STATE, state));
                }
            })
            .build();
    }

    fn budget(&self) {
        let backend = self.backend.clone();
        self.meter
            .f64_observable_gauge("trunkline.retry.budget")
            .with_description("The tokens that are left for retries, of 100.")
            .with_unit("{token}")
            .with_callback(move |observer| {
                if let Some(left) = backend.stats().retry_budget {
                    observer.observe(left, &[name_of(&backend)]);
                }
            })
            .build();
    }
}

/// What there is under one set of attributes.
#[derive(Debug, Default)]
struct Sums {
    running: u64,
    queued: u64,
    ejected: u64,
    completed: u64,
    retries: u64,
    failed: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
    circuits: BTreeMap<&'static str, u64>,
}

impl Sums {
    fn add(&mut self, endpoint: EndpointStats) {
        self.running += endpoint.running;
        self.queued += endpoint.queued;
        self.ejected += u64::from(endpoint.ejected);
        self.completed += endpoint.completed;
        self.retries += endpoint.retries;
        let given_up = (endpoint.cancelled > 0).then_some((semconv::CANCELLED, endpoint.cancelled));
        for (kind, count) in endpoint.errors.into_iter().chain(given_up) {
            *self.failed.entry(kind).or_default() += count;
        }
        for (kind, count) in endpoint.refused {
            *self.refused.entry(kind).or_default() += count;
        }
        let states = endpoint.circuits.iter().map(|circuit| circuit.state.name());
        for (state, count) in tally(CircuitState::ALL.map(CircuitState::name), states) {
            *self.circuits.entry(state).or_default() += count;
        }
    }
}

/// The statistics by attributes. A fallback may reach one endpoint with several accounts, and a
/// reader takes one value for each set of attributes only: theirs is the sum.
fn endpoints(backend: &Backend) -> impl Iterator<Item = (Vec<KeyValue>, Sums)> {
    let mut by_endpoint = BTreeMap::<_, Sums>::new();
    for mut endpoint in backend.stats().endpoints {
        let provider = std::mem::take(&mut endpoint.provider);
        let authority = std::mem::take(&mut endpoint.endpoint);
        let sums = by_endpoint.entry((provider, authority)).or_default();
        sums.add(endpoint);
    }
    let name = name_of(backend);
    by_endpoint
        .into_iter()
        .map(move |((provider, endpoint), sums)| (attributes(&name, &provider, &endpoint), sums))
}

/// How many are in each state: in none of them too, or a reader would go on to show the last
/// number. Nothing at all where there is nobody.
fn tally<const N: usize>(
    all: [&'static str; N],
    states: impl Iterator<Item = &'static str>,
) -> BTreeMap<&'static str, u64> {
    let mut tally = BTreeMap::new();
    for state in states {
        if tally.is_empty() {
            tally.extend(all.map(|state| (state, 0)));
        }
        *tally.entry(state).or_default() += 1;
    }
    tally
}

fn level(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn name_of(backend: &Backend) -> KeyValue {
    KeyValue::new("trunkline.backend.name", backend.info().name.to_string())
}

fn with(attributes: &[KeyValue], key: &'static str, value: &'static str) -> Vec<KeyValue> {
    let mut attributes = attributes.to_vec();
    attributes.push(KeyValue::new(key, value));
    attributes
}

fn attributes(name: &KeyValue, provider: &str, endpoint: &str) -> Vec<KeyValue> {
    let (address, port) = semconv::server(endpoint);
    let mut attributes = vec![
        name.clone(),
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
