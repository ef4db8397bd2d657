//! What it costs to read one event of a stream, by wire format: a word in each event, framing and
//! transport left out.

use std::{collections::VecDeque, hint::black_box, sync::Arc};

use anyhow::{Result, ensure};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::response::Parts;
use trunkline_core::{
    ChatRequest, Op, StreamChunk,
    account::{Provider, Settings},
    http_transport::frame::Frame,
    protocol::{Decoder, Protocol},
};
use trunkline_openai_compat::{Dialect, OpenAiCompat};

use super::{
    clock::{cpu_nanos, median},
    server::Server,
    table::{Row, Target, Unit},
    work::payload,
};

const EVENTS: usize = 4_000;
const ROUNDS: usize = 41;
const HOW: &str = "CPU ns for an event with one word, by turns with chat completions in raw's column, medians of 41";
const HOW_COUNTED: &str = "the same, with chat completions that count tokens in each event as well";

/// A format: its name, and what decodes its frames.
struct Format {
    name: &'static str,
    frames: Vec<Frame>,
    decode: Decode,
}

/// How many words came.
type Decode = Box<dyn Fn(&[Frame]) -> Result<usize>>;

pub(super) fn rows(_: &Server) -> Result<Vec<Row>> {
    let compat = completions();
    let mut rows = Vec::new();
    for format in formats()?.into_iter().chain([bedrock()?]) {
        rows.push(format.row(&compat, HOW)?);
    }
    let counted = counted_completions();
    rows.push(gemini(true)?.row(&counted, HOW_COUNTED)?);
    Ok(rows)
}

impl Format {
    /// What it costs beside `base`.
    fn row(&self, base: &Self, how: &'static str) -> Result<Row> {
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let (own, base) = (self.nanos()?, base.nanos()?);
            ours.push(own);
            theirs.push(base);
            ratios.push(own / base);
        }
        let name = format!("decode, an event of {}", self.name);
        let row = Row::new(name, Unit::Nanos, Target::RatioAtMost(1.5));
        let row = row.figures(median(ours), median(theirs));
        Ok(row.ratio(median(ratios)).how(how))
    }

    fn of<P: Provider>(
        name: &'static str,
        first: &[(&str, &str)],
        word: impl Fn(usize, &str) -> (&'static str, String),
    ) -> Result<Self> {
        let protocol = P::protocol(&Settings::default())?;
        let quoted = |count, text: &str| word(count, &serde_json::Value::from(text).to_string());
        Ok(Self::new(name, protocol, first, quoted))
    }

    fn new(
        name: &'static str,
        protocol: impl Protocol,
        first: &[(&str, &str)],
        word: impl Fn(usize, &str) -> (&'static str, String),
    ) -> Self {
        let frame = |name: &str, data: &str| {
            Frame::new(data.as_bytes().to_vec()).named(name.as_bytes().to_vec())
        };
        let mut frames: Vec<Frame> = first.iter().map(|(name, data)| frame(name, data)).collect();
        let words = payload::WORDS.iter().cycle().take(EVENTS);
        for (count, text) in words.enumerate() {
            let (name, data) = word(count, text);
            frames.push(frame(name, &data));
        }
        let decode = move |frames: &[Frame]| decode(&protocol, frames);
        Self {
            name,
            frames,
            decode: Box::new(decode),
        }
    }

    /// CPU nanoseconds for an event.
    fn nanos(&self) -> Result<f64> {
        let (nanos, words) = cpu_nanos(|| (self.decode)(&self.frames));
        ensure!(words? == EVENTS, "words of {} were lost", self.name);
        Ok(nanos / self.frames.len() as f64)
    }
}

/// How many words came.
fn decode(protocol: &impl Protocol, frames: &[Frame]) -> Result<usize> {
    let op = Op::ChatStream(Arc::new(ChatRequest::from("hi").model("m")));
    let mut decoder = protocol.decoder(&op, &head());
    let (mut out, mut words) = (VecDeque::new(), 0);
    for frame in frames {
        decoder.frame(frame.clone(), &mut out)?;
        for chunk in out.drain(..) {
            let is_word = matches!(&chunk, StreamChunk::Delta { delta, .. } if !delta.is_empty());
            words += usize::from(is_word);
            black_box(chunk);
        }
    }
    Ok(words)
}

fn head() -> Parts {
    http::Response::new(()).into_parts().0
}

/// Bedrock's events are binary, with checksums: these were made once, and each has the same word.
fn bedrock() -> Result<Format> {
    let message = |base64: &str| Ok::<_, anyhow::Error>(Frame::new(STANDARD.decode(base64)?));
    let word = message(MESSAGE_DELTA)?;
    let mut frames = vec![message(MESSAGE_START)?];
    frames.extend(std::iter::repeat_n(word, EVENTS));
    let protocol = trunkline_bedrock::Api::protocol(&Settings::default())?;
    Ok(Format {
        name: "Bedrock's Converse",
        frames,
        decode: Box::new(move |frames| decode(&protocol, frames)),
    })
}

const MESSAGE_START: &str = "AAAAigAAAFIbEUeCCzpldmVudC10eXBlBwAMbWVzc2FnZVN0YXJ0DTpjb250ZW50LXR5cGUHABBhcHBsaWNhdGlvbi9qc29uDTptZXNzYWdlLXR5cGUHAAVldmVudHsicCI6ImFiY2RlZmdoaWprbG0iLCJyb2xlIjoiYXNzaXN0YW50In1zgQTk";
const MESSAGE_DELTA: &str = "AAAArgAAAFdfOjrJCzpldmVudC10eXBlBwARY29udGVudEJsb2NrRGVsdGENOmNvbnRlbnQtdHlwZQcAEGFwcGxpY2F0aW9uL2pzb24NOm1lc3NhZ2UtdHlwZQcABWV2ZW50eyJjb250ZW50QmxvY2tJbmRleCI6MCwiZGVsdGEiOnsidGV4dCI6IiB0aGUifSwicCI6ImFiY2RlZmdoaWprbG1ub3BxIn2IZtT7";

/// The data of an event as it stands in a stream.
fn data(event: &str) -> &str {
    event.trim_start_matches("data: ").trim_end()
}

fn completions() -> Format {
    let first = payload::first();
    Format::new(
        "chat completions",
        OpenAiCompat(Dialect::OPENAI),
        &[("", data(&first))],
        |_, word| ("", data(&payload::event(word)).to_owned()),
    )
}

/// As vLLM sends them to those who ask for `continuous_usage_stats`.
fn counted_completions() -> Format {
    let first = payload::first();
    Format::new(
        "chat completions that count",
        OpenAiCompat(Dialect::OPENAI),
        &[("", data(&first))],
        |count, word| ("", data(&payload::counted_event(word, count)).to_owned()),
    )
}

/// Its figures grow with each event, or stay what they were, as in the middle of Vertex's streams.
fn gemini(grows: bool) -> Result<Format> {
    let name = match grows {
        true => "Gemini's content, tokens counted",
        false => "Gemini's content",
    };
    Format::of::<trunkline_gemini::Api>(name, &[], |count, word| {
        let count = if grows { count } else { 7 };
        let total = 19 + count;
        let data = format!(
            r#"{{"candidates":[{{"content":{{"parts":[{{"text":{word}}}],"role":"model"}},"index":0}}],"usageMetadata":{{"promptTokenCount":19,"candidatesTokenCount":{count},"totalTokenCount":{total},"promptTokensDetails":[{{"modality":"TEXT","tokenCount":19}}]}},"modelVersion":"gemini-2.5-flash","responseId":"x7QoadbSG9Gz"}}"#
        );
        ("", data)
    })
}

fn formats() -> Result<Vec<Format>> {
    Ok(vec![
        Format::of::<trunkline_openai::Api>(
            "OpenAI's responses",
            &[
                (
                    "response.created",
                    r#"{"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","created_at":1741570283,"status":"in_progress","model":"gpt-4.1-mini","output":[]}}"#,
                ),
                (
                    "response.output_item.added",
                    r#"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_1","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
                ),
                (
                    "response.content_part.added",
                    r#"{"type":"response.content_part.added","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}"#,
                ),
            ],
            |_, word| {
                let data = format!(
                    r#"{{"type":"response.output_text.delta","sequence_number":3,"item_id":"msg_67c9fdcf37fc8190ba82116e33fb28c5","output_index":0,"content_index":0,"delta":{word},"logprobs":[],"obfuscation":"kGm2pQx8"}}"#
                );
                ("response.output_text.delta", data)
            },
        )?,
        Format::of::<trunkline_anthropic::Api>(
            "Anthropic's messages",
            &[
                (
                    "message_start",
                    r#"{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-5","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":19,"output_tokens":1}}}"#,
                ),
                (
                    "content_block_start",
                    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
                ),
            ],
            |_, word| {
                let data = format!(
                    r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":{word}}}}}"#
                );
                ("content_block_delta", data)
            },
        )?,
        gemini(false)?,
        Format::of::<trunkline_ollama::Api>("Ollama's chat", &[], |_, word| {
            let data = format!(
                r#"{{"model":"qwen3","created_at":"2026-11-29T12:00:00.123456789Z","message":{{"role":"assistant","content":{word}}},"done":false}}"#
            );
            ("", data)
        })?,
        Format::of::<trunkline_cohere::Api>(
            "Cohere's chat",
            &[
                (
                    "message-start",
                    r#"{"id":"c-1","type":"message-start","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}"#,
                ),
                (
                    "content-start",
                    r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
                ),
            ],
            |_, word| {
                let data = format!(
                    r#"{{"type":"content-delta","index":0,"delta":{{"message":{{"content":{{"text":{word}}}}}}}}}"#
                );
                ("content-delta", data)
            },
        )?,
    ])
}
