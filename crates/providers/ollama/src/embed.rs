//! Embeddings: texts in, vectors out, in the same order.
//!
//! <https://docs.ollama.com/api/embed>

use serde::{Deserialize, Serialize};
use trunkline_core::{
    EmbedRequest, EmbedResponse, Error, ErrorKind, Json, Result,
    chat::Warnings,
    embed::{EmbedInput, Embedding},
    protocol::{check_embed, read, write},
};

use crate::{PROVIDER, error::in_band, wire::Figures};

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    input: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    embeddings: Option<Vec<Vec<f32>>>,
    error: Option<Json>,
}

pub(crate) fn body(request: &EmbedRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    check_embed(PROVIDER.capabilities, request, warnings)?;
    warnings.unsupported_if(request.purpose.is_some(), "purpose");
    let texts = request.inputs.iter().map(|input| match input {
        EmbedInput::Text(text) => Ok(text.as_str()),
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            "Ollama embeds texts only",
        )),
    });
    let ask = Ask {
        model: &request.model,
        input: texts.collect::<Result<_>>()?,
        dimensions: request.dimensions,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

pub(crate) fn response(request: &EmbedRequest, body: &[u8]) -> Result<EmbedResponse> {
    let answer: Answer = read(body)?;
    if let Some(error) = answer.error {
        return Err(in_band(&error));
    }
    let embeddings = answer.embeddings.unwrap_or_default();
    let (came, asked) = (embeddings.len(), request.inputs.len());
    if came != asked {
        return Err(Error::decode(format!(
            "{came} embeddings came for {asked} inputs"
        )));
    }
    let vectors = embeddings.into_iter().map(Embedding::from).collect();
    let mut response = EmbedResponse::new(answer.model.unwrap_or_default(), vectors);
    response.usage = read::<Figures>(body)?.usage().unwrap_or_default();
    Ok(response)
}
