//! Two wire formats in one place: `generateContent` for models of Google, Anthropic's messages for
//! Claude. The model's name says which.
//!
//! <https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude>

use bytes::Bytes;
use http::{Request, response::Parts};
use serde::Deserialize;
use trunkline_anthropic_messages::{CLAUDE, EventDecoder, Messages, ModelPlace};
use trunkline_core::{
    Error, Op, Reply, Result,
    chat::Warnings,
    protocol::{EitherDecoder, Protocol, Shape, Target},
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
    type Decoder = EitherDecoder<EventDecoder, ChunkDecoder>;

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

    fn decoder(&self, op: &Op, head: &Parts) -> Self::Decoder {
        match is_claude(op) {
            true => EitherDecoder::First(MESSAGES.decoder(op, head)),
            false => EitherDecoder::Second(GEMINI.decoder(op, head)),
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
