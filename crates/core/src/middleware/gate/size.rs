//! About how much memory a request takes while it waits.

use crate::{
    Content, Op, Part,
    chat::{Approval, Media, Source},
    embed::EmbedInput,
    rerank::RerankDocument,
};

/// About how many bytes `op` holds: its texts and media, whose lengths are known without looking
/// at them. What is small beside them is left out.
pub(crate) fn size_hint_bytes(op: &Op) -> usize {
    match op {
        Op::Chat(request) | Op::ChatStream(request) | Op::CountTokens(request) => {
            let parts = request.messages.iter().flat_map(|message| &message.parts);
            let schemas = request.tools.iter().filter_map(|tool| tool.schema.as_ref());
            let patch = request.patch.as_ref();
            let json = schemas.chain(request.options.values()).chain(patch);
            parts.map(part).sum::<usize>() + json.map(|json| json.get().len()).sum::<usize>()
        }
        Op::Embed(request) => request.inputs.iter().map(embed_input).sum(),
        Op::Rerank(request) => {
            let documents = request.documents.iter().map(RerankDocument::as_text);
            request.query.len() + documents.map(str::len).sum::<usize>()
        }
        Op::Tokenize(request) => request.text.len(),
        Op::Detokenize(request) => size_of_val(request.tokens.as_slice()),
        Op::Infer(request) => request
            .inputs
            .iter()
            .map(|tensor| tensor.data().len())
            .sum(),
        Op::Object(request) => request.action.bytes(),
        Op::Models(_) | Op::Ready(_) | Op::Load(_) => 0,
        Op::Raw(request) => request.path.len() + request.body.len(),
    }
}

fn part(part: &Part) -> usize {
    let state = part.state.as_ref().map_or(0, |state| state.data.len());
    state + content(&part.content)
}

fn content(content: &Content) -> usize {
    match content {
        Content::Text(text) => text.text.len(),
        Content::Media(media) => bytes_of(media),
        Content::Reasoning(reasoning) => {
            let text = reasoning.text.as_ref().map_or(0, String::len);
            let summary: usize = reasoning.summary.iter().map(String::len).sum();
            text + summary + reasoning.media.iter().map(part).sum::<usize>()
        }
        Content::Refusal(refusal) => refusal.text.len(),
        Content::ToolCall(call) => call.arguments().len(),
        Content::ToolResult(result) => {
            let json = result.json.as_ref().map_or(0, |json| json.get().len());
            json + result.output.iter().map(part).sum::<usize>()
        }
        Content::Approval(Approval::Request(request)) => request.call.arguments().len(),
        Content::Approval(Approval::Response(_)) | Content::Source(_) | Content::CachePoint(_) => 0,
        Content::Opaque(opaque) => opaque.payload.get().len(),
    }
}

fn bytes_of(media: &Media) -> usize {
    let transcript = media.transcript.as_ref().map_or(0, String::len);
    transcript
        + match &media.source {
            Source::Bytes(bytes) => bytes.len(),
            Source::Url(text) | Source::Text(text) => text.len(),
            Source::File(_) => 0,
        }
}

fn embed_input(input: &EmbedInput) -> usize {
    match input {
        EmbedInput::Text(text) => text.len(),
        EmbedInput::Tokens(tokens) => size_of_val(tokens.as_slice()),
        EmbedInput::Media(media) => bytes_of(media),
    }
}
