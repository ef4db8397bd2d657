//! One turn of a conversation.

use serde::{Deserialize, Serialize};

use super::{ChatResponse, Content, Part, ToolCall, ToolResult, ToolStatus};
use crate::Ext;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Role {
    /// Instructions, the strongest.
    System,
    /// Instructions of the application's developer, where a provider tells them apart.
    Developer,
    /// The user.
    User,
    /// The model.
    Assistant,
    /// A tool.
    Tool,
}

impl Role {
    /// Its name on most wires.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One turn of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
    /// The speaker's name, where several share a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What providers want to know beyond.
    #[serde(default, skip_serializing_if = "Ext::is_empty")]
    pub ext: Ext,
}

impl Message {
    /// A turn of these parts.
    pub fn new(role: Role, parts: impl Into<Vec<Part>>) -> Self {
        Self {
            role,
            parts: parts.into(),
            name: None,
            ext: Ext::default(),
        }
    }

    /// Instructions.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, [Part::text(text)])
    }

    /// Instructions of the developer.
    pub fn developer(text: impl Into<String>) -> Self {
        Self::new(Role::Developer, [Part::text(text)])
    }

    /// The user's words.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, [Part::text(text)])
    }

    /// The model's turn, as it answered: with its reasoning, its signatures and its tool calls,
    /// all of which the model wants back in the next request.
    pub fn assistant(answer: &ChatResponse) -> Self {
        answer.message.clone()
    }

    /// Words put into the model's mouth.
    pub fn assistant_text(text: impl Into<String>) -> Self {
        Self::new(Role::Assistant, [Part::text(text)])
    }

    /// What a tool answered to `call`.
    pub fn tool_result(call: &ToolCall, output: impl Into<String>) -> Self {
        Self::of_result(call, ToolResult::text(call.id.clone(), output))
    }

    /// How a tool failed at `call`. The model reads it and may try again.
    pub fn tool_error(call: &ToolCall, error: impl Into<String>) -> Self {
        Self::of_result(
            call,
            ToolResult::text(call.id.clone(), error).status(ToolStatus::Error),
        )
    }

    fn of_result(call: &ToolCall, mut result: ToolResult) -> Self {
        result.name = Some(call.name.clone());
        Self::new(Role::Tool, [Part::new(Content::ToolResult(result))])
    }

    /// Sets the speaker's name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a part.
    #[must_use]
    pub fn part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    /// All its words, joined. Reasoning and refusals are not among them.
    pub fn text(&self) -> String {
        self.parts.iter().filter_map(Part::as_text).collect()
    }

    /// The calls in it that the application shall run.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.parts
            .iter()
            .filter_map(Part::as_tool_call)
            .filter(|call| call.executor == super::Executor::Client)
    }
}
