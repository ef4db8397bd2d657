//! What a model wrote on from a prompt; of a stream, a piece of it.

use serde::Deserialize;
use trunkline_core::{
    Error, Json, Result, Usage,
    chat::{Completeness, Finish, FinishKind},
    protocol::read,
};

use crate::{Timings, TokenProb, error::in_band};

/// What a model wrote; of a stream, a piece of it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Completed {
    /// The words, without what ended them.
    pub text: String,
    /// The same as tokens: in streams, and where
    /// [`return_tokens`](crate::CompletionOptions::return_tokens) asked for them.
    pub tokens: Vec<u32>,
    /// Why it ended; `None` while it goes on.
    pub finish: Option<Finish>,
    /// What it took. While it goes on, what it took so far.
    pub usage: Usage,
    /// What the server says of its own time, at the end.
    pub timings: Option<Timings>,
    /// How likely its tokens were, where that was asked for.
    pub probabilities: Vec<TokenProb>,
    /// How much of the prompt was read, where that was asked for.
    pub progress: Option<Progress>,
    /// The slot that wrote it.
    pub id_slot: Option<u32>,
    /// The model, as the server calls it; at the end.
    pub model: String,
    /// Whether the context was full, and the answer is cut for that; at the end.
    pub truncated: bool,
    /// The prompt as the model read it; at the end.
    pub prompt: String,
    /// All settings as they were in force; at the end.
    pub generation_settings: Option<Json>,
}

/// How much of a prompt was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Progress {
    /// The prompt's tokens.
    pub total: u64,
    /// Those of them that were in the cache.
    pub cache: u64,
    /// Those that have been dealt with, cached ones included.
    pub processed: u64,
    /// How long it took so far, in milliseconds.
    pub time_ms: u64,
}

/// One event of a stream; a whole answer is one as well.
#[derive(Deserialize)]
struct Wire {
    content: Option<String>,
    tokens: Option<Vec<u32>>,
    id_slot: Option<i64>,
    stop: Option<bool>,
    model: Option<String>,
    tokens_predicted: Option<u64>,
    tokens_evaluated: Option<u64>,
    generation_settings: Option<Json>,
    prompt: Option<Json>,
    truncated: Option<bool>,
    stop_type: Option<String>,
    stopping_word: Option<String>,
    timings: Option<Json>,
    completion_probabilities: Option<Vec<TokenProb>>,
    prompt_progress: Option<Json>,
}

impl Completed {
    /// Reads one event.
    pub(crate) fn piece(body: &[u8]) -> Result<Self> {
        let is_error = std::str::from_utf8(body).is_ok_and(|text| text.contains("\"error\""));
        if let Some(error) = is_error.then(|| in_band(body)).flatten() {
            return Err(error);
        }
        let wire: Wire = read(body)?;
        let done = wire.stop == Some(true);
        let timings = wire.timings.as_ref().and_then(Timings::read);
        let truncated = wire.truncated == Some(true);
        Ok(Self {
            usage: usage(&wire, timings.as_ref(), done),
            finish: done.then(|| finish(wire.stop_type, wire.stopping_word, truncated)),
            text: wire.content.unwrap_or_default(),
            // What tells of progress has a token of no meaning beside it.
            tokens: wire
                .tokens
                .filter(|_| wire.prompt_progress.is_none())
                .unwrap_or_default(),
            timings,
            probabilities: wire.completion_probabilities.unwrap_or_default(),
            progress: wire.prompt_progress.and_then(|json| json.read().ok()),
            id_slot: wire.id_slot.and_then(|slot| slot.try_into().ok()),
            model: wire.model.unwrap_or_default(),
            truncated,
            prompt: wire
                .prompt
                .and_then(|json| json.read().ok())
                .unwrap_or_default(),
            generation_settings: wire.generation_settings,
        })
    }

    /// Reads a whole answer.
    pub(crate) fn whole(body: &[u8]) -> Result<Self> {
        let completed = Self::piece(body)?;
        match completed.finish {
            Some(_) => Ok(completed),
            None => Err(Error::decode("the answer does not say that it is done")),
        }
    }
}

fn usage(wire: &Wire, timings: Option<&Timings>, done: bool) -> Usage {
    let mut usage = Usage::default();
    usage.input.total = wire.tokens_evaluated;
    usage.input.cache_read = timings.and_then(|timings| timings.cache_n);
    usage.input.uncached = usage
        .input
        .total
        .and_then(|total| total.checked_sub(usage.input.cache_read?));
    usage.output.total = wire.tokens_predicted;
    usage.timing = timings.map(|timings| Box::new(timings.timing()));
    usage.completeness = match (wire.tokens_predicted, done) {
        (None, _) => Completeness::Missing,
        (Some(_), true) => Completeness::Final,
        (Some(_), false) => Completeness::Partial,
    };
    usage
}

fn finish(stop_type: Option<String>, word: Option<String>, truncated: bool) -> Finish {
    let kind = match stop_type.as_deref() {
        Some("eos") => FinishKind::Stop,
        Some("limit") if truncated => FinishKind::ContextWindow,
        Some("limit") => FinishKind::MaxTokens,
        Some("word") => FinishKind::StopSequence(word.filter(|word| !word.is_empty())),
        _ => FinishKind::Other,
    };
    let finish = Finish::new(kind);
    match stop_type {
        Some(raw) => finish.raw(raw),
        None => finish,
    }
}
