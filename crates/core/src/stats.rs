//! What has happened at an endpoint.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::time::Instant;

use crate::{
    ErrorKind,
    chat::{Meta, Usage},
    health::Load,
    middleware::CircuitStatus,
};

mod histogram;
mod recorder;

pub use histogram::Distribution;
use histogram::Histogram;
pub(crate) use histogram::seconds_if_any;
pub(crate) use recorder::Recorder;

/// What has happened, by endpoint. A snapshot; it serializes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Stats {
    /// One for each endpoint.
    pub endpoints: Vec<EndpointStats>,
    /// One for each key. An account without a pool tells of none.
    pub keys: Vec<KeyStats>,
    /// The tokens that are left for retries, of 100.
    pub retry_budget: Option<f64>,
}

impl Stats {
    /// Adds those of another backend.
    pub fn merge(&mut self, other: Self) {
        self.endpoints.extend(other.endpoints);
        self.keys.extend(other.keys);
        self.retry_budget = match (self.retry_budget, other.retry_budget) {
            // The one that is nearer to running dry.
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}

/// What has happened at one endpoint.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EndpointStats {
    /// The provider's id.
    pub provider: String,
    /// The endpoint's authority: `api.groq.com`.
    pub endpoint: String,
    /// Calls that wait for their turn here.
    pub queued: u64,
    /// Whether it is left out for having failed too often in a row.
    pub ejected: bool,
    /// The circuits of its models.
    pub circuits: Vec<CircuitStatus>,
    /// Attempts that were begun.
    pub calls: u64,
    /// Those that are under way, to the end of their streams.
    pub running: u64,
    /// Those whose answer came whole.
    pub completed: u64,
    /// Those that the caller gave up.
    pub cancelled: u64,
    /// Those that were a second or later attempt of their call.
    pub retries: u64,
    /// Those that failed, by kind of error.
    pub errors: BTreeMap<&'static str, u64>,
    /// Calls that were not sent, since the circuit was open or the queue full, by kind of error.
    /// Another endpoint may have served them.
    pub refused: BTreeMap<&'static str, u64>,
    /// Tokens in, as far as the provider told.
    pub input_tokens: u64,
    /// Tokens out, as far as the provider told.
    pub output_tokens: u64,
    /// From the attempt's start to the first content of its stream.
    pub time_to_first_content: Distribution,
    /// From the attempt's start to the end of its answer.
    pub duration: Distribution,
    /// The last error, in one line: without the provider's message, which may quote a prompt.
    pub last_error: Option<String>,
    /// How busy the server said it was, when it was asked last: by [`Op::Load`](crate::Op::Load), as a
    /// pool asks it.
    pub server: Option<Load>,
}

/// A key and its standing.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KeyStats {
    /// A short hash of it, or a name: the same in every program, and no way back to the key.
    pub id: String,
    /// The only tenant that may use it.
    pub tenant: Option<String>,
    /// How it stands with the provider.
    pub state: KeyState,
    /// Attempts that were sent with it.
    pub calls: u64,
    /// The models that it has to wait for.
    pub cooling: Vec<String>,
    /// The models that it may not use.
    pub denied: Vec<String>,
    /// How often the provider refused it: for a limit, for money, for good.
    pub refused: u64,
    /// The calls that use it, where that is bounded.
    pub running: Option<u64>,
    /// The calls that wait for it.
    pub queued: u64,
}

/// How a key stands with the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyState {
    /// It may be used.
    #[default]
    Active,
    /// The provider asked to wait, for at least one model.
    Cooling,
    /// One call tries whether the wait was long enough.
    Probing,
    /// The provider does not know it.
    Invalid,
    /// Its account has no money or no quota left. It is tried again after an hour.
    Exhausted,
}

impl KeyState {
    #[cfg(feature = "metrics")]
    pub(crate) const ALL: [Self; 5] = [
        Self::Active,
        Self::Cooling,
        Self::Probing,
        Self::Invalid,
        Self::Exhausted,
    ];

    /// A name that does not change: `active`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Cooling => "cooling",
            Self::Probing => "probing",
            Self::Invalid => "invalid",
            Self::Exhausted => "exhausted",
        }
    }
}

/// The counters behind [`EndpointStats`].
#[derive(Debug)]
pub(crate) struct Counters {
    provider: &'static str,
    endpoint: Arc<str>,
    calls: AtomicU64,
    running: AtomicU64,
    completed: AtomicU64,
    cancelled: AtomicU64,
    retries: AtomicU64,
    errors: [AtomicU64; KINDS.len()],
    input_tokens: AtomicU64,
    output_tokens: AtomicU64,
    time_to_first_content: Histogram,
    duration: Histogram,
    last_error: std::sync::Mutex<Option<String>>,
    server: std::sync::Mutex<Option<(Instant, Load)>>,
}

const KINDS: [ErrorKind; 27] = [
    ErrorKind::Config,
    ErrorKind::Unsupported,
    ErrorKind::InvalidRequest,
    ErrorKind::TooLarge,
    ErrorKind::ContextLength,
    ErrorKind::ContentFilter,
    ErrorKind::Auth,
    ErrorKind::Permission,
    ErrorKind::NotFound,
    ErrorKind::Conflict,
    ErrorKind::RateLimited,
    ErrorKind::QuotaExhausted,
    ErrorKind::Overloaded,
    ErrorKind::NotReady,
    ErrorKind::Server,
    ErrorKind::Connect,
    ErrorKind::Tls,
    ErrorKind::Proxy,
    ErrorKind::Redirect,
    ErrorKind::Timeout,
    ErrorKind::Interrupted,
    ErrorKind::Decode,
    ErrorKind::LimitExceeded,
    ErrorKind::CircuitOpen,
    ErrorKind::QueueFull,
    ErrorKind::Cancelled,
    ErrorKind::Closed,
];

impl Counters {
    pub(crate) fn new(provider: &'static str, endpoint: Arc<str>) -> Self {
        Self {
            provider,
            endpoint,
            calls: AtomicU64::new(0),
            running: AtomicU64::new(0),
            completed: AtomicU64::new(0),
            cancelled: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            errors: [const { AtomicU64::new(0) }; KINDS.len()],
            input_tokens: AtomicU64::new(0),
            output_tokens: AtomicU64::new(0),
            time_to_first_content: Histogram::default(),
            duration: Histogram::default(),
            last_error: std::sync::Mutex::new(None),
            server: std::sync::Mutex::new(None),
        }
    }

    pub(crate) fn snapshot(&self) -> EndpointStats {
        let errors = KINDS
            .iter()
            .zip(&self.errors)
            .map(|(kind, count)| (kind.name(), count.load(Relaxed)));
        EndpointStats {
            queued: 0,
            ejected: false,
            circuits: Vec::new(),
            refused: BTreeMap::new(),
            provider: self.provider.to_owned(),
            endpoint: self.endpoint.to_string(),
            calls: self.calls.load(Relaxed),
            running: self.running.load(Relaxed),
            completed: self.completed.load(Relaxed),
            cancelled: self.cancelled.load(Relaxed),
            retries: self.retries.load(Relaxed),
            errors: errors.filter(|(_, count)| *count > 0).collect(),
            input_tokens: self.input_tokens.load(Relaxed),
            output_tokens: self.output_tokens.load(Relaxed),
            time_to_first_content: self.time_to_first_content.snapshot(),
            duration: self.duration.snapshot(),
            last_error: self.last_error.lock().map_or(None, |error| error.clone()),
            server: self.server.lock().map_or(None, |told| {
                let (at, load) = told.as_ref()?;
                Some(Load {
                    age: Some(at.elapsed()),
                    ..load.clone()
                })
            }),
        }
    }

    /// How long it usually takes to first content, where that has been seen often enough.
    pub(crate) fn usual_first_content(&self) -> Option<Duration> {
        const ENOUGH: u64 = 10;
        let seen = self.time_to_first_content.snapshot();
        (seen.count >= ENOUGH).then_some(seen.p50)
    }

    /// The server told how busy it is.
    pub(crate) fn told(&self, load: &Load) {
        let mut load = load.clone();
        load.meta = Meta::default();
        if let Ok(mut server) = self.server.lock() {
            *server = Some((Instant::now(), load));
        }
    }

    fn began(&self, attempt: u32) {
        self.calls.fetch_add(1, Relaxed);
        self.running.fetch_add(1, Relaxed);
        if attempt > 0 {
            self.retries.fetch_add(1, Relaxed);
        }
    }

    fn completed(&self, elapsed: Duration) {
        self.running.fetch_sub(1, Relaxed);
        self.completed.fetch_add(1, Relaxed);
        self.duration.record(elapsed);
    }

    fn cancelled(&self) {
        self.running.fetch_sub(1, Relaxed);
        self.cancelled.fetch_add(1, Relaxed);
    }

    fn failed(&self, error: &crate::Error) {
        self.running.fetch_sub(1, Relaxed);
        if let Some(count) = KINDS
            .iter()
            .position(|kind| *kind == error.kind())
            .and_then(|at| self.errors.get(at))
        {
            count.fetch_add(1, Relaxed);
        }
        if let Ok(mut last) = self.last_error.lock() {
            *last = Some(error.summary());
        }
    }

    fn used(&self, usage: &Usage) {
        self.input_tokens
            .fetch_add(usage.input.total.unwrap_or(0), Relaxed);
        self.output_tokens
            .fetch_add(usage.output.total.unwrap_or(0), Relaxed);
    }

    fn first_content(&self, elapsed: Duration) {
        self.time_to_first_content.record(elapsed);
    }
}
