//! What a call will cost, before it is made.

use crate::{
    ChatRequest, Content, Message, Op, Part, RerankRequest, Tool, ToolCall,
    chat::{Approval, Format, Media, Source},
    embed::EmbedInput,
};

/// What an answer is taken for where the call sets no bound.
pub(super) const USUAL_OUTPUT: u64 = 1_024;

/// A token is about so many bytes of text.
const BYTES_PER_TOKEN: usize = 4;

/// Tokens in and out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Estimate {
    pub(super) input: u64,
    pub(super) output: u64,
}

impl Estimate {
    pub(super) fn of(op: &Op) -> Self {
        match op {
            Op::Chat(request) | Op::ChatStream(request) => Self {
                input: tokens(chat_bytes(request)),
                output: output(request),
            },
            Op::Embed(request) => Self {
                input: request.inputs.iter().map(embed_tokens).sum(),
                output: 0,
            },
            Op::Rerank(request) => Self {
                input: rerank_tokens(request),
                output: 0,
            },
            // The others cost no tokens, or nobody knows how many.
            _ => Self::default(),
        }
    }

    pub(super) fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// The tokens that `op` will cost: a quarter of the bytes of its texts, and all the output that it
/// allows, or 1,024 where it sets no bound. Images and sounds are not counted; what they cost is
/// charged when the answer tells.
#[allow(
    dead_code,
    reason = "for the pool, which weighs keys before it asks one"
)]
pub(crate) fn estimate_tokens(op: &Op) -> u64 {
    Estimate::of(op).total()
}

fn tokens(bytes: usize) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN) as u64
}

fn output(request: &ChatRequest) -> u64 {
    let each = request.max_output_tokens.unwrap_or(USUAL_OUTPUT);
    each.saturating_mul(u64::from(request.candidates.unwrap_or(1).max(1)))
}

fn embed_tokens(input: &EmbedInput) -> u64 {
    match input {
        EmbedInput::Text(text) => tokens(text.len()),
        EmbedInput::Tokens(known) => known.len() as u64,
        EmbedInput::Media(media) => tokens(media_bytes(media)),
    }
}

/// The query is read again with every document.
fn rerank_tokens(request: &RerankRequest) -> u64 {
    let documents = request.documents.iter();
    let pairs = documents.map(|document| tokens(request.query.len() + document.as_text().len()));
    pairs.fold(0, u64::saturating_add)
}

fn chat_bytes(request: &ChatRequest) -> usize {
    let messages: usize = request.messages.iter().map(message_bytes).sum();
    let tools: usize = request.tools.iter().map(tool_bytes).sum();
    let schema = match &request.format {
        Some(Format::Schema { schema, .. }) => schema.get().len(),
        _ => 0,
    };
    messages + tools + schema
}

fn message_bytes(message: &Message) -> usize {
    parts_bytes(&message.parts)
}

fn tool_bytes(tool: &Tool) -> usize {
    let schema = tool.schema.as_ref().map_or(0, |schema| schema.get().len());
    tool.name.len() + tool.description.len() + schema
}

fn parts_bytes(parts: &[Part]) -> usize {
    parts.iter().map(|part| content_bytes(&part.content)).sum()
}

fn content_bytes(content: &Content) -> usize {
    match content {
        Content::Text(text) => text.text.len(),
        Content::Media(media) => media_bytes(media),
        Content::Reasoning(reasoning) => {
            let text = reasoning.text.as_ref().map_or(0, String::len);
            text + reasoning.summary.iter().map(String::len).sum::<usize>()
        }
        Content::Refusal(refusal) => refusal.text.len(),
        Content::ToolCall(call) => call_bytes(call),
        Content::ToolResult(result) => match &result.json {
            Some(json) if result.output.is_empty() => json.get().len(),
            _ => parts_bytes(&result.output),
        },
        Content::Approval(Approval::Request(request)) => call_bytes(&request.call),
        Content::Opaque(opaque) => opaque.payload.get().len(),
        Content::Approval(Approval::Response(_)) | Content::Source(_) | Content::CachePoint(_) => 0,
    }
}

fn call_bytes(call: &ToolCall) -> usize {
    call.name.len() + call.arguments().len()
}

fn media_bytes(media: &Media) -> usize {
    let text = match &media.source {
        Source::Text(text) => text.len(),
        Source::Bytes(_) | Source::Url(_) | Source::File(_) => 0,
    };
    text + media.transcript.as_ref().map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{EmbedRequest, Json, chat::MediaType, raw::RawRequest};

    fn chat(request: ChatRequest) -> Estimate {
        Estimate::of(&Op::Chat(Arc::new(request)))
    }

    #[test]
    fn a_quarter_of_the_bytes_goes_in_and_all_that_is_allowed_comes_out() {
        let request = ChatRequest::from("x".repeat(401)).max_output_tokens(60);
        let expected = Estimate {
            input: 101,
            output: 60,
        };
        assert_eq!(chat(request.clone()), expected);
        assert_eq!(estimate_tokens(&Op::ChatStream(Arc::new(request))), 161);
    }

    #[test]
    fn every_candidate_may_use_all_of_it_and_no_bound_means_the_usual() {
        let mut request = ChatRequest::from("").max_output_tokens(60);
        request.candidates = Some(3);
        assert_eq!(chat(request).output, 180);
        assert_eq!(chat(ChatRequest::from("")).output, USUAL_OUTPUT);
    }

    #[test]
    fn tools_their_calls_and_their_results_are_texts_too() {
        let empty = chat(ChatRequest::from("")).input;
        let mut request = ChatRequest::from("");
        let schema = Json::parse(format!("\"{}\"", "s".repeat(78))).unwrap();
        request
            .tools
            .push(Tool::new("t".repeat(20), "d".repeat(100), schema));
        assert_eq!(chat(request.clone()).input - empty, 50);
        let call = ToolCall::new("id", "name", crate::chat::ToolInput::Text("a".repeat(36)));
        request
            .messages
            .push(Message::tool_result(&call, "r".repeat(40)));
        request.messages.push(Message::new(
            crate::Role::Assistant,
            [Part::new(Content::ToolCall(call))],
        ));
        assert_eq!(chat(request).input - empty, 70);
    }

    #[test]
    fn a_picture_s_bytes_are_no_words() {
        let picture = Media::new(MediaType::PNG, Source::Bytes(vec![0; 9_000].into()));
        let mut request = ChatRequest::from("");
        request.messages.push(Message::new(
            crate::Role::User,
            [Part::new(Content::Media(picture))],
        ));
        assert_eq!(chat(request).input, 0);
    }

    #[test]
    fn tokens_to_embed_are_counted_as_what_they_are() {
        let request = EmbedRequest::new([
            EmbedInput::Tokens(vec![1, 2, 3]),
            EmbedInput::Text("12345".to_owned()),
        ]);
        assert_eq!(estimate_tokens(&Op::Embed(Arc::new(request))), 5);
    }

    #[test]
    fn a_query_is_read_with_every_document_and_to_count_is_free() {
        let request = RerankRequest::new("12345678", ["1234", "12345678"]);
        assert_eq!(estimate_tokens(&Op::Rerank(Arc::new(request))), 3 + 4);
        let request = Arc::new(ChatRequest::from("x".repeat(400)));
        assert_eq!(estimate_tokens(&Op::CountTokens(request)), 0);
    }

    #[test]
    fn a_request_of_the_provider_s_own_counts_as_a_request_only() {
        assert_eq!(estimate_tokens(&RawRequest::get("/x").into()), 0);
    }
}
