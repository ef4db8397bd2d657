//! To the wire: a request as a gateway's JSON. What a gateway has no word for leaves a warning.
//!
//! `handle_request` in <https://github.com/opea-project/GenAIExamples/blob/main/ChatQnA/chatqna.py>
//! and `handle_message` in
//! <https://github.com/opea-project/GenAIComps/blob/main/comps/cores/mega/utils.py>.

use std::borrow::Cow;

use serde::Serialize;
use trunkline_core::{
    Capabilities, ChatRequest, Content, Message, Result, Role,
    chat::Warnings,
    protocol::{instructions, room, within, write},
};
use trunkline_openai_compat::Dialect;

use crate::{PROVIDER, service::Speech};

/// What a gateway reads of a request: `LLMParams`.
const GATEWAY: Capabilities = Capabilities::NONE
    .chat()
    .stream()
    .temperature()
    .top_p()
    .top_k()
    .frequency_penalty()
    .presence_penalty();

/// What the language model's microservice hands on: `ALLOWED_CHATCOMPLETION_ARGS` in
/// <https://github.com/opea-project/GenAIComps/blob/main/comps/cores/proto/api_protocol.py>.
pub(crate) const LLM: Capabilities = Capabilities::NONE
    .chat()
    .stream()
    .json()
    .temperature()
    .top_p()
    .frequency_penalty()
    .presence_penalty()
    .seed()
    .stop()
    .candidates()
    .user();

/// How the language model's microservice speaks chat completions.
pub(crate) const DIALECT: Dialect = Dialect::of(&PROVIDER).capabilities(LLM);

/// A question to a gateway. Without `stream` it streams.
#[derive(Serialize)]
struct Ask<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    messages: Turns<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_k: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frequency_penalty: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    presence_penalty: Option<f64>,
    stream: bool,
}

/// A gateway makes one text of a conversation, `user: …`, and looks for documents by that text. A
/// question alone it takes as it is.
#[derive(Serialize)]
#[serde(untagged)]
enum Turns<'a> {
    Question(Cow<'a, str>),
    Several(Vec<Turn<'a>>),
}

#[derive(Serialize)]
struct Turn<'a> {
    role: &'static str,
    content: Cow<'a, str>,
}

/// The body of a request to a gateway.
pub(crate) fn body(
    request: &ChatRequest,
    speech: Speech,
    stream: bool,
    warnings: &mut Warnings,
) -> Result<Vec<u8>> {
    let request = within(GATEWAY, request, warnings)?;
    let ask = Ask {
        kind: (speech == Speech::Summary).then_some("text"),
        messages: turns(&request, warnings),
        max_tokens: request.max_output_tokens,
        temperature: request.temperature,
        top_p: request.top_p,
        top_k: request.top_k,
        frequency_penalty: request.frequency_penalty,
        presence_penalty: request.presence_penalty,
        stream,
    };
    write(&ask, PROVIDER.id, &request.options, room(&request))
}

fn turns<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Turns<'a> {
    // Of several instructions a gateway reads the last.
    let (instructions, messages) = instructions(request, warnings);
    let mut turns = Vec::with_capacity(messages.len() + 1);
    if !instructions.is_empty() {
        turns.push(Turn {
            role: "system",
            content: instructions.into(),
        });
    }
    for message in messages {
        let role = match message.role {
            Role::Assistant => "assistant",
            _ => "user",
        };
        // Of what another model said, nothing may be left.
        if let Some(content) = says(message, warnings) {
            turns.push(Turn { role, content });
        }
    }
    match turns.as_mut_slice() {
        [
            Turn {
                role: "user",
                content,
            },
        ] => Turns::Question(std::mem::take(content)),
        _ => Turns::Several(turns),
    }
}

/// The words of a message. Several texts are joined as a gateway would join them.
fn says<'a>(message: &'a Message, warnings: &mut Warnings) -> Option<Cow<'a, str>> {
    warnings.unsupported_if(message.name.is_some(), "name");
    let mut said: Option<Cow<'a, str>> = None;
    for part in &message.parts {
        warnings.state_dropped(part);
        warnings.media_dropped(part);
        let text = match &part.content {
            Content::Text(text) => &text.text,
            Content::Refusal(refusal) => &refusal.text,
            _ => {
                warnings.left_out(part);
                continue;
            }
        };
        said = Some(match said {
            None => Cow::Borrowed(text),
            Some(before) => Cow::Owned(format!("{before}\n{text}")),
        });
    }
    said.or_else(|| message.parts.is_empty().then_some(Cow::Borrowed("")))
}
