//! From the wire: events, and a whole answer as the events that would have made it, so that the two
//! cannot differ.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStreamOutput.html>

use std::collections::VecDeque;

use serde::Deserialize;
use trunkline_core::{
    ChatRequest, ChatResponse, Error, Ext, Json, Result, StreamChunk,
    chat::{Category, Finish, FinishKind, TokenCount},
    http_transport::frame::Frame,
    protocol::{Decoder, Terminal, read},
    stream::{ChunkMeta, Fold},
};

use crate::{
    PROVIDER,
    encode::answers_by_tool,
    error, event,
    parts::Answering,
    said::{Block, Delta, Start, key_of},
    usage::usage,
};

/// Chunks on their way out.
pub(crate) type Out = VecDeque<StreamChunk>;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    output: Option<Output>,
    stop_reason: Option<String>,
    additional_model_response_fields: Option<Json>,
    usage: Option<Json>,
    metrics: Option<Json>,
    trace: Option<Json>,
    performance_config: Option<Json>,
    service_tier: Option<Tier>,
}

#[derive(Deserialize)]
struct Output {
    message: Option<Message>,
}

#[derive(Deserialize)]
struct Message {
    content: Option<Vec<Json>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    start: Option<Json>,
    content_block_index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grown {
    delta: Option<Json>,
    content_block_index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stopped {
    content_block_index: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageStop {
    stop_reason: String,
    additional_model_response_fields: Option<Json>,
}

/// What comes last, and what a whole answer has beside its message.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    usage: Option<Json>,
    metrics: Option<Json>,
    trace: Option<Json>,
    performance_config: Option<Json>,
    service_tier: Option<Tier>,
}

#[derive(Deserialize)]
struct Tier {
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// Reads a whole answer to a request.
pub(crate) fn response(request: &ChatRequest, body: &[u8]) -> Result<ChatResponse> {
    let answer: Answer = read(body)?;
    let Some(stop_reason) = answer.stop_reason else {
        return Err(Error::decode("the answer does not say how it ended"));
    };
    let (mut decoder, mut out) = (EventDecoder::new(Some(request)), Out::new());
    decoder.begin(&mut out);
    let message = answer.output.and_then(|output| output.message);
    let content = message.and_then(|message| message.content);
    for (at, block) in (0..).zip(content.iter().flatten()) {
        decoder.block(at, block, &mut out)?;
    }
    let stop = MessageStop {
        stop_reason,
        additional_model_response_fields: answer.additional_model_response_fields,
    };
    decoder.stop(stop, &mut out)?;
    let metadata = Metadata {
        usage: answer.usage,
        metrics: answer.metrics,
        trace: answer.trace,
        performance_config: answer.performance_config,
        service_tier: answer.service_tier,
    };
    decoder.metadata(metadata, &mut out);
    Fold::of(out)
}

/// Reads how many tokens a request has.
pub(crate) fn count(request: &ChatRequest, body: &[u8]) -> Result<TokenCount> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Counted {
        input_tokens: u64,
    }
    let counted: Counted = read(body)?;
    Ok(TokenCount::new(
        request.model.as_str(),
        counted.input_tokens,
    ))
}

/// Turns Converse's events into chunks.
#[derive(Debug)]
pub struct EventDecoder {
    answering: Answering,
    /// The model that was asked, until it was told.
    model: Option<String>,
    terminal: Terminal,
}

impl Decoder for EventDecoder {
    fn frame(&mut self, frame: Frame, out: &mut Out) -> Result<()> {
        let message = event::read(&frame.data)?;
        let payload = message.payload;
        match (message.kind, message.name) {
            ("exception" | "error", name) => {
                return Err(error::in_band(name, message.text, payload));
            }
            ("event", "contentBlockDelta") => self.grow(&read(payload)?, out)?,
            ("event", "contentBlockStart") => self.start(&read(payload)?, out)?,
            ("event", "contentBlockStop") => {
                let stopped: Stopped = read(payload)?;
                self.answering.end(stopped.content_block_index, out)?;
            }
            ("event", "messageStop") => self.stop(read(payload)?, out)?,
            ("event", "metadata") => self.metadata(read(payload)?, out),
            ("event", "messageStart") => self.begin(out),
            // What Bedrock adds tomorrow is no reason to fail, and says nothing of the model.
            _ => out.push_back(StreamChunk::KeepAlive),
        }
        Ok(())
    }

    fn terminal(&self) -> Terminal {
        self.terminal
    }
}

impl EventDecoder {
    pub(crate) fn new(request: Option<&ChatRequest>) -> Self {
        // A router tells at the end whom it asked.
        let model = request.map(|request| request.model.clone());
        Self {
            answering: Answering::new(request.is_some_and(answers_by_tool)),
            model: model.filter(|model| !model.contains("prompt-router/")),
            terminal: Terminal::Open,
        }
    }

    /// Converse's answers name no model: it is the one that was asked.
    fn begin(&mut self, out: &mut Out) {
        if let Some(model) = self.model.take() {
            let meta = ChunkMeta::new(None, Some(model));
            out.push_back(StreamChunk::Meta(Box::new(meta)));
        }
    }

    fn start(&mut self, started: &Started, out: &mut Out) -> Result<()> {
        let Some(raw) = &started.start else {
            return Ok(());
        };
        let at = started.content_block_index;
        let start: Start = read(raw.get().as_bytes())?;
        if let Some(call) = start.tool_use {
            self.answering.call(at, call, out)
        } else if let Some(result) = start.tool_result {
            self.answering.result(at, result, out)
        } else if let Some(image) = start.image {
            self.answering.image(at, &image, out)
        } else {
            self.answering.unknown(at, raw, out)
        }
    }

    fn grow(&mut self, grown: &Grown, out: &mut Out) -> Result<()> {
        let Some(raw) = &grown.delta else {
            return Ok(());
        };
        let (at, to) = (grown.content_block_index, &mut self.answering);
        let delta: Delta = read(raw.get().as_bytes())?;
        if let Some(text) = delta.text {
            to.text(at, text, out)
        } else if let Some(call) = delta.tool_use {
            to.arguments(at, &call.input.unwrap_or_default(), out)
        } else if let Some(thought) = delta.reasoning_content {
            to.thought(at, thought, out)
        } else if let Some(citation) = delta.citation {
            to.citation(at, &citation, out)
        } else if let Some(items) = delta.tool_result {
            to.items(at, items);
            Ok(())
        } else if let Some(image) = delta.image {
            to.bytes(at, &image, out)
        } else {
            to.unknown(at, raw, out)
        }
    }

    /// A block of a whole answer.
    fn block(&mut self, at: u64, raw: &Json, out: &mut Out) -> Result<()> {
        let to = &mut self.answering;
        let block: Block = read(raw.get().as_bytes())?;
        if let Some(text) = block.text {
            to.text(at, text, out)?;
        } else if let Some(mut call) = block.tool_use {
            let input = call.input.take();
            to.call(at, call, out)?;
            to.arguments(at, input.as_ref().map_or("{}", Json::get), out)?;
        } else if let Some(mut result) = block.tool_result {
            let items = result.content.take().unwrap_or_default();
            to.result(at, result, out)?;
            to.items(at, items);
        } else if let Some(thought) = block.reasoning_content {
            let (whole, redacted) = (thought.reasoning_text, thought.redacted_content);
            let mut thought = whole.unwrap_or_default();
            thought.redacted_content = redacted;
            to.thought(at, thought, out)?;
        } else if let Some(cited) = block.citations_content {
            for text in cited.content.into_iter().flatten() {
                to.text(at, text.text.unwrap_or_default(), out)?;
            }
            for citation in cited.citations.iter().flatten() {
                to.citation(at, citation, out)?;
            }
        } else if let Some(image) = block.image {
            to.image(at, &image, out)?;
            to.bytes(at, &image, out)?;
        } else if let Some(kind) = key_of(raw) {
            to.opaque(at, &kind, raw, out)?;
        }
        to.end(at, out)
    }

    fn stop(&mut self, stop: MessageStop, out: &mut Out) -> Result<()> {
        self.answering.end_all(out)?;
        let mut reason = finish(
            &stop.stop_reason,
            stop.additional_model_response_fields.as_ref(),
        );
        if reason.kind == FinishKind::ToolCalls && self.answering.has_only_our_tool() {
            reason.kind = FinishKind::Stop;
        }
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct More<'a> {
            additional_model_response_fields: &'a Json,
        }
        let more = stop.additional_model_response_fields.as_ref();
        let more = more.map(|fields| More {
            additional_model_response_fields: fields,
        });
        self.terminal = Terminal::Whole;
        out.push_back(StreamChunk::Finish {
            candidate: 0,
            reason,
            usage: None,
            ext: ext(more),
        });
        Ok(())
    }

    fn metadata(&mut self, metadata: Metadata, out: &mut Out) {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        struct More {
            #[serde(skip_serializing_if = "Option::is_none")]
            metrics: Option<Json>,
            #[serde(skip_serializing_if = "Option::is_none")]
            trace: Option<Json>,
            #[serde(skip_serializing_if = "Option::is_none")]
            performance_config: Option<Json>,
        }
        if let Some(usage) = metadata.usage.and_then(usage) {
            out.push_back(StreamChunk::Usage(Box::new(usage)));
        }
        let mut meta = ChunkMeta::new(None, metadata.trace.as_ref().and_then(routed));
        meta.service_tier = metadata.service_tier.and_then(|tier| tier.kind);
        let more = More {
            metrics: metadata.metrics,
            trace: metadata.trace,
            performance_config: metadata.performance_config,
        };
        let is_something =
            more.metrics.is_some() || more.trace.is_some() || more.performance_config.is_some();
        meta.ext = ext(is_something.then_some(more));
        if meta != ChunkMeta::default() {
            out.push_back(StreamChunk::Meta(Box::new(meta)));
        }
        if self.terminal == Terminal::Whole {
            self.terminal = Terminal::Last;
        }
    }
}

fn ext(more: Option<impl serde::Serialize>) -> Ext {
    let mut ext = Ext::default();
    if let Some(more) = more.and_then(|more| Json::of(&more).ok()) {
        ext.insert(PROVIDER.id, more);
    }
    ext
}

/// The model that a prompt router chose.
fn routed(trace: &Json) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Trace {
        prompt_router: Option<Router>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Router {
        invoked_model_id: Option<String>,
    }
    trace.read::<Trace>().ok()?.prompt_router?.invoked_model_id
}

fn finish(stop: &str, more: Option<&Json>) -> Finish {
    #[derive(Deserialize)]
    struct Which {
        stop_sequence: Option<String>,
    }
    let which = || more?.read::<Which>().ok()?.stop_sequence;
    let kind = match stop {
        "end_turn" => FinishKind::Stop,
        "stop_sequence" => FinishKind::StopSequence(which()),
        "max_tokens" => FinishKind::MaxTokens,
        "model_context_window_exceeded" => FinishKind::ContextWindow,
        "tool_use" => FinishKind::ToolCalls,
        "guardrail_intervened" => FinishKind::ContentFilter(Category::Guardrail),
        "content_filtered" => FinishKind::ContentFilter(Category::Unspecified),
        "refusal" => FinishKind::Refusal,
        "pause_turn" => FinishKind::Paused,
        "malformed_tool_use" => FinishKind::BadToolCall,
        "malformed_model_output" => FinishKind::Error,
        _ => FinishKind::Other,
    };
    Finish::new(kind).raw(stop)
}
