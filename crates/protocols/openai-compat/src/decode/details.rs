//! Thoughts in the provider's own form, which come in pieces and go back whole.
//!
//! <https://openrouter.ai/docs/use-cases/reasoning-tokens#preserving-reasoning-blocks>

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
    ser::SerializeMap,
};
use serde_json::value::RawValue;

use crate::wire::{Str, text_of};

/// A list of details. A whole one stays byte for byte what it was.
#[derive(Debug, Default)]
pub(super) struct Details {
    /// Those that are whole, joined by commas.
    done: String,
    last: Option<Detail>,
}

#[derive(Debug)]
struct Detail {
    raw: Box<RawValue>,
    key: Key,
    /// Once another piece was added; the raw text is then the first piece only.
    merged: Option<Fields>,
}

/// What pieces of one detail have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    kind: String,
    index: Option<String>,
}

impl Details {
    pub(super) fn push(&mut self, raw: &RawValue) {
        let key = Key::of(raw);
        if let (Some(last), Some(key)) = (&mut self.last, &key)
            && last.key == *key
            && last.add(raw)
        {
            return;
        }
        self.settle();
        match key {
            Some(key) => {
                self.last = Some(Detail {
                    raw: raw.to_owned(),
                    key,
                    merged: None,
                });
            }
            None => self.append(raw.get()),
        }
    }

    /// The list as JSON; `None` if there is nothing in it.
    pub(super) fn take(&mut self) -> Option<String> {
        self.settle();
        let done = std::mem::take(&mut self.done);
        (!done.is_empty()).then(|| format!("[{done}]"))
    }

    fn settle(&mut self) {
        if let Some(Detail { raw, merged, .. }) = self.last.take() {
            // Strings and raw JSON always serialize.
            let merged = merged.and_then(|fields| serde_json::to_string(&fields).ok());
            self.append(merged.as_deref().unwrap_or(raw.get()));
        }
    }

    fn append(&mut self, detail: &str) {
        if !self.done.is_empty() {
            self.done.push(',');
        }
        self.done.push_str(detail);
    }
}

impl Key {
    /// `None` for what never comes in pieces: encrypted thoughts, and kinds that we do not know.
    fn of(raw: &RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Wire<'a> {
            #[serde(borrow, rename = "type")]
            kind: Str<'a>,
            #[serde(borrow, default)]
            index: Option<&'a RawValue>,
        }
        let Wire { kind, index } = serde_json::from_str(raw.get()).ok()?;
        matches!(&*kind.0, "reasoning.text" | "reasoning.summary").then(|| Self {
            kind: kind.0.into_owned(),
            index: index.map(|index| index.get().to_owned()),
        })
    }
}

impl Detail {
    /// Adds a piece; `false` if it cannot be read.
    fn add(&mut self, raw: &RawValue) -> bool {
        let Ok(piece) = serde_json::from_str::<Fields>(raw.get()) else {
            return false;
        };
        if self.merged.is_none() {
            self.merged = serde_json::from_str(self.raw.get()).ok();
        }
        let Some(merged) = &mut self.merged else {
            return false;
        };
        merged.add(piece);
        true
    }
}

/// An object's fields in their order.
#[derive(Debug)]
struct Fields(Vec<(String, Field)>);

#[derive(Debug)]
enum Field {
    /// What grows.
    Words(String),
    Raw(Box<RawValue>),
}

impl Fields {
    fn add(&mut self, piece: Self) {
        for (name, field) in piece.0 {
            match (self.0.iter_mut().find(|(known, _)| *known == name), field) {
                (Some((_, Field::Words(ours))), Field::Words(more)) => ours.push_str(&more),
                (Some(_), Field::Raw(raw)) if raw.get() == "null" => {}
                (Some((_, ours)), field) => *ours = field,
                (None, field) => self.0.push((name, field)),
            }
        }
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;
        impl<'de> Visitor<'de> for Map {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some((name, raw)) = map.next_entry::<String, Box<RawValue>>()? {
                    let grows = matches!(&*name, "text" | "summary") && raw.get().starts_with('"');
                    let words = grows.then(|| text_of(&raw).map(Cow::into_owned).ok());
                    let field = words.flatten().map_or(Field::Raw(raw), Field::Words);
                    fields.push((name, field));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Map)
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, field) in &self.0 {
            match field {
                Field::Words(words) => map.serialize_entry(name, words)?,
                Field::Raw(raw) => map.serialize_entry(name, raw)?,
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pieces: &[&str]) -> Option<String> {
        let mut details = Details::default();
        for piece in pieces {
            details.push(serde_json::from_str(piece).unwrap());
        }
        details.take()
    }

    #[test]
    fn pieces_of_one_detail_become_one() {
        assert_eq!(
            list(&[
                r#"{"type":"reasoning.text","text":"a\u00e9","index":0,"format":"x"}"#,
                r#"{"type":"reasoning.text","text":"b","index":0,"signature":null}"#,
                r#"{"type":"reasoning.text","index":0,"signature":"s"}"#,
                r#"{"type":"reasoning.text","index":0,"signature":null}"#,
                r#"{"type":"reasoning.text","text":"c","index":1}"#,
            ])
            .as_deref(),
            Some(
                r#"[{"type":"reasoning.text","text":"aéb","index":0,"format":"x","signature":"s"},{"type":"reasoning.text","text":"c","index":1}]"#
            )
        );
    }

    #[test]
    fn what_is_whole_stays_as_it_was() {
        let whole = r#"{ "type":"reasoning.text", "text":"\u00e9", "n":1.0 }"#;
        assert_eq!(list(&[whole]), Some(format!("[{whole}]")));
        let encrypted = r#"{"type":"reasoning.encrypted","data":"x","index":0}"#;
        assert_eq!(
            list(&[encrypted, encrypted, "7"]),
            Some(format!("[{encrypted},{encrypted},7]"))
        );
        assert_eq!(list(&[]), None);
    }
}
