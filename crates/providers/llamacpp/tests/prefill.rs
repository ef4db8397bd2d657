//! Answers that the caller began: what is asked, and that the beginning does not come back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use serde_json::{Value, json};
use trunkline_core::{
    ChatRequest, ChatResponse, Content, HttpClient, Message, Part, chat::Reasoning,
};
use trunkline_llamacpp::{Continue, LlamaCpp, Options};
use trunkline_testkit::{Peer, peer::Reply};

fn begun(text: &str) -> ChatRequest {
    ChatRequest::from("How long?").message(Message::assistant_text(text))
}

async fn sent(request: ChatRequest) -> (ChatResponse, Value) {
    answered(request, &["About eight."]).await
}

async fn answered(request: ChatRequest, contents: &[&str]) -> (ChatResponse, Value) {
    let choices: Vec<Value> = contents
        .iter()
        .zip(0..)
        .map(|(content, index)| {
            json!({"finish_reason": "stop", "index": index,
                "message": {"role": "assistant", "content": content, "reasoning_content": "So be it."}})
        })
        .collect();
    let answer = json!({"choices": choices, "model": "tiny", "object": "chat.completion",
        "created": 1, "id": "chatcmpl-1", "usage": {"completion_tokens": 2, "prompt_tokens": 9}});
    let peer = Peer::start(Reply::status(200).json(answer)).await;
    let builder = LlamaCpp::builder().client(HttpClient::shared());
    let account = builder.endpoint(peer.url()).build().unwrap();
    let answer = account.model("tiny").chat(request).await.unwrap();
    let body = serde_json::from_str(&peer.requests().remove(0).text()).unwrap();
    (answer, body)
}

#[tokio::test]
async fn a_beginning_does_not_come_back() {
    // Servers since 2026 repeat it in whole answers, whatever they are told; older ones do not.
    for (beginning, came, text) in [
        ("About", "About eight.", " eight."),
        ("About", " eight.", " eight."),
        // Some templates cut blanks.
        ("About ", "About eight.", "eight."),
        ("About ", "Abouts.", "s."),
        (" ", "Eight.", "Eight."),
        ("About", "About", ""),
        ("About", "Abo", "Abo"),
    ] {
        let (answer, _) = answered(begun(beginning), &[came]).await;
        assert_eq!(answer.text(), text, "{beginning:?} {came:?}");
    }
    let (answer, _) = answered(begun("About"), &["About eight.", "About ten."]).await;
    assert_eq!(answer.text(), " eight.");
    assert_eq!(answer.candidates[0].message.text(), " ten.");
    let (answer, _) = sent(ChatRequest::from("About?")).await;
    assert_eq!(answer.text(), "About eight.");
}

#[tokio::test]
async fn begun_thoughts_do_not_come_back_either() {
    let mut message = Message::assistant_text("About");
    let thought = Content::Reasoning(Reasoning::new("So"));
    message.parts.insert(0, Part::new(thought));
    let (answer, _) = sent(ChatRequest::from("How long?").message(message)).await;
    let thoughts = answer
        .message
        .parts
        .iter()
        .find_map(|part| match &part.content {
            Content::Reasoning(thoughts) => thoughts.text.as_deref(),
            _ => None,
        });
    assert_eq!(thoughts, Some(" be it."));
    assert_eq!(answer.text(), " eight.");
}

#[tokio::test]
async fn a_server_is_told_to_go_on() {
    let told = |body: &Value| {
        let of = |name: &str| body.get(name).cloned();
        (of("continue_final_message"), of("add_generation_prompt"))
    };
    let (_, body) = sent(begun("About")).await;
    assert_eq!(told(&body), (Some(json!(true)), Some(json!(false))));
    // By itself the server refuses it: its templates open a turn unless told otherwise.
    let content = Options::new().continue_final_message(Continue::Content);
    let (_, body) = sent(begun("About").option(content)).await;
    assert_eq!(told(&body), (Some(json!("content")), Some(json!(false))));
    // Both together it refuses too.
    let opened = Options::new().add_generation_prompt(true);
    let (_, body) = sent(begun("About").option(opened)).await;
    assert_eq!(told(&body), (None, Some(json!(true))));
    let (_, body) = sent(ChatRequest::from("How long?")).await;
    assert_eq!(told(&body), (None, None));
}
