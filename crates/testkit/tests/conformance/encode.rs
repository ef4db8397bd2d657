//! Requests to the oracle.

use bytes::Bytes;
use serde::Serialize;
use trunkline_core::{
    ChatRequest, Content, Error, ErrorKind, Json, Op, Part, RerankRequest, Result, Role, Warning,
    chat::{Format, Modality, Replay, ToolStatus, Warnings},
    http_transport::frame::Frame,
    protocol::{Protocol, Target, check_rerank, segment},
    rerank::RerankDocument,
};

use super::{Oracle, PROVIDER, decode};

#[derive(Serialize)]
struct Body<'a> {
    temple: &'a str,
    turns: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    instruments: Vec<Instrument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heat: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    longest: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    halts: &'a [String],
}

#[derive(Serialize)]
struct Weighing<'a> {
    temple: &'a str,
    question: &'a str,
    offerings: Vec<Say<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep: Option<u32>,
}

#[derive(Serialize)]
struct Turn<'a> {
    by: &'static str,
    say: Vec<Say<'a>>,
}

#[derive(Serialize)]
struct Instrument<'a> {
    name: &'a str,
    about: &'a str,
    takes: Option<&'a Json>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Say<'a> {
    Words(&'a str),
    Play {
        instrument: &'a str,
        with: Json,
    },
    Heard {
        instrument: &'a str,
        sound: Vec<&'a str>,
        exact: Option<&'a Json>,
        broken: bool,
    },
    Relic(&'a Json),
}

impl Protocol for Oracle {
    type Decoder = decode::Pouring;

    fn encode(
        &self,
        op: &Op,
        target: &Target,
        warnings: &mut Warnings,
    ) -> Result<http::Request<Bytes>> {
        let (request, verb) = match op {
            Op::Models(request) => {
                let page = request.page.as_deref().map(segment).transpose()?;
                let page = page.map_or(String::new(), |page| format!("?after={page}"));
                return target.get(&format!("/engines{page}"));
            }
            Op::Chat(request) => (request, "answer"),
            Op::ChatStream(request) => (request, "pour"),
            Op::CountTokens(request) => (request, "measure"),
            Op::Rerank(request) => {
                check_rerank(PROVIDER.capabilities, request)?;
                let engine = segment(&request.model)?;
                return target.post(&format!("/engines/{engine}/weigh"), weigh(self, request)?);
            }
            _ => return Err(Error::new(ErrorKind::Unsupported, "no such operation")),
        };
        let invalid = |what| Err(Error::new(ErrorKind::InvalidRequest, what));
        if request.messages.is_empty() {
            return invalid("no messages");
        }
        if request.model.is_empty() {
            return invalid("no model");
        }
        if request.temperature.is_some_and(|heat| !heat.is_finite()) {
            return invalid("the temperature is no number");
        }
        settings(request, warnings);
        let mut text = Json::of(&Body {
            temple: &self.temple,
            turns: turns(request, warnings),
            instruments: request
                .tools
                .iter()
                .map(|tool| instrument(tool, warnings))
                .collect(),
            heat: request.temperature,
            longest: request.max_output_tokens,
            halts: &request.stop,
        })?
        .get()
        .to_owned();
        if let Some(options) = request.options.get("oracle") {
            text = options
                .merge_into(&text)
                .map_err(|_| Error::config("options"))?;
        }
        let engine = segment(&request.model)?;
        target.post(&format!("/engines/{engine}/{verb}"), text)
    }

    fn decode(
        &self,
        op: &Op,
        _: &http::response::Parts,
        body: Bytes,
    ) -> Result<trunkline_core::Reply> {
        decode::whole(op, &body)
    }

    fn decoder(&self, _: &Op, _: &http::response::Parts) -> decode::Pouring {
        decode::Pouring::default()
    }

    fn error(&self, head: &http::response::Parts, body: &[u8]) -> Error {
        decode::fault(head.status, body)
    }
}

fn offering(document: &RerankDocument) -> Say<'_> {
    match document {
        RerankDocument::Fields(fields) => Say::Relic(fields),
        document => Say::Words(document.as_text()),
    }
}

fn weigh(oracle: &Oracle, request: &RerankRequest) -> Result<String> {
    let text = Json::of(&Weighing {
        temple: &oracle.temple,
        question: &request.query,
        offerings: request.documents.iter().map(offering).collect(),
        keep: request.top_n,
    })?;
    match request.options.get("oracle") {
        Some(options) => options
            .merge_into(text.get())
            .map_err(|_| Error::config("options")),
        None => Ok(text.get().to_owned()),
    }
}

fn instrument<'a>(tool: &'a trunkline_core::Tool, warnings: &mut Warnings) -> Instrument<'a> {
    warnings.unsupported_if(tool.strict.is_some(), "tool.strict");
    Instrument {
        name: &tool.name,
        about: &tool.description,
        takes: tool.schema.as_ref(),
    }
}

fn settings(request: &ChatRequest, warnings: &mut Warnings) {
    for (asked, feature) in [
        (
            request.tool_choice.is_some() && !request.tools.is_empty(),
            "tool_choice",
        ),
        (
            request.parallel_tools.is_some() && !request.tools.is_empty(),
            "parallel_tools",
        ),
        (request.format == Some(Format::Json), "json"),
        (
            matches!(request.format, Some(Format::Schema { .. })),
            "schema",
        ),
        (request.modalities.contains(&Modality::Image), "image_out"),
        (request.modalities.contains(&Modality::Audio), "audio_out"),
        (request.top_p.is_some(), "top_p"),
        (request.top_k.is_some(), "top_k"),
        (request.min_p.is_some(), "min_p"),
        (request.frequency_penalty.is_some(), "frequency_penalty"),
        (request.presence_penalty.is_some(), "presence_penalty"),
        (request.seed.is_some(), "seed"),
        (request.candidates.is_some(), "candidates"),
        (request.logprobs.is_some(), "logprobs"),
        (!request.logit_bias.is_empty(), "logit_bias"),
        (request.reasoning.is_some(), "reasoning"),
        (request.service_tier.is_some(), "service_tier"),
        (request.user.is_some(), "user"),
        (!request.metadata.is_empty(), "metadata"),
        (
            request
                .messages
                .last()
                .is_some_and(|last| last.role == Role::Assistant),
            "prefill",
        ),
    ] {
        warnings.unsupported_if(asked, feature);
    }
}

fn turns<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Vec<Turn<'a>> {
    let mut turns = Vec::new();
    for message in &request.messages {
        warnings.unsupported_if(message.name.is_some(), "name");
        let by = match message.role {
            Role::System | Role::Developer => "rule",
            Role::Assistant => "engine",
            Role::Tool => "instrument",
            _ => "human",
        };
        let parts = message.parts.iter();
        let say: Vec<_> = parts.filter_map(|part| say(part, warnings)).collect();
        // Of what another oracle said, nothing may be left.
        if !say.is_empty() || message.parts.is_empty() {
            turns.push(Turn { by, say });
        }
    }
    turns
}

fn say<'a>(part: &'a Part, warnings: &mut Warnings) -> Option<Say<'a>> {
    warnings.state_dropped(part);
    match &part.content {
        Content::Text(text) => Some(Say::Words(&text.text)),
        Content::ToolCall(call) => Some(Say::Play {
            instrument: &call.name,
            with: Json::parse(call.arguments()).unwrap_or_else(|_| Json::empty_object()),
        }),
        Content::ToolResult(result) => {
            let texts: Vec<&str> = result.output.iter().filter_map(Part::as_text).collect();
            warnings.unsupported_if(texts.len() < result.output.len(), "tool_result.media");
            Some(Say::Heard {
                instrument: result.name.as_deref().unwrap_or_default(),
                sound: texts,
                exact: result.json.as_ref(),
                broken: result.status != ToolStatus::Ok,
            })
        }
        Content::Opaque(opaque) => {
            let ours = opaque.kind.starts_with("oracle.") && opaque.replay != Replay::Never;
            if !ours {
                let kind = opaque.kind.clone();
                warnings.push(Warning::StateDropped { kind });
            }
            ours.then_some(Say::Relic(&opaque.payload))
        }
        _ => {
            warnings.left_out(part);
            None
        }
    }
}

/// A frame of no name says nothing.
pub(crate) fn event(frame: &Frame) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&frame.name), text(&frame.data))
}
