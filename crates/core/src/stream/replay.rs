//! An answer that is whole already, as a stream: one chunk for each part.

use futures_util::stream;

use super::{ChatStream, ChunkMeta, Delta, StreamChunk};
use crate::{
    ChatResponse,
    chat::{Candidate, Content, Message, Part, Reasoning, Refusal, Text, ToolInput},
};

pub(super) fn stream_of(mut response: ChatResponse) -> ChatStream {
    let meta = std::mem::take(&mut response.meta);
    let mut stream = ChatStream::new(stream::iter(chunks_of(response).into_iter().map(Ok)));
    stream.set_meta(meta);
    stream
}

fn chunks_of(response: ChatResponse) -> Vec<StreamChunk> {
    let mut chunks = vec![StreamChunk::Start { warnings: response.warnings }];
    chunks.push(StreamChunk::Meta(Box::new(ChunkMeta {
        id: response.id,
        model: Some(response.model).filter(|model| !model.is_empty()),
        created: response.created,
        service_tier: response.service_tier,
        ext: response.ext,
    })));
    let mut ix = 0;
    let mut first = Candidate::new(0, response.message, response.finish);
    first.logprobs = response.logprobs;
    let mut finishes = Vec::new();
    for candidate in std::iter::once(first).chain(response.candidates) {
        parts_of(candidate.message, candidate.index, &mut ix, &mut chunks);
        if let Some(logprobs) = candidate.logprobs {
            add_logprobs(&mut chunks, logprobs);
        }
        finishes.push(StreamChunk::Finish {
            candidate: candidate.index,
            reason: candidate.finish,
            usage: None,
            ext: crate::Ext::default(),
        });
    }
    chunks.push(StreamChunk::Usage(Box::new(response.usage)));
    chunks.extend(finishes);
    chunks
}

fn parts_of(message: Message, candidate: u32, ix: &mut u32, chunks: &mut Vec<StreamChunk>) {
    for part in message.parts {
        let (start, delta) = split(part);
        chunks.push(StreamChunk::PartStart { ix: *ix, candidate, part: Box::new(start) });
        if let Some(delta) = delta.filter(|delta| !delta.is_empty()) {
            chunks.push(StreamChunk::Delta { ix: *ix, delta });
        }
        chunks.push(StreamChunk::PartEnd { ix: *ix, part: None });
        *ix += 1;
    }
}

/// Puts the likelihoods before the end of the last part, where they belong to an open one.
fn add_logprobs(chunks: &mut Vec<StreamChunk>, logprobs: crate::Json) {
    if let Some(StreamChunk::PartEnd { ix, .. }) = chunks.last() {
        let ix = *ix;
        chunks.insert(chunks.len() - 1, StreamChunk::Delta { ix, delta: Delta::Logprobs(logprobs) });
    }
}

/// A part as it begins, and what it then grows by.
fn split(mut part: Part) -> (Part, Option<Delta>) {
    let delta = match &mut part.content {
        Content::Text(Text { text, .. }) => Some(Delta::Text(std::mem::take(text))),
        Content::Reasoning(Reasoning { text, .. }) => text.take().map(Delta::Reasoning),
        Content::Refusal(Refusal { text }) => Some(Delta::Refusal(std::mem::take(text))),
        Content::ToolCall(call) => {
            let begun = ToolInput::from_text("");
            match std::mem::replace(&mut call.input, begun) {
                ToolInput::Json(json) => Some(Delta::ToolInput(json.get().to_owned())),
                ToolInput::Text(text) => Some(Delta::ToolInput(text)),
                ToolInput::Invalid { raw, .. } => Some(Delta::ToolInput(raw)),
            }
        }
        _ => None,
    };
    (part, delta)
}
