use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;

fn merged(target: &str, patch: &str) -> String {
    merge_patch(target, &Json::parse(patch).unwrap()).unwrap()
}

#[test]
fn the_examples_of_rfc_7396_appendix_a() {
    let cases = [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, r"{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (
            r#"{"a":{"b":"c"}}"#,
            r#"{"a":{"b":"d","c":null}}"#,
            r#"{"a":{"b":"d"}}"#,
        ),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, "null", "null"),
        (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        (r"[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        (r"{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ];
    for (target, patch, expected) in cases {
        assert_eq!(merged(target, patch), expected, "{target} + {patch}");
    }
}

#[test]
fn what_the_patch_does_not_name_keeps_its_text() {
    let target = r#"{"z":1.50,"a":123456789012345678901234567890,"m":{"k":"é","j":[ 1 ]}}"#;

    let patched = merged(target, r#"{"m":{"j":2}}"#);

    assert_eq!(
        patched,
        r#"{"z":1.50,"a":123456789012345678901234567890,"m":{"k":"é","j":2}}"#
    );
}

#[test]
fn of_a_name_that_comes_twice_the_last_value_is_the_patch() {
    assert_eq!(
        merged(r#"{"a":1}"#, r#"{"a":2,"a":3,"b":4,"b":5}"#),
        r#"{"a":3,"b":5}"#
    );
}

#[test]
fn a_patch_nested_as_deep_as_json_goes_does_not_overflow_the_stack() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(127), "}".repeat(127));
    assert_eq!(merged("{}", &deep), deep);
}

/// RFC 7396, section 2, as it is written there.
fn reference(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else {
        return patch;
    };
    let mut target = match target {
        Value::Object(target) => target,
        _ => Map::new(),
    };
    for (name, value) in patch {
        if value.is_null() {
            target.remove(&name);
        } else {
            let old = target.remove(&name).unwrap_or(Value::Null);
            target.insert(name, reference(old, value));
        }
    }
    Value::Object(target)
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            // Few names, so that patch and target meet; some that must be escaped.
            prop::collection::btree_map(
                prop::sample::select(vec!["a", "b", "\"", "\u{1}é"]),
                inner,
                0..4
            )
            .prop_map(|map| map
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn a_patch_does_what_the_rfc_s_own_algorithm_does(target in json(), patch in json()) {
        let text = merged(&target.to_string(), &patch.to_string());

        prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), reference(target, patch));
    }

    #[test]
    fn the_empty_patch_changes_no_object_s_fields(target in json()) {
        prop_assume!(target.is_object());
        prop_assert_eq!(merged(&target.to_string(), "{}"), target.to_string());
    }
}
