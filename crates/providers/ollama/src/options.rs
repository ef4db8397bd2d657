//! Settings that only Ollama has.

use std::time::Duration;

use serde::{Serialize, Serializer};
use trunkline_core::Json;

trunkline_core::options! {
    /// What only Ollama takes, beside the settings that all providers share. It is read in chats and
    /// for embeddings.
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_ollama::{KeepAlive, ModelOptions, Options, Think};
    ///
    /// let options = Options::new()
    ///     .think(Think::Yes)
    ///     .keep_alive(KeepAlive::Forever)
    ///     .options(ModelOptions::new().num_ctx(16_384_u32));
    /// let request = ChatRequest::from("Why is the sky blue?").option(options);
    /// assert_eq!(
    ///     request.options["ollama"].get(),
    ///     r#"{"think":true,"keep_alive":-1,"options":{"num_ctx":16384}}"#
    /// );
    /// ```
    pub struct Options for "ollama" {
        /// Whether, and how much, the model thinks before it speaks:
        /// [thinking](https://docs.ollama.com/capabilities/thinking).
        think: Think,
        /// How long the model stays in memory after this.
        keep_alive: KeepAlive,
        /// Whether what does not fit the context is cut off (of a conversation, its oldest turns; of
        /// an input to embed, its end) and not refused.
        truncate: bool,
        /// Whether the oldest of a conversation makes room when its context is full, and the answer
        /// goes on.
        shift: bool,
        /// How the model runs. These stand over the settings that all providers share.
        options: ModelOptions,
    }
}

trunkline_core::options! {
    /// How a model runs: the parameters of a
    /// [Modelfile](https://docs.ollama.com/modelfile#valid-parameters-and-values).
    pub struct ModelOptions {
        /// How many tokens its context holds. What is beyond it is cut off or refused; a larger one
        /// takes more memory.
        num_ctx: u32,
        /// How many tokens it writes at most: -1 has no end.
        num_predict: i64,
        /// How many tokens at the beginning are kept when the context is full.
        num_keep: u32,
        /// How many tokens a draft model writes ahead.
        draft_num_predict: u32,
        /// How many tokens are read at once.
        num_batch: u32,
        /// How many layers go to the GPU.
        num_gpu: i32,
        /// Which GPU is the main one.
        main_gpu: u32,
        /// How many threads it has.
        num_thread: u32,
        /// Whether the model's file is mapped into memory.
        use_mmap: bool,
        /// How freely it chooses; 0 is the least.
        temperature: f64,
        /// Chooses among the likeliest tokens that make up this share.
        top_p: f64,
        /// Chooses among so many of the likeliest tokens.
        top_k: u64,
        /// Leaves out tokens less likely than this share of the likeliest.
        min_p: f64,
        /// Prefers tokens that are about as surprising as usual; 1 turns it off.
        typical_p: f64,
        /// How far back repetitions count, in tokens: 0 not at all, -1 through all of the context.
        repeat_last_n: i32,
        /// Against repetitions; 1 turns it off.
        repeat_penalty: f64,
        /// Against repeating tokens at all.
        presence_penalty: f64,
        /// Against repeating tokens, by how often they came.
        frequency_penalty: f64,
        /// Makes answers repeatable.
        seed: i64,
        /// Ends the answer before any of these.
        stop: Vec<String>,
    }
}

/// Whether, and how much, a model thinks before it speaks.
///
/// Most models take [`Yes`](Self::Yes) and [`No`](Self::No); gpt-oss takes degrees only.
///
/// <https://docs.ollama.com/capabilities/thinking>
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Think {
    /// It does, as much as it likes.
    Yes,
    /// It does not.
    No,
    /// By degree: `low`, `medium`, `high`, `max`.
    Level(String),
}

impl Serialize for Think {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Yes => serializer.serialize_bool(true),
            Self::No => serializer.serialize_bool(false),
            Self::Level(level) => serializer.serialize_str(level),
        }
    }
}

/// How long a model stays in memory after a request; 5 minutes unless the server says otherwise.
///
/// <https://docs.ollama.com/faq>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeepAlive {
    /// For so long, to the second.
    For(Duration),
    /// Until the server ends, or somebody unloads it.
    Forever,
    /// Not at all.
    Unload,
}

impl Serialize for KeepAlive {
    /// A number is seconds on the wire, and a negative one has no end.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::For(time) => serializer.serialize_u64(time.as_secs()),
            Self::Forever => serializer.serialize_i8(-1),
            Self::Unload => serializer.serialize_u8(0),
        }
    }
}

impl From<Duration> for KeepAlive {
    fn from(time: Duration) -> Self {
        Self::For(time)
    }
}

impl From<bool> for Think {
    fn from(think: bool) -> Self {
        match think {
            true => Self::Yes,
            false => Self::No,
        }
    }
}

/// The form of an answer: some JSON.
pub(crate) fn json() -> Json {
    Json::parse("\"json\"").unwrap_or_else(|_| Json::null())
}
