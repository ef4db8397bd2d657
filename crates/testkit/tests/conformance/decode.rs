//! What the oracle answers.

use std::collections::VecDeque;

use http::StatusCode;
use serde::{Deserialize, de::DeserializeOwned};
use trunkline_core::{
    ChatResponse, Content, Delta, Error, ErrorKind, Json, Message, ModelInfo, Op, Part, Reply,
    RerankRequest, RerankResponse, Result, Role, StreamChunk, TokenCount, ToolCall, Usage,
    chat::{Billed, Finish, FinishKind, Opaque, ToolInput},
    http_transport::frame::Frame,
    models::ModelsPage,
    protocol::{Decoder, Terminal, error_of_status},
    rerank::Ranked,
    stream::ChunkMeta,
};

use super::encode::event;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer {
    ticket: Option<String>,
    engine: Option<String>,
    blocks: Option<Vec<Json>>,
    why: Option<String>,
    cost: Option<Json>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Block {
    words: Option<String>,
    play: Option<Play>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Play {
    instrument: Option<String>,
    with: Option<Json>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cost {
    heard: Option<u64>,
    said: Option<u64>,
}

fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    serde_json::from_slice(text).map_err(|_| Error::decode("the oracle is not understood"))
}

fn finish(why: Option<&str>, plays: bool) -> Finish {
    let kind = match why {
        Some("played") => FinishKind::ToolCalls,
        _ if plays => FinishKind::ToolCalls,
        Some("spoken") | None => FinishKind::Stop,
        Some("longest") => FinishKind::MaxTokens,
        Some(_) => FinishKind::Other,
    };
    why.map_or(Finish::new(kind.clone()), |why| Finish::new(kind).raw(why))
}

fn usage(cost: Option<Json>) -> Usage {
    let mut usage = Usage::default();
    let Some(cost) = cost else { return usage };
    let read: Cost = cost.read().unwrap_or_default();
    if let (Some(heard), Some(said)) = (read.heard, read.said) {
        usage = Usage::new(heard, said);
    }
    usage.raw = Some(cost);
    usage
}

fn call(play: &Play, number: usize) -> ToolCall {
    let with = play.with.clone().unwrap_or_else(Json::empty_object);
    let name = play.instrument.clone().unwrap_or_default();
    let mut call = ToolCall::new(format!("play-{number}"), name, ToolInput::Json(with));
    call.synthetic_id = true;
    call
}

pub(crate) fn whole(op: &Op, body: &[u8]) -> Result<Reply> {
    match op {
        Op::Models(_) => return list(body),
        Op::Rerank(request) => return weighed(request, body),
        Op::CountTokens(_) => return measured(body),
        _ => {}
    }
    let answer: Answer = read(body)?;
    let blocks = answer.blocks.ok_or_else(|| Error::decode("no blocks"))?;
    let mut parts = Vec::new();
    let mut plays = false;
    for (number, raw) in blocks.into_iter().enumerate() {
        let block: Block = raw.read().unwrap_or_default();
        plays |= block.play.is_some();
        parts.push(match (&block.words, &block.play) {
            (Some(words), _) => Part::text(words),
            (None, Some(play)) => Part::new(Content::ToolCall(call(play, number))),
            (None, None) => Part::new(Content::Opaque(Opaque::new("oracle.block", raw))),
        });
    }
    let message = Message::new(Role::Assistant, parts);
    let model = answer.engine.unwrap_or_default();
    let mut response = ChatResponse::new(model, message, finish(answer.why.as_deref(), plays));
    response.id = answer.ticket;
    response.usage = usage(answer.cost);
    Ok(Reply::Chat(response))
}

fn weighed(request: &RerankRequest, body: &[u8]) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Weighed {
        weighed: Vec<Weight>,
        #[serde(default)]
        ticket: Option<String>,
        #[serde(default)]
        cost: Option<Json>,
    }
    #[derive(Deserialize)]
    struct Weight {
        offering: usize,
        weight: f64,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Weighings {
        weighings: Option<f64>,
    }
    let answer: Weighed = read(body)?;
    let places = answer.weighed.iter();
    let places = places.map(|one| Ranked::new(one.offering, one.weight));
    let mut response = RerankResponse::of(request, "", places.collect())?;
    response.id = answer.ticket;
    if let Some(cost) = answer.cost {
        let read: Weighings = cost.read().unwrap_or_default();
        if let Some(weighings) = read.weighings {
            let mut billed = Billed::default();
            billed.searches = Some(weighings);
            response.usage = Usage::told(None, None, cost);
            response.usage.billed = Some(billed.into());
        }
    }
    Ok(Reply::Rerank(response))
}

fn measured(body: &[u8]) -> Result<Reply> {
    #[derive(Deserialize)]
    struct Measured {
        breaths: u64,
        #[serde(default)]
        kinds: Option<Vec<Kind>>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Kind {
        kind: Option<String>,
        breaths: Option<u64>,
    }
    let measured: Measured = read(body)?;
    let mut count = TokenCount::new("", measured.breaths);
    let kinds = measured.kinds.unwrap_or_default().into_iter();
    count.by_modality = kinds.filter_map(|one| one.kind.zip(one.breaths)).collect();
    Ok(Reply::CountTokens(count))
}

fn list(body: &[u8]) -> Result<Reply> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Engines {
        engines: Option<Vec<Engine>>,
        after: Option<String>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Engine {
        engine: Option<String>,
    }
    let engines: Engines = read(body)?;
    let list = engines.engines.ok_or_else(|| Error::decode("no engines"))?;
    let models = list
        .into_iter()
        .filter_map(|one| one.engine)
        .map(ModelInfo::new);
    let mut page = ModelsPage::new(models.collect());
    page.next = engines.after;
    Ok(Reply::Models(page))
}

pub(crate) fn fault(status: StatusCode, body: &[u8]) -> Error {
    #[derive(Deserialize)]
    struct Wrath {
        wrath: String,
        #[serde(default)]
        because: Option<String>,
    }
    let error = error_of_status(status);
    let Ok(wrath) = serde_json::from_slice::<Wrath>(body) else {
        return error;
    };
    let kind = match wrath.wrath.as_str() {
        "too-much-said" => ErrorKind::ContextLength,
        "tired" => ErrorKind::Overloaded,
        _ => error.kind(),
    };
    let because = wrath.because.unwrap_or_else(|| error.message().to_owned());
    Error::new(kind, because)
        .with_delivery(error.delivery())
        .with_code(wrath.wrath)
}

/// An answer as it is poured: `open`, `drop`, `play`, `dry`.
#[derive(Default)]
pub(crate) struct Pouring {
    parts: u32,
    words: Option<u32>,
    plays: bool,
    dry: bool,
}

impl Pouring {
    fn close(&mut self, out: &mut VecDeque<StreamChunk>) {
        out.extend(
            self.words
                .take()
                .map(|ix| StreamChunk::PartEnd { ix, part: None }),
        );
    }

    fn start(&mut self, part: Part, out: &mut VecDeque<StreamChunk>) -> u32 {
        let ix = self.parts;
        self.parts += 1;
        let part = Box::new(part);
        out.push_back(StreamChunk::PartStart {
            ix,
            candidate: 0,
            part,
        });
        ix
    }
}

impl Decoder for Pouring {
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        if std::str::from_utf8(&frame.data).is_err() {
            return Err(Error::decode("the oracle does not speak UTF-8"));
        }
        let (name, data) = event(&frame);
        match name.as_str() {
            "open" => {
                let answer: Answer = read(data.as_bytes())?;
                let mut meta = ChunkMeta::default();
                (meta.id, meta.model) = (answer.ticket, answer.engine);
                out.push_back(StreamChunk::Meta(Box::new(meta)));
            }
            "drop" => {
                let block: Block = read(data.as_bytes())?;
                let ix = match self.words {
                    Some(ix) => ix,
                    None => self.start(Part::text(""), out),
                };
                self.words = Some(ix);
                let delta = Delta::Text(block.words.unwrap_or_default());
                out.push_back(StreamChunk::Delta { ix, delta });
            }
            "play" => {
                self.close(out);
                self.plays = true;
                let play: Play = read(data.as_bytes())?;
                let mut call = call(&play, self.parts as usize);
                let input = call.arguments().to_owned();
                call.input = ToolInput::from_text("");
                let ix = self.start(Part::new(Content::ToolCall(call)), out);
                let delta = Delta::ToolInput(input);
                out.push_back(StreamChunk::Delta { ix, delta });
                out.push_back(StreamChunk::PartEnd { ix, part: None });
            }
            "dry" => {
                self.close(out);
                self.dry = true;
                let answer: Answer = read(data.as_bytes())?;
                let reason = finish(answer.why.as_deref(), self.plays);
                out.push_back(StreamChunk::Usage(Box::new(usage(answer.cost))));
                out.push_back(StreamChunk::Finish {
                    candidate: 0,
                    reason,
                    usage: None,
                    ext: Default::default(),
                });
            }
            "wrath" => return Err(fault(StatusCode::SERVICE_UNAVAILABLE, data.as_bytes())),
            _ => {}
        }
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        if self.dry {
            Terminal::Last
        } else {
            Terminal::Open
        }
    }
}
