//! Embeddings: texts or tokens in, vectors out, in the same order: `[[0.1, …], …]`.
//!
//! `/embed` of <https://huggingface.github.io/text-embeddings-inference/>

use http::response::Parts;
use serde::Serialize;
use trunkline_core::{
    Capabilities, EmbedRequest, EmbedResponse, Error, ErrorKind, Result,
    chat::Warnings,
    embed::{EmbedInput, Embedding},
    protocol::{check_embed, read, write},
};

use crate::{PROVIDER, usage};

#[derive(Serialize)]
struct Ask<'a> {
    inputs: Vec<Input<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

/// One thing to embed, as the wire has it.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Input<'a> {
    Text(&'a str),
    Ids(&'a [u32]),
}

/// Text and tokens have a place, and nothing else.
pub(crate) fn inputs(inputs: &[EmbedInput]) -> Result<Vec<Input<'_>>> {
    let inputs = inputs.iter().map(|input| match input {
        EmbedInput::Text(text) => Ok(Input::Text(text)),
        EmbedInput::Tokens(ids) => Ok(Input::Ids(ids)),
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            "only texts and tokens can be embedded",
        )),
    });
    inputs.collect()
}

pub(crate) fn body(
    can: Capabilities,
    request: &EmbedRequest,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    check_embed(can, request, warnings)?;
    // Prompts have names of the model's own; there is an option for them.
    warnings.unsupported_if(request.purpose.is_some(), "purpose");
    let ask = Ask {
        inputs: inputs(&request.inputs)?,
        dimensions: request.dimensions,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

pub(crate) fn response(request: &EmbedRequest, head: &Parts, body: &[u8]) -> Result<EmbedResponse> {
    let vectors = numbers::<Vec<f32>>(body, request.inputs.len(), "embeddings")?;
    let vectors = vectors.into_iter().map(Embedding::from).collect();
    // The answer does not name its model.
    let mut response = EmbedResponse::new(request.model.as_str(), vectors);
    response.usage = usage::of_head(head);
    Ok(response)
}

/// A list of numbers, or of lists of them, with one for each input.
pub(crate) fn numbers<T: serde::de::DeserializeOwned>(
    body: &[u8],
    asked: usize,
    what: &str,
) -> Result<Vec<T>> {
    counted(body, asked, what).map_err(|error| {
        // JSON has no word for what is no number; there are no texts in which it could stand.
        if !body.windows(4).any(|word| word == b"null") {
            return error;
        }
        Error::decode(format!(
            "the {what} have `null` where a number belongs: the model computed none, as some do in \
             16 bits; start the server with `--dtype float32`, or with another model"
        ))
        .with_source(error)
    })
}

/// A list with one for each input.
pub(crate) fn counted<T: serde::de::DeserializeOwned>(
    body: &[u8],
    asked: usize,
    what: &str,
) -> Result<Vec<T>> {
    let all: Vec<T> = read(body)?;
    match all.len() {
        came if came == asked => Ok(all),
        came => Err(Error::decode(format!(
            "{came} {what} came for {asked} inputs"
        ))),
    }
}
