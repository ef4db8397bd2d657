use serde_json::{Value, json};

use super::*;

fn strictly(schema: Value) -> Value {
    strict(&schema.into()).unwrap().read().unwrap()
}

fn flat(schema: Value) -> Value {
    inlined(&schema.into()).unwrap().read().unwrap()
}

fn refused(result: Result<Json>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
    error.to_string()
}

#[test]
fn every_object_is_closed_however_deep_it_lies() {
    let schema = json!({
        "type": "object",
        "properties": { "list": { "type": "array", "items": { "type": "object", "properties": { "a": { "type": "integer" } } } } },
        "required": ["list"],
        "$defs": { "D": { "anyOf": [{ "type": "object" }] } },
    });

    let strict = strictly(schema);

    let inner = &strict["properties"]["list"]["items"];
    assert_eq!(inner["additionalProperties"], false);
    assert_eq!(inner["required"], json!(["a"]));
    let empty = &strict["$defs"]["D"]["anyOf"][0];
    assert_eq!(
        empty,
        &json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false })
    );
}

#[test]
fn what_is_optional_may_be_null_and_what_is_required_may_not() {
    let strict = strictly(json!({
        "type": "object",
        "required": ["must"],
        "properties": {
            "must": { "type": "string" },
            "typed": { "type": "string" },
            "listed": { "type": ["string", "null"] },
            "chosen": { "type": "string", "enum": ["a", "b"] },
            "fixed": { "type": "string", "const": "x" },
            "named": { "$ref": "#/$defs/N" },
            "either": { "anyOf": [{ "type": "string" }, { "type": "integer" }] },
        },
    }));

    assert_eq!(strict["properties"]["must"], json!({ "type": "string" }));
    assert_eq!(
        strict["properties"]["typed"],
        json!({ "type": ["string", "null"] })
    );
    assert_eq!(
        strict["properties"]["listed"],
        json!({ "type": ["string", "null"] })
    );
    assert_eq!(
        strict["properties"]["chosen"],
        json!({ "type": ["string", "null"], "enum": ["a", "b", null] })
    );
    assert_eq!(
        strict["properties"]["fixed"],
        json!({ "type": ["string", "null"], "enum": ["x", null] })
    );
    assert_eq!(
        strict["properties"]["named"],
        json!({ "anyOf": [{ "$ref": "#/$defs/N" }, { "type": "null" }] })
    );
    let either =
        json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }, { "type": "null" }] });
    assert_eq!(strict["properties"]["either"], either);
    let required = [
        "chosen", "either", "fixed", "listed", "must", "named", "typed",
    ];
    assert_eq!(strict["required"], json!(required));
}

#[test]
fn strict_twice_is_strict_once() {
    let schema = json!({ "type": "object", "properties": { "a": { "enum": [1, 2] }, "b": { "type": "object" } } });
    let once = strictly(schema);
    assert_eq!(strictly(once.clone()), once);
}

#[test]
fn fields_with_the_names_of_keywords_are_fields() {
    let schema = json!({
        "type": "object",
        "required": ["properties", "format", "default", "type", "$ref", "items"],
        "properties": {
            "properties": { "type": "string" },
            "format": { "type": "string" },
            "default": { "type": "string" },
            "type": { "type": "string" },
            "$ref": { "type": "string" },
            "items": { "type": "object" },
        },
    });

    let strict = strictly(schema.clone());

    assert_eq!(
        strict["properties"].as_object().unwrap().len(),
        6,
        "{strict}"
    );
    assert_eq!(strict["properties"]["default"], json!({ "type": "string" }));
    assert_eq!(flat(schema.clone()), schema);
}

#[test]
fn data_is_not_taken_for_a_schema() {
    let schema = json!({ "enum": [{ "type": "object" }, { "$ref": "#/nowhere" }], "const": { "default": 1 } });
    let nested = json!({ "type": "object", "properties": { "a": schema }, "required": ["a"] });
    assert_eq!(strictly(nested.clone())["properties"]["a"], schema);
    assert_eq!(flat(nested.clone()), nested);
}

#[test]
fn a_map_of_free_keys_has_no_strict_form() {
    for map in [
        json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
        json!({ "type": "object", "additionalProperties": true }),
        json!({ "type": ["object", "null"], "additionalProperties": { "type": "integer" } }),
        json!({ "type": "object", "patternProperties": { "^x": { "type": "integer" } } }),
    ] {
        let nested = json!({ "type": "object", "properties": { "map": map } });
        assert!(refused(strict(&nested.into())).contains("map of free keys"));
    }
}

#[test]
fn references_are_replaced_by_what_they_name() {
    let flat = flat(json!({
        "type": "object",
        "properties": {
            "a": { "$ref": "#/$defs/Outer", "description": "mine" },
            "b": { "items": { "$ref": "#/definitions/a%20b" } },
        },
        "$defs": { "Outer": { "description": "theirs", "properties": { "x": { "$ref": "#/$defs/Inner" } } }, "Inner": { "type": "null" } },
        "definitions": { "a b": { "type": "boolean" } },
    }));

    let outer = json!({ "description": "mine", "properties": { "x": { "type": "null" } } });
    let expected = json!({ "type": "object", "properties": { "a": outer, "b": { "items": { "type": "boolean" } } } });
    assert_eq!(flat, expected);
}

#[test]
fn deep_nesting_is_no_recursion() {
    let deep = (0..25).fold(
        json!({ "type": "string" }),
        |inner, _| json!({ "type": "array", "items": inner }),
    );
    assert_eq!(flat(deep.clone()), deep);
}

#[test]
fn what_cannot_be_inlined_is_refused() {
    let recursive = json!({ "properties": { "next": { "$ref": "#" } } });
    assert!(refused(inlined(&recursive.into())).contains("refers to itself"));

    // Each level doubles: thirty of them would be a billion nodes.
    let mut definitions = serde_json::Map::new();
    for level in 0..30 {
        let next = json!({ "$ref": format!("#/$defs/L{}", level + 1) });
        definitions.insert(format!("L{level}"), json!({ "anyOf": [next, next] }));
    }
    definitions.insert("L30".to_owned(), json!({ "type": "null" }));
    let bomb = json!({ "$ref": "#/$defs/L0", "$defs": definitions });
    assert!(refused(inlined(&bomb.into())).contains("grows too large"));

    for reference in ["#/$defs/Missing", "https://example.com/schema", "#/%ff"] {
        let schema = json!({ "$ref": reference });
        assert!(refused(inlined(&schema.into())).contains("refers to what is not in it"));
    }
}

#[test]
fn a_choice_of_one_becomes_a_choice_of_any() {
    let schema = Json::parse(
        r#"{"type":"object","required":["a"],"properties":{"a":{"oneOf":[{"const":"x"},{"const":"y"}]}}}"#,
    )
    .unwrap();

    let strict = strict(&schema).unwrap();

    assert!(
        strict
            .get()
            .contains(r#""anyOf":[{"const":"x"},{"const":"y"}]"#),
        "{strict}"
    );
    assert!(!strict.get().contains("oneOf"));
}

#[test]
fn what_the_strict_form_cannot_say_is_refused_with_advice() {
    for (schema, says) in [
        (
            r#"{"type":"array","items":{"type":"string"}}"#,
            "field of a struct",
        ),
        (
            r#"{"oneOf":[{"type":"object"},{"type":"object"}]}"#,
            "field of a struct",
        ),
        (
            r#"{"type":"object","properties":{"a":{"prefixItems":[]}}}"#,
            "struct instead of a tuple",
        ),
        (
            r#"{"type":"object","properties":{"a":true}}"#,
            "name the type",
        ),
        (
            r#"{"type":"object","properties":{"a":{"allOf":[]}}}"#,
            "as one",
        ),
    ] {
        let error = strict(&Json::parse(schema).unwrap()).unwrap_err();
        assert!(error.message().contains(says), "{schema}: {error}");
    }
}

#[cfg(feature = "schemars")]
#[test]
fn what_has_a_default_in_rust_is_asked_for_and_not_null() {
    #[derive(schemars::JsonSchema)]
    #[allow(dead_code, reason = "only its schema is wanted")]
    struct Answer {
        #[serde(default)]
        count: u32,
        note: Option<String>,
    }

    let crate::chat::Format::Schema { schema, .. } = crate::chat::Format::of::<Answer>().unwrap()
    else {
        panic!("a schema");
    };

    let value: serde_json::Value = schema.read().unwrap();
    assert_eq!(value["required"], serde_json::json!(["count", "note"]));
    assert_eq!(value["properties"]["count"]["type"], "integer");
    assert_eq!(
        value["properties"]["note"]["type"],
        serde_json::json!(["string", "null"])
    );
}
