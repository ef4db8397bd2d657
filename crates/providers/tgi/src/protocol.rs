//! Which operation is which exchange: chat completions below `/v1`, all else at the server's root.

use bytes::Bytes;
use http::{Request, response::Parts};
use serde::Deserialize;
use trunkline_core::{
    ChatRequest, Content, Error, ErrorKind, Json, Message, Op, Reply, Result, Role, Warning,
    chat::{Format, Warnings},
    health::Readiness,
    protocol::{Protocol, Target},
};
use trunkline_openai_compat::{ChunkDecoder, OpenAiCompat};

use crate::{DIALECT, Grammar, PROVIDER, error, info, load, tokenize};

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

/// A chat, with its format as this server has it: `{"type":"json","value":SCHEMA}` where others have
/// `json_schema`. That type has been there since version 1.4.3; `json_schema`, which adds a name that
/// nothing comes of, since 3.3.0.
///
/// <https://huggingface.co/docs/text-generation-inference/basic_tutorials/using_guidance>
pub(crate) fn chat(op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
    let (Op::Chat(request) | Op::ChatStream(request)) = op else {
        return Err(no_such(op));
    };
    if request.messages.iter().any(has_words_and_calls) {
        let message = "the server reads no calls of a turn that has words too".into();
        warnings.push(Warning::Other { message });
    }
    let Some(Format::Schema { schema, strict, .. }) = &request.format else {
        return CHAT.encode(op, target, warnings);
    };
    let mut bare: ChatRequest = (**request).clone();
    bare.format = None;
    let bare = match op {
        Op::ChatStream(_) => Op::ChatStream(bare.into()),
        _ => Op::Chat(bare.into()),
    };
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

/// Its source has the one or the other, and tries the words first: `MessageBody` in
/// `router/src/lib.rs`.
fn has_words_and_calls(message: &Message) -> bool {
    let has = |kind: fn(&Content) -> bool| message.parts.iter().any(|part| kind(&part.content));
    message.role == Role::Assistant
        && has(|content| matches!(content, Content::ToolCall(_)))
        && has(|content| matches!(content, Content::Text(_)))
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
