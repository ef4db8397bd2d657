//! What a request carries, in whatever form its wire has.

use serde_json::Value;

use crate::peer::Received;

/// Whether `text` is in the request: in its path, or somewhere in its body. JSON is read, and JSON
/// inside of its strings too.
pub(super) fn carries(request: &Received, text: &str) -> bool {
    request.path.contains(text)
        || request.text().contains(text)
        || leaves(&request.body).iter().any(|leaf| leaf.contains(text))
}

/// Whether the request carries this JSON byte for byte, as JSON or as text.
pub(super) fn carries_json(request: &Received, json: &str) -> bool {
    let is_it = |leaf: &String| leaf == json;
    request.text().contains(json) || leaves(&request.body).iter().any(is_it)
}

/// Whether the request carries these texts in this order.
pub(super) fn carries_in_order(request: &Received, texts: &[&str]) -> bool {
    let body = leaves(&request.body).join("\n");
    let body = if body.is_empty() {
        request.text()
    } else {
        body
    };
    let mut rest = body.as_str();
    texts.iter().all(|text| match rest.split_once(text) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

/// How often the request carries `text` as a value of its own.
pub(super) fn count(request: &Received, text: &str) -> usize {
    let leaves = leaves(&request.body);
    leaves.iter().filter(|leaf| *leaf == text).count()
}

/// All texts in a body of JSON, names included, in their order; none if it is no JSON.
fn leaves(body: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(tree) = super::tree::Tree::parse(&String::from_utf8_lossy(body)) {
        tree.each_text(&mut |text| nested(text, &mut found));
    }
    found
}

/// A text, and what is in it if it is JSON itself.
fn nested(text: String, found: &mut Vec<String>) {
    let inner = match text.trim_start().starts_with(['{', '[']) {
        true => super::tree::Tree::parse(&text).ok(),
        false => None,
    };
    found.push(text);
    if let Some(inner) = inner {
        inner.each_text(&mut |text| found.push(text));
    }
}

/// The top level of a JSON body.
pub(super) fn fields(request: &Received) -> Vec<(String, Value)> {
    match request.json() {
        Value::Object(fields) => fields.into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Whether `text` is in a body of any kind; an empty text is in none.
pub(super) fn carries_text(body: &[u8], text: &str) -> bool {
    let whole = String::from_utf8_lossy(body);
    let leaves = leaves(body);
    // Some wires have a text in pieces.
    let is_in_leaves =
        || leaves.iter().any(|leaf| leaf.contains(text)) || leaves.concat().contains(text);
    !text.is_empty() && (whole.contains(text) || is_in_leaves())
}
