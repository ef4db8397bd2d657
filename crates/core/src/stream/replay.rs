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
    let mut chunks = vec![StreamChunk::Start {
        warnings: response.warnings,
    }];
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
        parts_of(
            candidate.message,
            candidate.logprobs,
            candidate.index,
            &mut ix,
            &mut chunks,
        );
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

/// Each part grows by one delta and ends as itself, so that nothing of it is lost on the way. The
/// likelihoods belong to a part, and go with the last one.
fn parts_of(
    message: Message,
    logprobs: Option<crate::Json>,
    candidate: u32,
    ix: &mut u32,
    chunks: &mut Vec<StreamChunk>,
) {
    let last = message.parts.len();
    let mut logprobs = logprobs;
    for (nth, part) in message.parts.into_iter().enumerate() {
        let (start, delta) = begin(&part);
        chunks.push(StreamChunk::PartStart {
            ix: *ix,
            candidate,
            part: Box::new(start),
        });
        if let Some(delta) = delta.filter(|delta| !delta.is_empty()) {
            chunks.push(StreamChunk::Delta { ix: *ix, delta });
        }
        if let Some(logprobs) = logprobs.take_if(|_| nth + 1 == last) {
            chunks.push(StreamChunk::Delta {
                ix: *ix,
                delta: Delta::Logprobs(logprobs),
            });
        }
        chunks.push(StreamChunk::PartEnd {
            ix: *ix,
            part: Some(Box::new(part)),
        });
        *ix += 1;
    }
}

/// A part as it begins, and what it then grows by.
fn begin(part: &Part) -> (Part, Option<Delta>) {
    let mut start = part.clone();
    let delta = match &mut start.content {
        Content::Text(Text { text, .. }) => Some(Delta::Text(std::mem::take(text))),
        Content::Reasoning(Reasoning { text, .. }) => text.take().map(Delta::Reasoning),
        Content::Refusal(Refusal { text }) => Some(Delta::Refusal(std::mem::take(text))),
        Content::ToolCall(call) => {
            let delta = Delta::ToolInput(call.arguments().to_owned());
            call.input = ToolInput::from_text("");
            Some(delta)
        }
        _ => None,
    };
    (start, delta)
}
