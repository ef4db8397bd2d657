//! What a call leaves in OpenTelemetry's metrics.

use std::{collections::BTreeMap, future::IntoFuture, time::Duration};

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider,
    data::{
        AggregatedMetrics, HistogramDataPoint, MetricData, ResourceMetrics, ScopeMetrics,
        SumDataPoint,
    },
};
use tokio::time::{sleep, timeout};
use trunkline_core::{
    Backend, Call, ChatResponse, ChatStream, Error, ErrorKind, Reply, Usage,
    middleware::{Breaker, Gate, Metrics, Stack, Times},
};

use crate::support::{
    Answer, Wire, account,
    parrot::{backend, builder, chat_op},
};

/// A meter whose measurements can be looked at.
struct Lens {
    exporter: InMemoryMetricExporter,
    provider: SdkMeterProvider,
    meter: Meter,
}

/// One set of attributes of one instrument: how often, and how much in all.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    attributes: BTreeMap<String, String>,
    count: u64,
    sum: f64,
    bounds: Vec<f64>,
}

impl Point {
    fn has(&self, name: &str, value: &str) -> bool {
        self.attributes
            .get(name)
            .is_some_and(|known| known == value)
    }
}

impl Lens {
    fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        // Its thread has a clock of its own; what is looked at is flushed by hand.
        let reader = PeriodicReader::builder(exporter.clone())
            .with_interval(Duration::from_secs(3_600))
            .build();
        let provider = SdkMeterProvider::builder().with_reader(reader).build();
        let meter = provider.meter("trunkline");
        Self {
            exporter,
            provider,
            meter,
        }
    }

    fn around(&self, backend: Backend) -> Backend {
        backend.layer(Metrics::new(&self.meter))
    }

    /// Unit and points of every instrument, as of now.
    fn look(&self) -> BTreeMap<String, (String, Vec<Point>)> {
        self.exporter.reset();
        self.provider.force_flush().unwrap();
        let collected = self.exporter.get_finished_metrics().unwrap();
        let mut found = BTreeMap::new();
        for metric in collected
            .iter()
            .flat_map(ResourceMetrics::scope_metrics)
            .flat_map(ScopeMetrics::metrics)
        {
            let points = match metric.data() {
                AggregatedMetrics::F64(data) => points(data, |value| value),
                AggregatedMetrics::U64(data) => points(data, |value| value as f64),
                AggregatedMetrics::I64(data) => points(data, |value| value as f64),
            };
            found.insert(metric.name().to_owned(), (metric.unit().to_owned(), points));
        }
        found
    }

    fn points(&self, name: &str) -> Vec<Point> {
        self.look()
            .remove(name)
            .map_or(Vec::new(), |(_, points)| points)
    }

    /// How many there are in each state.
    fn states(&self, name: &str) -> BTreeMap<String, f64> {
        let points = self.points(name).into_iter();
        points
            .map(|point| (point.attributes[name].clone(), point.sum))
            .collect()
    }

    fn only(&self, name: &str) -> Point {
        let points = self.points(name);
        assert_eq!(points.len(), 1, "{name}: {points:?}");
        points[0].clone()
    }
}

fn points<T: Copy>(data: &MetricData<T>, number: impl Fn(T) -> f64) -> Vec<Point> {
    let of_histogram = |point: &HistogramDataPoint<T>| Point {
        attributes: attributes(point.attributes()),
        count: point.count(),
        sum: number(point.sum()),
        bounds: point.bounds().collect(),
    };
    let of_sum = |point: &SumDataPoint<T>| Point {
        attributes: attributes(point.attributes()),
        count: 1,
        sum: number(point.value()),
        bounds: Vec::new(),
    };
    match data {
        MetricData::Histogram(histogram) => histogram.data_points().map(of_histogram).collect(),
        MetricData::Sum(sum) => sum.data_points().map(of_sum).collect(),
        MetricData::Gauge(gauge) => gauge
            .data_points()
            .map(|point| Point {
                attributes: attributes(point.attributes()),
                count: 1,
                sum: number(point.value()),
                bounds: Vec::new(),
            })
            .collect(),
        _ => panic!("an instrument of another kind"),
    }
}

fn attributes<'a>(
    attributes: impl Iterator<Item = &'a opentelemetry::KeyValue>,
) -> BTreeMap<String, String> {
    attributes
        .map(|attribute| (attribute.key.to_string(), attribute.value.to_string()))
        .collect()
}

fn of(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

const DURATION: &str = "gen_ai.client.operation.duration";
const FIRST_CHUNK: &str = "gen_ai.client.operation.time_to_first_chunk";

fn slow_stream() -> Wire {
    Wire::new([Answer::events([r#"{"model":"ara-1-0905"}"#])
        .pause(2)
        .event(r#"{"say":"hi"}"#)
        .pause(3)
        .event(r#"{"stop":1}"#)
        .event(r#"{"usage":[7,3]}"#)
        .event("[DONE]")])
}

fn backend_of(wire: &Wire) -> Backend {
    account(wire, |builder| builder).backend().clone()
}

async fn stream_of(backend: &Backend) -> ChatStream {
    backend.model("ara-1").chat("hi").stream().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_stream_counts_when_it_ends_in_opentelemetry_s_names_and_units() {
    let lens = Lens::new();
    let backend = lens.around(backend_of(&slow_stream()));
    let stream = stream_of(&backend).await;
    assert!(lens.points(DURATION).is_empty(), "it has only begun");
    assert_eq!(lens.only("trunkline.client.active").sum, 1.0);
    stream.collect().await.unwrap();

    let common = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "parrot"),
        ("gen_ai.request.model", "ara-1"),
        ("gen_ai.response.model", "ara-1-0905"),
        ("server.address", "api.parrot.example"),
    ];
    let duration = lens.only(DURATION);
    assert_eq!(duration.attributes, of(&common));
    assert_eq!((duration.count, duration.sum), (1, 5.0));
    assert_eq!(
        (duration.bounds.first(), duration.bounds.last()),
        (Some(&0.01), Some(&81.92))
    );
    let first = lens.only(FIRST_CHUNK);
    assert_eq!((first.attributes, first.sum), (of(&common), 2.0));

    let tokens = lens.points("gen_ai.client.token.usage");
    for (kind, sum) in [("input", 7.0), ("output", 3.0)] {
        let of_kind = tokens
            .iter()
            .find(|point| point.has("gen_ai.token.type", kind));
        assert_eq!(of_kind.unwrap().sum, sum);
        assert_eq!(of_kind.unwrap().bounds.last(), Some(&67_108_864.0));
    }
    assert_eq!(lens.only("trunkline.client.attempts").sum, 1.0);
    assert_eq!(lens.only("trunkline.client.active").sum, 0.0);

    let units: BTreeMap<_, _> = lens
        .look()
        .into_iter()
        .map(|(name, (unit, _))| (name, unit))
        .collect();
    let expected = of(&[
        (DURATION, "s"),
        (FIRST_CHUNK, "s"),
        ("gen_ai.client.token.usage", "{token}"),
        ("trunkline.client.active", "{call}"),
        ("trunkline.client.attempts", "{attempt}"),
    ]);
    assert_eq!(units, expected);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_dropped_counts_as_cancelled() {
    let lens = Lens::new();
    let backend = lens.around(backend_of(&slow_stream()));
    let mut stream = stream_of(&backend).await;
    stream.next().await.unwrap().unwrap();
    drop(stream);

    let duration = lens.only(DURATION);
    assert!(duration.has("error.type", "cancelled"), "{duration:?}");
    assert_eq!(duration.sum, 2.0);
    assert_eq!(lens.only("trunkline.client.active").sum, 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_future_is_dropped_counts_as_cancelled() {
    let lens = Lens::new();
    let wire = Wire::new([Answer::status(200).head_after(Duration::from_secs(10))]);
    let backend = backend_of(&wire).layer(Metrics::new(&lens.meter).provider("parrot"));
    let ask = backend.model("ara").chat("hi").into_future();
    assert!(timeout(Duration::from_secs(1), ask).await.is_err());

    let duration = lens.only(DURATION);
    assert!(duration.has("error.type", "cancelled"), "{duration:?}");
    assert!(duration.has("gen_ai.provider.name", "parrot"));
    assert_eq!(lens.only("trunkline.client.active").sum, 0.0);
}

#[tokio::test(start_paused = true)]
async fn a_failure_counts_by_its_kind_with_its_attempts_and_what_they_waited() {
    let lens = Lens::new();
    let backend = lens.around(backend_of(&Wire::new([Answer::status(503)])));
    let error = backend.model("ara").chat("hi").await.unwrap_err();

    let duration = lens.only(DURATION);
    assert!(duration.has("error.type", "server"), "{duration:?}");
    assert!(duration.has("gen_ai.provider.name", "parrot"));
    assert!(duration.has("server.address", "api.parrot.example"));
    assert_eq!(lens.only("trunkline.client.attempts").sum, 3.0);
    let waited: Duration = error.attempts().iter().filter_map(|try_| try_.waited).sum();
    let wait = lens.only("trunkline.client.retry.wait");
    assert!((wait.sum - waited.as_secs_f64()).abs() < 1e-6);
    assert!(lens.points("gen_ai.client.token.usage").is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_attempts_of_a_fallback_are_those_of_both() {
    let lens = Lens::new();
    let first = backend_of(&Wire::new([Answer::status(503)]));
    let second = backend_of(&Wire::new([Answer::json(r#"{"say":"hi"}"#)]));
    let either = first.model("ara").or(second.model("arb"));
    let backend = lens.around(either.backend().clone());
    backend.model("ara").chat("hi").await.unwrap();
    assert_eq!(lens.only("trunkline.client.attempts").sum, 4.0);
}

#[tokio::test(start_paused = true)]
async fn time_in_line_is_measured_for_calls_that_stood_there() {
    let lens = Lens::new();
    let queued = lens.around(backend(|call: Call| async move {
        if let Some(seconds) = call.deadline.map(|_| 2) {
            sleep(Duration::from_secs(seconds)).await;
            let times = Times::of(&call).unwrap();
            times.add_queue(Duration::from_secs(seconds));
        }
        let mut answer = ChatResponse::of_text("m", "hi");
        answer.usage = Usage::new(1, 2);
        Ok(Reply::Chat(answer))
    }));
    let late = Call::new(chat_op()).timeout(Duration::from_secs(9));
    queued.call(Call::new(chat_op())).await.unwrap();
    queued.call(late).await.unwrap();

    let queue = lens.only("trunkline.client.queue.time");
    assert_eq!((queue.count, queue.sum), (1, 2.0));
    assert!(lens.points(FIRST_CHUNK).is_empty(), "no stream, no chunk");
}

#[tokio::test]
async fn no_caller_can_fill_the_memory_with_names_of_models() {
    let lens = Lens::new();
    let backend = lens.around(backend(|_| async {
        Err(Error::new(ErrorKind::Server, "x"))
    }));
    for number in 0..300 {
        let model = backend.model(format!("model-{number}"));
        model.chat("hi").await.unwrap_err();
    }
    let points = lens.points(DURATION);
    assert_eq!(points.len(), 257);
    let rest = points
        .iter()
        .find(|point| point.has("gen_ai.request.model", "_OTHER"));
    assert_eq!(rest.unwrap().count, 44);
}

#[tokio::test(start_paused = true)]
async fn f133_metrics_hold_neither_the_key_nor_what_was_said() {
    let lens = Lens::new();
    let said = r#"{"message":"sk-canary-7f3a prompt-canary-51c2"}"#;
    let backend = lens.around(backend_of(&Wire::new([Answer::status(401).body(said)])));
    Metrics::observe(&lens.meter, backend.clone());
    backend
        .model("ara")
        .chat("prompt-canary-51c2")
        .await
        .unwrap_err();
    let seen = format!("{:?}", lens.look());
    assert!(
        seen.contains(DURATION) && !seen.contains("canary"),
        "{seen}"
    );
}

#[tokio::test(start_paused = true)]
async fn statistics_are_observed_whenever_somebody_collects() {
    let lens = Lens::new();
    let wire = Wire::new([Answer::status(503), Answer::json(r#"{"say":"hi"}"#)]);
    let backend = backend_of(&wire);
    Metrics::observe(&lens.meter, backend.clone());
    backend.model("ara").chat("hi").await.unwrap();

    let endpoint = [
        ("trunkline.backend.name", "parrot"),
        ("gen_ai.provider.name", "parrot"),
        ("server.address", "api.parrot.example"),
    ];
    let attempts = lens.points("trunkline.endpoint.attempts");
    let completed = attempts
        .iter()
        .find(|point| point.attributes == of(&endpoint));
    assert_eq!(completed.unwrap().sum, 1.0);
    let failed = attempts
        .iter()
        .find(|point| point.has("error.type", "server"));
    assert_eq!(failed.unwrap().sum, 1.0);
    assert_eq!(lens.only("trunkline.endpoint.retries").sum, 1.0);
    assert_eq!(lens.only("trunkline.endpoint.active").sum, 0.0);
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_is_reached_with_two_keys_is_the_sum_of_both() {
    let lens = Lens::new();
    let answers = || Wire::new([Answer::json(r#"{"say":"hi"}"#)]);
    let (one, other) = (backend_of(&answers()), backend_of(&answers()));
    let both = one.model("ara").or(other.model("ara"));
    Metrics::observe(&lens.meter, both.backend().clone());
    one.model("ara").chat("hi").await.unwrap();
    other.model("ara").chat("hi").await.unwrap();
    assert_eq!(lens.only("trunkline.endpoint.attempts").sum, 2.0);
}

fn counts<const N: usize>(pairs: [(&str, f64); N]) -> BTreeMap<String, f64> {
    pairs.map(|(state, count)| (state.to_owned(), count)).into()
}

#[tokio::test(start_paused = true)]
async fn the_standing_of_circuits_keys_and_the_budget_is_observed() {
    let lens = Lens::new();
    let wire = Wire::by(|request| match request.key() {
        "key-1" => Answer::status(401),
        _ => Answer::status(503),
    });
    let keys = builder().client(wire.client()).key("key-1").key("key-2");
    let account = keys
        .stack(Stack::default().breaker(Breaker::default().consecutive(2)))
        .build()
        .unwrap();
    let backend = account.backend();
    Metrics::observe(&lens.meter, backend.clone());
    assert!(lens.points("trunkline.breaker.state").is_empty(), "no call");
    backend.model("ara").chat("hi").await.unwrap_err();

    let open = counts([
        ("closed", 0.0),
        ("open", 1.0),
        ("half_open", 0.0),
        ("forced_open", 0.0),
        ("forced_closed", 0.0),
    ]);
    assert_eq!(lens.states("trunkline.breaker.state"), open);
    let keys = counts([
        ("active", 1.0),
        ("cooling", 0.0),
        ("probing", 0.0),
        ("invalid", 1.0),
        ("exhausted", 0.0),
    ]);
    assert_eq!(lens.states("trunkline.key.state"), keys);
    let budget = lens.only("trunkline.retry.budget");
    assert_eq!(
        budget.attributes,
        of(&[("trunkline.backend.name", "parrot")])
    );
    assert!(budget.sum > 8.9 && budget.sum < 9.1, "one retry of 503");

    backend.restore();
    assert_eq!(lens.states("trunkline.breaker.state")["open"], 0.0);
    assert_eq!(lens.states("trunkline.key.state")["active"], 2.0);
}

#[tokio::test(start_paused = true)]
async fn who_waits_at_an_endpoint_and_which_endpoints_are_left_out_is_observed() {
    let lens = Lens::new();
    let wire = Wire::by(|request| match request.host() {
        "a.parrot.example" => Answer::status(503),
        _ => Answer::json(r#"{"say":"hi"}"#).head_after(Duration::from_secs(9)),
    });
    let account = account(&wire, |builder| {
        let of_two = builder
            .endpoint("https://a.parrot.example")
            .endpoint("https://b.parrot.example");
        of_two.endpoint_limits(Gate::new(1, 8))
    });
    let model = account.model("ara");
    Metrics::observe(&lens.meter, account.backend().clone());
    for _ in 0..20 {
        model.chat("hi").await.unwrap();
    }
    let ejected = lens.points("trunkline.endpoint.ejected");
    let of_host = |host: &str| {
        let found = ejected
            .iter()
            .find(|point| point.has("server.address", host));
        found.unwrap().sum
    };
    assert_eq!(
        (of_host("a.parrot.example"), of_host("b.parrot.example")),
        (1.0, 0.0)
    );

    let three = (0..3).map(|_| model.chat("hi").into_future());
    let calls = tokio::spawn(futures_util::future::join_all(three));
    sleep(Duration::from_secs(1)).await;
    let queued = lens.points("trunkline.endpoint.queued");
    let waiting: f64 = queued.iter().map(|point| point.sum).sum();
    assert_eq!(waiting, 2.0);
    calls.abort();
}

#[tokio::test(start_paused = true)]
async fn a_stack_measures_outside_of_its_other_layers_and_knows_its_provider() {
    let both = |lens: &Lens| {
        let stack = Stack::default().metrics(Metrics::new(&lens.meter));
        [stack.clone(), stack.retry(None)]
    };
    let lens = Lens::new();
    for stack in both(&lens) {
        let wire = Wire::new([Answer::status(503), Answer::json(r#"{"say":"hi"}"#)]);
        let account = account(&wire, |builder| builder.stack(stack));
        let _ = account.model("ara").chat("hi").await;
    }
    let attempts = lens.points("trunkline.client.attempts");
    let sums: BTreeMap<_, _> = attempts
        .iter()
        .map(|point| (point.attributes.get("error.type").cloned(), point.sum))
        .collect();
    let expected = [(None, 2.0), (Some("server".to_owned()), 1.0)];
    assert_eq!(sums, BTreeMap::from(expected));

    let lens = Lens::new();
    for stack in both(&lens) {
        let silent = Wire::new([Answer::status(200).head_after(Duration::from_secs(10))]);
        let account = account(&silent, |builder| builder.stack(stack));
        let ask = account.model("ara").chat("hi").into_future();
        assert!(timeout(Duration::from_secs(1), ask).await.is_err());
    }
    let given_up = lens.only(DURATION);
    assert!(given_up.has("gen_ai.provider.name", "parrot") && given_up.count == 2);
}
