//! Embeddings: texts in, vectors out, in the same order.

use serde::{Deserialize, Serialize};
use trunkline_core::{
    EmbedRequest, EmbedResponse, Error, ErrorKind, Result, Usage, Warning,
    chat::{Completeness, Warnings},
    embed::{EmbedInput, Embedding},
};

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    texts: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u32>,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    model: String,
    vectors: Vec<Vec<f32>>,
    #[serde(default)]
    tokens: Tokens,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tokens {
    read: Option<u64>,
}

pub(crate) fn body(request: &EmbedRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    let mut texts = Vec::with_capacity(request.inputs.len());
    for input in &request.inputs {
        match input {
            EmbedInput::Text(text) => texts.push(text.as_str()),
            _ => {
                let what = "Babel embeds texts only";
                return Err(Error::new(ErrorKind::Unsupported, what));
            }
        }
    }
    if request.purpose.is_some() {
        warnings.push(Warning::unsupported("purpose"));
    }
    if request.user.is_some() {
        warnings.push(Warning::unsupported("user"));
    }
    let (model, size) = (request.model.as_str(), request.dimensions);
    serde_json::to_vec(&Ask { model, texts, size }).map_err(|cause| {
        Error::new(ErrorKind::InvalidRequest, "the request cannot be written").with_source(cause)
    })
}

pub(crate) fn response(request: &EmbedRequest, body: &[u8]) -> Result<EmbedResponse> {
    let answer: Answer = serde_json::from_slice(body)
        .map_err(|cause| Error::decode("the answer holds no embeddings").with_source(cause))?;
    let (came, asked) = (answer.vectors.len(), request.inputs.len());
    if came != asked {
        return Err(Error::decode(format!(
            "{came} embeddings came for {asked} inputs"
        )));
    }
    let vectors = answer.vectors.into_iter().map(Embedding::from).collect();
    let mut response = EmbedResponse::new(answer.model, vectors);
    let mut usage = Usage::default();
    usage.input.total = answer.tokens.read;
    usage.completeness = Completeness::Final;
    response.usage = usage;
    Ok(response)
}
