//! Embeddings: vectors of character trigrams, near each other where texts share letters.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::route::check_model;
use super::{EMBED_MODEL, words};

const DIMENSIONS: u64 = 8;
const MAX_DIMENSIONS: u64 = 4_096;
const MAX_INPUTS: usize = 2_048;
/// Inputs times dimensions: the answer stays below some 100 MB of JSON.
const MAX_NUMBERS: usize = 4 * 1024 * 1024;

pub(super) fn answer(body: &Value) -> Result<Value, Refusal> {
    check_model(body, EMBED_MODEL)?;
    let inputs = inputs(body)?;
    let dimensions = dimensions(body)?;
    if inputs.len() * dimensions > MAX_NUMBERS {
        return Err(Refusal::invalid(
            "input",
            "Too many inputs for so many dimensions.",
        ));
    }
    let encode = encoding(body)?;
    let data: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(index, input)| {
            let embedding = encode(&vector(&input.text, dimensions));
            json!({ "object": "embedding", "index": index, "embedding": embedding })
        })
        .collect();
    let tokens: usize = inputs.iter().map(|input| input.tokens).sum();
    Ok(json!({
        "object": "list",
        "data": data,
        "model": EMBED_MODEL,
        "usage": { "prompt_tokens": tokens, "total_tokens": tokens },
    }))
}

struct Input {
    text: String,
    tokens: usize,
}

/// The input: a text, a list of texts, a list of token numbers, or a list of such lists.
fn inputs(body: &Value) -> Result<Vec<Input>, Refusal> {
    let input = body.get("input").unwrap_or(&Value::Null);
    let inputs = match input {
        Value::Array(items) if !items.iter().all(Value::is_u64) => items.iter().map(one).collect(),
        _ => one(input).map(|input| vec![input]),
    };
    match inputs {
        Some(inputs) if inputs.len() <= MAX_INPUTS => Ok(inputs),
        Some(_) => Err(Refusal::invalid(
            "input",
            "`input` holds more than 2048 entries.",
        )),
        None => Err(Refusal::invalid(
            "input",
            "`input` has to be a string, an array of strings, or token arrays, none of them empty.",
        )),
    }
}

fn one(input: &Value) -> Option<Input> {
    match input {
        Value::String(text) if !text.is_empty() => Some(Input {
            text: text.clone(),
            tokens: words::tokens(text).max(1),
        }),
        Value::Array(tokens) if !tokens.is_empty() => {
            let numbers: Option<Vec<u64>> = tokens.iter().map(Value::as_u64).collect();
            let texts: Vec<String> = numbers?.iter().map(u64::to_string).collect();
            Some(Input {
                text: texts.join(" "),
                tokens: tokens.len(),
            })
        }
        _ => None,
    }
}

fn dimensions(body: &Value) -> Result<usize, Refusal> {
    let wanted = match body.get("dimensions") {
        None | Some(Value::Null) => Some(DIMENSIONS),
        Some(value) => value.as_u64(),
    };
    wanted
        .filter(|wanted| (1..=MAX_DIMENSIONS).contains(wanted))
        .and_then(|wanted| usize::try_from(wanted).ok())
        .ok_or_else(|| Refusal::invalid("dimensions", "`dimensions` has to be from 1 to 4096."))
}

fn encoding(body: &Value) -> Result<fn(&[f32]) -> Value, Refusal> {
    match body.get("encoding_format").and_then(Value::as_str) {
        None | Some("float") => Ok(|vector| json!(vector)),
        Some("base64") => Ok(|vector| {
            let bytes: Vec<u8> = vector
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect();
            json!(base64(&bytes))
        }),
        Some(_) => Err(Refusal::invalid(
            "encoding_format",
            "`encoding_format` has to be float or base64.",
        )),
    }
}

/// Each trigram of the text is one step along an axis that its hash chooses, forth or back.
fn vector(text: &str, dimensions: usize) -> Vec<f32> {
    let padded: Vec<char> = format!("  {}  ", text.to_lowercase()).chars().collect();
    let mut vector = vec![0.0_f32; dimensions];
    for trigram in padded.windows(3) {
        let hash = hash(trigram);
        let axis = (hash >> 1) % dimensions as u64;
        let step = if hash & 1 == 0 { 1.0 } else { -1.0 };
        if let Some(value) = usize::try_from(axis)
            .ok()
            .and_then(|axis| vector.get_mut(axis))
        {
            *value += step;
        }
    }
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    } else if let Some(first) = vector.first_mut() {
        // All steps cancelled out, and a unit vector was promised.
        *first = 1.0;
    }
    vector
}

/// FNV-1a, with its high bits folded down: the low ones alone are poor.
fn hash(chars: &[char]) -> u64 {
    let hash = chars.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, c| {
        (hash ^ u64::from(u32::from(*c))).wrapping_mul(0x0100_0000_01b3)
    });
    hash ^ (hash >> 29)
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |bits: u32| {
        ALPHABET
            .get((bits & 63) as usize)
            .map_or('=', |b| char::from(*b))
    };
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for position in 0..4 {
            let is_padding = position > group.len() as u32;
            text.push(if is_padding {
                '='
            } else {
                digit(bits >> (18 - 6 * position))
            });
        }
    }
    text
}
