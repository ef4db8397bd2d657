//! JSON schemas in the dialects that providers understand.

use serde_json::{Map, Value};

use crate::{Error, ErrorKind, Json, Result};

/// How often a `$ref` may lead into another before we call it endless.
const MAX_REFS: usize = 32;
/// How large a schema may grow by inlining.
const MAX_NODES: usize = 20_000;

/// The strict form that OpenAI and others hold a model to: every object closed, every property
/// required (optional ones may be `null`), no `$schema`.
///
/// See <https://platform.openai.com/docs/guides/structured-outputs#supported-schemas>.
///
/// A choice of exactly one (`oneOf`) becomes a choice of any (`anyOf`), the only one that is known
/// there.
///
/// # Errors
///
/// [`ErrorKind::InvalidRequest`] if it is no JSON schema, or one that the strict form cannot
/// express: a root that is no object, a map of free keys, a tuple, any value at all, `allOf`,
/// `not`, conditions.
///
/// ```
/// # use trunkline_core::{Json, chat::schema::strict};
/// let schema = Json::parse(r#"{"$schema":"x","type":"object","properties":{"a":{"type":"string"}}}"#)?;
/// assert_eq!(
///     strict(&schema)?.get(),
///     r#"{"additionalProperties":false,"properties":{"a":{"type":["string","null"]}},"required":["a"],"type":"object"}"#,
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn strict(schema: &Json) -> Result<Json> {
    closed(schema, Optional::Nullable)
}

/// The same of a Rust type's schema. There, what may be `null` says so itself, and what has a
/// default cannot be `null`: it is asked for.
#[cfg(feature = "schemars")]
pub(super) fn strict_of_type(schema: &Json) -> Result<Json> {
    closed(schema, Optional::Required)
}

/// What becomes of a property that is not required, in a form that requires all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Optional {
    Nullable,
    #[cfg(feature = "schemars")]
    Required,
}

fn closed(schema: &Json, optional: Optional) -> Result<Json> {
    let mut value = read(schema)?;
    let Value::Object(root) = &mut value else {
        return Err(invalid("is no object"));
    };
    root.remove("$schema");
    if !root.contains_key("$ref") && root.get("type").is_none_or(|kind| kind != "object") {
        return Err(invalid(
            "has no object at its root, as strict output needs; put the type into a field of a struct",
        ));
    }
    close(&mut value, optional)?;
    Ok(value.into())
}

/// The schema without references: every `$ref` replaced by what it names, `$defs` gone. For
/// providers that know no references.
///
/// # Errors
///
/// [`ErrorKind::InvalidRequest`] for a schema that refers to itself, or to what is not there.
pub fn inlined(schema: &Json) -> Result<Json> {
    let mut value = read(schema)?;
    let root = value.clone();
    if let Value::Object(object) = &mut value {
        object.remove("$schema");
    }
    let mut nodes = 0;
    inline(&mut value, &root, 0, &mut nodes)?;
    Ok(value.into())
}

fn read(schema: &Json) -> Result<Value> {
    schema.read().map_err(|_| invalid("is no JSON"))
}

fn invalid(what: &str) -> Error {
    Error::new(ErrorKind::InvalidRequest, format!("the JSON schema {what}"))
}

/// Schemas that stand under these names by a name of their own.
const MAPS: [&str; 4] = ["properties", "$defs", "definitions", "patternProperties"];
/// Schemas, or lists of them, that stand under these names. Whatever stands under others, an `enum`
/// or a `default`, is data.
const NESTED: [&str; 14] = [
    "items",
    "prefixItems",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "additionalProperties",
    "propertyNames",
    "anyOf",
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
];

/// Does `f` to the schemas right under `schema`.
fn each_child(
    schema: &mut Map<String, Value>,
    mut f: impl FnMut(&mut Value) -> Result<()>,
) -> Result<()> {
    for (name, value) in schema {
        match value {
            Value::Object(children) if MAPS.contains(&name.as_str()) => {
                children.values_mut().try_for_each(&mut f)?;
            }
            Value::Array(children) if NESTED.contains(&name.as_str()) => {
                children.iter_mut().try_for_each(&mut f)?;
            }
            child if NESTED.contains(&name.as_str()) => f(child)?,
            _ => {}
        }
    }
    Ok(())
}

/// What the strict form does not know.
///
/// <https://platform.openai.com/docs/guides/structured-outputs#some-type-specific-keywords-are-not-yet-supported>
const UNKNOWN: [(&str, &str); 7] = [
    ("prefixItems", "use a struct instead of a tuple"),
    ("allOf", "write its parts as one"),
    ("not", "leave it out"),
    ("if", "leave it out"),
    ("dependentRequired", "leave it out"),
    ("dependentSchemas", "leave it out"),
    ("propertyNames", "leave it out"),
];

/// As deep as the schema is: `serde_json` does not read one that would be too deep.
fn close(value: &mut Value, optional: Optional) -> Result<()> {
    let Value::Object(object) = value else {
        return Err(invalid(
            "lets any value stand somewhere, which strict output cannot express; name the type",
        ));
    };
    if let Some((name, advice)) = UNKNOWN.iter().find(|(name, _)| object.contains_key(*name)) {
        return Err(invalid(&format!(
            "has `{name}`, which strict output cannot express; {advice}, or ask without strict"
        )));
    }
    if is_object_schema(object) {
        close_object(object, optional)?;
    }
    if let Some(choice) = object.remove("oneOf") {
        object.insert("anyOf".to_owned(), choice);
    }
    // Whoever closes the object already forbids what is unevaluated.
    object.remove("unevaluatedProperties");
    // OpenAI refuses annotations that it does not know of.
    object.remove("default");
    if object
        .get("format")
        .is_some_and(|format| !KNOWN_FORMATS.contains(&format.as_str().unwrap_or_default()))
    {
        object.remove("format");
    }
    each_child(object, |child| match child {
        // Closed already, by ourselves.
        Value::Bool(false) => Ok(()),
        child => close(child, optional),
    })
}

/// <https://platform.openai.com/docs/guides/structured-outputs#supported-properties>
const KNOWN_FORMATS: &[&str] = &[
    "date-time",
    "time",
    "date",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "uuid",
];

fn is_object_schema(object: &Map<String, Value>) -> bool {
    object.get("properties").is_some_and(Value::is_object)
        || object.get("type").is_some_and(|kind| match kind {
            Value::Array(kinds) => kinds.iter().any(|kind| kind == "object"),
            kind => kind == "object",
        })
}

fn close_object(object: &mut Map<String, Value>, optional: Optional) -> Result<()> {
    let extra = object
        .get("additionalProperties")
        .is_some_and(|extra| extra.is_object() || extra == &Value::Bool(true));
    let patterns = object
        .get("patternProperties")
        .and_then(Value::as_object)
        .is_some_and(|patterns| !patterns.is_empty());
    if extra || patterns {
        return Err(invalid(
            "has a map of free keys (`additionalProperties`), which strict output cannot express; \
             use a list of key-value objects, or ask without strict",
        ));
    }
    let required: Vec<String> = object
        .get("required")
        .and_then(Value::as_array)
        .map(|names| {
            names
                .iter()
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect()
        })
        .unwrap_or_default();
    let mut names = Vec::new();
    if let Some(Value::Object(properties)) = object.get_mut("properties") {
        for (name, property) in properties.iter_mut() {
            if optional == Optional::Nullable && !required.contains(name) {
                allow_null(property);
            }
            names.push(Value::String(name.clone()));
        }
    } else {
        object.insert("properties".to_owned(), Value::Object(Map::new()));
    }
    object.insert("required".to_owned(), Value::Array(names));
    object.insert("additionalProperties".to_owned(), Value::Bool(false));
    Ok(())
}

/// An optional property becomes one that may be `null`.
fn allow_null(property: &mut Value) {
    let Value::Object(object) = property else {
        return;
    };
    let null = || Value::String("null".to_owned());
    match object.get_mut("type") {
        Some(Value::Array(types)) => {
            if !types.contains(&null()) {
                types.push(null());
            }
        }
        Some(kind @ Value::String(_)) if *kind != "null" => {
            *kind = Value::Array(vec![kind.take(), null()]);
        }
        Some(_) => {}
        None => {
            if let Some(Value::Array(options)) = object.get_mut("anyOf") {
                let nullable = options
                    .iter()
                    .any(|option| option.get("type").is_some_and(|kind| kind == "null"));
                if !nullable {
                    options.push(serde_json::json!({ "type": "null" }));
                }
            } else {
                let inner = std::mem::take(property);
                *property = serde_json::json!({ "anyOf": [inner, { "type": "null" }] });
                return;
            }
        }
    }
    // An enumeration that does not list null would forbid what the type allows; so does a constant.
    if let Some(only) = object.remove("const") {
        object.insert("enum".to_owned(), Value::Array(vec![only]));
    }
    if let Some(Value::Array(values)) = object.get_mut("enum")
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
}

fn inline(value: &mut Value, root: &Value, refs: usize, nodes: &mut usize) -> Result<()> {
    *nodes += 1;
    if refs > MAX_REFS || *nodes > MAX_NODES {
        return Err(invalid(
            "refers to itself, or grows too large without references",
        ));
    }
    let Value::Object(object) = value else {
        return Ok(());
    };
    if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
        let mut target = find(root, reference)
            .ok_or_else(|| invalid("refers to what is not in it"))?
            .clone();
        object.remove("$ref");
        // What stands beside a reference, a description mostly, refines its target.
        if let Value::Object(fields) = &mut target {
            fields.extend(std::mem::take(object));
        }
        *value = target;
        return inline(value, root, refs + 1, nodes);
    }
    object.remove("$defs");
    object.remove("definitions");
    each_child(object, |child| inline(child, root, refs, nodes))
}

/// What a reference into this document names: a JSON pointer behind `#`, percent-encoded.
fn find<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    let pointer = crate::protocol::decoded(reference.strip_prefix('#')?);
    root.pointer(std::str::from_utf8(&pointer).ok()?)
}

#[cfg(test)]
mod tests;
