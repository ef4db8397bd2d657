//! JSON schemas within what Cohere holds answers to.
//!
//! <https://docs.cohere.com/v2/docs/structured-outputs#unsupported-schema-features>

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::value::RawValue;
use trunkline_core::{Json, Warning, chat::Warnings, protocol::Fields};

/// Bounds that Cohere does not know.
const UNKNOWN: [&str; 10] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
    "minLength",
    "maxLength",
    "uniqueItems",
    "not",
];
const FORMATS: [&str; 4] = ["date-time", "uuid", "date", "time"];
/// Where schemas stand under names of their own.
const NAMED: [&str; 3] = ["properties", "$defs", "definitions"];
/// Where a schema stands, or a list of them. What stands elsewhere is data.
const NESTED: [&str; 6] = [
    "items",
    "prefixItems",
    "anyOf",
    "oneOf",
    "allOf",
    "additionalProperties",
];
/// As deep as JSON is read.
const DEEPEST: usize = 128;

/// The schema without the bounds that Cohere does not know, and a warning that names them. All else
/// stays in its order, since models write fields in the order of the schema.
pub(super) fn known<'a>(
    schema: &'a Json,
    feature: &'static str,
    warnings: &mut Warnings,
) -> Cow<'a, Json> {
    let Ok(raw) = serde_json::from_str(schema.get()) else {
        return Cow::Borrowed(schema);
    };
    let mut writer = Writer::default();
    writer.schema(raw, 0);
    let written = Json::parse(writer.out);
    match written {
        Ok(json) if writer.changed => {
            if !writer.lost.is_empty() {
                let lost: Vec<_> = writer.lost.into_iter().collect();
                let lost = lost.join(", ");
                warnings.push(Warning::coerced(
                    feature,
                    format!("a schema with {lost}"),
                    "one without",
                ));
            }
            Cow::Owned(json)
        }
        _ => Cow::Borrowed(schema),
    }
}

#[derive(Default)]
struct Writer {
    out: String,
    lost: BTreeSet<&'static str>,
    changed: bool,
}

impl Writer {
    fn schema(&mut self, raw: &RawValue, depth: usize) {
        let Some(fields) = object(raw).filter(|_| depth < DEEPEST) else {
            self.out.push_str(raw.get());
            return;
        };
        let fields = self.kept(fields);
        self.object(fields, |writer, name, value| {
            let named = object(value).filter(|_| NAMED.contains(&name));
            let list = serde_json::from_str::<Vec<&RawValue>>(value.get());
            match (named, list) {
                (Some(named), _) => {
                    writer.object(named, |writer, _, value| writer.schema(value, depth + 1));
                }
                (None, Ok(list)) if NESTED.contains(&name) => writer.list(&list, depth + 1),
                (None, Err(_)) if NESTED.contains(&name) => writer.schema(value, depth + 1),
                _ => writer.out.push_str(value.get()),
            }
        });
    }

    /// Those fields of a schema that Cohere knows. A choice of exactly one becomes a choice of any.
    fn kept<'a>(&mut self, fields: Object<'a>) -> Object<'a> {
        let has_any = fields.0.iter().any(|(name, _)| name == "anyOf");
        let kept = fields.0.into_iter().filter_map(|(name, value)| {
            let format = (name == "format" && !is_known(value)).then_some("format");
            let unknown = UNKNOWN.into_iter().find(|unknown| *unknown == name);
            if let Some(lost) = unknown.or(format) {
                self.lost.insert(lost);
                self.changed = true;
                return None;
            }
            if name == "oneOf" && !has_any {
                self.changed = true;
                return Some(("anyOf".into(), value));
            }
            Some((name, value))
        });
        Fields(kept.collect())
    }

    fn object<'a>(&mut self, fields: Object<'a>, write: impl Fn(&mut Self, &str, &'a RawValue)) {
        self.out.push('{');
        for (at, (name, value)) in fields.0.into_iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.out
                .push_str(&serde_json::Value::from(&*name).to_string());
            self.out.push(':');
            write(self, &name, value);
        }
        self.out.push('}');
    }

    fn list(&mut self, schemas: &[&RawValue], depth: usize) {
        self.out.push('[');
        for (at, schema) in schemas.iter().enumerate() {
            if at > 0 {
                self.out.push(',');
            }
            self.schema(schema, depth);
        }
        self.out.push(']');
    }
}

fn is_known(format: &RawValue) -> bool {
    let name = serde_json::from_str::<Cow<'_, str>>(format.get());
    name.is_ok_and(|name| FORMATS.contains(&&*name))
}

/// The fields of an object in their order.
type Object<'a> = Fields<&'a RawValue>;

fn object(raw: &RawValue) -> Option<Object<'_>> {
    serde_json::from_str(raw.get()).ok()
}
