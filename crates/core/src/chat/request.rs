//! What is asked of a model.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Message, Part, Role, Tool};
use crate::{Json, request::request_setters};

/// A question to a model, with all that shapes its answer. What is not set is not sent.
///
/// ```
/// use trunkline_core::{ChatRequest, Tool};
///
/// let request = ChatRequest::from("Why is the sky blue?")
///     .system("Answer in one sentence.")
///     .max_output_tokens(60)
///     .temperature(0.2);
/// assert_eq!(request.messages.len(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChatRequest {
    /// Which model; empty takes the one that the call is made on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub model: String,
    /// The conversation.
    pub messages: Vec<Message>,
    /// What the model may call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Whether it must.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tools: Option<bool>,
    /// The form of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// At most so many tokens, reasoning included where the provider counts so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_output_tokens: Option<u64>,
    /// How freely it chooses; 0 is the least. The upper end differs by provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Choose among the likeliest tokens that make up this share, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Choose among so many of the likeliest tokens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_k: Option<u64>,
    /// Leave out tokens less likely than this share of the likeliest, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f64>,
    /// Against repeating tokens, by how often they came; -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Against repeating tokens at all; -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Makes answers repeatable, as far as the provider can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// End the answer before any of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// So many answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidates: Option<u32>,
    /// Tell the likelihood of the answer's tokens, and of so many others at each place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<u32>,
    /// Makes tokens likelier or less likely: token id to bias, -100 to 100.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub logit_bias: BTreeMap<u32, f64>,
    /// How much to think before answering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<ReasoningSetting>,
    /// What the answer may be made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modalities: Vec<Modality>,
    /// Which class of service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_tier: Option<String>,
    /// The end user's pseudonym, for the provider's abuse detection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Labels that the provider stores with the request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// What only one provider takes, by its id; the others do not see it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, Json>,
    /// A JSON merge patch (RFC 7396) over the encoded body, last, whatever the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<Json>,
    /// To ask twice does more than cost money: the answer is stored, or made though nobody waits. Such a
    /// request is not repeated where it may have been acted on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub effect: bool,
    /// Refuse, before sending, what the wire cannot carry as asked; otherwise it is a warning.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub strict: bool,
}

/// Whether the model must call tools.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// It must not.
    None,
    /// It must call one.
    Required,
    /// It must call this one.
    Named(String),
    /// It may call these only.
    Allowed(Vec<String>),
}

/// The form of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Format {
    /// Words.
    Text,
    /// Some JSON.
    Json,
    /// JSON of this schema.
    Schema {
        /// What the provider shall call it.
        name: String,
        /// JSON schema.
        schema: Json,
        /// Whether the provider shall hold the model to it.
        strict: bool,
    },
}

/// How much to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReasoningSetting {
    /// By degree.
    Effort(Effort),
    /// By tokens.
    Budget(u32),
}

/// How much to think, by degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effort {
    /// Not at all.
    None,
    /// The least.
    Minimal,
    /// Little.
    Low,
    /// The usual.
    Medium,
    /// Much.
    High,
    /// More than much.
    #[serde(rename = "xhigh")]
    XHigh,
    /// As much as there is.
    Max,
}

impl Effort {
    /// Its name on most wires.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }
}

/// What an answer may be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Modality {
    /// Words.
    Text,
    /// Images.
    Image,
    /// Sound.
    Audio,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)+) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = Some($name);
            self
        })+
    };
}

impl ChatRequest {
    /// A request of these messages.
    pub fn new(messages: impl IntoIterator<Item = Message>) -> Self {
        Self {
            messages: messages.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Adds a message.
    #[must_use]
    pub fn message(mut self, message: Message) -> Self {
        self.messages.push(message);
        self
    }

    /// Adds the user's words.
    #[must_use]
    pub fn user(self, text: impl Into<String>) -> Self {
        self.message(Message::user(text))
    }

    /// Puts instructions before all else.
    #[must_use]
    pub fn system(mut self, text: impl Into<String>) -> Self {
        let last = self
            .messages
            .iter()
            .take_while(|message| message.role == Role::System)
            .count();
        self.messages.insert(last, Message::system(text));
        self
    }

    /// Adds a tool.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// Adds a text at which the answer ends.
    #[must_use]
    pub fn stop(mut self, stop: impl Into<String>) -> Self {
        self.stop.push(stop.into());
        self
    }

    /// Sets how much to think, by degree.
    #[must_use]
    pub fn effort(self, effort: Effort) -> Self {
        self.reasoning(ReasoningSetting::Effort(effort))
    }

    /// Sets the class of service.
    #[must_use]
    pub fn service_tier(mut self, tier: impl Into<String>) -> Self {
        self.service_tier = Some(tier.into());
        self
    }

    /// Sets the end user's pseudonym.
    #[must_use]
    pub fn end_user(mut self, pseudonym: impl Into<String>) -> Self {
        self.user = Some(pseudonym.into());
        self
    }

    /// Adds a label that the provider stores.
    #[must_use]
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    setters! {
        /// Sets whether the model must call tools.
        tool_choice: ToolChoice,
        /// Sets whether it may call several at once.
        parallel_tools: bool,
        /// Sets the form of the answer.
        format: Format,
        /// Sets the most tokens of the answer.
        max_output_tokens: u64,
        /// Sets how freely it chooses.
        temperature: f64,
        /// Sets the share of the likeliest tokens to choose among.
        top_p: f64,
        /// Sets how many of the likeliest tokens to choose among.
        top_k: u64,
        /// Sets the least likelihood, relative to the likeliest token.
        min_p: f64,
        /// Sets the penalty on frequent tokens.
        frequency_penalty: f64,
        /// Sets the penalty on tokens that came at all.
        presence_penalty: f64,
        /// Sets the seed.
        seed: i64,
        /// Sets how many answers to give.
        candidates: u32,
        /// Asks for the likelihood of tokens, and of so many others at each place.
        logprobs: u32,
        /// Sets how much to think.
        reasoning: ReasoningSetting,
    }
}

request_setters!(ChatRequest: model, effect_option, body_patch, strict);

impl From<&str> for ChatRequest {
    fn from(text: &str) -> Self {
        Self::default().user(text)
    }
}

impl From<String> for ChatRequest {
    fn from(text: String) -> Self {
        Self::default().user(text)
    }
}

impl From<Message> for ChatRequest {
    fn from(message: Message) -> Self {
        Self::new([message])
    }
}

impl From<Vec<Message>> for ChatRequest {
    fn from(messages: Vec<Message>) -> Self {
        Self::new(messages)
    }
}

impl From<Vec<Part>> for ChatRequest {
    fn from(parts: Vec<Part>) -> Self {
        Self::new([Message::new(Role::User, parts)])
    }
}

impl From<&String> for ChatRequest {
    fn from(text: &String) -> Self {
        Self::default().user(text)
    }
}

impl From<&Self> for ChatRequest {
    fn from(request: &Self) -> Self {
        request.clone()
    }
}

impl From<&[Message]> for ChatRequest {
    fn from(messages: &[Message]) -> Self {
        Self::new(messages.iter().cloned())
    }
}

impl<const N: usize> From<[Message; N]> for ChatRequest {
    fn from(messages: [Message; N]) -> Self {
        Self::new(messages)
    }
}
