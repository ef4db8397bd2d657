//! A case as its file says it. `docs/faults.md` tells the same to those who write one.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    expect::Expect,
    peer::{OneOrMany, Peer},
    value::{Size, Time},
};

/// One file, or one variant of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The number in the fault matrix: `F027`.
    pub(crate) case: String,
    /// What happens, in one line.
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) clock: Clock,
    /// What must be there before the case can run, beside the provider's crate.
    pub(crate) needs: Option<String>,
    /// Rust tests named after the case, where no peer can say it.
    pub(crate) test: Option<RustTest>,
    #[serde(default)]
    pub(crate) client: Client,
    #[serde(default)]
    pub(crate) peer: Vec<Peer>,
    #[serde(default)]
    pub(crate) call: Calls,
    #[serde(default)]
    pub(crate) expect: Expect,
    /// What is called afterwards, on the same client.
    #[serde(default)]
    pub(crate) then: Vec<Then>,
    /// The most memory, the peers' included.
    pub(crate) heap: Option<Size>,
    /// Spread into runs before; here they are only checked.
    #[serde(default, rename = "variant")]
    _variants: Vec<Variant>,
}

/// Which clock the case runs by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Clock {
    /// In-memory pipes; an hour takes no time.
    #[default]
    Paused,
    /// Loopback sockets.
    Real,
}

/// The Rust tests that are named after the case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RustTest {
    /// The package that has them, or the packages.
    pub(crate) package: OneOrMany,
}

/// The client under test.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Client {
    pub(crate) provider: String,
    pub(crate) model: String,
    /// How many keys the account has.
    pub(crate) keys: usize,
    /// Attempts in all; 3 as the library's own default.
    pub(crate) attempts: Option<u32>,
    /// The bound of every call.
    pub(crate) deadline: Option<Time>,
    /// Without retries, deadline and spans.
    pub(crate) bare: bool,
    pub(crate) timers: Timers,
    pub(crate) limits: Limits,
    pub(crate) lenient: bool,
    pub(crate) headers: BTreeMap<String, String>,
    /// What only its provider wants to know: `{ api = "responses" }`.
    pub(crate) settings: BTreeMap<String, String>,
    /// Instead of the peer's URL: for what is refused as it is built.
    pub(crate) base_url: Option<String>,
    /// Instead of the canary.
    pub(crate) key: Option<String>,
    pub(crate) allow_plain_http: bool,
    /// The header for a key of each call, for a gateway that honours it.
    pub(crate) idempotency_header: Option<String>,
    /// Built of variables instead: `GROQ_API_KEY`.
    pub(crate) vars: Option<BTreeMap<String, String>>,
    /// The model that serves where this one cannot, on the peers that say `fallback = true`.
    pub(crate) fallback: Option<Fallback>,
    pub(crate) gate: Option<Gate>,
    /// `false` turns it off.
    pub(crate) breaker: Option<bool>,
    pub(crate) rate: Option<Rate>,
    /// Keys that belong to one tenant only: `{ a = 1 }` reserves the first for tenant a.
    pub(crate) tenant_keys: BTreeMap<String, usize>,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            provider: "openai".to_owned(),
            model: "gpt-4.1-mini".to_owned(),
            keys: 1,
            attempts: None,
            deadline: None,
            bare: false,
            timers: Timers::default(),
            limits: Limits::default(),
            lenient: false,
            headers: BTreeMap::new(),
            settings: BTreeMap::new(),
            base_url: None,
            key: None,
            allow_plain_http: false,
            idempotency_header: None,
            vars: None,
            fallback: None,
            gate: None,
            breaker: None,
            rate: None,
            tenant_keys: BTreeMap::new(),
        }
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Timers {
    pub(crate) head: Option<Time>,
    pub(crate) first_content: Option<Time>,
    pub(crate) byte_idle: Option<Time>,
    pub(crate) progress_idle: Option<Time>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) body: Option<Size>,
    pub(crate) stream_bytes: Option<Size>,
    pub(crate) stream_events: Option<u64>,
    pub(crate) event: Option<Size>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Fallback {
    pub(crate) provider: String,
    pub(crate) model: String,
}

impl Default for Fallback {
    fn default() -> Self {
        Self {
            provider: "groq".to_owned(),
            model: "llama-3.3-70b-versatile".to_owned(),
        }
    }
}

/// How many calls run at an endpoint, and how many wait.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gate {
    pub(crate) running: usize,
    pub(crate) waiting: usize,
}

/// The limits of each key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rate {
    pub(crate) requests_per_minute: Option<u32>,
    pub(crate) tokens_per_minute: Option<u64>,
    /// Calls of one key at a time.
    pub(crate) running: Option<usize>,
}

/// What is called, how often, and how the caller behaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Calls {
    pub(crate) op: Operation,
    /// Of a raw call: what repeating it would do.
    pub(crate) class: Class,
    /// Instead of the client's.
    pub(crate) model: Option<String>,
    /// The bytes of the prompt; it begins with the canary.
    pub(crate) prompt: Size,
    /// The caller's own deadline.
    pub(crate) timeout: Option<Time>,
    pub(crate) count: u32,
    /// How many of them at a time; one after the other unless set.
    pub(crate) concurrent: usize,
    /// Begins one each time, whether the earlier ones are over or not.
    pub(crate) every: Option<Time>,
    pub(crate) tenant: Option<String>,
    pub(crate) priority: Priority,
    pub(crate) reasoning: bool,
    /// What the caller waits before it reads the next chunk.
    pub(crate) read_pause: Option<Time>,
    /// After which chunk the caller waits, the first is 1; after each unless set.
    pub(crate) pause_at: Option<u64>,
    /// The caller drops the stream after so many chunks.
    pub(crate) drop_after_chunks: Option<u64>,
    /// The caller drops the call or its stream after this time.
    pub(crate) drop_after: Option<Time>,
    /// More calls beside these, each with its own settings.
    pub(crate) beside: Vec<Calls>,
    /// How long after the others these begin.
    pub(crate) after: Option<Time>,
}

impl Default for Calls {
    fn default() -> Self {
        Self {
            op: Operation::Chat,
            class: Class::Effect,
            model: None,
            prompt: Size(0),
            timeout: None,
            count: 1,
            concurrent: 1,
            every: None,
            tenant: None,
            priority: Priority::Normal,
            reasoning: false,
            read_pause: None,
            pause_at: None,
            drop_after_chunks: None,
            drop_after: None,
            beside: Vec::new(),
            after: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    Chat,
    /// A chat whose wire is a stream.
    Buffered,
    Stream,
    Embed,
    Models,
    /// A request of the provider's own, `POST /raw`.
    Raw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Class {
    Read,
    Billed,
    Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Priority {
    Low,
    Normal,
    High,
}

/// A later call on the same client, judged by itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Then {
    /// How long after the ones before.
    pub(crate) after: Option<Time>,
    #[serde(default)]
    pub(crate) call: Calls,
    #[serde(default)]
    pub(crate) expect: Expect,
}

/// What another run of the same case has differently. Tables are merged, lists replaced.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(
    dead_code,
    reason = "the overlays are merged as plain tables; here they are only checked"
)]
struct Variant {
    name: Option<String>,
    /// One run for each value, which stands where the file says `"$name"` or `${name}`.
    each: BTreeMap<String, Vec<toml::Value>>,
    clock: Option<Clock>,
    client: Option<toml::Table>,
    peer: Option<Vec<toml::Table>>,
    call: Option<toml::Table>,
    expect: Option<toml::Table>,
    then: Option<Vec<toml::Table>>,
}

impl Case {
    /// The crate or command that has to come first, if it is not there yet.
    pub(crate) fn waits_for(&self) -> Option<String> {
        let fallback = self.client.fallback.as_ref().map(|other| &other.provider);
        let provider = [Some(&self.client.provider), fallback]
            .into_iter()
            .flatten()
            .find(|provider| !super::provider::is_linked(provider));
        let missing = provider.map(|provider| format!("trunkline-{provider}"));
        self.needs
            .clone()
            .filter(|what| !super::provider::is_there(what))
            .or(missing.filter(|_| !self.peer.is_empty() || self.client.vars.is_some()))
    }
}
