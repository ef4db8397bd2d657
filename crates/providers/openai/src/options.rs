//! What only OpenAI takes.

use serde::Serialize;
use trunkline_core::{Json, ProviderOptions};

trunkline_core::options! {
    /// What only OpenAI takes, beside the settings that all providers share. Most is for one of its two
    /// wire formats.
    ///
    /// <https://platform.openai.com/docs/api-reference/responses/create>,
    /// <https://platform.openai.com/docs/api-reference/chat/create>
    ///
    /// ```
    /// use trunkline_core::ChatRequest;
    /// use trunkline_openai::{Options, Verbosity};
    ///
    /// let request = ChatRequest::from("Why is the sky blue?")
    ///     .option(Options::new().verbosity(Verbosity::Low).prompt_cache_key("tenant-7"));
    /// # let _ = request;
    /// ```
    pub struct Options {
        /// How much the model says.
        verbosity: Verbosity,
        /// Whether OpenAI stores the answer; with the Responses API it does not unless this says so. A
        /// request that stores is not repeated where it may have been acted on.
        store: bool,
        /// Requests with the same key are sent where their common beginning is cached.
        prompt_cache_key: String,
        /// A stable pseudonym of the end user, for abuse detection.
        safety_identifier: String,
        /// Responses: answers at once, and goes on without anybody waiting; see
        /// [`Retrieve`](crate::Retrieve). It is stored for that.
        background: bool,
        /// Responses: the stored answer that this request goes on from. The request has what is new only.
        previous_response_id: String,
        /// Responses: the conversation at OpenAI that this request is a turn of.
        conversation: Conversation,
        /// Responses: summaries of thoughts, and more on how to think.
        reasoning: Thinking,
        /// Responses: what shall come along: `web_search_call.action.sources`,
        /// `file_search_call.results`, `code_interpreter_call.outputs`, … What Trunkline asks for by
        /// itself stays.
        include: Vec<String>,
        /// Responses: how many calls of OpenAI's own tools an answer may have.
        max_tool_calls: u32,
        /// Responses: `auto` drops the beginning of a conversation that is too long.
        truncation: String,
        /// Responses: a prompt stored with OpenAI: `{"id":"pmpt_…","variables":{…}}`.
        prompt: Json,
        /// Responses: how the conversation is compacted:
        /// `[{"type":"compaction","compact_threshold":200000}]`.
        context_management: Json,
        /// Chat completions: what the answer will look like, mostly, so that it comes faster:
        /// `{"type":"content","content":"…"}`.
        prediction: Json,
        /// Chat completions: voice and format of a spoken answer: `{"voice":"alloy","format":"wav"}`.
        audio: Json,
        /// Chat completions: search the web first, for the search models: `{}` for the defaults.
        web_search_options: Json,
    }
}

impl ProviderOptions for Options {
    const PROVIDER: &'static str = "openai";

    fn has_effect(&self) -> bool {
        self.store == Some(true) || self.background == Some(true) || self.conversation.is_some()
    }
}

trunkline_core::options! {
    /// How a model thinks, beside how much.
    ///
    /// <https://platform.openai.com/docs/guides/reasoning>
    pub struct Thinking {
        /// How its thoughts are summed up; not at all unless this says so.
        summary: Summary,
        /// `pro` thinks harder, where a model can.
        mode: String,
        /// Which earlier thoughts the model sees again: `auto`, `current_turn`, `all_turns`.
        context: String,
    }
}

/// How thoughts are summed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Summary {
    /// As the model can.
    Auto,
    /// Shortly.
    Concise,
    /// At length.
    Detailed,
}

/// A conversation that OpenAI keeps, by its id: `conv_…`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Conversation(String);

impl<T: Into<String>> From<T> for Conversation {
    fn from(id: T) -> Self {
        Self(id.into())
    }
}

/// How much the model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verbosity {
    /// Little.
    Low,
    /// The usual.
    Medium,
    /// Much.
    High,
}
