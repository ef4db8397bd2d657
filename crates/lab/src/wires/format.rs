//! A wire format: which exchanges are in it, as which operation they are replayed, and what their
//! answers say, read in the plainest way.

use serde_json::Value;
use trunkline_core::{ChatResponse, Op, chat::FinishKind};

use super::{corpus::Exchange, naive, native, plan};

/// A wire format. Its readers are independent of the crates under test: they know no type but
/// `serde_json::Value`.
pub(crate) struct Format {
    /// The providers whose crates speak it as their own. What others recorded in it waits.
    pub(crate) providers: &'static [&'static str],
    /// The operation that an exchange is replayed as; `None` if it is of another format.
    pub(crate) plan: fn(&Exchange) -> Option<Op>,
    /// What the account of a provider is told that replays it, by the names of its settings.
    pub(crate) settings: fn(&str) -> Named<'static>,
    /// What a body says: one value, or the events of a stream.
    pub(crate) read: fn(&[u8]) -> Said,
    /// The error that a value holds, if it is one: what [`naive::error_message`] finds its words in.
    pub(crate) error: fn(&Value) -> Option<&Value>,
    /// A chat answer.
    pub(crate) chat: fn(&Said) -> naive::Chat,
    /// Whether a provider's word for the end of an answer can mean a kind.
    pub(crate) means: fn(&str, &FinishKind) -> bool,
    /// What else of an answer has to come back: signatures, citations. What was lost, in words.
    pub(crate) also: fn(&Said, &ChatResponse) -> Vec<String>,
    /// The vectors of an answer, in the order of the inputs.
    pub(crate) vectors: fn(&Exchange, &Value) -> Vec<Vec<f32>>,
    /// The places of a ranking, the best first: the document's number, and its score.
    pub(crate) places: fn(&Value) -> Vec<(usize, f64)>,
    /// How many tokens were counted.
    pub(crate) tokens: fn(&Value) -> Option<u64>,
    /// The names of the models of an answer.
    pub(crate) models: fn(&Value) -> Vec<String>,
}

/// Settings of an account that only its provider knows, by name.
pub(crate) type Named<'a> = &'a [(&'a str, &'a str)];

/// What a body says.
pub(crate) enum Said {
    Whole(Value),
    Events(Vec<Value>),
}

impl Said {
    /// The value, or all events.
    pub(crate) fn values(&self) -> &[Value] {
        match self {
            Self::Whole(value) => std::slice::from_ref(value),
            Self::Events(events) => events,
        }
    }

    /// A value if the body is JSON, and else the events of its lines of `data`.
    pub(crate) fn json_or_sse(body: &[u8]) -> Self {
        match serde_json::from_slice(body) {
            Ok(value) => Self::Whole(value),
            Err(_) => Self::Events(naive::events(body)),
        }
    }
}

/// The providers whose crates speak chat completions beside a format of their own, by a setting.
const BOTH: &[&str] = &["openai"];

/// Chat completions and what goes with them, as OpenAI began it and many follow.
pub(crate) const COMPLETIONS: Format = Format {
    providers: &[],
    plan: plan::common,
    settings: |provider| match BOTH.contains(&provider) {
        true => &[("api", "chat-completions")],
        false => &[],
    },
    read: Said::json_or_sse,
    error: top_level_error,
    chat: naive::Chat::of,
    means: naive::means,
    also: |_, _| Vec::new(),
    vectors: |exchange, answer| naive::vectors(answer, exchange.provider == "perplexity"),
    places: |_| Vec::new(),
    tokens: |_| None,
    models: naive::models,
};

/// The usual place of an error: a field `error` that is not null.
pub(crate) fn top_level_error(said: &Value) -> Option<&Value> {
    said.get("error")
        .is_some_and(|error| !error.is_null())
        .then_some(said)
}

impl Format {
    /// The format of an exchange, and what it is replayed as.
    pub(crate) fn of(exchange: &Exchange) -> Option<(&'static Self, Op)> {
        let own = native::FORMATS.iter().copied();
        let mut own = own.filter(|format| format.providers.contains(&exchange.provider.as_str()));
        let found = own.find_map(|format| Some((format, (format.plan)(exchange)?)));
        found.or_else(|| Some((&COMPLETIONS, plan::common(exchange)?)))
    }

    /// Whether the crate of this provider speaks it. Chat completions are spoken by all who have no
    /// format of their own.
    pub(crate) fn is_spoken_by(&self, provider: &str) -> bool {
        let is_own = |format: &&Format| format.providers.contains(&provider);
        let has_none = !native::FORMATS.iter().any(is_own);
        is_own(&self) || (self.providers.is_empty() && (has_none || BOTH.contains(&provider)))
    }
}
