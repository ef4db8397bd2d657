//! Embeddings, by InvokeModel: each family has a wire of its own.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html>

use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    EmbedRequest, EmbedResponse, Error, ErrorKind, Json, Result, Usage, Warning,
    chat::Warnings,
    embed::{EmbedInput, Embedding, Purpose},
    protocol::{check_embed, read, write},
};

use crate::PROVIDER;

#[derive(Clone, Copy)]
enum Family {
    Titan,
    Cohere,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToTitan<'a> {
    input_text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
}

#[derive(Serialize)]
struct ToCohere<'a> {
    texts: Vec<&'a str>,
    input_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfTitan {
    embedding: Vec<f32>,
    input_text_token_count: Option<u64>,
}

#[derive(Deserialize)]
struct OfCohere {
    embeddings: Vectors,
}

/// A list, or by type where types were asked for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Vectors {
    All(Vec<Vec<f32>>),
    ByType { float: Vec<Vec<f32>> },
}

pub(crate) fn body(request: &EmbedRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    check_embed(PROVIDER.capabilities, request, warnings)?;
    let family = family(&request.model)?;
    let texts = request.inputs.iter().map(|input| match input {
        EmbedInput::Text(text) => Ok(text.as_str()),
        _ => Err(Error::new(
            ErrorKind::Unsupported,
            "only texts can be embedded; other inputs go as JSON to `/model/…/invoke`",
        )),
    });
    let texts = texts.collect::<Result<Vec<_>>>()?;
    match family {
        Family::Titan => {
            let [input_text] = *texts else {
                let what = "Titan embeds one text in a request; send several requests";
                return Err(Error::new(ErrorKind::InvalidRequest, what));
            };
            warnings.unsupported_if(request.purpose.is_some(), "purpose");
            let ask = ToTitan {
                input_text,
                dimensions: dimensions(request, "titan-embed-text-v1", warnings),
            };
            write(&ask, PROVIDER.id, &request.options, 0)
        }
        Family::Cohere => {
            let ask = ToCohere {
                texts,
                input_type: input_type(request.purpose, warnings),
                output_dimension: dimensions(request, "-v3", warnings),
            };
            write(&ask, PROVIDER.id, &request.options, 0)
        }
    }
}

fn family(model: &str) -> Result<Family> {
    if model.contains("titan-embed-text") {
        Ok(Family::Titan)
    } else if model.contains("cohere.embed-") {
        Ok(Family::Cohere)
    } else {
        Err(Error::new(
            ErrorKind::Unsupported,
            "the model's name tells neither Titan's nor Cohere's embeddings; others go as JSON to `/model/…/invoke`",
        ))
    }
}

/// The length that is asked for, unless the model is of a kind that has one only.
fn dimensions(request: &EmbedRequest, fixed: &str, warnings: &mut Warnings) -> Option<u32> {
    let is_fixed = request.model.contains(fixed);
    warnings.unsupported_if(is_fixed && request.dimensions.is_some(), "dimensions");
    request.dimensions.filter(|_| !is_fixed)
}

/// Cohere wants to be told in any case: documents unless said otherwise.
fn input_type(purpose: Option<Purpose>, warnings: &mut Warnings) -> &'static str {
    match purpose {
        None | Some(Purpose::Document) => "search_document",
        Some(Purpose::Query) => "search_query",
        Some(Purpose::Classification) => "classification",
        Some(Purpose::Clustering) => "clustering",
        Some(_) => {
            warnings.push(Warning::unsupported("purpose"));
            "search_document"
        }
    }
}

pub(crate) fn response(request: &EmbedRequest, head: &Parts, body: &[u8]) -> Result<EmbedResponse> {
    let (vectors, told) = match family(&request.model)? {
        Family::Titan => {
            let answer: OfTitan = read(body)?;
            (vec![answer.embedding], answer.input_text_token_count)
        }
        Family::Cohere => match read::<OfCohere>(body)?.embeddings {
            Vectors::All(all) | Vectors::ByType { float: all } => (all, None),
        },
    };
    let (came, asked) = (vectors.len(), request.inputs.len());
    if came != asked {
        return Err(Error::decode(format!(
            "{came} embeddings came for {asked} inputs"
        )));
    }
    let vectors = vectors.into_iter().map(Embedding::from).collect();
    let mut response = EmbedResponse::new(request.model.as_str(), vectors);
    if let Some(tokens) = told.or_else(|| counted(head)) {
        let raw = Json::from(serde_json::json!({ "inputTextTokenCount": tokens }));
        response.usage = Usage::told(Some(tokens), None, raw);
    }
    Ok(response)
}

/// Where the body does not tell, a header does.
fn counted(head: &Parts) -> Option<u64> {
    let count = head.headers.get("x-amzn-bedrock-input-token-count")?;
    count.to_str().ok()?.parse().ok()
}
