//! The conversation as items, in its order.
//!
//! <https://platform.openai.com/docs/guides/conversation-state>

use std::borrow::Cow;

use trunkline_core::{
    ChatRequest, Content, Json, Message, Part, Role, Warning,
    chat::{Approval, CallId, Executor, Reasoning, ToolKind, ToolResult, ToolStatus, Warnings},
};

use super::{
    pieces::{input, output},
    tools::more,
};
use crate::{
    Dialect,
    dialect::fits,
    wire::{self, Item, Output, Piece, Told, What},
};

/// The items of a conversation.
pub(super) fn of<'a>(
    dialect: Dialect,
    request: &'a ChatRequest,
    is_stored: bool,
    warnings: &mut Warnings,
) -> Vec<Item<'a>> {
    let mut items = Items {
        dialect,
        is_stored,
        caches: fits(dialect.cache_points, &request.model),
        ids: true,
        open: None,
        custom: Vec::new(),
        hosted: Vec::new(),
        out: Vec::with_capacity(request.messages.len()),
    };
    for message in &request.messages {
        items.message(message, warnings);
    }
    followed(dialect, items.out, warnings)
}

/// The items without thoughts of which nothing came: those of an answer that was cut before it said
/// anything, and those whose words lost their name. They are refused, and the conversation with them.
fn followed<'a>(dialect: Dialect, items: Vec<Item<'a>>, warnings: &mut Warnings) -> Vec<Item<'a>> {
    let mut is_followed = false;
    let mut kept = Vec::with_capacity(items.len());
    for item in items.into_iter().rev() {
        match &item {
            Item::Reasoning {
                id: Some(_),
                encrypted_content,
                ..
            } if !is_followed => {
                warnings.push(match encrypted_content {
                    Some(_) => Warning::StateDropped {
                        kind: format!("{}.encrypted_content", dialect.provider).into(),
                    },
                    None => Warning::unsupported("reasoning"),
                });
                continue;
            }
            Item::Reasoning { .. } => {}
            Item::Message(message) => {
                is_followed = message.role == "assistant" && message.id.is_some();
            }
            Item::FunctionCall { id, .. } | Item::CustomToolCall { id, .. } => {
                is_followed = id.is_some();
            }
            Item::Raw(_) => is_followed = true,
            _ => is_followed = false,
        }
        kept.push(item);
    }
    kept.reverse();
    kept
}

struct Items<'a> {
    dialect: Dialect,
    is_stored: bool,
    caches: bool,
    /// Whether this turn's items are named: one that follows thoughts must not be without them.
    ids: bool,
    /// The message that the next piece may join.
    open: Option<wire::Message<'a>>,
    /// The calls whose results are texts of another type of item.
    custom: Vec<&'a CallId>,
    /// The calls that the provider ran, whose items hold their results.
    hosted: Vec<&'a CallId>,
    out: Vec<Item<'a>>,
}

impl<'a> Items<'a> {
    fn message(&mut self, message: &'a Message, warnings: &mut Warnings) {
        warnings.unsupported_if(message.name.is_some(), "name");
        self.ids = true;
        for part in &message.parts {
            match message.role {
                Role::Assistant => self.said(part, warnings),
                role => self.told(role, part, warnings),
            }
        }
        self.close();
    }

    /// A part by the user, a tool, or who instructs.
    fn told(&mut self, role: Role, part: &'a Part, warnings: &mut Warnings) {
        match &part.content {
            Content::ToolResult(result) => self.result(part, result, warnings),
            Content::CachePoint(point) => {
                warnings.unsupported_if(point.ttl.is_some(), "cache_point.ttl");
                let piece = self.open.as_mut();
                match piece.and_then(|message| message.content.last_mut()) {
                    Some(piece) if self.caches => piece.cached(),
                    _ => warnings.left_out(part),
                }
            }
            Content::Text(_) | Content::Media(_) => {
                warnings.state_dropped(part);
                let Some(piece) = input(self.dialect, part, warnings) else {
                    return;
                };
                let role = match role {
                    Role::System => "system",
                    Role::Developer => "developer",
                    _ => "user",
                };
                self.join(None, role, Default::default(), piece);
            }
            _ => self.item(part, warnings),
        }
    }

    /// A part by the model.
    fn said(&mut self, part: &'a Part, warnings: &mut Warnings) {
        if let Some(piece) = output(self.dialect, part) {
            warnings.state_dropped(part);
            let more = more(
                self.dialect,
                &part.ext,
                &["type", "id", "role", "content", "status"],
            );
            self.join(self.id(part), "assistant", more, piece);
            return;
        }
        match &part.content {
            Content::Reasoning(thought) => self.thought(part, thought, warnings),
            Content::ToolCall(call) if call.executor == Executor::Client => {
                warnings.state_dropped(part);
                self.close();
                let (id, call_id) = (self.id(part), call.id.as_str());
                let (name, arguments) = (call.name.as_str(), call.arguments());
                let said = ["type", "id", "call_id", "name", "arguments", "input"];
                let more = more(self.dialect, &part.ext, &said);
                if call.kind == ToolKind::Custom {
                    self.custom.push(&call.id);
                    let input = arguments;
                    self.out.push(Item::CustomToolCall {
                        id,
                        call_id,
                        name,
                        input,
                        more,
                    });
                } else {
                    self.out.push(Item::FunctionCall {
                        id,
                        call_id,
                        name,
                        arguments,
                        more,
                    });
                }
            }
            Content::ToolResult(result) if self.hosted.contains(&&result.call) => {}
            Content::ToolResult(result) => self.result(part, result, warnings),
            _ => self.item(part, warnings),
        }
    }

    /// What is an item by itself: the provider's own as it came, and answers to its questions.
    fn item(&mut self, part: &'a Part, warnings: &mut Warnings) {
        self.close();
        let kept = part.state_of(self.dialect.provider, "item");
        if let Some(json) = kept.and_then(|item| Json::parse(item).ok()) {
            if let Content::ToolCall(call) = &part.content {
                self.hosted.push(&call.id);
            }
            self.out.push(Item::Raw(Cow::Owned(json)));
            return;
        }
        warnings.state_dropped(part);
        match &part.content {
            Content::Opaque(opaque) if opaque.is_of(self.dialect.provider) => {
                self.out.push(Item::Raw(Cow::Borrowed(&opaque.payload)));
            }
            Content::Approval(Approval::Response(answer)) => {
                self.out.push(Item::McpApprovalResponse {
                    approval_request_id: &answer.id,
                    approve: answer.approve,
                    reason: answer.reason.as_deref(),
                });
            }
            _ => warnings.left_out(part),
        }
    }

    /// Thoughts go back where the provider can read them: encrypted, or in words of its own model. Where
    /// the provider has stored them it knows them by their name.
    fn thought(&mut self, part: &'a Part, thought: &'a Reasoning, warnings: &mut Warnings) {
        self.close();
        let encrypted_content = part.state_of(self.dialect.provider, "encrypted_content");
        let is_ours = part.origin.as_ref();
        let is_ours = is_ours.is_none_or(|origin| &*origin.provider == self.dialect.provider);
        let is_known = self.is_stored && is_ours && part.id.is_some();
        let is_open = is_ours && part.id.is_some() && thought.text.is_some();
        if encrypted_content.is_none() && !is_known && !is_open {
            // What follows must not be named: its name would ask for these thoughts.
            self.ids = false;
            match &part.state {
                Some(_) => warnings.state_dropped(part),
                None => warnings.push(Warning::unsupported("reasoning")),
            }
            return;
        }
        let summary = thought.summary.iter();
        let summary = summary.map(|text| What::SummaryText { text }.into());
        let content = thought.text.iter();
        let content = content.map(|text| What::ReasoningText { text }.into());
        self.out.push(Item::Reasoning {
            id: self.id(part),
            summary: summary.collect(),
            content: content.collect(),
            encrypted_content,
        });
    }

    fn result(&mut self, part: &'a Part, result: &'a ToolResult, warnings: &mut Warnings) {
        if result.executor == Executor::Provider {
            // Its call stayed behind, since another provider ran it.
            match part.state {
                Some(_) => warnings.state_dropped(part),
                None => warnings.left_out(part),
            }
            return;
        }
        warnings.state_dropped(part);
        self.close();
        let status = match result.status {
            ToolStatus::Incomplete => Some("incomplete"),
            ToolStatus::Error => {
                warnings.push(Warning::coerced("tool_result.status", "error", "text"));
                None
            }
            ToolStatus::Denied => {
                warnings.push(Warning::coerced("tool_result.status", "denied", "text"));
                None
            }
            _ => None,
        };
        let output = Output {
            call_id: result.call.as_str(),
            output: answered(self.dialect, result, warnings),
            status,
        };
        self.out.push(if self.custom.contains(&&result.call) {
            Item::CustomToolCallOutput(output)
        } else {
            Item::FunctionCallOutput(output)
        });
    }

    /// The name of an item, if this provider gave it.
    fn id(&self, part: &'a Part) -> Option<&'a str> {
        let origin = part.origin.as_ref();
        let is_ours = origin.is_none_or(|origin| &*origin.provider == self.dialect.provider);
        part.id.as_deref().filter(|_| is_ours && self.ids)
    }

    /// Adds a piece to the message of this name and role, which may have begun.
    fn join(
        &mut self,
        id: Option<&'a str>,
        role: &'static str,
        more: std::collections::BTreeMap<String, Json>,
        piece: Piece<'a>,
    ) {
        if let Some(open) = &mut self.open
            && (open.id, open.role) == (id, role)
            && open.more == more
        {
            open.content.push(piece);
            return;
        }
        self.close();
        self.open = Some(wire::Message {
            id,
            role,
            content: vec![piece],
            status: id.map(|_| "completed"),
            more,
        });
    }

    fn close(&mut self) {
        self.out.extend(self.open.take().map(Item::Message));
    }
}

/// What a tool answered: as a text where it is one, else in pieces.
fn answered<'a>(dialect: Dialect, result: &'a ToolResult, warnings: &mut Warnings) -> Told<'a> {
    let is_text = |part: &Part| matches!(part.content, Content::Text(_));
    match result.output.as_slice() {
        [] => Told::Text(result.to_text()),
        [one] if is_text(one) => Told::Text(result.to_text()),
        parts => {
            let pieces = parts
                .iter()
                .filter_map(|part| input(dialect, part, warnings));
            Told::Pieces(pieces.collect())
        }
    }
}
