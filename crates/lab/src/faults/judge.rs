//! Compares what was seen with the only acceptable outcome.

use std::fmt::Debug;

use trunkline_core::{ChatResponse, Error, chat::ToolInput};

use super::{
    expect::{Expect, Outcome, ToolCall, Usage, list},
    peer::{numbered, sent_key},
    seen::{CallSeen, Got, Part, lacks_usage},
    value::Between,
};

/// Everything that is not as it must be.
#[derive(Debug, Default)]
pub(crate) struct Faults(pub(crate) Vec<String>);

impl Faults {
    pub(crate) fn add(&mut self, what: impl Into<String>) {
        // A thousand calls that fail alike are told a few times.
        const MOST: usize = 12;
        if self.0.len() < MOST {
            self.0.push(what.into());
        }
    }

    fn same<T: PartialEq + Debug>(&mut self, what: &str, expected: Option<T>, got: Option<T>) {
        if expected.is_some() && expected != got {
            self.add(format!(
                "{what}: expected {}, got {}",
                told(expected),
                told(got)
            ));
        }
    }

    fn within(&mut self, what: &str, expected: Option<&Between<u64>>, got: u64) {
        if let Some(expected) = expected.filter(|expected| !expected.contains(&got)) {
            self.add(format!("{what}: expected {expected}, got {got}"));
        }
    }
}

fn told<T: Debug>(value: Option<T>) -> String {
    value.map_or("none".to_owned(), |value| format!("{value:?}"))
}

/// Judges one part of a case.
pub(crate) fn part(expect: &Expect, part: &Part, keys: &[String], faults: &mut Faults) {
    for call in &part.calls {
        one(expect, call, faults);
    }
    together(expect, part, faults);
    sent(expect, part, keys, faults);
    figures(expect, part, faults);
}

fn one(expect: &Expect, call: &CallSeen, faults: &mut Faults) {
    let outcome = match &call.got {
        Got::Chat(_) | Got::Other(_) => Outcome::Ok,
        Got::Error(_) => Outcome::Error,
        Got::Dropped => Outcome::Dropped,
    };
    if let Some(expected) = expect.of_each().filter(|expected| *expected != outcome) {
        let why = call
            .error()
            .map_or(String::new(), |error| format!(": {error}"));
        faults.add(format!(
            "outcome: expected {expected:?}, got {outcome:?}{why}"
        ));
    }
    match &call.got {
        Got::Chat(response) => answer(expect, response, faults),
        Got::Error(error) => refusal(expect, error, faults),
        Got::Other(_) | Got::Dropped => {}
    }
    faults.within("attempts", expect.attempts.as_ref(), call.attempts());
    faults.within(
        "chunks with content",
        expect.contents.as_ref(),
        call.contents,
    );
    faults.within("chunks", expect.chunks.as_ref(), call.chunks);
    if let Some(elapsed) = expect
        .elapsed
        .filter(|expected| !expected.allows(call.elapsed))
    {
        faults.add(format!(
            "elapsed: expected {elapsed}, got {:?}",
            call.elapsed
        ));
    }
}

pub(crate) fn refusal(expect: &Expect, error: &Error, faults: &mut Faults) {
    faults.same("kind", expect.kind, Some(error.kind()));
    faults.same("phase", expect.phase, error.phase());
    faults.same("scope", expect.scope, Some(error.scope()));
    faults.same("delivery", expect.delivery, Some(error.delivery()));
    faults.same("limit", expect.limit, error.limit());
    faults.same(
        "status",
        expect.status,
        error.status().map(|status| status.as_u16()),
    );
    faults.same("code", expect.code.as_deref(), error.code());
    let recovery = snake(&format!("{:?}", error.recovery()));
    faults.same("recovery", expect.recovery.as_ref(), Some(&recovery));
    if let Some(hint) = expect.retry_after {
        let within = error.retry_after().is_some_and(|wait| hint.allows(wait));
        if !within {
            faults.add(format!(
                "retry_after: expected {hint}, got {:?}",
                error.retry_after()
            ));
        }
    }
    let text = error.to_string();
    if let Some(says) = expect
        .says
        .as_ref()
        .filter(|says| !text.contains(says.as_str()))
    {
        faults.add(format!("the error does not say {says:?}: {text}"));
    }
    for hidden in expect
        .hides
        .iter()
        .filter(|hidden| text.contains(hidden.as_str()))
    {
        faults.add(format!("the error says {hidden:?}: {text}"));
    }
    if expect.longest_text.is_some_and(|most| text.len() > most) {
        faults.add(format!("the error's text has {} bytes", text.len()));
    }
    if !expect.deliveries.is_empty() {
        let got: Vec<_> = error
            .attempts()
            .iter()
            .map(|attempt| attempt.delivery)
            .collect();
        faults.same("deliveries", Some(&expect.deliveries), Some(&got));
    }
    let partial = error.partial().map(ChatResponse::text);
    faults.same("partial", expect.partial.clone(), partial);
    // Of an error these are what came before it.
    if let Some(partial) = error.partial().filter(|_| expect.tool_calls.is_some()) {
        faults.same(
            "tool calls",
            expect.tool_calls.clone(),
            Some(calls(partial)),
        );
    }
    if let Some(partial) = error.partial() {
        usage(expect, partial, faults);
    } else if expect.usage.is_some() {
        faults.add("usage: the error has nothing of an answer");
    }
}

fn usage(expect: &Expect, response: &ChatResponse, faults: &mut Faults) {
    if let Some(usage) = expect.usage {
        let got = Usage {
            input: response.usage.input.total.filter(|_| usage.input.is_some()),
            output: response
                .usage
                .output
                .total
                .filter(|_| usage.output.is_some()),
            missing: usage.missing && lacks_usage(response),
        };
        faults.same("usage", Some(usage), Some(got));
    }
}

fn answer(expect: &Expect, response: &ChatResponse, faults: &mut Faults) {
    faults.same("text", expect.text.clone(), Some(response.text()));
    let words = expect.words.map(|count| numbered(count).concat());
    faults.same("words", words, Some(response.text()));
    if let Some(expected) = &expect.repeats {
        // Too long to be told.
        let got = response.text();
        if got != expected.text.repeat(expected.times) {
            faults.add(format!(
                "text: expected {:?} {} times, got {} other bytes",
                expected.text,
                expected.times,
                got.len()
            ));
        }
    }
    let finish = snake(&format!("{:?}", response.finish.kind));
    faults.same("finish", expect.finish.clone(), Some(finish));
    faults.same("model", expect.model.as_ref(), Some(&response.model));
    let warnings = response.warnings.len() as u64;
    faults.within("warnings", expect.warnings.as_ref(), warnings);
    usage(expect, response, faults);
    faults.same(
        "tool calls",
        expect.tool_calls.clone(),
        Some(calls(response)),
    );
}

fn calls(response: &ChatResponse) -> Vec<ToolCall> {
    let read = |call: &trunkline_core::ToolCall| {
        let (input, complete) = match &call.input {
            ToolInput::Json(json) => (json.get().to_owned(), true),
            ToolInput::Text(text) => (text.clone(), true),
            ToolInput::Invalid { raw, .. } => (raw.clone(), false),
            other => (format!("{other:?}"), false),
        };
        ToolCall {
            name: call.name.clone(),
            input,
            complete,
        }
    };
    response.tool_calls().map(read).collect()
}

/// What is said of all calls together.
fn together(expect: &Expect, part: &Part, faults: &mut Faults) {
    let ok = part.calls.iter().filter(|call| call.is_ok()).count() as u64;
    faults.within("calls that succeeded", expect.ok.as_ref(), ok);
    for (kind, count) in &expect.errors {
        let of_kind = |call: &&CallSeen| {
            call.error()
                .is_some_and(|error| error.kind().name() == kind)
        };
        let got = part.calls.iter().filter(of_kind).count() as u64;
        faults.within(&format!("calls that failed with {kind}"), Some(count), got);
    }
    for window in &expect.success {
        let begun = |call: &&CallSeen| window.contains(call.began.duration_since(part.began));
        let all = part.calls.iter().filter(begun).count();
        let ok = part
            .calls
            .iter()
            .filter(begun)
            .filter(|call| call.is_ok())
            .count();
        let share = ok as f64 / all.max(1) as f64;
        if !window.share.contains(&share) {
            faults.add(format!(
                "success from {}: expected {} of the calls, got {ok} of {all}",
                window.from, window.share
            ));
        }
    }
}

/// What the peers must have seen.
fn sent(expect: &Expect, part: &Part, keys: &[String], faults: &mut Faults) {
    let counts: Vec<u64> = part
        .peers
        .iter()
        .map(|peer| peer.requests.len() as u64)
        .collect();
    by_peer("requests", expect.requests.as_deref(), &counts, faults);
    let counts: Vec<u64> = part
        .peers
        .iter()
        .map(|peer| peer.connections as u64)
        .collect();
    by_peer(
        "connections",
        expect.connections.as_deref(),
        &counts,
        faults,
    );
    if let Some(expected) = &expect.waits {
        let waits = part.waits();
        let fits = waits.len() == expected.len()
            && waits
                .iter()
                .zip(expected)
                .all(|(wait, expected)| expected.allows(*wait));
        if !fits {
            faults.add(format!("waits: expected {}, got {waits:?}", list(expected)));
        }
    }
    for window in &expect.windows {
        let from_peer = |number: usize| window.peer.is_none_or(|peer| peer == number);
        let count = part
            .requests()
            .iter()
            .filter(|(number, request)| {
                from_peer(*number)
                    && window.contains(request.at.saturating_duration_since(part.began))
            })
            .count() as u64;
        let until = window.to.map_or("the end".to_owned(), |to| to.to_string());
        let what = format!("requests from {} to {until}", window.from);
        faults.within(&what, Some(&window.requests), count);
    }
    if let Some(limits) = expect.in_flight {
        let (per_key, total) = part.crowd(limits.time.0);
        for (what, most, got) in [
            ("of one key", limits.per_key, per_key),
            ("", limits.total, total),
        ] {
            if most.is_some_and(|most| got as u64 > most) {
                faults.add(format!(
                    "at a time: at most {}, got {got} {what}",
                    told(most)
                ));
            }
        }
    }
    for (_, request) in part.requests() {
        for (name, value) in &expect.sent {
            if request.header(name) != Some(value) {
                faults.add(format!(
                    "sent {name}: expected {value:?}, got {:?}",
                    request.header(name)
                ));
            }
        }
        if expect
            .path
            .as_ref()
            .is_some_and(|path| *path != request.path)
        {
            faults.add(format!(
                "path: expected {}, got {}",
                told(expect.path.as_ref()),
                request.path
            ));
        }
    }
    if let Some(expected) = &expect.keys_used {
        let number = |sent: &str| keys.iter().position(|key| sent.ends_with(key.as_str()));
        let used: Vec<usize> = part
            .requests()
            .iter()
            .filter_map(|(_, request)| sent_key(request).and_then(number))
            .map(|index| index + 1)
            .collect();
        faults.same("keys used", Some(expected), Some(&used));
    }
    for name in &expect.same_per_call {
        same_per_call(name, part, faults);
    }
}

fn by_peer(what: &str, expected: Option<&[Between<u64>]>, got: &[u64], faults: &mut Faults) {
    let Some(expected) = expected else { return };
    let fits = expected.len() == got.len()
        && expected
            .iter()
            .zip(got)
            .all(|(expected, got)| expected.contains(got));
    if !fits {
        faults.add(format!(
            "{what}: expected {}, got {}",
            list(expected),
            list(got)
        ));
    }
}

/// The calls are made one after the other, so the requests of each follow each other.
fn same_per_call(name: &str, part: &Part, faults: &mut Faults) {
    let mut values = Vec::new();
    for (_, request) in part.requests() {
        match request.header(name) {
            Some(value) => values.push(value),
            None => faults.add(format!("a request without the header {name}")),
        }
    }
    values.dedup();
    let mut distinct = values.clone();
    distinct.sort_unstable();
    distinct.dedup();
    if values.len() != part.calls.len() || distinct.len() != values.len() {
        faults.add(format!(
            "{name}: expected one value for each of {} calls, got {values:?}",
            part.calls.len()
        ));
    }
}

fn figures(expect: &Expect, part: &Part, faults: &mut Faults) {
    faults.same("requests sent again", expect.resent, Some(part.resent));
    if let Some(expected) = &expect.key_states {
        faults.same(
            "states of the keys",
            Some(expected),
            Some(&states(&part.stats, "keys")),
        );
    }
    if let Some(expected) = &expect.breaker {
        let circuits = states(&part.stats, "circuits");
        if circuits.is_empty() || circuits.iter().any(|state| state != expected) {
            faults.add(format!("breaker: expected {expected}, got {circuits:?}"));
        }
    }
    for (pointer, value) in &expect.stats {
        let got = part.stats.pointer(pointer);
        let expected = serde_json::to_value(value).unwrap_or_default();
        faults.same(&format!("statistics {pointer}"), Some(&expected), got);
    }
}

/// What the statistics say of keys and circuits, wherever they say it.
fn states(stats: &serde_json::Value, of: &str) -> Vec<String> {
    let mut found = Vec::new();
    match stats {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    serde_json::Value::Array(items) if name == of => {
                        let state = |item: &serde_json::Value| {
                            Some(item.get("state")?.as_str()?.to_owned())
                        };
                        found.extend(items.iter().filter_map(state));
                    }
                    inner => found.extend(states(inner, of)),
                }
            }
        }
        serde_json::Value::Array(items) => {
            found.extend(items.iter().flat_map(|item| states(item, of)));
        }
        _ => {}
    }
    found
}

/// `MaxTokens` is `max_tokens`; what follows in brackets is left out.
fn snake(name: &str) -> String {
    let name = name.split(['(', ' ']).next().unwrap_or_default();
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}
