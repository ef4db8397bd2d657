//! The parts of an answer, made of what a whole answer and a stream have in common.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use trunkline_core::{
    Delta, Error, Json, Part, Result, ToolCall,
    chat::{
        Executor, Media, Opaque, OpaqueState, Reasoning, Replay, Source, ToolInput, ToolResult,
        ToolStatus,
    },
    stream::Parts,
};

use crate::{
    PROVIDER,
    citation::citation,
    decode::Out,
    encode::JSON_TOOL,
    said::{Call, Image, Thought, ToolOutcome, key_of},
};

/// Numbers the parts, and knows which block is open.
#[derive(Debug)]
pub(crate) struct Answering {
    parts: Parts,
    open: Option<(u64, Kind)>,
    by_tool: bool,
    /// Calls of our tool for answers, and of others.
    answers: usize,
    calls: usize,
}

/// What the open block is.
#[derive(Debug)]
enum Kind {
    Text,
    Reasoning {
        is_redacted: bool,
    },
    Call,
    /// The answer as a call of our tool; whether it has words yet.
    Answer {
        has_words: bool,
    },
    Image,
    /// What only makes a part once it is whole.
    Result(Box<ToolResult>, String, Vec<Json>),
    Unknown(Vec<Json>),
}

fn state(item: &str, data: impl Into<String>) -> OpaqueState {
    OpaqueState::new(format!("{}.{item}", PROVIDER.id), data)
}

impl Answering {
    pub(crate) fn new(by_tool: bool) -> Self {
        Self {
            parts: Parts::default(),
            open: None,
            by_tool,
            answers: 0,
            calls: 0,
        }
    }

    /// Whether the only tool that was called is ours, so that nobody waits for a result.
    pub(crate) fn has_only_our_tool(&self) -> bool {
        self.answers > 0 && self.calls == 0
    }

    fn begin(&mut self, at: u64, kind: Kind, part: Part, out: &mut Out) -> Result<()> {
        self.close(out)?;
        self.open = Some((at, kind));
        self.parts.start(at, part, out)
    }

    fn kind(&mut self, at: u64) -> Option<&mut Kind> {
        let open = self.open.as_mut().filter(|(open, _)| *open == at);
        open.map(|(_, kind)| kind)
    }

    pub(crate) fn text(&mut self, at: u64, text: String, out: &mut Out) -> Result<()> {
        // An empty piece before something else is no text.
        if text.is_empty() {
            return Ok(());
        }
        if !matches!(self.kind(at), Some(Kind::Text)) {
            self.begin(at, Kind::Text, Part::text(""), out)?;
        }
        self.parts.delta(at, Delta::Text(text), out)
    }

    pub(crate) fn citation(&mut self, at: u64, raw: &Json, out: &mut Out) -> Result<()> {
        if !matches!(self.kind(at), Some(Kind::Text)) {
            self.begin(at, Kind::Text, Part::text(""), out)?;
        }
        let delta = Delta::Citation(Box::new(citation(raw)));
        self.parts.delta(at, delta, out)
    }

    pub(crate) fn thought(&mut self, at: u64, thought: Thought, out: &mut Out) -> Result<()> {
        if let Some(redacted) = thought.redacted_content {
            // Each is a block of its own, whatever the wire calls it.
            let mut part = Part::new(Reasoning::default());
            if let trunkline_core::Content::Reasoning(reasoning) = &mut part.content {
                reasoning.redacted = true;
            }
            self.begin(at, Kind::Reasoning { is_redacted: true }, part, out)?;
            self.parts
                .delta(at, Delta::State(state("redacted", redacted)), out)?;
        }
        let (text, signature) = (thought.text, thought.signature);
        if text.is_none() && signature.is_none() {
            return Ok(());
        }
        if !matches!(self.kind(at), Some(Kind::Reasoning { is_redacted: false })) {
            let part = Part::new(Reasoning::default());
            self.begin(at, Kind::Reasoning { is_redacted: false }, part, out)?;
        }
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.parts.delta(at, Delta::Reasoning(text), out)?;
        }
        if let Some(signature) = signature.filter(|signature| !signature.is_empty()) {
            self.parts
                .delta(at, Delta::State(state("signature", signature)), out)?;
        }
        Ok(())
    }

    pub(crate) fn call(&mut self, at: u64, call: Call, out: &mut Out) -> Result<()> {
        let (id, name) = (
            call.tool_use_id.unwrap_or_default(),
            call.name.unwrap_or_default(),
        );
        if self.by_tool && name == JSON_TOOL {
            self.answers += 1;
            return self.begin(at, Kind::Answer { has_words: false }, Part::text(""), out);
        }
        let mut ours = ToolCall::new(id, name, ToolInput::from_text(""));
        let kind = call.kind.filter(|kind| kind == "server_tool_use");
        if kind.is_some() {
            ours.executor = Executor::Provider;
        } else {
            self.calls += 1;
        }
        let mut part = Part::new(ours);
        part.state = kind.map(|kind| state("type", kind));
        self.begin(at, Kind::Call, part, out)
    }

    pub(crate) fn arguments(&mut self, at: u64, json: &str, out: &mut Out) -> Result<()> {
        if let Some(Kind::Answer { has_words }) = self.kind(at) {
            *has_words |= !json.is_empty();
        }
        self.parts.grow(at, json, out)
    }

    /// A result of a tool that Bedrock ran: told in pieces of JSON, and a part once it is whole.
    pub(crate) fn result(&mut self, at: u64, result: ToolOutcome, out: &mut Out) -> Result<()> {
        self.close(out)?;
        let mut ours = ToolResult::text(result.tool_use_id.unwrap_or_default(), "");
        ours.output.clear();
        ours.executor = Executor::Provider;
        if result.status.as_deref() == Some("error") {
            ours.status = ToolStatus::Error;
        }
        let kind = result.kind.unwrap_or_default();
        self.open = Some((at, Kind::Result(Box::new(ours), kind, Vec::new())));
        Ok(())
    }

    pub(crate) fn items(&mut self, at: u64, more: Vec<Json>) {
        if let Some(Kind::Result(_, _, items)) = self.kind(at) {
            items.extend(more);
        }
    }

    pub(crate) fn image(&mut self, at: u64, image: &Image, out: &mut Out) -> Result<()> {
        let format = image.format.as_deref().unwrap_or("*");
        let media = Media::new(format!("image/{format}"), Source::Bytes(Bytes::new()));
        self.begin(at, Kind::Image, Part::new(media), out)
    }

    pub(crate) fn bytes(&mut self, at: u64, image: &Image, out: &mut Out) -> Result<()> {
        let source = image.source.as_ref();
        let Some(bytes) = source.and_then(|source| source.bytes.as_deref()) else {
            return Ok(());
        };
        let bytes = STANDARD.decode(bytes);
        let bytes = bytes.map_err(|_| Error::decode("an image of the answer is no base64"))?;
        self.parts.delta(at, Delta::Media(bytes.into()), out)
    }

    /// A piece of what has no name here.
    pub(crate) fn unknown(&mut self, at: u64, raw: &Json, out: &mut Out) -> Result<()> {
        match self.kind(at) {
            Some(Kind::Unknown(pieces)) => pieces.push(raw.clone()),
            // Of a block that is known otherwise: what it adds is passed over.
            Some(_) => {}
            None => {
                self.close(out)?;
                self.open = Some((at, Kind::Unknown(vec![raw.clone()])));
            }
        }
        Ok(())
    }

    /// A whole block that has no name here.
    pub(crate) fn opaque(&mut self, at: u64, kind: &str, raw: &Json, out: &mut Out) -> Result<()> {
        let part = Opaque::new(format!("{}.{kind}", PROVIDER.id), raw.clone());
        self.parts.start(at, Part::new(part), out)?;
        self.parts.end(at, out);
        Ok(())
    }

    pub(crate) fn end(&mut self, at: u64, out: &mut Out) -> Result<()> {
        match self.kind(at) {
            Some(_) => self.close(out),
            None => Ok(()),
        }
    }

    /// Ends whatever is open.
    pub(crate) fn end_all(&mut self, out: &mut Out) -> Result<()> {
        self.close(out)
    }

    fn close(&mut self, out: &mut Out) -> Result<()> {
        let Some((at, kind)) = self.open.take() else {
            return Ok(());
        };
        match kind {
            Kind::Answer { has_words: false } => {
                self.parts.delta(at, Delta::Text("{}".to_owned()), out)?;
            }
            Kind::Result(mut result, kind, items) => {
                fill(&mut result, items);
                let mut part = Part::new(*result);
                part.state = Some(state("type", kind)).filter(|state| !state.data.is_empty());
                self.parts.start(at, part, out)?;
            }
            Kind::Unknown(pieces) => {
                // Its pieces are no block that could go back.
                let kind = pieces.first().and_then(key_of).unwrap_or_default();
                let part = Opaque::new(format!("{}.{kind}", PROVIDER.id), Json::of(&pieces)?);
                self.parts
                    .start(at, Part::new(part.replay(Replay::Never)), out)?;
            }
            _ => {}
        }
        self.parts.end(at, out);
        Ok(())
    }
}

/// What a tool gave: words, one JSON, and whatever else as it came.
fn fill(result: &mut ToolResult, items: Vec<Json>) {
    #[derive(serde::Deserialize)]
    struct Item {
        text: Option<String>,
        json: Option<Json>,
    }
    let is_sole = items.len() == 1;
    for raw in items {
        match raw.read::<Item>() {
            Ok(Item {
                text: Some(text), ..
            }) => match result.output.last_mut().map(|part| &mut part.content) {
                // In a stream words come in pieces.
                Some(trunkline_core::Content::Text(ours)) => ours.text.push_str(&text),
                _ => result.output.push(Part::text(text)),
            },
            Ok(Item {
                json: Some(json), ..
            }) if is_sole => result.json = Some(json),
            _ => {
                let kind = key_of(&raw).unwrap_or_default();
                let item = Opaque::new(format!("{}.{kind}", PROVIDER.id), raw);
                result.output.push(Part::new(item));
            }
        }
    }
}
