//! Plausible values for a JSON schema.
//!
//! Not a validator, and `pattern`, `not`, `if` and `dependent…` are not looked at: a value is
//! built from the types, the enumerations, the bounds and the names of properties.

use std::cell::Cell;

use serde_json::{Map, Value, json};

use super::words;

/// Recursion stops here; deeper values are null.
const MAX_DEPTH: usize = 24;
/// Optional properties and list items are left out from here on, so that recursive types end.
const FULL_DEPTH: usize = 6;
/// No more values than these are built; the rest are null.
const MAX_VALUES: usize = 4_096;
const ITEMS: u64 = 3;
const MAX_ITEMS: u64 = 16;

/// A value that fits `schema`, with a name taken from `question` where one is wanted.
pub(super) fn example(schema: &Value, question: &str) -> Value {
    let example = Example {
        root: schema,
        question,
        left: Cell::new(MAX_VALUES),
    };
    example.value(schema, Place::default())
}

struct Example<'a> {
    root: &'a Value,
    question: &'a str,
    left: Cell<usize>,
}

/// Where in the whole a value stands.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    /// The property it belongs to.
    name: &'a str,
    /// Which item of a list it is.
    index: Option<usize>,
    depth: usize,
}

impl<'a> Place<'a> {
    fn property(self, name: &'a str) -> Self {
        Self {
            name,
            index: None,
            depth: self.depth + 1,
        }
    }

    fn item(self, index: usize) -> Self {
        Self {
            index: Some(index),
            depth: self.depth + 1,
            ..self
        }
    }

    fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }
}

impl Example<'_> {
    fn value(&self, schema: &Value, place: Place<'_>) -> Value {
        if place.depth > MAX_DEPTH || self.left.get() == 0 {
            return Value::Null;
        }
        self.left.set(self.left.get() - 1);

        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = target
                .strip_prefix('#')
                .and_then(|path| self.root.pointer(path));
            return self.value(target.unwrap_or(&Value::Null), place.deeper());
        }
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(values) = array(schema, "enum") {
            let index = place.index.unwrap_or(0) % values.len().max(1);
            return values.get(index).cloned().unwrap_or_default();
        }
        if let Some(branches) = array(schema, "anyOf").or_else(|| array(schema, "oneOf")) {
            return self.value(self.branch(branches, place), place.deeper());
        }
        if let Some(parts) = array(schema, "allOf") {
            return self.all_of(schema, parts, place);
        }
        match kind(schema) {
            "object" => self.object(schema, place),
            "array" => self.array(schema, place),
            "string" => json!(self.string(schema, place)),
            "integer" => integer(schema, place),
            "number" => number(schema, place),
            "boolean" => json!(place.index.unwrap_or(0).is_multiple_of(2)),
            "null" => Value::Null,
            _ => json!({}),
        }
    }

    /// The first branch that is not null; deep down the null one, which ends a recursive type.
    fn branch<'b>(&self, branches: &'b [Value], place: Place<'_>) -> &'b Value {
        let is_null = |branch: &&Value| kind(branch) == "null";
        let null = branches
            .iter()
            .find(is_null)
            .filter(|_| place.depth >= FULL_DEPTH);
        let other = branches.iter().find(|branch| !is_null(branch));
        null.or(other).or(branches.first()).unwrap_or(&Value::Null)
    }

    fn all_of(&self, schema: &Value, parts: &[Value], place: Place<'_>) -> Value {
        let mut merged = match schema.get("properties") {
            Some(_) => self.object(schema, place),
            None => Value::Null,
        };
        for part in parts {
            match (&mut merged, self.value(part, place.deeper())) {
                (Value::Object(all), Value::Object(more)) => all.extend(more),
                (merged, value) => *merged = value,
            }
        }
        merged
    }

    fn object(&self, schema: &Value, place: Place<'_>) -> Value {
        let required = array(schema, "required").unwrap_or_default();
        let full = place.depth < FULL_DEPTH;
        let properties = schema.get("properties").and_then(Value::as_object);
        let fields: Map<String, Value> = properties
            .into_iter()
            .flatten()
            .filter(|(name, _)| full || required.iter().any(|r| r == name.as_str()))
            .map(|(name, schema)| (name.clone(), self.value(schema, place.property(name))))
            .collect();
        match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) if fields.is_empty() && full => {
                json!({ "key": self.value(values, place.property("key")) })
            }
            _ => Value::Object(fields),
        }
    }

    fn array(&self, schema: &Value, place: Place<'_>) -> Value {
        let fixed = array(schema, "prefixItems").unwrap_or_default();
        let items = schema.get("items").filter(|items| items.is_object());
        let least = bound(schema, "minItems").unwrap_or(0);
        let most = bound(schema, "maxItems")
            .unwrap_or(MAX_ITEMS)
            .min(MAX_ITEMS);
        let wanted = match (place.depth < FULL_DEPTH, items) {
            (true, Some(_)) => ITEMS.max(least).min(most),
            _ => least.min(most),
        };
        let count = usize::try_from(wanted).unwrap_or(0).max(fixed.len());
        let schemas = fixed
            .iter()
            .chain(std::iter::repeat(items.unwrap_or(&Value::Null)));
        schemas
            .take(count)
            .enumerate()
            .map(|(index, schema)| self.value(schema, place.item(index)))
            .collect()
    }

    fn string(&self, schema: &Value, place: Place<'_>) -> String {
        let format = schema
            .get("format")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let text = match format {
            "date-time" => "2026-01-02T03:04:05Z".to_owned(),
            "date" => "2026-01-02".to_owned(),
            "time" => "03:04:05Z".to_owned(),
            "email" => "ada@example.com".to_owned(),
            "uri" | "url" => "https://example.com/".to_owned(),
            "uuid" => "00000000-0000-4000-8000-000000000000".to_owned(),
            _ => self.named(place),
        };
        fit(text, bound(schema, "minLength"), bound(schema, "maxLength"))
    }

    /// A text for a property of this name.
    fn named(&self, place: Place<'_>) -> String {
        let name = place.name.to_lowercase();
        let text = match name.as_str() {
            "city" | "location" | "place" | "town" => {
                words::proper_name(self.question).unwrap_or_else(|| "Oslo".to_owned())
            }
            "country" => "Norway".to_owned(),
            "name" | "first_name" | "author" | "person" => "Ada".to_owned(),
            "last_name" | "surname" => "Lovelace".to_owned(),
            "email" => "ada@example.com".to_owned(),
            "url" | "link" => "https://example.com/".to_owned(),
            "unit" | "units" => "celsius".to_owned(),
            "date" | "day" => "2026-01-02".to_owned(),
            "query" | "question" | "text" | "prompt" if !self.question.is_empty() => {
                self.question.chars().take(200).collect()
            }
            "" => "text".to_owned(),
            _ => format!("some {}", name.replace(['_', '-'], " ")),
        };
        match place.index {
            Some(index @ 1..) => format!("{text} {}", index + 1),
            _ => text,
        }
    }
}

/// The schema's type: the one it states first that is not null, or the one its keywords imply.
fn kind(schema: &Value) -> &str {
    let stated = match schema.get("type") {
        Some(Value::Array(types)) => types
            .iter()
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null")
            .or(Some("null")),
        Some(kind) => kind.as_str(),
        None => None,
    };
    stated.unwrap_or_else(|| match schema {
        Value::Object(schema) if schema.contains_key("properties") => "object",
        Value::Object(schema) if schema.contains_key("items") => "array",
        _ => "",
    })
}

fn integer(schema: &Value, place: Place<'_>) -> Value {
    let (least, most) = bounds(schema, 1.0);
    let least = least.ceil();
    let most = most.floor().max(least);
    let step = schema
        .get("multipleOf")
        .and_then(Value::as_f64)
        .unwrap_or(1.0);
    let wanted = match place.name.to_lowercase().as_str() {
        "year" => 2026.0,
        "age" => 36.0,
        "count" | "limit" | "quantity" | "days" => 3.0,
        _ => 1.0,
    };
    let wanted = (wanted + place.index.unwrap_or(0) as f64).clamp(least, most);
    // The cast saturates, and bounds beyond i64 are no matter to a test.
    json!(on_step(wanted, step, most) as i64)
}

fn number(schema: &Value, place: Place<'_>) -> Value {
    let (least, most) = bounds(schema, 0.001);
    let wanted = 0.5 + place.index.unwrap_or(0) as f64;
    let value = wanted.clamp(least, most.max(least));
    match schema.get("multipleOf").and_then(Value::as_f64) {
        Some(step) => json!(on_step(value, step, most)),
        None => json!(value),
    }
}

/// The next multiple of `step`, or the one before if that is too much.
fn on_step(value: f64, step: f64, most: f64) -> f64 {
    if step <= 0.0 {
        return value;
    }
    let up = (value / step).ceil() * step;
    if up > most {
        (value / step).floor() * step
    } else {
        up
    }
}

/// The least and the greatest number allowed; an exclusive bound is moved by `margin`.
fn bounds(schema: &Value, margin: f64) -> (f64, f64) {
    let limit = |name: &str| schema.get(name).and_then(Value::as_f64);
    let least = limit("minimum").or(limit("exclusiveMinimum").map(|bound| bound + margin));
    let most = limit("maximum").or(limit("exclusiveMaximum").map(|bound| bound - margin));
    (least.unwrap_or(f64::MIN), most.unwrap_or(f64::MAX))
}

fn fit(mut text: String, least: Option<u64>, most: Option<u64>) -> String {
    let least = least.unwrap_or(0).min(4_096);
    let most = usize::try_from(most.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let missing = least.saturating_sub(text.chars().count() as u64);
    text.extend((0..missing).map(|_| '.'));
    text.chars().take(most).collect()
}

fn array<'a>(schema: &'a Value, name: &str) -> Option<&'a [Value]> {
    schema
        .get(name)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
}

fn bound(schema: &Value, name: &str) -> Option<u64> {
    schema.get(name).and_then(Value::as_u64)
}
