//! What it cost, in two accounts: the tokens that the model saw, and the units that are billed,
//! which leave out what Cohere adds to a prompt.
//!
//! `usage` of <https://docs.cohere.com/reference/chat>, `meta` of its other answers.

use http::response::Parts;
use serde::Deserialize;
use trunkline_core::{
    Json, Usage,
    chat::{Billed, Warning},
};

#[derive(Deserialize)]
struct Cost {
    billed_units: Option<Units>,
    tokens: Option<Tokens>,
    cached_tokens: Option<f64>,
    warnings: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Units {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    search_units: Option<f64>,
    images: Option<f64>,
}

#[derive(Deserialize)]
struct Tokens {
    input_tokens: Option<f64>,
    image_tokens: Option<f64>,
    output_tokens: Option<f64>,
    reasoning_tokens: Option<f64>,
}

/// A number of tokens; the wire's type is any number.
pub(crate) fn count(number: Option<f64>) -> Option<u64> {
    let number = number.filter(|number| number.fract() == 0.0 && *number >= 0.0)?;
    format!("{number:.0}").parse().ok()
}

/// The cost that `raw` tells, if it tells any.
pub(crate) fn read(raw: Json) -> Option<Usage> {
    let cost: Cost = raw.read().ok()?;
    let (tokens, units) = (cost.tokens, cost.billed_units);
    if tokens.is_none() && units.is_none() {
        return None;
    }
    let told = |field: fn(&Tokens) -> Option<f64>| count(tokens.as_ref().and_then(field));
    let (text, image) = (told(|it| it.input_tokens), told(|it| it.image_tokens));
    // Those of images are counted apart.
    let input = text.map(|text| text.saturating_add(image.unwrap_or(0)));
    let mut usage = Usage::told(input, told(|it| it.output_tokens), raw);
    if let (Some(text), Some(image)) = (text, image) {
        let kinds = [("text", text), ("image", image)];
        usage.input.by_modality = kinds.map(|(kind, count)| (kind.to_owned(), count)).into();
    }
    usage.input.cache_read = count(cost.cached_tokens);
    usage.output.reasoning = told(|it| it.reasoning_tokens);
    usage.billed = units.map(|units| {
        let mut billed = Billed::default();
        billed.input = units.input_tokens;
        billed.output = units.output_tokens;
        billed.searches = units.search_units;
        billed.images = units.images;
        Box::new(billed)
    });
    Some(usage)
}

/// What an answer warns of: of a model that will not be there for long, say.
///
/// <https://docs.cohere.com/reference/about#warnings>
pub(crate) fn warnings(head: &Parts, meta: Option<&Json>) -> Vec<Warning> {
    let cost = meta.and_then(|meta| meta.read::<Cost>().ok());
    let words = cost.and_then(|cost| cost.warnings).unwrap_or_default();
    let words = header(head).into_iter().chain(words);
    let told = words.map(|message| Warning::Other {
        message: message.into(),
    });
    told.collect()
}

/// The same as a header, which all answers may have.
pub(crate) fn header(head: &Parts) -> Option<String> {
    let words = head.headers.get("x-api-warning")?;
    words.to_str().ok().map(str::to_owned)
}
