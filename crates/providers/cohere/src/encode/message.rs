//! Messages. One of ours may be several of Cohere's, where each tool answers in a message of its
//! own; documents leave them for the request's list.

use trunkline_core::{
    ChatRequest, Content, Message, Part, Role, Warning,
    chat::{Detail, Executor, Media, Source, ToolResult, ToolStatus, Warnings},
};

use super::document;
use crate::{
    PROVIDER,
    beside::Beside,
    wire::{Address, Assistant, Block, Call, Document, Function, ImageUrl, Turn, Words},
};

/// How the kinds of calls begin that have no name here.
pub(crate) const OPAQUE_CALL: &str = "cohere.tool_call.";

/// The messages of a request.
#[derive(Default)]
pub(super) struct Written<'a> {
    pub(super) turns: Vec<Turn<'a>>,
    pub(super) documents: Vec<Document<'a>>,
}

pub(super) fn all<'a>(request: &'a ChatRequest, warnings: &mut Warnings) -> Written<'a> {
    let mut written = Written::default();
    for message in &request.messages {
        warnings.unsupported_if(message.name.is_some(), "name");
        for part in &message.parts {
            warnings.state_dropped(part);
        }
        match message.role {
            Role::Assistant => {
                let turn = assistant(message, warnings);
                // Of what another provider's model said, nothing may be left.
                let says_nothing = turn.content.is_empty()
                    && turn.tool_plan.is_empty()
                    && turn.tool_calls.is_empty();
                if !says_nothing || message.parts.is_empty() {
                    written.turns.push(Turn::Assistant(turn));
                }
            }
            role => written.others(role, message, warnings),
        }
    }
    written
}

impl<'a> Written<'a> {
    /// What the application says: instructions, the user's words, what tools answered.
    fn others(&mut self, role: Role, message: &'a Message, warnings: &mut Warnings) {
        let mut blocks = Vec::with_capacity(message.parts.len());
        for part in &message.parts {
            match &part.content {
                Content::Text(text) if role != Role::Tool => {
                    blocks.push(Block::Text { text: &text.text });
                }
                Content::ToolResult(result) if result.executor == Executor::Client => {
                    self.say(role, std::mem::take(&mut blocks));
                    self.turns.push(answered(result, warnings));
                }
                Content::Media(media) if role == Role::User => match image(media, warnings) {
                    Some(image) => blocks.push(image),
                    None => match document::of(part, media) {
                        Some(document) => self.documents.push(document),
                        None => warnings.left_out(part),
                    },
                },
                Content::Opaque(opaque) if opaque.is_of(PROVIDER.id) => {
                    blocks.push(Block::Unknown(&opaque.payload));
                }
                _ => warnings.left_out(part),
            }
        }
        self.say(role, blocks);
    }

    fn say(&mut self, role: Role, blocks: Vec<Block<'a>>) {
        if blocks.is_empty() {
            return;
        }
        let content = words(blocks);
        self.turns.push(match role {
            // Cohere has instructions of one kind, at any place.
            Role::System | Role::Developer => Turn::System { content },
            _ => Turn::User { content },
        });
    }
}

/// Blocks as a message's content. Cohere refuses empty texts, which say nothing beside others.
fn words(mut blocks: Vec<Block<'_>>) -> Words<'_> {
    if blocks.len() > 1 {
        blocks.retain(|block| !matches!(block, Block::Text { text: "" }));
    }
    match blocks.as_slice() {
        [] => Words::Text(""),
        [Block::Text { text }] => Words::Text(text),
        _ => Words::Blocks(blocks),
    }
}

fn assistant<'a>(message: &'a Message, warnings: &mut Warnings) -> Assistant<'a> {
    let mut turn = Assistant::default();
    for part in &message.parts {
        match &part.content {
            Content::Text(text) => {
                let raw = text.annotations.iter().map(|one| one.ext.get(PROVIDER.id));
                turn.citations.extend(raw.flatten());
                turn.say(&text.text);
            }
            Content::Refusal(refusal) => turn.say(&refusal.text),
            Content::Reasoning(thoughts) => match &thoughts.text {
                // Where they were signed, their state says that they stay behind.
                Some(_) if !is_ours(part) => {
                    warnings.unsupported_if(part.state.is_none(), "reasoning");
                }
                Some(plan) if Beside::is_plan(&part.ext) => turn.tool_plan.push_str(plan),
                Some(thinking) => turn.content.push(Block::Thinking { thinking }),
                None => warnings.left_out(part),
            },
            Content::ToolCall(call) if call.executor == Executor::Client => {
                turn.tool_calls.push(Call::Function {
                    id: call.id.as_str(),
                    kind: "function",
                    function: Function {
                        name: &call.name,
                        arguments: call.arguments(),
                    },
                });
            }
            Content::Opaque(opaque) if opaque.is_of(PROVIDER.id) => {
                let payload = &opaque.payload;
                match opaque.kind.starts_with(OPAQUE_CALL) {
                    true => turn.tool_calls.push(Call::Unknown(payload)),
                    false => turn.content.push(Block::Unknown(payload)),
                }
            }
            _ => warnings.left_out(part),
        }
    }
    turn
}

impl<'a> Assistant<'a> {
    fn say(&mut self, text: &'a str) {
        if !text.is_empty() {
            self.content.push(Block::Text { text });
        }
    }
}

/// Whether Cohere made a part, or the application.
fn is_ours(part: &Part) -> bool {
    let origin = part.origin.as_ref();
    origin.is_none_or(|origin| &*origin.provider == PROVIDER.id)
}

/// What a tool answered: words, JSON as its text, which Cohere reads into fields, and documents.
fn answered<'a>(result: &'a ToolResult, warnings: &mut Warnings) -> Turn<'a> {
    let status = match result.status {
        ToolStatus::Ok => None,
        ToolStatus::Denied => Some("denied"),
        ToolStatus::Incomplete => Some("incomplete"),
        _ => Some("error"),
    };
    if let Some(status) = status {
        warnings.push(Warning::coerced("tool_result.status", status, "text"));
    }
    let mut blocks = Vec::with_capacity(result.output.len());
    for part in &result.output {
        let document = match &part.content {
            Content::Media(media) => document::of(part, media),
            _ => None,
        };
        match (part.as_text(), document) {
            (Some(text), _) => blocks.push(Block::Text { text }),
            (None, Some(document)) => blocks.push(Block::Document { document }),
            _ => warnings.push(Warning::unsupported("tool_result.media")),
        }
    }
    let content = match (&*blocks, &result.json) {
        ([], Some(json)) => Words::Text(json.get()),
        _ => words(blocks),
    };
    Turn::Tool {
        tool_call_id: result.call.as_str(),
        content,
    }
}

fn image<'a>(media: &'a Media, warnings: &mut Warnings) -> Option<Block<'a>> {
    let url = address(media)?;
    let detail = media.detail.map(|detail| match detail {
        Detail::Original => {
            warnings.push(Warning::coerced("detail", "original", "high"));
            "high"
        }
        detail => detail.as_str(),
    });
    Some(Block::ImageUrl {
        image_url: ImageUrl { url, detail },
    })
}

/// Where an image is, if it is one that Cohere can reach.
pub(crate) fn address(media: &Media) -> Option<Address<'_>> {
    match &media.source {
        _ if !media.media_type.is_image() => None,
        Source::Url(url) => Some(Address::Url(url)),
        _ => media
            .base64()
            .map(|bytes| Address::Data(&media.media_type, bytes)),
    }
}
