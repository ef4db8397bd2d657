//! Embeddings: texts in, vectors out, in the same order. As OpenAI has them, or as OPEA's own
//! `TextDoc`, which its microservices took before 1.2.
//!
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/embeddings/src/README_tei.md>,
//! <https://github.com/opea-project/GenAIComps/blob/v1.0/comps/embeddings/tei/langchain/embedding_tei.py>

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
    input: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

/// One text as it is, several as a list.
#[derive(Serialize)]
#[serde(untagged)]
enum TextDoc<'a> {
    One { text: &'a str },
    Several { text: Vec<&'a str> },
}

#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    data: Option<Vec<Item>>,
    /// Of a `TextDoc`.
    embedding: Option<Own>,
    usage: Option<Json>,
}

#[derive(Deserialize)]
struct Item {
    index: Option<usize>,
    embedding: Vec<f32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Own {
    One(Vec<f32>),
    Several(Vec<Vec<f32>>),
}

#[derive(Deserialize)]
struct Tokens {
    prompt_tokens: Option<u64>,
}

pub(crate) fn body(
    request: &EmbedRequest,
    text_doc: bool,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    check_embed(PROVIDER.capabilities, request, warnings)?;
    warnings.unsupported_if(request.purpose.is_some(), "purpose");
    let texts = request.inputs.iter().map(|input| match input {
        EmbedInput::Text(text) => Ok(text.as_str()),
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            "only texts can be embedded",
        )),
    });
    let input: Vec<&str> = texts.collect::<Result<_>>()?;
    if !text_doc {
        let ask = Ask {
            model: &request.model,
            input,
            dimensions: request.dimensions,
        };
        return write(&ask, PROVIDER.id, &request.options, 0);
    }
    warnings.unsupported_if(request.dimensions.is_some(), "dimensions");
    let ask = match *input {
        [text] => TextDoc::One { text },
        _ => TextDoc::Several { text: input },
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

pub(crate) fn response(request: &EmbedRequest, body: &[u8]) -> Result<EmbedResponse> {
    let answer: Answer = read(body)?;
    let vectors = match (answer.data, answer.embedding) {
        (Some(mut items), _) => {
            items.sort_by_key(|item| item.index);
            let is_its = |(at, item): (usize, &Item)| item.index.is_none_or(|index| index == at);
            if !items.iter().enumerate().all(is_its) {
                return Err(Error::decode(
                    "an embedding is of no input, or two are of one",
                ));
            }
            items.into_iter().map(|item| item.embedding).collect()
        }
        (None, Some(Own::One(vector))) => vec![vector],
        (None, Some(Own::Several(vectors))) => vectors,
        (None, None) => return Err(Error::decode("the answer has no embeddings")),
    };
    let (came, asked) = (vectors.len(), request.inputs.len());
    if came != asked {
        return Err(Error::decode(format!(
            "{came} embeddings came for {asked} inputs"
        )));
    }
    let vectors = vectors.into_iter().map(Embedding::from).collect();
    // The microservice does not say which model it has.
    let model = answer.model.filter(|model| !model.is_empty());
    let mut response = EmbedResponse::new(model.unwrap_or_else(|| request.model.clone()), vectors);
    response.usage = answer.usage.and_then(usage).unwrap_or_default();
    Ok(response)
}

fn usage(raw: Json) -> Option<Usage> {
    let tokens: Tokens = raw.read().ok()?;
    Some(Usage::told(Some(tokens.prompt_tokens?), None, raw))
}
