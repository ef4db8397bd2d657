//! Embeddings: one, or several in a batch; on Vertex, predictions. In the order of the inputs.
//!
//! <https://ai.google.dev/api/embeddings>,
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api>

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use trunkline_core::{
    EmbedRequest, EmbedResponse, Error, ErrorKind, Result, Usage,
    chat::{Billed, Warnings},
    embed::{EmbedInput, Embedding, Purpose},
    protocol::{check_embed, read, write},
};

use crate::{
    Dialect, encode,
    wire::{Part, Say, Turn},
};

/// One input, as a request of its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ask<'a> {
    model: String,
    content: Turn<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<u32>,
}

#[derive(Serialize)]
struct Batch<'a> {
    requests: Vec<Ask<'a>>,
}

#[derive(Serialize)]
struct Predict<'a> {
    instances: Vec<Instance<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Parameters>,
}

#[derive(Serialize)]
struct Instance<'a> {
    content: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    output_dimensionality: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    embedding: Option<Vector>,
    embeddings: Option<Vec<Vector>>,
    predictions: Option<Vec<Prediction>>,
    #[serde(borrow)]
    usage_metadata: Option<&'a RawValue>,
    /// Vertex only.
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Billable {
    billable_character_count: Option<f64>,
}

#[derive(Deserialize)]
struct Vector {
    values: Vec<f32>,
    /// Vertex only.
    statistics: Option<Statistics>,
}

#[derive(Deserialize)]
struct Prediction {
    embeddings: Vector,
}

#[derive(Deserialize)]
struct Statistics {
    token_count: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    prompt_token_count: Option<u64>,
}

/// The verb of the path, and the body.
pub(crate) fn body(
    dialect: Dialect,
    request: &EmbedRequest,
    warnings: &mut Warnings,
) -> Result<(&'static str, Vec<u8>)> {
    check_embed(dialect.capabilities, request, warnings)?;
    let (provider, options) = (dialect.provider, &request.options);
    let task_type = request.purpose.map(task);
    if dialect.predict {
        let instances = request.inputs.iter().map(|input| match input {
            EmbedInput::Text(content) => Ok(Instance { content, task_type }),
            _ => Err(unsupported()),
        });
        let parameters = request.dimensions;
        let predict = Predict {
            instances: instances.collect::<Result<_>>()?,
            parameters: parameters.map(|output_dimensionality| Parameters {
                output_dimensionality,
            }),
        };
        return Ok(("predict", write(&predict, provider, options, 0)?));
    }
    let model = dialect.full_name(&request.model);
    let mut asks = Vec::with_capacity(request.inputs.len());
    for input in &request.inputs {
        let part = match input {
            EmbedInput::Text(text) => Some(Part {
                text: Some(text),
                ..Part::default()
            }),
            EmbedInput::Media(media) => encode::media(dialect, media, warnings),
            _ => None,
        };
        asks.push(Ask {
            model: model.clone(),
            content: Turn {
                role: None,
                parts: vec![Say::Part(Box::new(part.ok_or_else(unsupported)?))],
            },
            task_type,
            output_dimensionality: request.dimensions,
        });
    }
    if let [one] = &asks[..] {
        return Ok(("embedContent", write(one, provider, options, 0)?));
    }
    let batch = Batch { requests: asks };
    Ok(("batchEmbedContents", write(&batch, provider, options, 0)?))
}

fn task(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Query => "RETRIEVAL_QUERY",
        Purpose::Classification => "CLASSIFICATION",
        Purpose::Clustering => "CLUSTERING",
        _ => "RETRIEVAL_DOCUMENT",
    }
}

fn unsupported() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "only texts, and on Gemini media, can be embedded",
    )
}

pub(crate) fn response(request: &EmbedRequest, body: &[u8]) -> Result<EmbedResponse> {
    let answer: Answer<'_> = read(body)?;
    let predictions = answer.predictions.into_iter().flatten();
    let vectors = answer.embedding.into_iter();
    let vectors = vectors.chain(answer.embeddings.into_iter().flatten());
    let vectors: Vec<_> = vectors
        .chain(predictions.map(|one| one.embeddings))
        .collect();
    let (came, asked) = (vectors.len(), request.inputs.len());
    if came != asked {
        let what = format!("{came} embeddings came for {asked} inputs");
        return Err(Error::decode(what));
    }
    let usage = match answer.usage_metadata {
        Some(raw) => {
            let tokens = serde_json::from_str::<Tokens>(raw.get()).ok();
            tokens.map(|tokens| Usage::told(tokens.prompt_token_count, None, raw.into()))
        }
        None => answer.metadata.and_then(|raw| counted(&vectors, raw)),
    };
    let vectors = vectors.into_iter().map(|vector| vector.values.into());
    let vectors: Vec<Embedding> = vectors.collect();
    let mut response = EmbedResponse::new(request.model.as_str(), vectors);
    response.usage = usage.unwrap_or_default();
    Ok(response)
}

/// Vertex counts the tokens of each text by itself, and bills characters.
fn counted(vectors: &[Vector], raw: &RawValue) -> Option<Usage> {
    let tokens = vectors.iter().map(|vector| vector.statistics.as_ref());
    let total = tokens.map(|each| each?.token_count).sum::<Option<u64>>();
    let mut usage = Usage::told(total, None, raw.into());
    let billable: Billable = serde_json::from_str(raw.get()).ok()?;
    let mut billed = Billed::default();
    billed.characters = billable.billable_character_count;
    usage.billed = Some(Box::new(billed));
    Some(usage)
}
