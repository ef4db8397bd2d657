//! JSON schemas in the words that are known here. What is not known is refused or ignored, so it
//! is said otherwise where it can be; the order of properties stays, since answers keep to it.
//!
//! <https://ai.google.dev/api/generate-content#FIELDS.response_json_schema>

use std::borrow::Cow;

use serde_json::value::RawValue;
use trunkline_core::{Json, protocol::Fields};

/// What makes a schema worth another look.
const UNKNOWN: [&str; 4] = ["\"$schema\"", "\"$ref\"", "\"const\"", "\"allOf\""];
/// Schemas that stand under these names by a name of their own.
const MAPS: [&str; 4] = ["properties", "$defs", "definitions", "patternProperties"];
/// Schemas, or lists of them, that stand under these names.
const NESTED: [&str; 6] = [
    "items",
    "prefixItems",
    "additionalProperties",
    "anyOf",
    "oneOf",
    "not",
];
/// `serde_json` reads no deeper either; deeper ones go as they are, for the provider to refuse.
const MAX_DEPTH: usize = 128;

/// The schema without `$schema`, `const`, `allOf` of one, and words beside a `$ref`.
pub(super) fn known(schema: &Json) -> Cow<'_, Json> {
    let text = schema.get();
    if !UNKNOWN.iter().any(|word| text.contains(word)) {
        return Cow::Borrowed(schema);
    }
    let mut out = String::with_capacity(text.len());
    rewrite(text, 0, &mut out);
    Json::parse(out).map_or(Cow::Borrowed(schema), Cow::Owned)
}

fn rewrite(text: &str, depth: usize, out: &mut String) {
    let fields = match serde_json::from_str::<Fields<&RawValue>>(text) {
        Ok(fields) if depth < MAX_DEPTH => fields.0,
        // `true`, or a list of names.
        _ => return out.push_str(text),
    };
    let has = |name: &str| fields.iter().any(|(field, _)| field == name);
    let beside =
        has("$ref") && !has("anyOf") && fields.iter().any(|(name, _)| !name.starts_with('$'));
    let mut sep = '{';
    for (name, value) in &fields {
        let value = value.get();
        match &**name {
            "$schema" => continue,
            "const" => put(out, &mut sep, "enum", |out| wrap("[", value, "]", out)),
            "$ref" if beside => {
                let alone = |out: &mut String| wrap("[{\"$ref\":", value, "}]", out);
                put(out, &mut sep, "anyOf", alone);
            }
            "allOf" if !has("anyOf") && is_one(value) => {
                put(out, &mut sep, "anyOf", |out| list(value, depth, out));
            }
            name if MAPS.contains(&name) => {
                put(out, &mut sep, name, |out| map(value, depth, out));
            }
            name if NESTED.contains(&name) || name == "allOf" => {
                put(out, &mut sep, name, |out| list(value, depth, out));
            }
            name => put(out, &mut sep, name, |out| out.push_str(value)),
        }
    }
    out.push_str(if sep == '{' { "{}" } else { "}" });
}

fn put(out: &mut String, sep: &mut char, name: &str, value: impl FnOnce(&mut String)) {
    out.push(*sep);
    *sep = ',';
    // A string always serializes.
    out.push_str(&serde_json::to_string(name).unwrap_or_default());
    out.push(':');
    value(out);
}

fn wrap(before: &str, value: &str, after: &str, out: &mut String) {
    out.push_str(before);
    out.push_str(value);
    out.push_str(after);
}

fn is_one(value: &str) -> bool {
    serde_json::from_str::<Vec<&RawValue>>(value).is_ok_and(|list| list.len() == 1)
}

/// A schema, or a list of them.
fn list(value: &str, depth: usize, out: &mut String) {
    let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(value) else {
        return rewrite(value, depth + 1, out);
    };
    out.push('[');
    for (at, schema) in list.into_iter().enumerate() {
        out.push_str(if at == 0 { "" } else { "," });
        rewrite(schema.get(), depth + 1, out);
    }
    out.push(']');
}

/// Schemas by name.
fn map(value: &str, depth: usize, out: &mut String) {
    let Ok(Fields(fields)) = serde_json::from_str::<Fields<&RawValue>>(value) else {
        return out.push_str(value);
    };
    let mut sep = '{';
    for (name, schema) in &fields {
        put(out, &mut sep, name, |out| {
            rewrite(schema.get(), depth + 1, out);
        });
    }
    out.push_str(if sep == '{' { "{}" } else { "}" });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(schema: &str) -> String {
        known(&Json::parse(schema).unwrap()).get().to_owned()
    }

    #[test]
    fn what_is_known_stays_byte_for_byte() {
        let schema =
            r#"{ "type":"object", "properties":{"b":{"type":"string"},"a":{"minimum":1.0}} }"#;
        assert_eq!(sent(schema), schema);
    }

    #[test]
    fn what_is_unknown_is_said_otherwise_in_the_same_order() {
        for (schema, expected) in [
            (r#"{"$schema":"x","type":"object"}"#, r#"{"type":"object"}"#),
            (
                r#"{"properties":{"z":{"const":"a"},"a":{"items":{"const":1}}}}"#,
                r#"{"properties":{"z":{"enum":["a"]},"a":{"items":{"enum":[1]}}}}"#,
            ),
            (
                r##"{"$ref":"#/$defs/n","$defs":{"n":{"const":null}}}"##,
                r##"{"$ref":"#/$defs/n","$defs":{"n":{"enum":[null]}}}"##,
            ),
            (
                r##"{"anyOf":[{"description":"d","$ref":"#/$defs/n"}]}"##,
                r##"{"anyOf":[{"description":"d","anyOf":[{"$ref":"#/$defs/n"}]}]}"##,
            ),
            (
                r##"{"default":{"const":1},"allOf":[{"$ref":"#/$defs/n"}]}"##,
                r##"{"default":{"const":1},"anyOf":[{"$ref":"#/$defs/n"}]}"##,
            ),
            (
                r#"{"properties":{"const":true},"$schema":""}"#,
                r#"{"properties":{"const":true}}"#,
            ),
        ] {
            assert_eq!(sent(schema), expected);
        }
    }

    #[test]
    fn a_schema_that_is_too_deep_is_left_to_the_provider() {
        let deep = r#"{"items":"#.repeat(400) + r#"{"const":1}"# + &"}".repeat(400);
        assert_eq!(sent(&deep).matches("items").count(), 400);
    }
}
