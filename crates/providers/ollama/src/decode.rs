//! From the wire: lines, and a whole answer as the line that would have made it, so that the two
//! cannot differ.

use std::collections::VecDeque;

use trunkline_core::{
    ChatResponse, Delta, Error, Ext, Json, Part, Result, StreamChunk, ToolCall,
    chat::{Media, MediaType, Opaque, Reasoning, Source, ToolInput},
    http_transport::frame::Frame,
    protocol::{Decoder, Terminal, read, seconds},
    stream::{ChunkMeta, Fold, Parts},
};

use crate::{
    PROVIDER,
    error::in_band,
    wire::{Called, Figures, Line, Said, finish, terminal},
};

/// Chunks on their way out.
type Out = VecDeque<StreamChunk>;

/// Reads a whole answer.
pub(crate) fn response(body: &[u8]) -> Result<ChatResponse> {
    let (mut decoder, mut out) = (LineDecoder::default(), Out::new());
    decoder.line(body, &mut out)?;
    if !decoder.done {
        return Err(Error::decode("the answer does not say that it is done"));
    }
    Fold::of(out)
}

/// Turns Ollama's lines into chunks.
#[derive(Debug, Default)]
pub struct LineDecoder {
    parts: Parts,
    /// The number of the next part.
    next: u64,
    /// The part that grows, and what of.
    open: Option<(Kind, u64)>,
    begun: bool,
    calls: u64,
    /// What our ids of calls are made of.
    seed: u64,
    done: bool,
}

/// What grows by words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Thoughts,
    Words,
}

impl Decoder for LineDecoder {
    fn frame(&mut self, frame: Frame, out: &mut Out) -> Result<()> {
        self.line(&frame.data, out)
    }

    fn terminal(&self) -> Terminal {
        terminal(self.done)
    }
}

impl LineDecoder {
    fn line(&mut self, text: &[u8], out: &mut Out) -> Result<()> {
        let line: Line = read(text)?;
        if let Some(error) = &line.error {
            return Err(in_band(error));
        }
        self.begin(&line, out);
        if let Some(said) = line.message {
            self.said(said, out)?;
        }
        if let Some(entries) = line.logprobs {
            self.logprobs(entries, out)?;
        }
        if line.done == Some(true) {
            self.done = true;
            self.parts.end_all(out);
            out.push_back(StreamChunk::Finish {
                candidate: 0,
                reason: finish(line.done_reason, self.calls > 0),
                usage: read::<Figures>(text)?.usage().map(Box::new),
                ext: Ext::default(),
            });
        }
        Ok(())
    }

    fn begin(&mut self, line: &Line, out: &mut Out) {
        // A line of which nothing is known is not the first.
        if self.begun || (line.model.is_none() && line.message.is_none()) {
            return;
        }
        self.begun = true;
        let created = line.created_at.as_deref().unwrap_or_default();
        self.seed = created.bytes().fold(FNV.0, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(FNV.1)
        });
        let mut meta = ChunkMeta::new(None, line.model.clone());
        meta.created = seconds(created);
        let told = [
            ("remote_model", &line.remote_model),
            ("remote_host", &line.remote_host),
        ];
        let told = told
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?)));
        let told: std::collections::BTreeMap<_, _> = told.collect();
        if let (false, Ok(told)) = (told.is_empty(), Json::of(&told)) {
            meta.ext.insert(PROVIDER.id, told);
        }
        out.push_back(StreamChunk::Meta(Box::new(meta)));
    }

    /// Everything that a line says, thoughts first: a line may have all of it.
    fn said(&mut self, said: Said, out: &mut Out) -> Result<()> {
        self.grow(Kind::Thoughts, said.thinking, out)?;
        self.grow(Kind::Words, said.content, out)?;
        for image in said.images.iter().flatten() {
            let part = picture(image).unwrap_or_else(|| unknown("image", image));
            self.part(part, None, out)?;
        }
        for call in said.tool_calls.iter().flatten() {
            self.call(call, out)?;
        }
        Ok(())
    }

    /// Words or thoughts. Those that come after something else begin anew.
    fn grow(&mut self, kind: Kind, words: Option<String>, out: &mut Out) -> Result<()> {
        let Some(words) = words.filter(|words| !words.is_empty()) else {
            return Ok(());
        };
        let name = match self.open {
            Some((open, name)) if open == kind => name,
            _ => {
                let part = match kind {
                    Kind::Thoughts => Part::new(Reasoning::default()),
                    Kind::Words => Part::text(""),
                };
                self.start(part, Some(kind), out)?
            }
        };
        self.parts.grow(name, words, out)
    }

    fn call(&mut self, raw: &Json, out: &mut Out) -> Result<()> {
        let called = raw.read::<Called>().ok();
        let Some((id, function)) = called.and_then(|called| Some((called.id, called.function?)))
        else {
            return self.part(unknown("tool_call", raw), None, out);
        };
        self.calls += 1;
        let id = id.filter(|id| !id.is_empty());
        let synthetic = id.is_none();
        let id = id.unwrap_or_else(|| {
            let mixed = (self.seed ^ self.calls).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            format!("call_{mixed:016x}")
        });
        let name = function.name.unwrap_or_default();
        let mut call = ToolCall::new(id, name, ToolInput::from_text(""));
        call.synthetic_id = synthetic;
        // An object, in the documentation; a text with one in it, from some gateways.
        let arguments = function.arguments.map(|json| match json.read::<String>() {
            Ok(text) => text,
            Err(_) => json.get().to_owned(),
        });
        self.part(Part::new(call), arguments, out)
    }

    /// A part that comes whole.
    fn part(&mut self, part: Part, words: Option<String>, out: &mut Out) -> Result<()> {
        let name = self.start(part, None, out)?;
        if let Some(words) = words {
            self.parts.grow(name, words, out)?;
        }
        self.parts.end(name, out);
        Ok(())
    }

    fn start(&mut self, part: Part, grows: Option<Kind>, out: &mut Out) -> Result<u64> {
        if let Some((_, before)) = self.open.take() {
            self.parts.end(before, out);
        }
        let name = self.next;
        self.next += 1;
        self.parts.start(name, part, out)?;
        self.open = grows.map(|kind| (kind, name));
        Ok(name)
    }

    /// They are of the tokens of this line, be they thoughts, words or a call.
    fn logprobs(&mut self, entries: Json, out: &mut Out) -> Result<()> {
        if entries.get() == "[]" {
            return Ok(());
        }
        let name = match self.open {
            Some((_, name)) => name,
            None => self.start(Part::text(""), Some(Kind::Words), out)?,
        };
        self.parts.delta(name, Delta::Logprobs(entries), out)
    }
}

/// Fowler, Noll and Vo's hash: where it begins, and what it is multiplied by.
const FNV: (u64, u64) = (0xcbf2_9ce4_8422_2325, 0x0100_0000_01b3);

/// A picture, whose bytes alone say of which kind it is.
fn picture(base64: &Json) -> Option<Part> {
    let source = format!(r#"{{"bytes":{}}}"#, base64.get());
    let source: Source = serde_json::from_str(&source).ok()?;
    Some(Part::new(Media::new(MediaType::ANY_IMAGE, source)))
}

/// What has no name here, as it came.
fn unknown(what: &str, raw: &Json) -> Part {
    Part::new(Opaque::new(format!("{}.{what}", PROVIDER.id), raw.clone()))
}
