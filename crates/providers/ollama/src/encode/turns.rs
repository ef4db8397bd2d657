//! Messages. One of ours may be several of Ollama's: each result of a tool is one, and words after
//! a picture that had words before it begin another, so that all stays in its order.

use std::borrow::Cow;

use trunkline_core::{
    Content, Json, Message, Part, Role, ToolCall, Warning,
    chat::{Executor, Media, Opaque, Source, ToolResult, ToolStatus, Warnings},
};

use crate::{
    PROVIDER,
    wire::{Call, Function, Image, Turn},
};

/// The messages of a request. Instructions stay where they stand.
pub(super) fn of<'a>(messages: &'a [Message], warnings: &mut Warnings) -> Vec<Turn<'a>> {
    let mut turns = Vec::with_capacity(messages.len());
    // The calls so far: a result names the tool, and has no id where its call had none.
    let mut calls: Vec<&ToolCall> = Vec::new();
    for message in messages {
        warnings.unsupported_if(message.name.is_some(), "name");
        let before = turns.len();
        let mut turn = Turn::of(message.role, warnings);
        for part in &message.parts {
            warnings.state_dropped(part);
            match &part.content {
                Content::ToolResult(result) if result.executor == Executor::Client => {
                    turn.flush(&mut turns);
                    turns.push(answer(result, &calls, warnings));
                }
                Content::ToolCall(call) if call.executor == Executor::Client => {
                    calls.push(call);
                    turn.tool_calls.push(made(call, warnings));
                }
                _ => turn.add(part, &mut turns, warnings),
            }
        }
        // Of what another provider's model said, nothing may be left.
        let is_emptied = message.role == Role::Assistant && !message.parts.is_empty();
        if !turn.is_empty() || (turns.len() == before && !is_emptied) {
            turns.push(turn);
        }
    }
    turns
}

impl<'a> Turn<'a> {
    fn of(role: Role, warnings: &mut Warnings) -> Self {
        if role == Role::Developer {
            warnings.push(Warning::coerced("role", "developer", "system"));
        }
        Self::by(match role {
            Role::System | Role::Developer => "system",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
            _ => "user",
        })
    }

    fn by(role: &'static str) -> Self {
        Self {
            role,
            content: Cow::default(),
            thinking: Cow::default(),
            images: Vec::new(),
            tool_calls: Vec::new(),
            tool_name: None,
            tool_call_id: None,
        }
    }

    fn is_empty(&self) -> bool {
        self.content.is_empty()
            && self.thinking.is_empty()
            && self.images.is_empty()
            && self.tool_calls.is_empty()
    }

    /// What there is so far becomes a message of its own.
    fn flush(&mut self, turns: &mut Vec<Self>) {
        if !self.is_empty() {
            let next = Self::by(self.role);
            turns.push(std::mem::replace(self, next));
        }
    }

    fn add(&mut self, part: &'a Part, turns: &mut Vec<Self>, warnings: &mut Warnings) {
        match &part.content {
            Content::Text(text) => self.say(&text.text, turns),
            Content::Refusal(refusal) => self.say(&refusal.text, turns),
            Content::Reasoning(reasoning) => match &reasoning.text {
                Some(text) => join(&mut self.thinking, text, "\n\n"),
                None => warnings.unsupported_if(part.state.is_none(), "reasoning"),
            },
            Content::Media(media) => self.images.extend(picture(media, warnings)),
            Content::Opaque(opaque) if is_item(opaque, "tool_call") => {
                self.tool_calls.push(Call::Unknown(&opaque.payload));
            }
            Content::Opaque(opaque) if is_item(opaque, "image") => {
                self.images.push(Image::Unknown(&opaque.payload));
            }
            _ => warnings.left_out(part),
        }
    }

    fn say(&mut self, words: &'a str, turns: &mut Vec<Self>) {
        if !self.images.is_empty() && !self.content.is_empty() {
            self.flush(turns);
        }
        join(&mut self.content, words, "");
    }
}

fn join<'a>(text: &mut Cow<'a, str>, more: &'a str, between: &str) {
    if text.is_empty() {
        *text = Cow::Borrowed(more);
    } else {
        let text = text.to_mut();
        text.push_str(between);
        text.push_str(more);
    }
}

/// An item that Ollama sent and nobody understood.
fn is_item(opaque: &Opaque, item: &str) -> bool {
    let name = opaque.kind.strip_prefix(PROVIDER.id);
    opaque.is_of(PROVIDER.id) && name.and_then(|name| name.strip_prefix('.')) == Some(item)
}

/// A picture in base64: Ollama fetches none.
fn picture<'a>(media: &'a Media, warnings: &mut Warnings) -> Option<Image<'a>> {
    let written = match &media.source {
        Source::Url(url) => url
            .strip_prefix("data:")
            .and_then(|url| url.split_once(";base64,"))
            .map(|(_, base64)| Image::Written(base64)),
        _ => media.base64().map(Image::Bytes),
    };
    let feature = match (media.media_type.top_level(), &media.source) {
        ("image", _) if written.is_some() => None,
        ("image", Source::Url(_)) => Some("image_in.url"),
        ("image", _) => Some("image_in"),
        ("audio", _) => Some("audio_in"),
        ("video", _) => Some("video_in"),
        _ => Some("document_in"),
    };
    warnings.unsupported_if(
        feature.is_none() && media.detail.is_some(),
        "image_in.detail",
    );
    if let Some(feature) = feature {
        warnings.push(Warning::unsupported(feature));
        return None;
    }
    written
}

/// A call that the model made.
fn made<'a>(call: &'a ToolCall, warnings: &mut Warnings) -> Call<'a> {
    let mut arguments = call.arguments_json();
    // Ollama refuses a conversation that has anything else.
    if !arguments.get().starts_with('{') {
        warnings.push(Warning::coerced("tool_call.arguments", "no object", "{}"));
        arguments = Cow::Owned(Json::empty_object());
    }
    Call::Known {
        id: Some(call.id.as_str()).filter(|_| !call.synthetic_id),
        function: Function {
            name: &call.name,
            arguments,
        },
    }
}

/// What a tool answered. Whether it failed has no place: its words have to tell.
fn answer<'a>(result: &'a ToolResult, calls: &[&'a ToolCall], warnings: &mut Warnings) -> Turn<'a> {
    let call = calls.iter().rfind(|call| call.id == result.call);
    let status = match result.status {
        ToolStatus::Ok => None,
        ToolStatus::Denied => Some("denied"),
        ToolStatus::Incomplete => Some("incomplete"),
        _ => Some("error"),
    };
    if let Some(status) = status {
        warnings.push(Warning::coerced("tool_result.status", status, "text"));
    }
    let mut turn = Turn::by("tool");
    let name = result.name.as_deref();
    turn.tool_name = name.or_else(|| call.map(|call| call.name.as_str()));
    let synthetic = call.is_some_and(|call| call.synthetic_id);
    turn.tool_call_id = Some(result.call.as_str()).filter(|_| !synthetic);
    turn.content = result.to_text();
    for part in &result.output {
        match &part.content {
            Content::Text(_) => {}
            Content::Media(media) if media.media_type.is_image() => {
                turn.images.extend(picture(media, warnings));
            }
            _ => warnings.push(Warning::unsupported("tool_result.media")),
        }
    }
    turn
}
