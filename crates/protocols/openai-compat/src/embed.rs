//! Vectors from the wire: numbers, or base64 of them.
//!
//! <https://platform.openai.com/docs/api-reference/embeddings/object>

use std::fmt;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{
    Deserialize, Deserializer,
    de::{self, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use trunkline_core::{
    EmbedRequest, EmbedResponse, Error, Result,
    chat::{Completeness, Usage},
    embed::Embedding,
};

use crate::{
    Dialect, decode, error,
    wire::{Str, count},
};

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    data: Option<Vec<Item<'a>>>,
    #[serde(borrow, default)]
    model: Option<Str<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    embedding: Vector,
}

pub(crate) fn response(
    dialect: Dialect,
    request: &EmbedRequest,
    body: &[u8],
) -> Result<EmbedResponse> {
    let wire: Wire<'_> = serde_json::from_slice(body).map_err(|cause| {
        let place = format!(
            "the answer is no list of embeddings (line {}, column {})",
            cause.line(),
            cause.column()
        );
        Error::decode(place).with_source(cause)
    })?;
    let Some(mut data) = wire.data else {
        let text = String::from_utf8_lossy(body);
        return Err(match error::looks_like_one(&text) {
            true => error::in_band(dialect, &text),
            false => Error::decode("an answer without `data`"),
        });
    };
    if data.len() != request.inputs.len() {
        let (got, asked) = (data.len(), request.inputs.len());
        return Err(Error::decode(format!(
            "{got} embeddings came for {asked} inputs"
        )));
    }
    in_order(&mut data)?;
    let vectors = data
        .into_iter()
        .map(|item| item.embedding.numbers(dialect).map(Embedding::from))
        .collect::<Result<Vec<_>>>()?;
    let mut response = EmbedResponse::new(
        wire.model
            .map(|model| model.0.into_owned())
            .unwrap_or_default(),
        vectors,
    );
    response.usage = wire.usage.and_then(usage).unwrap_or_default();
    Ok(response)
}

/// Puts vectors in the order of the inputs, whatever the order on the wire. That order stands where
/// not all are numbered, or all alike.
fn in_order(data: &mut [Item<'_>]) -> Result<()> {
    let number = |item: &Item<'_>| item.index.and_then(count);
    let numbered = data.iter().all(|item| number(item).is_some());
    let alike = data
        .iter()
        .all(|item| number(item) == data.first().and_then(number));
    if !numbered || alike {
        return Ok(());
    }
    data.sort_by_key(number);
    let mut numbers = data.iter().filter_map(number);
    let first = numbers.next().unwrap_or_default();
    // With a gap, some vector is of no input, and those after it would be taken for others'.
    match numbers
        .zip(1..)
        .all(|(number, at)| number.checked_sub(first) == Some(at))
    {
        true => Ok(()),
        false => Err(Error::decode(
            "the embeddings are not numbered as the inputs are",
        )),
    }
}

/// Some tell the total only, which is the input: nothing comes out.
fn usage(raw: &RawValue) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Total<'a> {
        #[serde(borrow)]
        total_tokens: Option<&'a RawValue>,
    }
    let mut usage = decode::usage::usage(raw)?;
    if usage.input.total.is_none() {
        usage.input.total = serde_json::from_str::<Total<'_>>(raw.get())
            .ok()
            .and_then(|total| count(total.total_tokens?));
    }
    usage.completeness = Completeness::Final;
    Some(usage)
}

enum Vector {
    Numbers(Vec<f32>),
    Bytes(Vec<u8>),
}

impl Vector {
    fn numbers(self, dialect: Dialect) -> Result<Vec<f32>> {
        match self {
            Self::Numbers(numbers) => Ok(numbers),
            Self::Bytes(bytes) if dialect.int8_embeddings => Ok(bytes
                .into_iter()
                .map(|byte| f32::from(byte.cast_signed()))
                .collect()),
            Self::Bytes(bytes) => match bytes.as_chunks::<4>() {
                (floats, []) => Ok(floats.iter().copied().map(f32::from_le_bytes).collect()),
                _ => Err(Error::decode(
                    "an embedding is base64 of something else than 32-bit floats",
                )),
            },
        }
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = Vector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers, or base64")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Vector, E> {
                STANDARD.decode(text).map(Vector::Bytes).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vector, A::Error> {
                // A hint is a claim: believe it up to a size that costs nothing.
                let mut floats = Vec::with_capacity(seq.size_hint().unwrap_or(1_536).min(8_192));
                while let Some(float) = seq.next_element()? {
                    floats.push(float);
                }
                Ok(Vector::Numbers(floats))
            }
        }
        deserializer.deserialize_any(Numbers)
    }
}
