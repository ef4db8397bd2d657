//! What a request that waits is thought to weigh.

use std::sync::Arc;

use super::super::size::size_hint_bytes;
use crate::{
    ChatRequest, Class, Content, EmbedRequest, Message, Op, Part, RerankRequest, Role, Tool,
    ToolCall,
    chat::{Media, Reasoning, Source, ToolInput},
    embed::EmbedInput,
    models::ModelsRequest,
    raw::RawRequest,
};

fn chat(request: ChatRequest) -> usize {
    size_hint_bytes(&Op::Chat(Arc::new(request)))
}

#[test]
fn words_and_media_count_at_their_length() {
    let image = |bytes: usize| {
        let media = Media::new("image/png", Source::Bytes(vec![0; bytes].into()));
        Part::new(Content::Media(media))
    };
    assert_eq!(chat(ChatRequest::default()), 0);
    assert_eq!(chat("hello".into()), 5);
    let message = Message::new(Role::User, [Part::text("look"), image(1_000)]);
    assert_eq!(chat(ChatRequest::from(message).system("be kind")), 1_011);
}

#[test]
fn schemas_patches_and_what_tools_said_count() {
    let call = ToolCall::new("1", "weather", ToolInput::from_text(r#"{"city":"Oslo"}"#));
    let schema = crate::Json::parse("{\"type\":\"object\"}").unwrap();
    let tool = Tool::new("weather", "The weather now.", schema);
    let answered = ChatRequest::from(Message::tool_result(&call, "rain"));
    assert_eq!(chat(answered.clone()), 4);
    assert_eq!(chat(answered.clone().tool(tool)), 4 + 17);
    let part = Part::new(Content::ToolCall(call));
    assert_eq!(chat(Message::new(Role::Assistant, [part]).into()), 15);
}

#[test]
fn thoughts_count_with_their_summaries_and_pictures() {
    let reasoning = Reasoning {
        text: Some("twelve bytes".into()),
        summary: vec!["five5".into(), "six666".into()],
        media: vec![Part::text("seven77")],
        redacted: false,
    };
    let part = Part::new(Content::Reasoning(reasoning));
    let message = Message::new(Role::Assistant, [part]);
    assert_eq!(chat(message.into()), 12 + 11 + 7);
}

#[test]
fn other_operations_count_too() {
    let inputs = [EmbedInput::from("words"), EmbedInput::Tokens(vec![1, 2, 3])];
    let embed = Op::Embed(Arc::new(EmbedRequest::new(inputs)));
    assert_eq!(size_hint_bytes(&embed), 5 + 12);
    let rerank = RerankRequest::new("query", ["one", "three"]);
    assert_eq!(size_hint_bytes(&Op::Rerank(Arc::new(rerank))), 5 + 3 + 5);
    let count = Op::CountTokens(Arc::new("words".into()));
    assert_eq!(size_hint_bytes(&count), 5);
    let raw = RawRequest::new(http::Method::POST, "/x", "12345678", Class::Effect);
    assert_eq!(size_hint_bytes(&raw.into()), 10);
    let models = Op::Models(Arc::new(ModelsRequest::default()));
    assert_eq!(size_hint_bytes(&models), 0);
}
