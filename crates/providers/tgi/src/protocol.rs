//! Which operation is which exchange: chat completions below `/v1`, all else at the server's root.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Request, response::Parts};
use serde::Deserialize;
use trunkline_core::{
    ChatRequest, Error, ErrorKind, Json, Op, Reply, Result, Warning,
    chat::{Format, Warnings},
    health::Readiness,
    protocol::{Protocol, Target},
};
use trunkline_openai_compat::{ChunkDecoder, OpenAiCompat};

use crate::{DIALECT, Grammar, PROVIDER, error, fit, info, load, tokenize};

/// What Text Generation Inference speaks.
///
/// <https://huggingface.co/docs/text-generation-inference/reference/api_reference>
#[derive(Clone, Copy, Debug)]
pub struct Server;

pub(crate) const CHAT: OpenAiCompat = OpenAiCompat(DIALECT);

impl Protocol for Server {
    type Decoder = ChunkDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match op {
            Op::Chat(_) | Op::ChatStream(_) => chat(op, &target.below("/v1"), warnings),
            Op::CountTokens(request) => {
                let asked = chat(&Op::Chat(request.clone()), target, warnings)?;
                target.post("/chat_tokenize", asked.into_body())
            }
            Op::Tokenize(request) => target.post("/tokenize", tokenize::body(request, warnings)?),
            Op::Models(_) => target.get("/info"),
            Op::Ready(_) => target.get("/health"),
            Op::Load(_) => target.get("/metrics"),
            op => Err(no_such(op)),
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            Op::CountTokens(_) => tokenize::count(&body).map(Reply::CountTokens),
            Op::Tokenize(_) => tokenize::response(&body).map(Reply::Tokenize),
            Op::Models(_) => info::page(&body).map(Reply::Models),
            Op::Ready(_) => Ok(Reply::Ready(Readiness::ready())),
            Op::Load(_) => Ok(Reply::Load(load::read(&String::from_utf8_lossy(&body)))),
            Op::Chat(_) | Op::ChatStream(_) => CHAT.decode(op, head, body),
            op => Err(no_such(op)),
        }
    }

    fn decoder(&self, op: &Op, head: &Parts) -> ChunkDecoder {
        CHAT.decoder(op, head)
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        error::of_answer(head, body)
    }
}

/// A chat as this server has it, and with its format as it has that:
/// `{"type":"json","value":SCHEMA}` where others have `json_schema`. That type has been there since version 1.4.3; `json_schema`, which adds a name that
/// nothing comes of, since 3.3.0.
///
/// <https://huggingface.co/docs/text-generation-inference/basic_tutorials/using_guidance>
pub(crate) fn chat(op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
    let (Op::Chat(request) | Op::ChatStream(request)) = op else {
        return Err(no_such(op));
    };
    let fitted = fit::fitted(request, warnings);
    let Some(Format::Schema { schema, strict, .. }) = &request.format else {
        return match fitted {
            Cow::Borrowed(_) => CHAT.encode(op, target, warnings),
            Cow::Owned(fitted) => CHAT.encode(&with(op, fitted), target, warnings),
        };
    };
    let mut bare = fitted.into_owned();
    bare.format = None;
    let bare = with(op, bare);
    let encoded = CHAT.encode(&bare, target, warnings)?;
    // What only this provider takes wins over what all take.
    if has_format(request) {
        return Ok(encoded);
    }
    if !strict {
        warnings.push(Warning::coerced("schema.strict", "false", "true"));
    }
    let format = Json::of(&Grammar::json(schema.clone()))?;
    let (head, body) = encoded.into_parts();
    // A merge patch would drop what is null in the schema.
    let fields = body.strip_suffix(b"}").unwrap_or(&body);
    let body = [
        fields,
        b",\"response_format\":",
        format.get().as_bytes(),
        b"}",
    ]
    .concat();
    Ok(Request::from_parts(head, body.into()))
}

/// The same operation, of another request.
fn with(op: &Op, request: ChatRequest) -> Op {
    match op {
        Op::ChatStream(_) => Op::ChatStream(request.into()),
        _ => Op::Chat(request.into()),
    }
}

/// Whether the provider's own options have a format.
fn has_format(request: &ChatRequest) -> bool {
    #[derive(Deserialize)]
    struct Own {
        response_format: Option<Json>,
    }
    let own = request.options.get(PROVIDER.id);
    let own = own.and_then(|options| options.read::<Own>().ok());
    own.is_some_and(|own| own.response_format.is_some())
}

fn no_such(op: &Op) -> Error {
    let what = format!("{} has no operation `{}`", PROVIDER.id, op.name());
    Error::new(ErrorKind::Unsupported, what)
}
