//! Two wire formats in one place: `generateContent` for models of Google, Anthropic's messages for
//! Claude. The model's name says which.
//!
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude>

use std::collections::VecDeque;

use bytes::Bytes;
use http::{Request, response::Parts};
use serde::Deserialize;
use trunkline_anthropic_messages::{CLAUDE, EventDecoder, Messages, ModelPlace};
use trunkline_core::{
    Error, Op, Reply, Result, StreamChunk,
    chat::Warnings,
    http_transport::frame::Frame,
    protocol::{Decoder, Protocol, Shape, Target, Terminal},
};
use trunkline_gemini_content::{ChunkDecoder, Dialect, GeminiContent};

use crate::PROVIDER;

/// What Vertex AI speaks.
#[derive(Clone, Copy, Debug)]
pub struct Platform;

const GEMINI: GeminiContent = GeminiContent(Dialect::of(&PROVIDER).vertex());

const MESSAGES: Messages = Messages(
    trunkline_anthropic_messages::Dialect::named(PROVIDER.id, CLAUDE)
        .version("vertex-2023-10-16")
        .model(ModelPlace::Path {
            prefix: "/publishers/anthropic/models/",
            whole: ":rawPredict",
            stream: ":streamRawPredict",
        })
        .count_path("/publishers/anthropic/models/count-tokens:rawPredict"),
);

fn is_claude(op: &Op) -> bool {
    op.model().starts_with("claude")
}

impl Protocol for Platform {
    type Decoder = PlatformDecoder;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match is_claude(op) {
            true => MESSAGES.encode(op, target, warnings),
            false => GEMINI.encode(op, target, warnings),
        }
    }

    fn shape(&self, op: &Op, head: &Parts) -> Shape {
        match is_claude(op) {
            true => MESSAGES.shape(op, head),
            false => GEMINI.shape(op, head),
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match is_claude(op) {
            true => MESSAGES.decode(op, head, body),
            false => GEMINI.decode(op, head, body),
        }
    }

    fn decoder(&self, op: &Op, head: &Parts) -> PlatformDecoder {
        match is_claude(op) {
            true => PlatformDecoder::Claude(MESSAGES.decoder(op, head)),
            false => PlatformDecoder::Gemini(GEMINI.decoder(op, head)),
        }
    }

    /// Google's own errors have a form of theirs, whatever was asked.
    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        #[derive(Deserialize)]
        struct Typed {
            r#type: String,
        }
        let typed = serde_json::from_slice::<Typed>(body);
        match typed.is_ok_and(|typed| typed.r#type == "error") {
            true => MESSAGES.error(head, body),
            false => GEMINI.error(head, body),
        }
    }
}

/// Reads the streams of either.
#[derive(Debug)]
#[non_exhaustive]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one for a stream, and it is not moved"
)]
pub enum PlatformDecoder {
    /// Of a model of Google.
    Gemini(ChunkDecoder),
    /// Of Claude.
    Claude(EventDecoder),
}

impl Decoder for PlatformDecoder {
    fn frame(&mut self, frame: Frame, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        match self {
            Self::Gemini(decoder) => decoder.frame(frame, out),
            Self::Claude(decoder) => decoder.frame(frame, out),
        }
    }

    fn finish(&mut self, out: &mut VecDeque<StreamChunk>) -> Result<()> {
        match self {
            Self::Gemini(decoder) => decoder.finish(out),
            Self::Claude(decoder) => decoder.finish(out),
        }
    }

    fn terminal(&self) -> Terminal {
        match self {
            Self::Gemini(decoder) => decoder.terminal(),
            Self::Claude(decoder) => decoder.terminal(),
        }
    }
}
