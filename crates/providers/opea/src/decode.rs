//! From the wire: whole answers and streams, in all the forms that OPEA's services have.
//!
//! A stream's first event tells its form: Python's literals of bytes, what a gateway makes of its
//! model's answer; chat completions, or completions, where a gateway passes them on; patches of a log,
//! as the microservices for summaries stream them; or bare words, as some language models'
//! microservices do. All end with `[DONE]`.
//!
//! <https://github.com/opea-project/GenAIExamples/blob/main/ChatQnA/chatqna.py>,
//! <https://github.com/opea-project/GenAIExamples/blob/main/CodeGen/codegen.py>,
//! <https://github.com/opea-project/GenAIComps/tree/main/comps/llms/src>

use bytes::Bytes;
use serde::Deserialize;
use trunkline_core::{
    Delivery, Error, ErrorKind, Json, Result,
    http_transport::frame::Frame,
    protocol::{Decoder, Terminal, read},
};
use trunkline_openai_compat::{ChunkDecoder, Dialect};

use crate::{
    encode::DIALECT,
    literal,
    words::{Out, Words},
};

pub(crate) mod whole;

/// What may come as JSON, alone or in an event.
#[derive(Deserialize)]
pub(crate) struct Said {
    choices: Option<Vec<Choice>>,
    ops: Option<Vec<Patch>>,
    text: Option<Json>,
    prompt: Option<Json>,
    error: Option<Json>,
    detail: Option<Json>,
}

/// Of completions, which the language model's microservice answers where the question is one string.
#[derive(Deserialize)]
struct Choice {
    text: Option<String>,
    finish_reason: Option<String>,
}

/// A step of a log, as LangChain's `astream_log` tells it.
#[derive(Deserialize)]
struct Patch {
    path: Option<String>,
    value: Option<Json>,
}

/// The form of a stream, once it is known.
#[derive(Debug)]
enum Form {
    Unknown,
    /// Literals, completions or patches: each event says which it is.
    Events,
    /// Words as they are: nothing but the end is anything else.
    Bare,
    Completions(Box<ChunkDecoder>),
}

/// Turns the events of OPEA's services into chunks.
#[derive(Debug)]
pub struct EventDecoder {
    form: Form,
    words: Words,
    /// A bare word that may be the beginning of something else, if the stream was cut behind it.
    held: Option<Bytes>,
    candidates: u32,
    over: bool,
}

impl Decoder for EventDecoder {
    fn frame(&mut self, frame: Frame, out: &mut Out) -> Result<()> {
        if let Some(held) = self.held.take() {
            self.words.grow(&held, out)?;
        }
        let data = frame.data.trim_ascii();
        match (&mut self.form, &*frame.name, data) {
            _ if self.over => Ok(()),
            (Form::Completions(chunks), ..) => chunks.frame(frame, out),
            (_, b"error", _) => Err(fault(frame)),
            // An event of a name that nobody told us of may be anything.
            (_, name, _) if !matches!(name, b"" | b"message") => Ok(()),
            (_, _, b"[DONE]") => self.done(out),
            (Form::Bare, ..) => self.bare(frame.data, out),
            (_, _, data) if literal::begins(data) => self.event(&literal::bytes(data), out),
            (_, _, [b'{', ..]) => self.json(frame, out),
            (_, _, b"" | b"null") => Ok(()),
            (Form::Unknown, ..) => self.bare(frame.data, out),
            // What is added tomorrow between the events is no reason to fail.
            (Form::Events, ..) => Ok(()),
        }
    }

    fn finish(&mut self, out: &mut Out) -> Result<()> {
        match &mut self.form {
            Form::Completions(chunks) => chunks.finish(out),
            _ if self.words.has_reason() && !self.over => self.words.end(out),
            _ => Ok(()),
        }
    }

    fn terminal(&self) -> Terminal {
        match &self.form {
            Form::Completions(chunks) => chunks.terminal(),
            _ if self.over => Terminal::Last,
            _ if self.words.has_reason() => Terminal::Whole,
            _ => Terminal::Open,
        }
    }
}

impl EventDecoder {
    /// Reads a stream of the model that was asked for this many answers.
    pub(crate) fn of(model: &str, candidates: u32) -> Self {
        Self {
            form: Form::Unknown,
            words: Words::of(model),
            held: None,
            candidates,
            over: false,
        }
    }

    fn done(&mut self, out: &mut Out) -> Result<()> {
        // A gateway whose model refuses or fails says nothing but this.
        if matches!(self.form, Form::Unknown) {
            let what = "the answer ended before its first word: the model behind the gateway failed \
                        or refused, and only the gateway's log says why";
            return Err(Error::new(ErrorKind::Server, what).with_delivery(Delivery::Responded));
        }
        self.over = true;
        self.words.end(out)
    }

    /// Words as they are. The beginning of a literal, of JSON or of the end waits for what follows it.
    fn bare(&mut self, data: Bytes, out: &mut Out) -> Result<()> {
        let is_first = matches!(self.form, Form::Unknown);
        self.form = Form::Bare;
        let bare = data.trim_ascii();
        let is_begun = is_first && (bare == b"b" || bare.starts_with(b"{"));
        if is_begun || b"[DONE]".starts_with(bare) {
            self.held = Some(data);
            return Ok(());
        }
        self.words.grow(&data, out)
    }

    fn event(&mut self, bytes: &[u8], out: &mut Out) -> Result<()> {
        self.form = Form::Events;
        self.words.grow(bytes, out)
    }

    fn json(&mut self, frame: Frame, out: &mut Out) -> Result<()> {
        let said: Said = match read(&frame.data) {
            Ok(said) => said,
            // Of bare words the first may be a brace.
            Err(_) if matches!(self.form, Form::Unknown) && !is_object(&frame.data) => {
                return self.bare(frame.data, out);
            }
            Err(error) => return Err(error),
        };
        if said.error.is_some() || said.detail.is_some() {
            return Err(fault(frame));
        }
        if let Some(text) = said.step() {
            return self.event(text.as_bytes(), out);
        }
        if said.ops.is_some() {
            self.form = Form::Events;
            return Ok(());
        }
        let Some(choices) = said.choices else {
            return Ok(());
        };
        let Some(Choice {
            text: Some(text),
            finish_reason,
        }) = choices.into_iter().next()
        else {
            if matches!(self.form, Form::Unknown) {
                let mut chunks = completions(DIALECT).candidates(self.candidates);
                chunks.frame(frame, out)?;
                self.form = Form::Completions(Box::new(chunks));
            }
            return Ok(());
        };
        self.event(text.as_bytes(), out)?;
        if let Some(reason) = finish_reason {
            self.words.ended(reason);
        }
        Ok(())
    }
}

impl Said {
    /// The words that a step of a log adds. One patch tells them twice: as the text that they are, and
    /// as what they are in the log, which may be a text as well. Those of a chain are its end, repeated.
    fn step(&self) -> Option<String> {
        let text = |end: &str| {
            self.ops.iter().flatten().find_map(|patch| {
                let path = patch.path.as_deref()?.strip_prefix("/logs/")?;
                let value = patch.value.as_ref().filter(|_| path.ends_with(end))?;
                value.read::<String>().ok()
            })
        };
        text("/streamed_output_str/-").or_else(|| text("/streamed_output/-"))
    }

    /// The text of a document, `GeneratedDoc`, where it is one: it repeats its question.
    fn document(&self) -> Option<String> {
        self.prompt.as_ref()?;
        self.text.as_ref()?.read().ok()
    }
}

/// Whether it is meant to be an object, whatever else is wrong with it.
fn is_object(data: &[u8]) -> bool {
    let inside = data.trim_ascii().get(1..).unwrap_or_default();
    matches!(inside.trim_ascii_start(), [b'"', ..])
}

fn completions(dialect: Dialect) -> ChunkDecoder {
    ChunkDecoder::of_stream(dialect)
}

/// An error inside a stream, in any of the forms that compatible servers have.
fn fault(frame: Frame) -> Error {
    let read = completions(DIALECT).frame(frame.named("error"), &mut Out::new());
    let silent = || Error::new(ErrorKind::Server, "the answer broke off without a reason");
    read.err().unwrap_or_else(silent)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::*;

    /// As Python writes bytes.
    fn repr(bytes: &[u8]) -> String {
        let quote = match (bytes.contains(&b'\''), bytes.contains(&b'"')) {
            (true, false) => '"',
            _ => '\'',
        };
        let mut literal = format!("b{quote}");
        for byte in bytes {
            let char = char::from(*byte);
            match byte {
                b'\n' => literal.push_str("\\n"),
                b'\r' => literal.push_str("\\r"),
                b'\t' => literal.push_str("\\t"),
                b'\\' => literal.push_str("\\\\"),
                b' '..=b'~' if char == quote => literal.extend(['\\', char]),
                b' '..=b'~' => literal.push(char),
                _ => write!(literal, "\\x{byte:02x}").unwrap(),
            }
        }
        literal.push(quote);
        literal
    }

    fn read(events: &[String]) -> String {
        let (mut decoder, mut out) = (EventDecoder::of("chatqna", 1), Out::new());
        for event in events {
            let frame = Frame::new(event.clone().into_bytes());
            decoder.frame(frame, &mut out).unwrap();
        }
        assert_eq!(decoder.terminal(), Terminal::Last);
        decoder.finish(&mut out).unwrap();
        trunkline_core::stream::Fold::of(out).unwrap().text()
    }

    #[test]
    fn words_are_the_same_wherever_a_gateway_cuts_them() {
        let words = "it's \"\u{e9}\u{2019}\u{1f9a6}\"\\n\n\t\0!";
        let bytes = words.as_bytes();
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                let mut events: Vec<String> = pieces.iter().map(|piece| repr(piece)).collect();
                events.push("[DONE]".to_owned());
                assert_eq!(read(&events), words, "{events:?}");
            }
        }
    }

    #[test]
    fn a_text_that_looks_like_something_else_is_a_text() {
        for words in ["[DONE]", "{\"error\":1}", "b'x'", "data: x", "null"] {
            let events = [repr(words.as_bytes()), "[DONE]".to_owned()];
            assert_eq!(read(&events), words);
        }
        let bare = ["{", "x", "b'y'", "{\"error\":1}", "null", "[DONE]"];
        let events: Vec<String> = bare.map(str::to_owned).to_vec();
        assert_eq!(read(&events), "{xb'y'{\"error\":1}null");
    }
}
