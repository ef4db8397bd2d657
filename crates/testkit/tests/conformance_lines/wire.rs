//! How parrots talk: `{"say":["Par","is."],"why":"done","cost":[7,2]}`, and as a stream a line for
//! each word.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::{Request, response::Parts};
use serde_json::{Value, json};
use trunkline_core::{
    ChatRequest, ChatResponse, Error, ErrorKind, Json, Message, Op, Part, Reply, RerankRequest,
    RerankResponse, Result, StreamChunk, TokenCount, Warning,
    chat::{Finish, FinishKind, Usage, Warnings},
    http_transport::frame::{Frame, FrameLimits, Framing},
    protocol::{
        Decoder, Protocol, Shape, Target, Terminal, check_rerank, error_of_status, instructions,
        read, within,
    },
    rerank::{Ranked, RerankDocument},
};

pub(crate) struct Parrot;

impl Protocol for Parrot {
    type Decoder = Ear;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        let (request, path) = match op {
            Op::Chat(request) => (request, "/whole"),
            Op::ChatStream(request) => (request, "/lines"),
            Op::CountTokens(request) => (request, "/syllables"),
            Op::Rerank(request) => {
                check_rerank(crate::PROVIDER.capabilities, request)?;
                return target.post("/likes", likes(request, warnings).to_string());
            }
            other => {
                let no = format!("a parrot does not {}", other.name());
                return Err(Error::new(ErrorKind::Unsupported, no));
            }
        };
        let request = within(crate::PROVIDER.capabilities, request, warnings)?;
        target.post(path, body(&request, warnings).to_string())
    }

    fn shape(&self, op: &Op, _: &Parts) -> Shape {
        match op {
            Op::ChatStream(_) => Shape::Frames(Framing::NdJson, FrameLimits::default()),
            _ => Shape::Whole,
        }
    }

    fn decode(&self, op: &Op, _: &Parts, body: Bytes) -> Result<Reply> {
        match op {
            // A score for each, in the order of the request.
            Op::Rerank(request) => {
                let scores: Vec<f64> = read(&body)?;
                let places = scores.into_iter().enumerate();
                let places = places.map(|(at, score)| Ranked::new(at, score)).collect();
                return RerankResponse::of(request, "", places).map(Reply::Rerank);
            }
            Op::CountTokens(_) => {
                let value = json_of(&body)?;
                let syllables = value.get("syllables").and_then(Value::as_array);
                let syllables = syllables.ok_or_else(|| Error::decode("there are none"))?;
                let count = TokenCount::new("", syllables.len() as u64);
                return Ok(Reply::CountTokens(count));
            }
            _ => {}
        }
        let value = json_of(&body)?;
        if let Some(error) = value.get("oops") {
            return Err(oops(error));
        }
        let words = value.get("say").and_then(Value::as_array);
        let words = words.ok_or_else(|| Error::decode("there is no `say`"))?;
        let text: String = words.iter().filter_map(Value::as_str).collect();
        let mut answer = ChatResponse::of_text("ara-1", text);
        answer.finish = finish(&value);
        answer.usage = usage(&value);
        Ok(Reply::Chat(answer))
    }

    fn decoder(&self, _: &Op, _: &Parts) -> Ear {
        Ear {
            talking: false,
            terminal: Terminal::Open,
        }
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        let usual = error_of_status(head.status);
        match serde_json::from_slice::<Value>(body)
            .ok()
            .as_ref()
            .and_then(|value| value.get("oops"))
        {
            Some(error) => {
                let ours = oops(error);
                let kind = if ours.kind() == ErrorKind::Server {
                    usual.kind()
                } else {
                    ours.kind()
                };
                ours.with_kind(kind).with_delivery(usual.delivery())
            }
            None => usual,
        }
    }
}

/// Parrots like words only, and tell of each what they think.
fn likes(request: &RerankRequest, warnings: &mut Warnings) -> Value {
    warnings.unsupported_if(request.top_n.is_some(), "top_n");
    let is_fields = |document: &RerankDocument| matches!(document, RerankDocument::Fields(_));
    if request.documents.iter().any(is_fields) {
        warnings.push(Warning::coerced("documents", "fields", "text"));
    }
    let words: Vec<&str> = request
        .documents
        .iter()
        .map(RerankDocument::as_text)
        .collect();
    let mut body = json!({ "bird": request.model, "wants": request.query, "of": words });
    own(&request.options, &mut body);
    body
}

fn own(options: &BTreeMap<String, Json>, body: &mut Value) {
    if let Some(options) = options.get(crate::PROVIDER.id)
        && let Ok(Value::Object(fields)) = options.read()
    {
        for (name, value) in fields {
            body[name] = value;
        }
    }
}

fn body(request: &ChatRequest, warnings: &mut Warnings) -> Value {
    let (orders, turns) = instructions(request, warnings);
    for message in &turns {
        warnings.unsupported_if(message.name.is_some(), "name");
        for part in &message.parts {
            warnings.state_dropped(part);
            if part.as_text().is_none() {
                warnings.left_out(part);
            }
        }
    }
    // Of what another bird said, nothing may be left.
    let is_told = |message: &&&Message| {
        message.parts.is_empty() || message.parts.iter().any(|part| part.as_text().is_some())
    };
    let words: Vec<Value> = turns
        .iter()
        .filter(is_told)
        .map(|message| json!({ "by": message.role, "words": message.text() }))
        .collect();
    let mut body = json!({ "bird": request.model, "hears": words });
    if !orders.is_empty() {
        body["orders"] = orders.into();
    }
    if let Some(most) = request.max_output_tokens {
        body["most"] = most.into();
    }
    own(&request.options, &mut body);
    body
}

fn json_of(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).map_err(|error| Error::decode("no JSON").with_source(error))
}

fn oops(error: &Value) -> Error {
    let text = |name: &str| {
        error
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or("no word of why")
    };
    let kind = match text("what") {
        "wrong key" => ErrorKind::Auth,
        "too loud" => ErrorKind::RateLimited,
        "too long" => ErrorKind::ContextLength,
        "tired" => ErrorKind::Overloaded,
        _ => ErrorKind::Server,
    };
    Error::new(kind, text("why").to_owned()).with_delivery(trunkline_core::Delivery::Responded)
}

fn finish(value: &Value) -> Finish {
    let why = value.get("why").and_then(Value::as_str).unwrap_or_default();
    Finish::new(if why == "done" {
        FinishKind::Stop
    } else {
        FinishKind::Other
    })
    .raw(why)
}

fn usage(value: &Value) -> Usage {
    let cost = |at: usize| {
        value
            .get("cost")
            .and_then(|cost| cost.get(at))
            .and_then(Value::as_u64)
    };
    match (cost(0), cost(1)) {
        (None, None) => Usage::default(),
        (input, output) => Usage::told(input, output, value["cost"].clone().into()),
    }
}

pub(crate) struct Ear {
    talking: bool,
    terminal: Terminal,
}

impl Decoder for Ear {
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        let value = json_of(&frame.data)?;
        if let Some(error) = value.get("oops") {
            return Err(oops(error));
        }
        if let Some(word) = value.get("say").and_then(Value::as_str) {
            if !std::mem::replace(&mut self.talking, true) {
                let part = Box::new(Part::text(""));
                out.push_back(StreamChunk::PartStart {
                    ix: 0,
                    candidate: 0,
                    part,
                });
            }
            out.push_back(StreamChunk::text(0, word));
        } else if value.get("why").is_some() {
            if std::mem::take(&mut self.talking) {
                out.push_back(StreamChunk::PartEnd { ix: 0, part: None });
            }
            let mut meta = trunkline_core::stream::ChunkMeta::default();
            meta.model = Some("ara-1".to_owned());
            out.push_back(StreamChunk::Meta(Box::new(meta)));
            out.push_back(StreamChunk::Finish {
                candidate: 0,
                reason: finish(&value),
                usage: Some(Box::new(usage(&value))),
                ext: trunkline_core::Ext::default(),
            });
            self.terminal = Terminal::Last;
        } else if value.get("type").is_none() {
            return Err(Error::decode("a line of nothing"));
        }
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        self.terminal
    }
}
