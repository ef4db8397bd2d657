//! Whether a server can serve, and how busy it is: what it says of itself.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Ext, chat::Meta};

mod prometheus;

pub use prometheus::{Prometheus, Sample};

/// A question whether the server, or a model on it, can serve.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReadyRequest {
    /// Which model; empty asks for the server as a whole.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
}

impl ReadyRequest {
    /// Whether this model can serve.
    pub fn model(name: impl Into<String>) -> Self {
        Self { model: name.into() }
    }
}

/// Whether a server can serve. One that cannot at all is an error.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Readiness {
    /// Whether it can: one that loads its model says no, and is well.
    pub ready: bool,
    /// What it does instead, in its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The HTTP side of it. Not stored.
    #[serde(skip)]
    pub meta: Meta,
}

impl Readiness {
    /// It can.
    pub fn ready() -> Self {
        Self {
            ready: true,
            ..Self::default()
        }
    }

    /// It cannot yet, and what it does instead.
    pub fn not_yet(detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..Self::default()
        }
    }
}

/// A question how busy the server is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct LoadRequest {}

/// How busy a server is, by its own word and by all who ask it, not only by us.
///
/// ```
/// use trunkline_core::health::Load;
///
/// let load = Load::default().running(3.0).waiting(2.0);
/// assert_eq!(load.requests(), 5.0);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Load {
    /// Requests that it works on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<f64>,
    /// Requests that wait for their turn there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiting: Option<f64>,
    /// How much of its memory for contexts is taken, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<f64>,
    /// Tokens in since it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<f64>,
    /// Tokens out since it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<f64>,
    /// How old it is: what it said is not true for ever. Filled in by statistics.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<Duration>,
    /// What else it says, by its own names.
    #[serde(skip_serializing_if = "Ext::is_empty")]
    pub ext: Ext,
    /// The HTTP side of it. Not stored.
    #[serde(skip)]
    pub meta: Meta,
}

impl Load {
    /// Sets how many requests it works on.
    #[must_use]
    pub fn running(mut self, requests: impl Into<Option<f64>>) -> Self {
        self.running = requests.into();
        self
    }

    /// Sets how many requests wait there.
    #[must_use]
    pub fn waiting(mut self, requests: impl Into<Option<f64>>) -> Self {
        self.waiting = requests.into();
        self
    }

    /// Sets how much of its memory for contexts is taken, from 0 to 1.
    #[must_use]
    pub fn cache(mut self, share: impl Into<Option<f64>>) -> Self {
        self.cache = share.into();
        self
    }

    /// Sets the tokens in since it was started.
    #[must_use]
    pub fn input_tokens(mut self, tokens: impl Into<Option<f64>>) -> Self {
        self.input_tokens = tokens.into();
        self
    }

    /// Sets the tokens out since it was started.
    #[must_use]
    pub fn output_tokens(mut self, tokens: impl Into<Option<f64>>) -> Self {
        self.output_tokens = tokens.into();
        self
    }

    /// All requests that are there.
    pub fn requests(&self) -> f64 {
        self.running.unwrap_or(0.0) + self.waiting.unwrap_or(0.0)
    }
}
