//! What comes in: blocks of a whole answer, and the pieces of them in a stream. Unions are objects
//! with one field that counts; what is unknown beside it is ignored.

use std::fmt;

use serde::{
    Deserialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use trunkline_core::Json;

/// A block of a whole answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Block {
    pub(crate) text: Option<String>,
    pub(crate) tool_use: Option<Call>,
    pub(crate) tool_result: Option<ToolOutcome>,
    pub(crate) reasoning_content: Option<Reasoned>,
    pub(crate) citations_content: Option<Cited>,
    pub(crate) image: Option<Image>,
}

/// How a block begins in a stream. Words and thoughts begin with their first piece.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Start {
    pub(crate) tool_use: Option<Call>,
    pub(crate) tool_result: Option<ToolOutcome>,
    pub(crate) image: Option<Image>,
}

/// By what a block grows.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Delta {
    pub(crate) text: Option<String>,
    pub(crate) tool_use: Option<Arguments>,
    pub(crate) reasoning_content: Option<Thought>,
    pub(crate) citation: Option<Json>,
    pub(crate) tool_result: Option<Vec<Json>>,
    pub(crate) image: Option<Image>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call {
    pub(crate) tool_use_id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) input: Option<Json>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Arguments {
    pub(crate) input: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToolOutcome {
    pub(crate) tool_use_id: Option<String>,
    pub(crate) content: Option<Vec<Json>>,
    pub(crate) status: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reasoned {
    pub(crate) reasoning_text: Option<Thought>,
    pub(crate) redacted_content: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Thought {
    pub(crate) text: Option<String>,
    pub(crate) signature: Option<String>,
    pub(crate) redacted_content: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Cited {
    pub(crate) content: Option<Vec<Words>>,
    pub(crate) citations: Option<Vec<Json>>,
}

#[derive(Deserialize)]
pub(crate) struct Words {
    pub(crate) text: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Image {
    pub(crate) format: Option<String>,
    pub(crate) source: Option<Bytes>,
}

#[derive(Deserialize)]
pub(crate) struct Bytes {
    pub(crate) bytes: Option<String>,
}

/// What an object is: its first field that is not null, beside `type`, which some blocks have.
pub(crate) fn key_of(json: &Json) -> Option<String> {
    struct Key;
    impl<'de> Visitor<'de> for Key {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some((key, value)) = map.next_entry::<String, Box<RawValue>>()? {
                if found.is_none() && key != "type" && value.get() != "null" {
                    found = Some(key);
                }
            }
            Ok(found)
        }
    }
    let mut reader = serde_json::Deserializer::from_str(json.get());
    serde::Deserializer::deserialize_map(&mut reader, Key).ok()?
}
