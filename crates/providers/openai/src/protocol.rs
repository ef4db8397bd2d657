//! Two wire formats behind one account: which of them a chat takes is the account's choice.

use bytes::Bytes;
use http::{Request, response::Parts};
use trunkline_core::{
    Error, Op, Reply, Result,
    chat::Warnings,
    protocol::{EitherDecoder, Protocol, Shape, Target},
};
use trunkline_openai_compat::{ChunkDecoder, OpenAiCompat};
use trunkline_openai_responses::{EventDecoder, Responses};

/// The Responses API or chat completions for chats; embeddings and lists of models are the same.
#[derive(Clone, Copy, Debug)]
pub struct Protocols {
    responses: Option<Responses>,
    compat: OpenAiCompat,
}

impl Protocols {
    /// Chats go to the Responses API, all else as `compat` says.
    pub const fn responses(responses: Responses, compat: OpenAiCompat) -> Self {
        let responses = Some(responses);
        Self { responses, compat }
    }

    /// Everything goes as `compat` says.
    pub const fn chat_completions(compat: OpenAiCompat) -> Self {
        let responses = None;
        Self { responses, compat }
    }

    /// The Responses API, if this is for it.
    fn of(&self, op: &Op) -> Option<&Responses> {
        let is_chat = matches!(op, Op::Chat(_) | Op::ChatStream(_) | Op::CountTokens(_));
        self.responses.as_ref().filter(|_| is_chat)
    }
}

impl Protocol for Protocols {
    type Decoder = EitherDecoder<EventDecoder, ChunkDecoder>;

    fn encode(&self, op: &Op, target: &Target, warnings: &mut Warnings) -> Result<Request<Bytes>> {
        match self.of(op) {
            Some(responses) => responses.encode(op, target, warnings),
            None => self.compat.encode(op, target, warnings),
        }
    }

    fn shape(&self, op: &Op, head: &Parts) -> Shape {
        match self.of(op) {
            Some(responses) => responses.shape(op, head),
            None => self.compat.shape(op, head),
        }
    }

    fn decode(&self, op: &Op, head: &Parts, body: Bytes) -> Result<Reply> {
        match self.of(op) {
            Some(responses) => responses.decode(op, head, body),
            None => self.compat.decode(op, head, body),
        }
    }

    fn decoder(&self, op: &Op, head: &Parts) -> Self::Decoder {
        match self.of(op) {
            Some(responses) => EitherDecoder::First(responses.decoder(op, head)),
            None => EitherDecoder::Second(self.compat.decoder(op, head)),
        }
    }

    fn error(&self, head: &Parts, body: &[u8]) -> Error {
        // Errors look alike in both.
        self.compat.error(head, body)
    }
}
