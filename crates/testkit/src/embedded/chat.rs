//! Chat completions: what was asked, and what there is to say to it.

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::route::check_model;
use super::{CHAT_MODEL, schema, words};

/// A request, as far as the answer depends on it.
#[derive(Debug)]
pub(super) struct Chat {
    pub(super) stream: bool,
    pub(super) include_usage: bool,
    pub(super) prompt_tokens: usize,
    /// The text of the last message from the user.
    question: String,
    /// Parts of that message that are no text.
    other_parts: usize,
    /// The tool results at the end of the conversation.
    tool_results: Vec<String>,
    /// The tool to be called, if one is: its name and the schema of its arguments.
    tool: Option<(String, Value)>,
    format: Format,
    max_tokens: Option<usize>,
}

#[derive(Debug)]
enum Format {
    Text,
    Object,
    Schema(Value),
}

/// What the embedded provider answers.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) content: Content,
    pub(super) finish_reason: &'static str,
}

#[derive(Debug, PartialEq)]
pub(super) enum Content {
    Text(String),
    ToolCall { name: String, arguments: String },
}

const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];

impl Chat {
    pub(super) fn parse(body: &Value) -> Result<Self, Refusal> {
        check_model(body, CHAT_MODEL)?;
        let messages = messages(body)?;
        if body.get("n").and_then(Value::as_u64).unwrap_or(1) != 1 {
            return Err(Refusal::invalid(
                "n",
                "The embedded provider gives one choice.",
            ));
        }
        let asked = messages
            .iter()
            .rev()
            .find(|message| role(message) == "user");
        let max_tokens = ["max_completion_tokens", "max_tokens"]
            .iter()
            .find_map(|name| body.get(name)?.as_u64());
        let mut tool_results: Vec<String> = messages
            .iter()
            .rev()
            .take_while(|message| role(message) == "tool")
            .map(text)
            .collect();
        tool_results.reverse();
        Ok(Self {
            stream: flag(body.get("stream")),
            include_usage: flag(body.pointer("/stream_options/include_usage")),
            prompt_tokens: messages
                .iter()
                .map(|message| words::tokens(&text(message)) + 3)
                .sum(),
            question: asked.map(text).unwrap_or_default(),
            other_parts: asked.map(other_parts).unwrap_or_default(),
            tool: match messages.last().map(role) {
                Some("user") => tool(body)?,
                _ => None,
            },
            tool_results,
            format: format(body)?,
            max_tokens: max_tokens.map(|max| usize::try_from(max).unwrap_or(usize::MAX)),
        })
    }

    pub(super) fn answer(&self) -> Answer {
        if let Some((name, parameters)) = &self.tool {
            return Answer {
                content: Content::ToolCall {
                    name: name.clone(),
                    arguments: schema::example(parameters, &self.question).to_string(),
                },
                finish_reason: "tool_calls",
            };
        }
        let text = match &self.format {
            Format::Schema(schema) => schema::example(schema, &self.question).to_string(),
            Format::Object => json!({ "answer": self.reply() }).to_string(),
            Format::Text => self.reply(),
        };
        let whole = words::tokens(&text);
        match self.max_tokens {
            Some(max) if max < whole => Answer {
                content: Content::Text(words::first_tokens(&text, max)),
                finish_reason: "length",
            },
            _ => Answer {
                content: Content::Text(text),
                finish_reason: "stop",
            },
        }
    }

    fn reply(&self) -> String {
        if !self.tool_results.is_empty() {
            let results: Vec<String> = self.tool_results.iter().map(|r| words::quote(r)).collect();
            return format!(
                "The tool answered {}. This is the embedded provider: it quotes what it was given.",
                results.join(" and ")
            );
        }
        let count = self.question.split_whitespace().count();
        let plural = if count == 1 { "" } else { "s" };
        let mut reply = match count {
            0 => "You asked nothing in words.".to_owned(),
            _ => format!(
                "You asked {} in {count} word{plural}.",
                words::quote(&self.question)
            ),
        };
        if self.other_parts > 0 {
            reply += &format!(
                " It did not look at what is not text ({}).",
                self.other_parts
            );
        }
        reply + " This is the embedded provider: it answers, but no model thinks behind it."
    }
}

impl Answer {
    pub(super) fn tokens(&self) -> usize {
        match &self.content {
            Content::Text(text) => words::tokens(text),
            Content::ToolCall { name, arguments } => words::tokens(name) + words::tokens(arguments),
        }
    }
}

fn messages(body: &Value) -> Result<&[Value], Refusal> {
    let messages = body
        .get("messages")
        .and_then(Value::as_array)
        .ok_or_else(|| Refusal::invalid("messages", "`messages` has to be an array."))?;
    if messages.is_empty() {
        return Err(Refusal::invalid(
            "messages",
            "`messages` needs at least one message.",
        ));
    }
    match messages
        .iter()
        .position(|message| !ROLES.contains(&role(message)))
    {
        Some(index) => Err(Refusal::invalid(
            format!("messages[{index}].role"),
            format!("The role has to be one of {}.", ROLES.join(", ")),
        )),
        None => Ok(messages),
    }
}

fn role(message: &Value) -> &str {
    message
        .get("role")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The text of a message, whose content is a string or a list of parts.
fn text(message: &Value) -> String {
    match message.get("content") {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
            texts.collect::<Vec<_>>().join(" ")
        }
        _ => String::new(),
    }
}

fn other_parts(message: &Value) -> usize {
    let parts = message.get("content").and_then(Value::as_array);
    parts.map_or(0, |parts| {
        parts
            .iter()
            .filter(|part| part.get("text").is_none())
            .count()
    })
}

/// The tool that `tools` and `tool_choice` lead to: the one demanded, or else the first.
fn tool(body: &Value) -> Result<Option<(String, Value)>, Refusal> {
    let functions: Vec<&Value> = match body.get("tools").and_then(Value::as_array) {
        Some(tools) => tools
            .iter()
            .filter_map(|tool| tool.get("function"))
            .collect(),
        None => return Ok(None),
    };
    let choice = body.get("tool_choice").unwrap_or(&Value::Null);
    if choice == "none" {
        return Ok(None);
    }
    let demanded = choice.pointer("/function/name").and_then(Value::as_str);
    let found = match demanded {
        None => functions.first(),
        Some(name) => Some(
            functions
                .iter()
                .find(|function| function.get("name").is_some_and(|known| known == name))
                .ok_or_else(|| {
                    Refusal::invalid("tool_choice", "The tool chosen is not among `tools`.")
                })?,
        ),
    };
    found
        .map(|function| {
            let name = function.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| {
                Refusal::invalid("tools[0].function.name", "A tool needs a name.")
            })?;
            let parameters = function.get("parameters").cloned();
            let parameters = parameters.unwrap_or_else(|| json!({ "type": "object" }));
            Ok((name.to_owned(), parameters))
        })
        .transpose()
}

fn format(body: &Value) -> Result<Format, Refusal> {
    let format = body.get("response_format").unwrap_or(&Value::Null);
    match format.get("type").and_then(Value::as_str) {
        None | Some("text") => Ok(Format::Text),
        Some("json_object") => Ok(Format::Object),
        Some("json_schema") => match format.pointer("/json_schema/schema") {
            Some(schema) => Ok(Format::Schema(schema.clone())),
            None => Err(Refusal::invalid(
                "response_format.json_schema.schema",
                "A format of type json_schema needs its schema.",
            )),
        },
        Some(_) => Err(Refusal::invalid(
            "response_format.type",
            "The type has to be one of text, json_object, json_schema.",
        )),
    }
}

fn flag(value: Option<&Value>) -> bool {
    value.and_then(Value::as_bool).unwrap_or(false)
}
