//! What a provider may add or leave out tomorrow changes nothing today: unknown fields at every
//! level, `null` for what is not there, keys in another order, events nobody has heard of.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::{
    super::{
        Subject,
        list::{List, Outcome, ensure},
        role::{Role, role},
        tree::Tree,
    },
    Wire, answers,
};
use crate::fixture::{form::Framing, message};

/// The cases of which something changes, and the capability that calls for each.
const CASES: [(&str, &str); 10] = [
    ("chat", "chat"),
    ("tools", "tools"),
    ("stream", "stream"),
    ("stream_tools", "tools"),
    ("embed", "embed"),
    ("rerank", "rerank"),
    ("count_tokens", "count_tokens"),
    ("tokenize", "tokenize"),
    ("detokenize", "detokenize"),
    ("models", "list_models"),
];

/// The name of a field that nobody knows.
const UNKNOWN: &str = "x_conformance";

pub(super) fn add(list: &mut List, subject: &Arc<Subject>) {
    for (name, flag) in CASES {
        let stream = name.starts_with("stream");
        let applies = subject.needs(flag).and_then(|()| match name {
            "stream_tools" => subject.needs("stream"),
            "tools" => subject.needs("chat"),
            _ => Ok(()),
        });
        list.add_if(
            &applies,
            &format!("unknown_fields_change_nothing_in_{name}"),
            move |subject| async move { unknown_fields(&subject, name).await },
        );
        list.add_if(
            &applies,
            &format!("null_is_as_good_as_nothing_in_{name}"),
            move |subject| async move { nulls(&subject, name).await },
        );
        list.add_if(
            &applies,
            &format!("the_order_of_keys_does_not_matter_in_{name}"),
            move |subject| async move { reversed(&subject, name).await },
        );
        if stream {
            list.add_if(
                &applies,
                &format!("events_nobody_has_heard_of_are_passed_over_in_{name}"),
                move |subject| async move { events(&subject, name).await },
            );
        }
    }
}

/// The values that an unknown field takes.
const VALUES: [&str; 6] = [
    r#"{"deep":[1,{"er":null}],"type":"x"}"#,
    r#""text""#,
    "12345678901234567890",
    "null",
    "true",
    "[]",
];

async fn unknown_fields(subject: &Subject, name: &str) -> Outcome {
    let case = role(subject, name)?;
    let wire = Wire::of(&case)?;
    let objects = count(&wire);
    let mut changes = Vec::new();
    for value in VALUES {
        for first in [true, false] {
            let what = format!("with \"{UNKNOWN}\": {value} in every object");
            changes.push((what, added(&wire, None, first, value)));
        }
    }
    // One at a time, so that a failure says where; a stream's events are alike.
    for at in (0..objects).take(60) {
        let (path, wire) = (at, added(&wire, Some(at), false, VALUES[0]));
        changes.push((
            format!("with \"{UNKNOWN}\" in its object number {path}"),
            wire,
        ));
    }
    same(subject, &case, changes, "ignore fields that are not known").await
}

async fn reversed(subject: &Subject, name: &str) -> Outcome {
    let case = role(subject, name)?;
    let mut wire = Wire::of(&case)?;
    wire.json.each_mut(&mut |tree| {
        if let Tree::Object(fields) = tree {
            fields.reverse();
        }
    });
    let changes = vec![("with the keys of every object in reverse".to_owned(), wire)];
    same(subject, &case, changes, "read keys in any order").await
}

/// A field that is `null` is read as one that is absent. What may be absent the wire itself tells:
/// where the answer is read without it.
async fn nulls(subject: &Subject, name: &str) -> Outcome {
    let case = role(subject, name)?;
    let wire = Wire::of(&case)?;
    let mut bodies = Vec::new();
    let fields = wire.fields();
    for (_, paths) in &fields {
        let (mut without, mut null) = (wire.clone(), wire.clone());
        for path in paths.iter().rev() {
            without.json.remove(path);
            if let Some(value) = null.json.at_mut(path) {
                *value = Tree::Leaf("null".to_owned());
            }
        }
        bodies.extend([without.write(), null.write()]);
    }
    let read = answers(subject, &case, bodies).await?;
    for ((field, _), pair) in fields.iter().zip(read.chunks(2)) {
        let [Ok(without), null] = pair else { continue };
        let advice = format!(
            "without `{field}` the answer of `{name}` is read; with `\"{field}\": null`, which is \
             the same, it is"
        );
        match null {
            Err((_, error)) => return Err(format!("{advice} not: {error}")),
            Ok(null) => ensure(plain(null) == plain(without), || {
                format!("{advice} read otherwise: {}", difference(without, null))
            })?,
        }
    }
    Ok(())
}

/// Events of a kind that there is not yet, in the way in which the wire tells its events apart.
async fn events(subject: &Subject, name: &str) -> Outcome {
    let case = role(subject, name)?;
    let wire = Wire::of(&case)?;
    let events = strangers(&wire);
    ensure(!events.is_empty(), || {
        format!("how the events of `{name}` are told apart is not seen from its fixture")
    })?;
    let pieces = wire.pieces();
    let mut changes = Vec::new();
    for event in &events {
        // Behind the last event, nobody needs to read on.
        for at in 0..pieces.len().saturating_sub(1) {
            let mut pieces = pieces.clone();
            pieces.insert(at, event.clone());
            let shown = String::from_utf8_lossy(event).into_owned();
            let what = format!("with {shown:?} before its event number {at}");
            changes.push((what, pieces.concat().into()));
        }
    }
    let bodies = changes
        .iter()
        .map(|(_, body): &(_, Bytes)| body.clone())
        .collect();
    let whole = whole(subject, &case).await?;
    for ((what, _), read) in changes.iter().zip(answers(subject, &case, bodies).await?) {
        let advice = format!("the stream `{name}` {what} is to give the same answer");
        match read {
            Ok(read) => ensure(plain(&read) == plain(&whole), || {
                format!("{advice}; it gives another: {}", difference(&whole, &read))
            })?,
            Err((_, error)) => return Err(format!("{advice}; it fails: {error}")),
        }
    }
    Ok(())
}

/// Events that nobody has heard of. By name, where the framing has names; where the events tell
/// their kind themselves, one more of that kind of event with another word there.
fn strangers(wire: &Wire) -> Vec<Bytes> {
    const OBJECT: &str = "{\"type\":\"x_conformance\",\"text\":\"x\"}";
    match wire.framing {
        Some(Framing::Sse) => [
            format!("event: x_conformance\ndata: {OBJECT}\n\n").as_str(),
            "event: x_conformance\ndata: not JSON at all\n\n",
            "event: x_conformance\ndata:\n\n",
            "id: 7\nretry: 1000\n\n",
            ": a comment\n\n",
        ]
        .map(|event| Bytes::copy_from_slice(event.as_bytes()))
        .into(),
        Some(Framing::Messages) => {
            let headers = |kind| {
                [
                    (":message-type", kind),
                    (":event-type", "x_conformance"),
                    (":content-type", "application/json"),
                ]
            };
            vec![
                message(headers("event"), OBJECT),
                message(headers("event"), "{}"),
                message(headers("event"), ""),
            ]
        }
        // Lines have no names: whether one may say nothing that is known is the wire's own affair.
        Some(Framing::Lines) => ["\n", " \r\n"]
            .map(|line| Bytes::copy_from_slice(line.as_bytes()))
            .into(),
        None => Vec::new(),
    }
}

async fn same(
    subject: &Subject,
    case: &Role,
    changes: Vec<(String, Wire)>,
    advice: &str,
) -> Outcome {
    let whole = whole(subject, case).await?;
    let bodies = changes.iter().map(|(_, wire)| wire.write()).collect();
    for ((what, _), read) in changes.iter().zip(answers(subject, case, bodies).await?) {
        match read {
            Ok(read) => ensure(plain(&read) == plain(&whole), || {
                format!(
                    "{what} the answer is read otherwise; {advice}: {}",
                    difference(&whole, &read)
                )
            })?,
            Err((_, error)) => {
                return Err(format!("{what} the answer is not read; {advice}: {error}"));
            }
        }
    }
    Ok(())
}

/// The answer to the case as it is.
async fn whole(subject: &Subject, case: &Role) -> Outcome<Value> {
    let mut read = answers(subject, case, vec![case.body.clone()]).await?;
    match read.pop() {
        Some(Ok(answer)) => Ok(answer),
        Some(Err((_, error))) => Err(format!("the fixture itself is not read: {error}")),
        None => Err("the fixture itself is not read".to_owned()),
    }
}

fn count(wire: &Wire) -> usize {
    let mut objects = 0;
    let mut json = wire.json.clone();
    json.each_mut(&mut |tree| objects += usize::from(matches!(tree, Tree::Object(_))));
    objects
}

/// The body with an unknown field in the object of this number, or in all.
fn added(wire: &Wire, only: Option<usize>, first: bool, value: &str) -> Wire {
    let mut wire = wire.clone();
    let mut number = 0;
    wire.json.each_mut(&mut |tree| {
        if let Tree::Object(fields) = tree {
            if only.is_none_or(|only| only == number) {
                let field = (UNKNOWN.to_owned(), Tree::Leaf(value.to_owned()));
                fields.insert(if first { 0 } else { fields.len() }, field);
            }
            number += 1;
        }
    });
    wire
}

/// An answer without the unknown field, where it was kept as the provider's own words, and without
/// what is `null`.
fn plain(value: &Value) -> Value {
    // An id of ours may be made of the very text that was changed.
    let is_synthetic = value.get("synthetic_id") == Some(&Value::Bool(true));
    match value {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, value)| *name != UNKNOWN && !value.is_null())
            .filter(|(name, _)| *name != "id" || !is_synthetic)
            .map(|(name, value)| (name.clone(), plain(value)))
            .collect(),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::String(text) if text.starts_with(['{', '[']) => match serde_json::from_str(text) {
            Ok(inner) => plain(&inner),
            Err(_) => value.clone(),
        },
        other => other.clone(),
    }
}

/// The first place where two answers differ.
fn difference(expected: &Value, got: &Value) -> String {
    fn find(path: &str, expected: &Value, got: &Value) -> Option<String> {
        if expected == got {
            return None;
        }
        let child = |name: &str| format!("{path}/{name}");
        match (expected, got) {
            (Value::Object(a), Value::Object(b)) => a.keys().chain(b.keys()).find_map(|name| {
                let none = Value::Null;
                let (a, b) = (a.get(name).unwrap_or(&none), b.get(name).unwrap_or(&none));
                find(&child(name), a, b)
            }),
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => a
                .iter()
                .zip(b)
                .enumerate()
                .find_map(|(at, (a, b))| find(&child(&at.to_string()), a, b)),
            _ => Some(format!("{path} is {got:.120}, and was {expected:.120}")),
        }
    }
    find("", &plain(expected), &plain(got)).unwrap_or_default()
}
