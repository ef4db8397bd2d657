//! What the server says of its own time: `"timings":{"prompt_n":5,"prompt_ms":12.5, …}`.

use std::time::Duration;

use serde::Deserialize;
use trunkline_core::{ChatResponse, Json, chat::Timing};

use crate::{PROVIDER, stream::Beside};

/// What the server says of its own time, and how many tokens went which way.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Timings {
    /// Tokens of the prompt that were in the cache already.
    pub cache_n: Option<u64>,
    /// Tokens of the prompt that were read.
    pub prompt_n: Option<u64>,
    /// How long that took, in milliseconds.
    pub prompt_ms: Option<f64>,
    /// How many of them a second.
    pub prompt_per_second: Option<f64>,
    /// Tokens that were written.
    pub predicted_n: Option<u64>,
    /// How long that took, in milliseconds.
    pub predicted_ms: Option<f64>,
    /// How many of them a second.
    pub predicted_per_second: Option<f64>,
    /// Tokens that a draft model wrote ahead.
    pub draft_n: Option<u64>,
    /// Those of them that the model took.
    pub draft_n_accepted: Option<u64>,
}

impl Timings {
    /// Those of an answer to a chat, where the server gave any.
    pub fn of(response: &ChatResponse) -> Option<Self> {
        let beside: Beside = response.ext.get(PROVIDER.id)?.read().ok()?;
        Self::read(beside.timings.as_ref()?)
    }

    /// What is no table of timings is none: it shall not break an answer.
    pub(crate) fn read(json: &Json) -> Option<Self> {
        json.read().ok()
    }

    /// The times alone, as all providers' are told.
    pub fn timing(&self) -> Timing {
        let time = |ms: Option<f64>| Duration::try_from_secs_f64(ms? / 1_000.0).ok();
        let mut timing = Timing::default();
        timing.prompt = time(self.prompt_ms);
        timing.completion = time(self.predicted_ms);
        timing
    }
}
