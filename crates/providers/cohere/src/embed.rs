//! Embeddings: texts and images in, vectors out, in the same order.
//!
//! <https://docs.cohere.com/reference/embed>

use http::response::Parts;
use serde::{Deserialize, Serialize};
use trunkline_core::{
    EmbedRequest, EmbedResponse, Error, ErrorKind, Json, Result,
    chat::{Source, Warnings},
    embed::{EmbedInput, Embedding, Precision, Purpose},
    protocol::{check_embed, read, write},
};

use crate::{
    PROVIDER,
    encode::address,
    usage,
    wire::{Address, Block, ImageUrl},
};

#[derive(Serialize)]
struct Ask<'a> {
    model: &'a str,
    input_type: &'static str,
    #[serde(flatten)]
    inputs: Inputs<'a>,
    embedding_types: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<u32>,
}

/// Three forms: the two that all models know, of texts or of images alone, and that of newer ones.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Inputs<'a> {
    Texts(Vec<&'a str>),
    Images(Vec<Address<'a>>),
    #[serde(rename = "inputs")]
    Mixed(Vec<Input<'a>>),
}

#[derive(Serialize)]
struct Input<'a> {
    content: [Block<'a>; 1],
}

pub(crate) fn body(request: &EmbedRequest, warnings: &mut Warnings) -> Result<Vec<u8>> {
    check_embed(PROVIDER.capabilities, request, warnings)?;
    let inputs = request.inputs.iter().map(block).collect::<Result<_>>()?;
    let inputs = of_blocks(inputs, request.purpose);
    let ask = Ask {
        model: &request.model,
        input_type: match (&inputs, request.purpose) {
            (Inputs::Images(_), _) => "image",
            (_, Some(Purpose::Query)) => "search_query",
            (_, Some(Purpose::Classification)) => "classification",
            (_, Some(Purpose::Clustering)) => "clustering",
            // Cohere wants one: what is embedded is mostly to be found.
            _ => "search_document",
        },
        inputs,
        embedding_types: [precision(request).as_str()],
        output_dimension: request.dimensions,
    };
    write(&ask, PROVIDER.id, &request.options, 0)
}

fn block(input: &EmbedInput) -> Result<Block<'_>> {
    let unsupported = |what: &str| Err(Error::new(ErrorKind::Unsupported, what.to_owned()));
    match input {
        EmbedInput::Text(text) => Ok(Block::Text { text }),
        EmbedInput::Media(media) => match (address(media), &media.source) {
            (Some(_), Source::Url(url)) if !url.starts_with("data:") => {
                unsupported("Cohere embeds images that are sent along, and fetches none")
            }
            (Some(url), _) => Ok(Block::ImageUrl {
                image_url: ImageUrl { url, detail: None },
            }),
            (None, _) => unsupported("Cohere embeds texts and images, and no other media"),
        },
        _ => unsupported("Cohere embeds texts and images, and no tokens"),
    }
}

fn of_blocks(blocks: Vec<Block<'_>>, purpose: Option<Purpose>) -> Inputs<'_> {
    let text = |block: &Block<'_>| matches!(block, Block::Text { .. });
    let texts = blocks.iter().filter_map(|block| match block {
        Block::Text { text } => Some(*text),
        _ => None,
    });
    let images = blocks.iter().filter_map(|block| match block {
        Block::ImageUrl { image_url } => Some(image_url.url),
        _ => None,
    });
    if blocks.iter().all(text) {
        Inputs::Texts(texts.collect())
    } else if purpose.is_none() && !blocks.iter().any(text) {
        // Images alone are of a purpose of their own.
        Inputs::Images(images.collect())
    } else {
        let inputs = blocks.into_iter().map(|block| Input { content: [block] });
        Inputs::Mixed(inputs.collect())
    }
}

#[derive(Deserialize)]
struct Answer {
    embeddings: ByType,
    meta: Option<Json>,
}

/// The vectors, by what their numbers are: those that were asked for are there.
#[derive(Deserialize)]
struct ByType {
    float: Option<Vec<Vec<f32>>>,
    int8: Option<Vec<Vec<i8>>>,
    uint8: Option<Vec<Vec<u8>>>,
    binary: Option<Vec<Vec<i8>>>,
    ubinary: Option<Vec<Vec<u8>>>,
}

impl ByType {
    fn of(self, precision: Precision) -> Vec<Embedding> {
        fn all<T>(vectors: Option<Vec<T>>, embedding: fn(T) -> Embedding) -> Vec<Embedding> {
            vectors.into_iter().flatten().map(embedding).collect()
        }
        match precision {
            Precision::Int8 => all(self.int8, Embedding::Int8),
            Precision::Uint8 => all(self.uint8, Embedding::Uint8),
            Precision::Binary => all(self.binary, Embedding::Binary),
            Precision::Ubinary => all(self.ubinary, Embedding::Ubinary),
            _ => all(self.float, Embedding::Float),
        }
    }
}

fn precision(request: &EmbedRequest) -> Precision {
    request.precision.unwrap_or(Precision::Float)
}

pub(crate) fn response(request: &EmbedRequest, head: &Parts, body: &[u8]) -> Result<EmbedResponse> {
    let answer: Answer = read(body)?;
    let precision = precision(request);
    let vectors = answer.embeddings.of(precision);
    let (came, asked) = (vectors.len(), request.inputs.len());
    if came != asked {
        let kind = precision.as_str();
        return Err(Error::decode(format!(
            "{came} embeddings of the type {kind} came for {asked} inputs"
        )));
    }
    // The answer does not name its model.
    let mut response = EmbedResponse::new(request.model.as_str(), vectors);
    response.warnings = usage::warnings(head, answer.meta.as_ref());
    response.usage = answer.meta.and_then(usage::read).unwrap_or_default();
    // Nothing is added to what is embedded, so that what is billed is what went in.
    if let Some(billed) = &response.usage.billed {
        let input = response.usage.input.total;
        response.usage.input.total = input.or(usage::count(billed.input));
    }
    Ok(response)
}
