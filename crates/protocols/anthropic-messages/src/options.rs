//! What only Claude takes, beside the settings that all providers share.

use serde::{Serialize, Serializer};
use trunkline_core::{ChatRequest, Error, ErrorKind, Json, Result};

use crate::{Dialect, fields::Fields};

trunkline_core::options! {
    /// What only Claude takes, beside the settings that all providers share. It holds on every
    /// platform that serves Claude, as far as the platform knows it.
    ///
    /// ```
    /// use trunkline_anthropic_messages::{Beta, Options};
    /// use trunkline_core::ChatRequest;
    ///
    /// let options = Options::new().betas([Beta::InterleavedThinking]).inference_geo("us");
    /// let request = ChatRequest::from("Why is the sky blue?").option(options);
    /// assert_eq!(
    ///     request.options["anthropic"].get(),
    ///     r#"{"betas":["interleaved-thinking-2025-05-14"],"inference_geo":"us"}"#,
    /// );
    /// ```
    ///
    /// <https://platform.claude.com/docs/en/api/messages/create>
    pub struct Options for "anthropic" {
        /// Features that are not everybody's yet. They go as the header `anthropic-beta` of this call,
        /// and not in its body.
        ///
        /// <https://platform.claude.com/docs/en/api/beta-headers>
        betas: Betas,
        /// How thoughts are shown.
        thinking: Thinking,
        /// More on the answer: a budget for a whole task.
        output_config: OutputConfig,
        /// `{"type":"ephemeral"}` puts a cache mark on the last block that can have one.
        ///
        /// <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>
        cache_control: Json,
        /// The container of an earlier call, by its id, or skills to be loaded into one.
        ///
        /// <https://platform.claude.com/docs/en/agents-and-tools/tool-use/code-execution-tool>
        container: Json,
        /// What may be cleared or compacted of a long conversation.
        ///
        /// <https://platform.claude.com/docs/en/build-with-claude/context-editing>
        context_management: Json,
        /// Servers of the Model Context Protocol that the provider shall connect to.
        ///
        /// <https://platform.claude.com/docs/en/agents-and-tools/mcp-connector>
        mcp_servers: Json,
        /// Models that shall answer where this one declines.
        ///
        /// <https://platform.claude.com/docs/en/build-with-claude/refusals-and-fallback>
        fallbacks: Json,
        /// Where the model runs: `us`, `global`.
        inference_geo: String,
        /// `fast` costs more.
        ///
        /// <https://platform.claude.com/docs/en/build-with-claude/fast-mode>
        speed: String,
    }
}

trunkline_core::options! {
    /// How thoughts are shown.
    ///
    /// <https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking>
    pub struct Thinking {
        /// `summarized` or `omitted`: their signature comes either way.
        display: String,
    }
}

trunkline_core::options! {
    /// More on the answer.
    pub struct OutputConfig {
        /// `{"type":"tokens","total":20000}`: what the model may spend on all of a task.
        ///
        /// <https://platform.claude.com/docs/en/build-with-claude/task-budgets>
        task_budget: Json,
    }
}

/// Features that are not everybody's yet, in the order they were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Betas(Vec<Beta>);

impl<B: IntoIterator<Item = Beta>> From<B> for Betas {
    fn from(betas: B) -> Self {
        Self(betas.into_iter().collect())
    }
}

impl Serialize for Betas {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Beta::as_str))
    }
}

macro_rules! betas {
    ($($(#[$doc:meta])+ $name:ident => $header:literal,)+) => {
        /// A feature that is not everybody's yet: a value of the header `anthropic-beta`.
        ///
        /// <https://platform.claude.com/docs/en/api/beta-headers>
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Beta {
            $($(#[$doc])+ $name,)+
            /// One that has no name here.
            Other(String),
        }

        impl Beta {
            /// Its name in the header.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $header,)+
                    Self::Other(name) => name,
                }
            }
        }
    };
}

betas! {
    /// Thoughts between calls of tools, where a model must be told.
    InterleavedThinking => "interleaved-thinking-2025-05-14",
    /// Files by their id.
    Files => "files-api-2025-04-14",
    /// A context of a million tokens, where a model must be told.
    Context1M => "context-1m-2025-08-07",
    /// What is old in a conversation is cleared.
    ContextManagement => "context-management-2025-06-27",
    /// Servers of the Model Context Protocol.
    McpClient => "mcp-client-2025-11-20",
    /// Skills in a container.
    Skills => "skills-2025-10-02",
    /// A model that the model may ask.
    Advisor => "advisor-tool-2026-03-01",
    /// A budget for a whole task.
    TaskBudgets => "task-budgets-2026-03-13",
    /// Faster, for more.
    FastMode => "fast-mode-2026-02-01",
    /// Answers of up to 300,000 tokens.
    Output300K => "output-300k-2026-03-24",
    /// Answers of up to 128,000 tokens, of Claude 3.7.
    Output128K => "output-128k-2025-02-19",
    /// Another model where one declines.
    ServerSideFallback => "server-side-fallback-2026-07-01",
    /// Why a cache was missed.
    CacheDiagnosis => "cache-diagnosis-2026-04-07",
    /// Arguments of tools as they are written, unchecked.
    FineGrainedToolStreaming => "fine-grained-tool-streaming-2025-05-14",
    /// A screen, a mouse and a keyboard.
    ComputerUse => "computer-use-2025-11-24",
}

impl From<Beta> for Betas {
    fn from(beta: Beta) -> Self {
        Self(vec![beta])
    }
}

/// What of the options goes into the body, and the betas, which do not.
pub(crate) fn split(
    dialect: Dialect,
    request: &ChatRequest,
) -> Result<(Option<Fields>, Vec<String>)> {
    let mut merged: Option<Fields> = None;
    let mut betas: Vec<String> = Vec::new();
    for id in dialect.options {
        let Some(options) = request.options.get(*id) else {
            continue;
        };
        let invalid = |cause: serde_json::Error| {
            let what = format!("the options for `{id}` are not what they should be");
            Error::new(ErrorKind::InvalidRequest, what).with_source(cause)
        };
        let mut fields: Fields = options.read().map_err(invalid)?;
        if let Some(named) = fields.take("betas") {
            for beta in named.read::<Vec<String>>().map_err(invalid)? {
                if !betas.contains(&beta) {
                    betas.push(beta);
                }
            }
        }
        match &mut merged {
            Some(ours) => ours.update(fields),
            None => merged = Some(fields),
        }
    }
    Ok((merged.filter(|fields| !fields.is_empty()), betas))
}
