//! The only acceptable outcome, as a case file says it.

use std::{collections::BTreeMap, fmt};

use serde::Deserialize;
use trunkline_core::{Delivery, ErrorKind, Limit, Phase, Scope};

use super::value::{Between, Time};

/// What must be true afterwards. What is not named may be as it likes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Expect {
    /// The client cannot even be built: the error below is that of the builder.
    pub(crate) refused: bool,
    /// Of every call.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) kind: Option<ErrorKind>,
    pub(crate) phase: Option<Phase>,
    pub(crate) scope: Option<Scope>,
    pub(crate) delivery: Option<Delivery>,
    pub(crate) limit: Option<Limit>,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) recovery: Option<String>,
    pub(crate) retry_after: Option<Between<Time>>,
    /// The error's text holds this.
    pub(crate) says: Option<String>,
    /// The error's text holds none of these.
    pub(crate) hides: Vec<String>,
    /// The most bytes of the error's text.
    pub(crate) longest_text: Option<usize>,
    /// The error keeps a cause by itself: the deliveries of its attempts, in order.
    pub(crate) deliveries: Vec<Delivery>,

    pub(crate) text: Option<String>,
    /// The answer is that many numbered words, all of them, once.
    pub(crate) words: Option<usize>,
    /// The answer is this text again and again, that many times.
    pub(crate) repeats: Option<Repeats>,
    pub(crate) finish: Option<String>,
    /// The model that the answer names.
    pub(crate) model: Option<String>,
    pub(crate) usage: Option<Usage>,
    pub(crate) tool_calls: Option<Vec<ToolCall>>,
    pub(crate) warnings: Option<Between<u64>>,
    /// A warning in the log holds this.
    pub(crate) logged: Option<String>,
    /// What the error kept of a stream that was cut.
    pub(crate) partial: Option<String>,
    /// Chunks that carry content.
    pub(crate) contents: Option<Between<u64>>,
    /// Chunks of every sort.
    pub(crate) chunks: Option<Between<u64>>,

    pub(crate) attempts: Option<Between<u64>>,
    /// Requests, by peer.
    pub(crate) requests: Option<Vec<Between<u64>>>,
    /// Connections, by peer.
    pub(crate) connections: Option<Vec<Between<u64>>>,
    /// From one request to the next, whichever peer got it.
    pub(crate) waits: Option<Vec<Between<Time>>>,
    pub(crate) elapsed: Option<Between<Time>>,
    /// Requests that the transport sent again because they had not left.
    pub(crate) resent: Option<u64>,
    /// Headers of every request.
    pub(crate) sent: BTreeMap<String, String>,
    /// Headers that every request has, the same in the attempts of one call and another in the next call.
    pub(crate) same_per_call: Vec<String>,
    /// The path of every request.
    pub(crate) path: Option<String>,
    /// The numbers of the keys that were used, in order of the requests.
    pub(crate) keys_used: Option<Vec<usize>>,

    /// Of several calls: how many succeeded.
    pub(crate) ok: Option<Between<u64>>,
    /// Of several calls: how many failed with what.
    pub(crate) errors: BTreeMap<String, Between<u64>>,
    /// Requests in a span of time.
    pub(crate) windows: Vec<Window>,
    /// Successes among the calls that began in a span of time.
    pub(crate) success: Vec<Success>,
    pub(crate) in_flight: Option<InFlight>,
    /// The states of the keys, in their order.
    pub(crate) key_states: Option<Vec<String>>,
    /// The state of the circuit breaker.
    pub(crate) breaker: Option<String>,
    /// Of the statistics: a JSON pointer and what is there.
    pub(crate) stats: BTreeMap<String, toml::Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Ok,
    Error,
    /// The caller gave up.
    Dropped,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Usage {
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
    /// Nothing is known of it.
    pub(crate) missing: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ToolCall {
    pub(crate) name: String,
    /// The arguments, as text.
    pub(crate) input: String,
    /// Whether they are whole.
    #[serde(default = "yes")]
    pub(crate) complete: bool,
}

fn yes() -> bool {
    true
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Repeats {
    pub(crate) text: String,
    pub(crate) times: usize,
}

/// Requests in a span of time, from the first call of this part of the case.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Window {
    /// From 1; all of them unless set.
    pub(crate) peer: Option<usize>,
    #[serde(default)]
    pub(crate) from: Time,
    pub(crate) to: Option<Time>,
    pub(crate) requests: Between<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Success {
    #[serde(default)]
    pub(crate) from: Time,
    pub(crate) to: Option<Time>,
    pub(crate) share: Between<f64>,
}

/// How many requests a peer had at a time, where each takes `time`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct InFlight {
    pub(crate) time: Time,
    pub(crate) per_key: Option<u64>,
    pub(crate) total: Option<u64>,
}

impl Expect {
    /// The outcome of each call: told, or what the rest makes sense of.
    pub(crate) fn of_each(&self) -> Option<Outcome> {
        let together = self.ok.is_some() || !self.errors.is_empty() || !self.success.is_empty();
        if self.outcome.is_some() || together {
            return self.outcome;
        }
        let of_an_error = self.kind.is_some()
            || self.phase.is_some()
            || self.delivery.is_some()
            || self.limit.is_some()
            || self.status.is_some()
            || self.code.is_some()
            || self.partial.is_some()
            || self.says.is_some();
        let of_an_answer = self.text.is_some()
            || self.words.is_some()
            || self.repeats.is_some()
            || self.finish.is_some()
            || self.model.is_some()
            || self.usage.is_some()
            || self.tool_calls.is_some();
        match (of_an_error, of_an_answer) {
            (true, _) => Some(Outcome::Error),
            (false, true) => Some(Outcome::Ok),
            (false, false) => None,
        }
    }
}

impl Window {
    pub(crate) fn contains(&self, at: std::time::Duration) -> bool {
        at >= self.from.0 && self.to.is_none_or(|to| at < to.0)
    }
}

impl Success {
    pub(crate) fn contains(&self, at: std::time::Duration) -> bool {
        at >= self.from.0 && self.to.is_none_or(|to| at < to.0)
    }
}

/// In one line, for the table.
impl fmt::Display for Expect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said: Vec<String> = Vec::new();
        match (self.kind, self.outcome) {
            (Some(kind), _) => said.push(kind.name().to_owned()),
            (None, Some(Outcome::Ok)) => said.push("ok".to_owned()),
            (None, Some(Outcome::Error)) => said.push("an error".to_owned()),
            (None, Some(Outcome::Dropped)) => said.push("dropped".to_owned()),
            (None, None) => {}
        }
        if let Some(phase) = self.phase {
            said.push(format!("in {phase:?}"));
        }
        if let Some(limit) = self.limit {
            said.push(format!("of {limit:?}"));
        }
        if let Some(ok) = &self.ok {
            said.push(format!("{ok} ok"));
        }
        if let Some(attempts) = &self.attempts {
            said.push(format!("{attempts} tries"));
        }
        if let Some(requests) = &self.requests {
            said.push(format!("sent {}", list(requests)));
        }
        if let Some(waits) = &self.waits {
            said.push(format!("waits {}", list(waits)));
        }
        f.write_str(&said.join(", "))
    }
}

pub(crate) fn list<T: fmt::Display>(items: &[T]) -> String {
    let told: Vec<String> = items.iter().map(T::to_string).collect();
    told.join("+")
}
