//! Who takes part, and what each says on its own wire.

use serde_json::Value;
use trunkline_core::{Account, Backend, HttpClient, account::Builder, account::Provider};
use trunkline_testkit::peer::Reply;

use crate::wire;

/// A provider in the conversation.
pub(crate) struct Speaker {
    /// The crate's folder, and which of its protocols.
    pub(crate) name: &'static str,
    pub(crate) model: &'static str,
    pub(crate) account: fn(&str, HttpClient) -> Backend,
    /// It thinks [`THOUGHT`](wire::THOUGHT) and calls two tools: whole, or streamed.
    pub(crate) calls: fn(bool) -> Reply,
    /// It answers with [`REPORT`](wire::REPORT).
    pub(crate) answers: fn(bool) -> Reply,
    /// Whether its thoughts are in the answer.
    pub(crate) thinks: bool,
    /// What of its first answer it wants back unchanged, and nobody else may see.
    pub(crate) state: Option<&'static str>,
    /// Whether each tool result of a request belongs to a call, and both are there.
    pub(crate) paired: fn(&Value) -> Result<(), String>,
}

pub(crate) const SPEAKERS: &[Speaker] = &[
    wire::anthropic::SPEAKER,
    wire::bedrock::SPEAKER,
    wire::cohere::SPEAKER,
    wire::completions::SPEAKER,
    wire::gemini::SPEAKER,
    wire::gemini::VERTEX,
    wire::ollama::SPEAKER,
    wire::responses::SPEAKER,
];

/// An account of `P` at the peer.
pub(crate) fn account<P: Provider>(
    base_url: impl Into<String>,
    client: HttpClient,
    set: impl FnOnce(Builder<P>) -> Builder<P>,
) -> Backend {
    let builder = Account::<P>::builder()
        .key("sk-conversation")
        .endpoint(base_url);
    set(builder.client(client)).build().unwrap().into()
}

/// The calls and results of a request belong together: as many of each, and in the same order.
pub(crate) fn paired(calls: &[String], results: &[String]) -> Result<(), String> {
    if calls.len() == 2 && calls == results {
        Ok(())
    } else {
        Err(format!("calls {calls:?}, and results of {results:?}"))
    }
}

/// The texts at `path` in each of `values`, without those that lack it.
pub(crate) fn texts<'a>(values: impl IntoIterator<Item = &'a Value>, path: &str) -> Vec<String> {
    let at = |value: &Value| value.pointer(path)?.as_str().map(str::to_owned);
    values.into_iter().filter_map(at).collect()
}

/// The elements of the array at `path`.
pub(crate) fn list<'a>(value: &'a Value, path: &str) -> Vec<&'a Value> {
    let array = value.pointer(path).and_then(Value::as_array);
    array.into_iter().flatten().collect()
}
