//! One event for each attempt of a call.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use tracing::field;

use crate::{
    Attempt, Call, Delivery, ErrorKind, Reply, Secret,
    middleware::{
        Times,
        semconv::{self, Escaped},
    },
};

/// Tells one key from another in spans and logs, without saying anything of the key: 32 bits of a
/// hash.
///
/// Who chooses a key for an attempt puts it into [`Call::extensions`]. The same key has the same
/// id wherever the same build of a program runs.
///
/// ```
/// # use trunkline_core::{Secret, middleware::KeyId};
/// let (one, other) = (Secret::from("sk-1234"), Secret::from("sk-5678"));
/// assert_eq!(KeyId::of(&one), KeyId::of(&one));
/// assert_ne!(KeyId::of(&one), KeyId::of(&other));
/// assert_eq!(KeyId::of(&one).to_string().len(), 8);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(u32);

impl KeyId {
    /// The id of `key`.
    pub fn of(key: &Secret) -> Self {
        let mut hasher = DefaultHasher::new();
        key.expose().hash(&mut hasher);
        // Half of it, so that a guess at a weak key cannot be confirmed beyond doubt.
        Self((hasher.finish() >> 32) as u32)
    }

    /// The id of the key that `call` goes with, as far as anybody told.
    fn of_call(call: &Call) -> Option<Self> {
        call.extensions
            .get()
            .copied()
            .or_else(|| call.key.as_ref().map(Self::of))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// How an attempt ended, for [`attempt`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Told<'a> {
    endpoint: Option<&'a str>,
    key: Option<&'a str>,
    kind: Option<ErrorKind>,
    status: Option<u16>,
    request_id: Option<&'a str>,
    delivery: Option<Delivery>,
    elapsed: Duration,
    wait: Option<Duration>,
    budget: Option<f64>,
}

impl<'a> Told<'a> {
    /// It was answered: whole, or with the first content of a stream.
    pub(crate) fn answered(reply: &'a Reply, elapsed: Duration) -> Self {
        let meta = reply.meta();
        Self {
            endpoint: meta.and_then(|meta| meta.endpoint.as_deref()),
            status: meta
                .and_then(|meta| meta.status)
                .map(|status| status.as_u16()),
            request_id: meta.and_then(|meta| meta.request_id()),
            elapsed,
            ..Self::default()
        }
    }

    /// It failed.
    pub(crate) fn failed(attempt: &'a Attempt) -> Self {
        Self {
            endpoint: attempt.endpoint.as_deref(),
            key: attempt.key.as_deref(),
            kind: Some(attempt.kind),
            status: attempt.status.map(|status| status.as_u16()),
            request_id: attempt.request_id.as_deref(),
            delivery: Some(attempt.delivery),
            elapsed: attempt.elapsed,
            wait: attempt.waited,
            budget: None,
        }
    }

    /// Adds how many tokens are left for retries.
    pub(crate) fn budget(mut self, left: f64) -> Self {
        self.budget = Some(left);
        self
    }
}

/// Tells of an attempt of `call` that is over, as the event `trunkline.attempt` at debug level.
/// Whoever decides what follows an attempt calls this: a retry, a pool.
///
/// Where a pool stands below a retry, both see the end of the pool's last attempt; `known` is what
/// [`told_of`] gave before it began, and keeps it from being told twice.
pub(crate) fn attempt<'a>(call: &Call, known: u32, told: impl FnOnce() -> Told<'a>) {
    let wanted = tracing::enabled!(target: "trunkline", tracing::Level::DEBUG);
    if !wanted || told_of(call) != known {
        return;
    }
    if let Some(times) = Times::of(call) {
        times.add_told();
    }
    let told = told();
    let server = told.endpoint.map(semconv::server);
    tracing::debug!(
        name: "trunkline.attempt",
        target: "trunkline",
        {
            server.address = server.map(|(address, _)| address),
            server.port = server.and_then(|(_, port)| port),
            error.r#type = told.kind.map(ErrorKind::name),
            http.response.status_code = told.status,
            trunkline.request.id = told.request_id.map(|id| field::display(Escaped(id))),
            trunkline.attempt.number = call.attempt + 1,
            trunkline.attempt.duration = told.elapsed.as_secs_f64(),
            trunkline.attempt.delivery = told.delivery.map(delivery),
            trunkline.attempt.wait = told.wait.map(|wait| wait.as_secs_f64()),
            trunkline.attempt.key = KeyId::of_call(call)
                .map(|id| id.to_string())
                .or_else(|| told.key.map(str::to_owned)),
            trunkline.retry.budget = told.budget,
            trunkline.breaker.state =
                (told.kind == Some(ErrorKind::CircuitOpen)).then_some("open"),
        },
        "trunkline.attempt",
    );
}

/// How many attempts of `call` have been told of.
pub(crate) fn told_of(call: &Call) -> u32 {
    Times::of(call).map_or(0, Times::told)
}

fn delivery(delivery: Delivery) -> &'static str {
    match delivery {
        Delivery::NotSent => "not_sent",
        Delivery::Rejected => "rejected",
        Delivery::MaybeProcessed => "maybe_processed",
        Delivery::Responded => "responded",
        Delivery::Committed => "committed",
    }
}
