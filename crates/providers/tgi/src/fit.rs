//! What a chat says that this server reads otherwise than others, or not at all.
//!
//! `ChatRequest` in `router/src/lib.rs` of its source, and `router/src/validation.rs`.

use std::borrow::Cow;

use trunkline_core::{
    ChatRequest, Content, Message, Role, Warning,
    chat::{Text, Warnings},
};

/// The request as this server is to have it: itself, mostly.
pub(crate) fn fitted<'a>(
    request: &'a ChatRequest,
    warnings: &mut Warnings,
) -> Cow<'a, ChatRequest> {
    let mut fitted = Cow::Borrowed(request);
    // All tokens, for others; refused here, where the share is to be below 1.
    if request.top_p == Some(1.0) {
        fitted.to_mut().top_p = None;
    }
    match request.presence_penalty {
        // None, for others; here 2 is added, and multiplied with.
        Some(0.0) => fitted.to_mut().presence_penalty = None,
        Some(penalty) => {
            let to = format!("a repetition penalty of {}", penalty + 2.0);
            warnings.push(Warning::coerced(
                "presence_penalty",
                penalty.to_string(),
                to,
            ));
        }
        None => {}
    }
    // It has no sign there, and one is refused.
    if request.seed.is_some_and(i64::is_negative) {
        fitted.to_mut().seed = None;
        warnings.push(Warning::unsupported("seed"));
    }
    if request.messages.iter().any(is_refused) {
        for message in &mut fitted.to_mut().messages {
            tell_refusals(message);
        }
    }
    if fitted.messages.iter().any(has_words_and_calls) {
        let message = "the server reads no calls of a turn that has words too".into();
        warnings.push(Warning::Other { message });
    }
    fitted
}

/// A refusal has a field of its own elsewhere, beside which there are no words: a turn without words
/// and calls is none for this server, which refuses the request.
fn is_refused(message: &Message) -> bool {
    message.role == Role::Assistant
        && has(message, |content| matches!(content, Content::Refusal(_)))
}

fn tell_refusals(message: &mut Message) {
    if !is_refused(message) {
        return;
    }
    for part in &mut message.parts {
        if let Content::Refusal(refusal) = &mut part.content {
            part.content = Content::Text(Text::new(std::mem::take(&mut refusal.text)));
        }
    }
}

/// Its source has the one or the other, and tries the words first: `MessageBody`.
fn has_words_and_calls(message: &Message) -> bool {
    message.role == Role::Assistant
        && has(message, |content| matches!(content, Content::ToolCall(_)))
        && has(message, |content| matches!(content, Content::Text(_)))
}

fn has(message: &Message, kind: fn(&Content) -> bool) -> bool {
    message.parts.iter().any(|part| kind(&part.content))
}
