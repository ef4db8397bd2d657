//! Answers that the caller began, by a last message of the assistant.
//!
//! Servers since May 2026 go on with it and give all of it back: of a stream only where they are told
//! to go on, of a whole answer whatever they are told. Older ones go on by themselves, pass over what
//! tells them to, and give back only what is new.
//!
//! <https://github.com/ggml-org/llama.cpp/pull/23089>

use serde::Deserialize;
use trunkline_core::{ChatRequest, ChatResponse, Content, Message, Role};

use crate::PROVIDER;

fn beginning(request: &ChatRequest) -> Option<&Message> {
    let last = request.messages.last()?;
    (last.role == Role::Assistant).then_some(last)
}

/// What tells the server to go on. It refuses this beside a turn that its template opens, which is
/// what templates do unless told otherwise, and what the caller may have asked for.
pub(crate) fn patch(request: &ChatRequest) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Asked {
        add_generation_prompt: Option<bool>,
    }
    beginning(request)?;
    let options = request.options.get(PROVIDER.id);
    let asked = options.and_then(|options| options.read::<Asked>().ok());
    let is_opened = asked.and_then(|asked| asked.add_generation_prompt) == Some(true);
    const GO_ON: &str = r#""continue_final_message":true,"add_generation_prompt":false"#;
    (!is_opened).then_some(GO_ON)
}

/// The answer without its beginning, where that came back. An older server whose model happens to
/// write the beginning once more loses that.
pub(crate) fn without(mut answer: ChatResponse, request: &ChatRequest) -> ChatResponse {
    if let Some(begun) = beginning(request) {
        let text = begun.text();
        let thoughts: String = begun.parts.iter().filter_map(thoughts).collect();
        let others = answer.candidates.iter_mut();
        let messages = others.map(|other| &mut other.message);
        for message in messages.chain([&mut answer.message]) {
            cut(message, &text, &thoughts);
        }
    }
    answer
}

fn thoughts(part: &trunkline_core::Part) -> Option<&str> {
    match &part.content {
        Content::Reasoning(thoughts) => thoughts.text.as_deref(),
        _ => None,
    }
}

/// Each stands in one part of an answer.
fn cut(message: &mut Message, text: &str, thoughts: &str) {
    for part in &mut message.parts {
        match &mut part.content {
            Content::Text(came) => came.text = rest(&came.text, text).to_owned(),
            Content::Reasoning(came) => {
                if let Some(came) = &mut came.text {
                    *came = rest(came, thoughts).to_owned();
                }
            }
            _ => {}
        }
    }
    message.parts.retain(|part| match &part.content {
        Content::Text(text) => !text.text.is_empty(),
        Content::Reasoning(thoughts) => thoughts.text.as_deref() != Some(""),
        _ => true,
    });
}

/// Some templates cut the blanks at a beginning's end.
fn rest<'a>(came: &'a str, begun: &str) -> &'a str {
    came.strip_prefix(begun)
        .or_else(|| came.strip_prefix(begun.trim_end()))
        .unwrap_or(came)
}
