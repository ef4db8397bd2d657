//! Instructions before all else, and turns that alternate.
//!
//! <https://platform.claude.com/docs/en/build-with-claude/working-with-messages>

use std::borrow::Cow;

use trunkline_core::{
    ChatRequest, Content as Said, Message, Part, Role, Warning,
    chat::{Executor, Warnings},
};

use super::{
    block,
    marks::{Marks, Place},
};
use crate::{
    Dialect,
    claude::Claude,
    wire::{Block, Content, Known, Turn},
};

/// Writes the messages of a request.
pub(super) struct Writer<'a, 'w> {
    dialect: Dialect,
    model: Claude,
    warnings: &'w mut Warnings,
    system: Vec<Block<'a>>,
    turns: Vec<Turn<'a>>,
    marks: Marks,
    /// The latest user's or assistant's message, which is joined with one of its like.
    before: Option<Role>,
}

/// What became of the messages.
pub(super) struct Turns<'a> {
    pub(super) system: Vec<Block<'a>>,
    pub(super) turns: Vec<Turn<'a>>,
}

impl<'a, 'w> Writer<'a, 'w> {
    pub(super) fn new(dialect: Dialect, model: Claude, warnings: &'w mut Warnings) -> Self {
        Self {
            dialect,
            model,
            warnings,
            system: Vec::new(),
            turns: Vec::new(),
            marks: Marks::default(),
            before: None,
        }
    }

    /// The messages of `request`, whose tools have so many cache marks already.
    pub(super) fn write(mut self, request: &'a ChatRequest, marked: usize) -> Turns<'a> {
        for (number, message) in request.messages.iter().enumerate() {
            let rest = request.messages.get(number + 1..).unwrap_or_default();
            self.message(number, message, rest);
        }
        self.end(request.messages.last());
        let Self {
            mut system,
            mut turns,
            marks,
            warnings,
            ..
        } = self;
        marks.set(marked, &mut system, &mut turns, warnings);
        Turns { system, turns }
    }

    fn message(&mut self, number: usize, message: &'a Message, rest: &[Message]) {
        self.warnings.unsupported_if(message.name.is_some(), "name");
        let role = match message.role {
            Role::System | Role::Developer if self.turns.is_empty() => None,
            Role::System | Role::Developer if self.stays(rest) => Some("system"),
            Role::System | Role::Developer => {
                self.warnings.push(Warning::Hoisted { message: number });
                None
            }
            Role::Assistant => Some("assistant"),
            _ => Some("user"),
        };
        let mut joins = match (role, self.turns.last()) {
            (Some(role), Some(last)) => {
                last.role == role && self.before == Some(message.role) && message.role != Role::Tool
            }
            _ => false,
        };
        for part in &message.parts {
            if let Said::CachePoint(point) = &part.content {
                self.marks.mark(point.ttl, self.warnings);
                continue;
            }
            let Some(block) = block::of(part, role.unwrap_or("system"), self.warnings) else {
                continue;
            };
            if std::mem::take(&mut joins) {
                self.warnings.push(Warning::Merged { message: number });
            }
            self.put(role, block);
        }
        if role.is_some() {
            self.before = Some(message.role);
        }
    }

    /// Whether instructions may stay where they are: after a user's turn, before an assistant's.
    ///
    /// <https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages>
    fn stays(&self, rest: &[Message]) -> bool {
        let is_instruction =
            |message: &&Message| matches!(message.role, Role::System | Role::Developer);
        let next = rest.iter().find(|message| !is_instruction(message));
        self.dialect.mid_system
            && self.model.mid_system()
            && self
                .turns
                .last()
                .is_some_and(|last| last.role != "assistant")
            && next.is_none_or(|next| next.role == Role::Assistant)
    }

    fn put(&mut self, role: Option<&'static str>, block: Block<'a>) {
        let Some(role) = role else {
            self.marks.wrote(Place::System(self.system.len()), &block);
            self.system.push(block);
            return;
        };
        if self.turns.last().is_none_or(|last| last.role != role) {
            self.turns.push(Turn {
                role,
                content: Vec::new(),
            });
        }
        let turn = self.turns.len().saturating_sub(1);
        if let Some(last) = self.turns.last_mut() {
            let place = Place::Turn(turn, last.content.len());
            self.marks.wrote(place, &block);
            last.content.push(block);
        }
    }

    /// A last turn of the assistant's is the beginning of the answer, unless the provider paused it.
    fn end(&mut self, last: Option<&Message>) {
        let Some(last) = last.filter(|last| last.role == Role::Assistant) else {
            return;
        };
        if last.parts.iter().any(is_provider_s) {
            return;
        }
        self.warnings
            .unsupported_if(!self.model.prefills(), "prefill");
        let block = self
            .turns
            .last_mut()
            .and_then(|turn| turn.content.last_mut());
        if let Some(Block::Known(Known {
            content: Content::Text { text, .. },
            ..
        })) = block
        {
            // A beginning that ends in white space is refused.
            let trimmed = text.trim_end();
            if trimmed.len() < text.len() {
                let (from, to) = ("with white space at its end", "without");
                self.warnings.push(Warning::coerced("prefill", from, to));
                *text = trimmed;
            }
        }
    }
}

fn is_provider_s(part: &Part) -> bool {
    match &part.content {
        Said::ToolCall(call) => call.executor == Executor::Provider,
        Said::ToolResult(result) => result.executor == Executor::Provider,
        Said::Opaque(_) => true,
        _ => false,
    }
}

/// An id as the wire takes it: letters, digits, `_` and `-`. Another provider's may have more.
pub(super) fn call_id(id: &str) -> Cow<'_, str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match id {
        "" => Cow::Borrowed("_"),
        id if id.chars().all(fits) => Cow::Borrowed(id),
        id => Cow::Owned(id.chars().map(|c| if fits(c) { c } else { '_' }).collect()),
    }
}
