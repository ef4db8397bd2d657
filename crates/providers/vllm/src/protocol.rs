//! Which operation is which exchange: chat completions below `/v1`, all else at the server's root.

use bytes::Bytes;
use http::{Request, response::Parts};
use serde::Deserialize;
use trunkline_core::{
    ChatRequest, Error, Op, Reply, Result, Warning,
    chat::Warnings,
    protocol::{Protocol, Shape, Target},
};

use crate::{
    COMPAT, PROVIDER, beside, count, decode::StreamDecoder, health, models, rerank, tokenize, told,
};

/// The wire format of a vLLM server.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    ready: &'static str,
}

/// One that is asked for its health.
impl Default for Server {
    fn default() -> Self {
        Self { ready: "/health" }
    }
}

impl Server {
    /// What is asked whether the server can serve: `health`, `metrics` or `is_sleeping`.
    ///
    /// # Errors
    ///
    /// [`Config`](trunkline_core::ErrorKind::Config): another word.
    pub(crate) fn of(ready: Option<&str>) -> Result<Self> {
        let ready = match ready {
            None | Some("health") => "/health",
            Some("metrics") => "/metrics",
            Some("is_sleeping") => "/is_sleeping",
            Some(_) => {
                let what = "the setting `ready` is `health`, `metrics` or `is_sleeping`";
                return Err(Error::config(what));
            }
        };
        Ok(Self { ready })
    }
}

impl Protocol for Server {
    type Decoder = StreamDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            Op::Rerank(request) => target.post("/rerank", rerank::body(request, warnings)?),
            Op::Tokenize(request) => target.post("/tokenize", tokenize::body(request)?),
            Op::Detokenize(request) => {
                target.post("/detokenize", tokenize::tokens(request, warnings)?)
            }
            Op::CountTokens(request) => {
                guided(request, warnings);
                let body = count::body(op_of_chat(request), target, warnings)?;
                target.post("/tokenize", body)
            }
            Op::Ready(request) if request.model.is_empty() => target.get(self.ready),
            Op::Ready(_) => target.get("/v1/models"),
            Op::Load(_) => target.get("/metrics"),
            op => {
                if let Op::Chat(request) | Op::ChatStream(request) = op {
                    guided(request, warnings);
                }
                COMPAT.encode(op, &target.below("/v1"), warnings)
            }
        }
    }

    fn shape(&self, op: &Op, head: &Parts) -> Shape {
        COMPAT.shape(op, head)
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::Rerank(request) => rerank::response(request, &body).map(Reply::Rerank),
            Op::Tokenize(_) => tokenize::response(&body).map(Reply::Tokenize),
            Op::Detokenize(_) => tokenize::text(&body).map(Reply::Detokenize),
            Op::CountTokens(request) => count::response(request, &body).map(Reply::CountTokens),
            Op::Ready(request) if request.model.is_empty() => {
                health::ready(&body).map(Reply::Ready)
            }
            Op::Ready(request) => {
                let page = COMPAT.decode(&models::list(), head, body)?;
                Ok(Reply::Ready(models::serves(
                    &request.model,
                    &page.into_models()?,
                )))
            }
            Op::Load(_) => health::load(&body).map(Reply::Load),
            Op::Models(_) => {
                let page = COMPAT.decode(op, head, body)?.into_models()?;
                models::ours(page).map(Reply::Models)
            }
            op => {
                let reply = COMPAT.decode(op, head, body.clone()).map_err(told)?;
                Ok(match reply {
                    Reply::Chat(answer) => Reply::Chat(beside::add(answer, &body)),
                    other => other,
                })
            }
        }
    }

    fn decoder(&self, op: &Op, head: &Parts) -> StreamDecoder {
        StreamDecoder::new(COMPAT.decoder(op, head))
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        told(COMPAT.error(head, body))
    }
}

fn op_of_chat(request: &std::sync::Arc<ChatRequest>) -> Op {
    Op::Chat(request.clone())
}

/// What older servers are told by, newer ones pass over in silence: they answer, and are held to
/// nothing.
///
/// <https://docs.vllm.ai/en/latest/features/structured_outputs/>
fn guided(request: &ChatRequest, warnings: &mut Warnings) {
    #[derive(Deserialize)]
    struct Asked {
        structured_outputs: Option<serde::de::IgnoredAny>,
        guided_json: Option<serde::de::IgnoredAny>,
        guided_regex: Option<serde::de::IgnoredAny>,
        guided_choice: Option<serde::de::IgnoredAny>,
        guided_grammar: Option<serde::de::IgnoredAny>,
    }
    let Some(options) = request.options.get(PROVIDER.id) else {
        return;
    };
    let Ok(asked) = options.read::<Asked>() else {
        return;
    };
    let is_told = asked.structured_outputs.is_some() || request.format.is_some();
    let by_old = [
        ("guided_json", asked.guided_json.is_some()),
        ("guided_regex", asked.guided_regex.is_some()),
        ("guided_choice", asked.guided_choice.is_some()),
        ("guided_grammar", asked.guided_grammar.is_some()),
    ];
    for (name, _) in by_old.iter().filter(|(_, set)| *set && !is_told) {
        warnings.push(Warning::unsupported(*name));
    }
}
