//! JSON whose keys stay in their order and whose numbers keep their digits, to be changed in places.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::list::Outcome;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Object(Vec<(String, Tree)>),
    List(Vec<Tree>),
    /// Anything else, as its text.
    Leaf(String),
}

/// Where a field is: the place of a child, of a child of it, and so on.
pub(super) type Path = Vec<usize>;

impl Tree {
    pub(super) fn parse(text: &str) -> Outcome<Self> {
        let wrong = |error: serde_json::Error| format!("no JSON: {error}");
        let text = text.trim();
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let Fields(fields) = serde_json::from_str(text).map_err(wrong)?;
                let fields = fields
                    .into_iter()
                    .map(|(name, value)| Ok((name, Self::parse(value.get())?)));
                Self::Object(fields.collect::<Outcome<_>>()?)
            }
            Some(b'[') => {
                let items: Vec<Box<RawValue>> = serde_json::from_str(text).map_err(wrong)?;
                let items = items.iter().map(|item| Self::parse(item.get()));
                Self::List(items.collect::<Outcome<_>>()?)
            }
            _ => {
                let leaf: Box<RawValue> = serde_json::from_str(text).map_err(wrong)?;
                Self::Leaf(leaf.get().to_owned())
            }
        })
    }

    pub(super) fn write(&self) -> String {
        match self {
            Self::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| format!("{}:{}", quoted(name), value.write()));
                format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
            }
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::write).collect();
                format!("[{}]", items.join(","))
            }
            Self::Leaf(text) => text.clone(),
        }
    }

    /// Every name and every string.
    pub(super) fn each_text(&self, f: &mut impl FnMut(String)) {
        match self {
            Self::Object(fields) => {
                for (name, value) in fields {
                    f(name.clone());
                    value.each_text(f);
                }
            }
            Self::List(items) => items.iter().for_each(|item| item.each_text(f)),
            Self::Leaf(text) => {
                if let Ok(text) = serde_json::from_str(text) {
                    f(text);
                }
            }
        }
    }

    /// Does `f` to every value, the inner ones first.
    pub(super) fn each_mut(&mut self, f: &mut impl FnMut(&mut Self)) {
        match self {
            Self::Object(fields) => fields.iter_mut().for_each(|(_, value)| value.each_mut(f)),
            Self::List(items) => items.iter_mut().for_each(|item| item.each_mut(f)),
            Self::Leaf(_) => {}
        }
        f(self);
    }

    /// Every field of every object, with its name: `choices[].index`.
    pub(super) fn fields(&self) -> Vec<(String, Path)> {
        let mut found = Vec::new();
        self.collect(&mut Vec::new(), "", &mut found);
        found
    }

    fn collect(&self, path: &mut Path, name: &str, found: &mut Vec<(String, Path)>) {
        match self {
            Self::Object(fields) => {
                for (at, (field, value)) in fields.iter().enumerate() {
                    let dot = if name.is_empty() { "" } else { "." };
                    let name = format!("{name}{dot}{field}");
                    path.push(at);
                    found.push((name.clone(), path.clone()));
                    value.collect(path, &name, found);
                    path.pop();
                }
            }
            Self::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    path.push(at);
                    item.collect(path, &format!("{name}[]"), found);
                    path.pop();
                }
            }
            Self::Leaf(_) => {}
        }
    }

    /// The value at `path`.
    pub(super) fn at_mut(&mut self, path: &[usize]) -> Option<&mut Self> {
        let Some((first, rest)) = path.split_first() else {
            return Some(self);
        };
        match self {
            Self::Object(fields) => fields.get_mut(*first)?.1.at_mut(rest),
            Self::List(items) => items.get_mut(*first)?.at_mut(rest),
            Self::Leaf(_) => None,
        }
    }

    /// Takes the field at `path` away.
    pub(super) fn remove(&mut self, path: &[usize]) {
        if let Some((last, parents)) = path.split_last()
            && let Some(Self::Object(fields)) = self.at_mut(parents)
            && *last < fields.len()
        {
            fields.remove(*last);
        }
    }
}

/// A text as JSON.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The fields of an object in their order.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Fields;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Each)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_digits_stay() {
        let text = r#"{"b":1.0,"a":[12345678901234567890,{}],"s":"\u00e9"}"#;
        let mut tree = Tree::parse(text).unwrap();
        assert_eq!(tree.write(), text);
        let names: Vec<String> = tree.fields().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a", "s"]);
        tree.remove(&[0]);
        assert!(tree.write().starts_with("{\"a\""));
    }
}
