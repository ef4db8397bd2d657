//! The other side, as a case file says it: which reply is for which request.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use trunkline_testkit::peer::{Exchange, Received, Script};

use super::value::{Size, Time};

mod answer;
mod bytes;

pub(crate) use answer::{Answer, numbered};

/// One endpoint.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Peer {
    /// Serves the fallback's model and not the first one.
    pub(crate) fallback: bool,
    /// Nobody's endpoint: it is there to see that nothing arrives.
    pub(crate) bystander: bool,
    pub(crate) connect: Connect,
    pub(crate) tls: Option<Tls>,
    pub(crate) reply: Vec<Reply>,
}

/// What happens to a connection before anything is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Connect {
    #[default]
    Accept,
    Refuse,
    /// Nothing comes back.
    Hang,
}

/// The certificate that is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Tls {
    Valid,
    Expired,
    WrongHost,
    /// Valid, but the client does not know who signed it.
    UnknownCa,
}

/// What is done about one request.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Reply {
    /// For how many requests it stands.
    pub(crate) times: u32,
    /// For all that follow.
    pub(crate) repeat: bool,
    /// Only for such requests; the next reply is looked at otherwise.
    pub(crate) when: When,
    /// Only until then, from the start of the case.
    pub(crate) until: Option<Time>,
    /// Only for this share of the requests, drawn by a fixed seed.
    pub(crate) share: Option<f64>,

    /// How much of the request is read first.
    pub(crate) read: Read,
    /// Before the first byte of the answer.
    pub(crate) delay: Option<Time>,
    pub(crate) informational: Option<Informational>,
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, OneOrMany>,
    /// Between head and body.
    pub(crate) hold: Option<Time>,
    /// Between one piece of the body and the next.
    pub(crate) every: Option<Time>,
    /// How the body ends: by its length, in chunks, with the connection.
    pub(crate) framing: Option<Framing>,

    /// A healthy answer of the provider, whole or as a stream, as the request asks.
    pub(crate) answer: Option<Answer>,
    pub(crate) json: Option<String>,
    pub(crate) body: Option<String>,
    /// So many bytes of `x`.
    pub(crate) fill: Option<Size>,
    /// The data of events, each in a chunk of its own.
    pub(crate) sse: Option<Vec<String>>,
    /// Chunks as they are, one write each.
    pub(crate) chunks: Option<Vec<Chunk>>,
    pub(crate) gzip: bool,

    /// Claims this content-length.
    pub(crate) length: Option<usize>,
    /// Stops after so many bytes of the body, chunk framing included.
    pub(crate) cut: Option<usize>,
    /// Leaves out the last, empty chunk.
    pub(crate) no_last_chunk: bool,
    /// Follows the complete answer and belongs to nothing.
    pub(crate) garbage: Option<String>,
    /// Writes so many bytes at a time.
    pub(crate) slices: Option<usize>,
    pub(crate) end: End,
    /// Instead of all that: what is done, step by step.
    pub(crate) steps: Option<Vec<Step>>,
}

impl Default for Reply {
    fn default() -> Self {
        Self {
            times: 1,
            repeat: false,
            when: When::default(),
            until: None,
            share: None,
            read: Read::All,
            delay: None,
            informational: None,
            status: 200,
            headers: BTreeMap::new(),
            hold: None,
            every: None,
            framing: None,
            answer: None,
            json: None,
            body: None,
            fill: None,
            sse: None,
            chunks: None,
            gzip: false,
            length: None,
            cut: None,
            no_last_chunk: false,
            garbage: None,
            slices: None,
            end: End::Open,
            steps: None,
        }
    }
}

/// Which requests a reply is for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct When {
    /// The number of the key, from 1.
    pub(crate) key: Option<usize>,
    pub(crate) model: Option<String>,
    /// The role of the last message.
    pub(crate) last_role: Option<String>,
    pub(crate) path_ends: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Read {
    All,
    Head,
    Nothing,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Informational {
    pub(crate) status: u16,
    pub(crate) count: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a text, or a list of texts: of a header that is sent several times, or of several packages"
)]
pub(crate) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Framing {
    Length,
    Chunked,
    Close,
}

/// What becomes of the connection afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum End {
    Open,
    Close,
    Reset,
    /// Says nothing more until the client goes.
    Stall,
}

/// A piece of a body.
#[derive(Clone, Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "a text, or { text | hex = …, times = …, every = … }"
)]
pub(crate) enum Chunk {
    Text(String),
    Repeated(Repeated),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Repeated {
    pub(crate) text: String,
    pub(crate) hex: String,
    /// The text again and again, in the one piece.
    pub(crate) fold: Option<usize>,
    pub(crate) times: Option<usize>,
    pub(crate) every: Option<Time>,
}

/// One thing that a peer does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum Step {
    Send(String),
    Hex(String),
    /// The same text many times.
    Fold(Fold),
    Pause(Time),
    HalfClose(bool),
    Close(bool),
    Reset(bool),
    Stall(bool),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fold {
    pub(crate) text: String,
    pub(crate) times: usize,
}

/// What placeholders stand for, and which wire an [`Answer`] is told in.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) keys: Vec<String>,
    pub(crate) prompt: String,
}

impl Words {
    /// Puts the canaries where a peer repeats them.
    fn fill(&self, text: &str) -> String {
        let key = self.keys.first().map_or("", String::as_str);
        text.replace("${key}", key)
            .replace("${prompt}", &self.prompt)
            .replace("${escaped_key}", &in_json(key))
            .replace("${escaped_prompt}", &in_json(&self.prompt))
    }
}

/// As it stands between the quotes of a JSON text.
fn in_json(text: &str) -> String {
    let quoted = Value::String(text.to_owned()).to_string();
    quoted
        .trim_start_matches('"')
        .strip_suffix('"')
        .unwrap_or_default()
        .to_owned()
}

impl OneOrMany {
    pub(crate) fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Peer {
    /// The peer's script, and how often it was asked for more than that holds.
    pub(crate) fn script(
        &self,
        streams: bool,
        words: &Words,
        name: usize,
    ) -> (Script, Arc<AtomicUsize>) {
        let unscripted = Arc::new(AtomicUsize::new(0));
        if self.reply.iter().any(|reply| reply.read != Read::All) {
            let exchanges = self.reply.iter().enumerate().flat_map(|(index, reply)| {
                let exchange = reply.exchange(streams, words, &request_id(name, index));
                std::iter::repeat_n(exchange, reply.times as usize)
            });
            let script = Script::new(exchanges.collect::<Vec<_>>());
            let repeats = self.reply.last().is_some_and(|reply| reply.repeat);
            return (
                if repeats {
                    script.repeat_last()
                } else {
                    script
                },
                unscripted,
            );
        }
        let choice = Choice {
            replies: self.reply.clone(),
            words: words.clone(),
            peer: name,
            began: Instant::now(),
            state: Mutex::new(State {
                used: vec![0; self.reply.len()],
                served: 0,
                random: fastrand::Rng::with_seed(name as u64),
            }),
            unscripted: unscripted.clone(),
        };
        (
            Script::respond_with(move |request| choice.answer(request)),
            unscripted,
        )
    }

    /// Whether it notices that a client has gone, and how long that may take it.
    pub(crate) fn longest_pause(&self) -> Option<std::time::Duration> {
        self.reply.iter().map(Reply::pauses).sum()
    }
}

/// The name that a peer gives to a request: the invariant U7 looks for it in errors.
pub(crate) fn request_id(peer: usize, served: usize) -> String {
    format!("req_{peer}_{served}")
}

struct Choice {
    replies: Vec<Reply>,
    words: Words,
    peer: usize,
    began: Instant,
    state: Mutex<State>,
    unscripted: Arc<AtomicUsize>,
}

struct State {
    used: Vec<u32>,
    served: usize,
    random: fastrand::Rng,
}

impl Choice {
    fn answer(&self, request: &Received) -> Exchange {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let State {
            used,
            served,
            random,
        } = &mut *state;
        let id = request_id(self.peer, *served);
        *served += 1;
        for (reply, used) in self.replies.iter().zip(used) {
            let left = reply.repeat || *used < reply.times;
            let in_time = reply
                .until
                .is_none_or(|until| self.began.elapsed() < until.0);
            let mut drawn = || reply.share.is_none_or(|share| random.f64() < share);
            let endless = reply.repeat || reply.until.is_some() || reply.share.is_some();
            if (left || endless) && in_time && reply.when.matches(request, &self.words) && drawn() {
                *used += 1;
                return reply.exchange(asks_for_stream(request), &self.words, &id);
            }
        }
        self.unscripted.fetch_add(1, Relaxed);
        let said =
            r#"{"error":{"message":"the case has no reply left","type":"script_exhausted"}}"#;
        let reply = Reply {
            status: 500,
            json: Some(said.to_owned()),
            ..Reply::default()
        };
        reply.exchange(false, &self.words, &id)
    }
}

impl When {
    fn matches(&self, request: &Received, words: &Words) -> bool {
        let json = request.json();
        let last_role = || {
            let messages = json.get("messages").and_then(Value::as_array)?;
            messages.last()?.get("role")?.as_str()
        };
        self.key.is_none_or(|number| {
            let key = number
                .checked_sub(1)
                .and_then(|index| words.keys.get(index));
            key.is_some_and(|key| {
                sent_key(request).is_some_and(|sent| sent.ends_with(key.as_str()))
            })
        }) && self
            .model
            .as_deref()
            .is_none_or(|model| json.get("model").and_then(Value::as_str) == Some(model))
            && self
                .last_role
                .as_deref()
                .is_none_or(|role| last_role() == Some(role))
            && self
                .path_ends
                .as_deref()
                .is_none_or(|path| request.path.ends_with(path))
    }
}

/// The credential that came along, wherever providers want it.
pub(crate) fn sent_key(request: &Received) -> Option<&str> {
    ["authorization", "x-api-key", "api-key", "x-goog-api-key"]
        .iter()
        .find_map(|name| request.header(name))
}

fn asks_for_stream(request: &Received) -> bool {
    request.json().get("stream") == Some(&Value::Bool(true))
}
