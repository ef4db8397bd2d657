//! Embeddings: texts in, vectors out, in the same order.

use serde::{Deserialize, Serialize};
use trunkline_core::{
    EmbedRequest, EmbedResponse, Error, ErrorKind, Json, Result, Usage,
    chat::Warnings,
    embed::{EmbedInput, Embedding},
    protocol::{check_embed, read, write},
};

use crate::PROVIDER;

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    texts: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u32>,
}

#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    vectors: Vec<Vec<f32>>,
    tokens: Option<Json>,
}

#[derive(Deserialize)]
struct Tokens {
    read: Option<u64>,
}

pub(crate) fn body(request: &EmbedRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    check_embed(PROVIDER.capabilities, request, warnings)?;
    warnings.unsupported_if(request.purpose.is_some(), "purpose");
    let texts = request.inputs.iter().map(|input| match input {
        EmbedInput::Text(text) => Ok(text.as_str()),
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            "only texts can be embedded",
        )),
    });
    let ask = Ask {
        model: &request.model,
        texts: texts.collect::<Result<_>>()?,
        size: request.dimensions,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

pub(crate) fn response(request: &EmbedRequest, body: &[u8]) -> Result<EmbedResponse> {
    let answer: Answer = read(body)?;
    let (came, asked) = (answer.vectors.len(), request.inputs.len());
    if came != asked {
        return Err(Error::decode(format!(
            "{came} embeddings came for {asked} inputs"
        )));
    }
    let vectors = answer.vectors.into_iter().map(Embedding::from).collect();
    let mut response = EmbedResponse::new(answer.model.unwrap_or_default(), vectors);
    response.usage = answer.tokens.and_then(usage).unwrap_or_default();
    Ok(response)
}

fn usage(raw: Json) -> Option<Usage> {
    let tokens: Tokens = raw.read().ok()?;
    Some(Usage::told(tokens.read, None, raw))
}
