//! JSON merge patch (RFC 7396) on text: values that the patch does not name stay byte for byte.

use serde_json::value::RawValue;

use super::{Fields, Json};

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
    let Fields(patches) = serde_json::from_str::<Fields<&RawValue>>(patch)?;
    let target = target
        .map(str::trim)
        .filter(|target| target.starts_with('{'));
    let Fields(fields) = match target {
        Some(target) => serde_json::from_str::<Fields<&RawValue>>(target)?,
        None => Fields::default(),
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

#[cfg(test)]
mod tests;
