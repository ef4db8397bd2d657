//! A provider that gives numbers for words, three in one request.

use bytes::Bytes;
use http::{Request, response::Parts};
use serde::{Deserialize, Serialize};
use trunkline_core::{
    Capabilities, EmbedResponse, Error, ErrorKind, Json, Op, ProviderDef, Reply, RerankResponse,
    Result, Usage,
    account::Builder,
    chat::Warnings,
    embed::{EmbedInput, Embedding},
    protocol::{NoStream, Protocol, Target, check_embed, check_rerank, error_of_status, read},
    rerank::Ranked,
};

use super::{Answer, wire::Seen};

pub(crate) const CAN: Capabilities = Capabilities::NONE
    .embed()
    .max_inputs(3)
    .rerank()
    .max_documents(3);

pub(crate) static ABACUS: ProviderDef = ProviderDef::new("abacus", "ABACUS", |config, client| {
    let builder = Builder::of(&ABACUS, Abacus).config(config).client(client);
    Ok(builder.build()?.backend().clone())
})
.base_url("https://abacus.example")
.capabilities(CAN);

/// Gives numbers for words that are numbers.
#[derive(Debug)]
pub(crate) struct Abacus;

#[derive(Serialize, Deserialize)]
pub(crate) struct Ask {
    pub(crate) model: String,
    pub(crate) words: Vec<String>,
    pub(crate) top: Option<u32>,
}

impl Protocol for Abacus {
    type Decoder = NoStream;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        let ask = match op {
            Op::Embed(request) => {
                check_embed(CAN, request, warnings)?;
                let words = request.inputs.iter().map(|input| match input {
                    EmbedInput::Text(text) => text.clone(),
                    _ => String::new(),
                });
                (&request.model, words.collect(), None)
            }
            Op::Rerank(request) => {
                check_rerank(CAN, request)?;
                let words = request
                    .documents
                    .iter()
                    .map(|word| word.as_text().to_owned());
                // `all` is a wire that has no place for it.
                let top = request.top_n.filter(|_| request.query != "all");
                warnings.unsupported_if(request.top_n != top, "top_n");
                (&request.model, words.collect(), top)
            }
            other => return Err(Error::new(ErrorKind::Unsupported, other.name())),
        };
        let (model, words, top) = ask;
        let model = model.clone();
        target.post(
            "/count",
            serde_json::to_vec(&Ask { model, words, top }).unwrap(),
        )
    }

    fn decode(&self, op: &Op, _: &Parts, body: Bytes) -> Result<Reply> {
        let numbers: Vec<f32> = read(&body)?;
        let count = numbers.len() as u64;
        let raw = Json::parse(count.to_string()).unwrap();
        Ok(match op {
            Op::Rerank(request) => {
                let places = numbers.into_iter().enumerate();
                let places = places.map(|(ix, score)| Ranked::new(ix, f64::from(score)));
                let mut response = RerankResponse::of(request, "beads", places.collect())?;
                response.usage = Usage::told(Some(count), None, raw);
                Reply::Rerank(response)
            }
            _ => {
                let vectors = numbers
                    .into_iter()
                    .map(|number| Embedding::from(vec![number]));
                let mut response = EmbedResponse::new("beads", vectors.collect());
                response.usage = Usage::told(Some(count), None, raw);
                Reply::Embed(response)
            }
        })
    }

    fn decoder(&self, _: &Op, _: &Parts) -> NoStream {
        NoStream
    }

    fn error(&self, head: &Parts, _: &[u8]) -> Error {
        error_of_status(head.status)
    }
}

pub(crate) fn asked(seen: &Seen) -> Ask {
    serde_json::from_slice(&seen.body).unwrap()
}

/// Each word is its number.
pub(crate) fn counted(seen: &Seen) -> Answer {
    Answer::json(format!("[{}]", asked(seen).words.join(",")))
}
