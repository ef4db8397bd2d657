//! JSON merge patch (RFC 7396) on text: values that the patch does not name stay byte for byte.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::Json;

/// How deep a patch is followed; serde_json stops reading at the same depth.
const MAX_DEPTH: usize = 128;

/// `target` with `patch` merged in: objects merge key by key, `null` removes, all else replaces.
///
/// # Errors
///
/// One of the two is no JSON.
pub(crate) fn merge_patch(target: &str, patch: &Json) -> serde_json::Result<String> {
    let mut merged = String::with_capacity(target.len() + patch.get().len());
    merge(Some(target), patch.get(), &mut merged, 0)?;
    Ok(merged)
}

fn merge(
    target: Option<&str>,
    patch: &str,
    out: &mut String,
    depth: usize,
) -> serde_json::Result<()> {
    let patch = patch.trim();
    if !patch.starts_with('{') || depth == MAX_DEPTH {
        out.push_str(patch);
        return Ok(());
    }
    let Object(patches) = serde_json::from_str(patch)?;
    let target = target
        .map(str::trim)
        .filter(|target| target.starts_with('{'));
    let Object(fields) = match target {
        Some(target) => serde_json::from_str(target)?,
        None => Object(Vec::new()),
    };
    let find = |name: &str| {
        patches
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    };

    out.push('{');
    let empty = out.len();
    for (name, value) in &fields {
        match find(name).map(RawValue::get) {
            Some("null") => {}
            patch => {
                open_field(out, name, empty)?;
                match patch {
                    Some(patch) => merge(Some(value.get()), patch, out, depth + 1)?,
                    None => out.push_str(value.get()),
                }
            }
        }
    }
    for (ix, (name, value)) in patches.iter().enumerate() {
        let known = fields.iter().any(|(field, _)| field == name);
        let repeated = patches.iter().skip(ix + 1).any(|(later, _)| later == name);
        if known || repeated || value.get() == "null" {
            continue;
        }
        open_field(out, name, empty)?;
        merge(None, value.get(), out, depth + 1)?;
    }
    out.push('}');
    Ok(())
}

fn open_field(out: &mut String, name: &str, empty: usize) -> serde_json::Result<()> {
    if out.len() > empty {
        out.push(',');
    }
    out.push_str(&serde_json::to_string(name)?);
    out.push(':');
    Ok(())
}

/// An object's fields in their order, unread.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some((Key(name), value)) = map.next_entry()? {
                    fields.push((name, value));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests;
