//! What each provider writes, in its own words.

use std::fmt::Display;

use trunkline_testkit::peer::Reply;

pub(crate) mod anthropic;
pub(crate) mod bedrock;
pub(crate) mod cohere;
pub(crate) mod completions;
pub(crate) mod gemini;
pub(crate) mod ollama;
pub(crate) mod responses;

/// What everybody thinks before the calls.
pub(crate) const THOUGHT: &str = "Two lookups.";
/// The arguments of the calls: a number that no float holds, and fields out of alphabetical order.
pub(crate) const WEATHER_INPUT: &str = r#"{"zone":9007199254740993,"city":"Oslo"}"#;
pub(crate) const CLOCK_INPUT: &str = r#"{"zone":"Europe/Oslo"}"#;
/// The last answer.
pub(crate) const REPORT: &str = r#"{"city":"Oslo","degrees":4,"time":"12:30"}"#;

/// Text as it stands in JSON, with its quotes.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Events that have names.
pub(crate) fn named<N: Display, D: Display>(events: impl IntoIterator<Item = (N, D)>) -> Reply {
    let event = |(name, data)| format!("event: {name}\ndata: {data}\n\n");
    Reply::status(200)
        .header("content-type", "text/event-stream")
        .chunked(events.into_iter().map(event))
}
