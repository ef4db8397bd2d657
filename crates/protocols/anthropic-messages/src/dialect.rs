//! How one platform serves the Messages API. Data, so that it can be read at a glance.

use trunkline_core::{Capabilities, ErrorKind, ProviderDef, Result, protocol::segment};

use crate::{ErrorDetail, encode::Purpose};

/// What Claude can do by this wire. What a platform lacks of it is not declared there.
///
/// <https://platform.claude.com/docs/en/build-with-claude/overview>
pub const CLAUDE: Capabilities = Capabilities::NONE
    .chat()
    .stream()
    .tools()
    .tool_choice()
    .parallel_tools()
    .schema()
    .image_in()
    .document_in()
    .temperature()
    .top_p()
    .top_k()
    .stop()
    .reasoning()
    .user()
    .prefill()
    .count_tokens();

/// How one platform serves the Messages API.
///
/// ```
/// use trunkline_anthropic_messages::{CLAUDE, Dialect, ModelPlace};
///
/// /// Claude on a platform of Google's.
/// const CLAUDE_ON_VERTEX: Dialect = Dialect::named("vertex", CLAUDE)
///     .version("vertex-2023-10-16")
///     .model(ModelPlace::Path {
///         prefix: "/publishers/anthropic/models/",
///         whole: ":rawPredict",
///         stream: ":streamRawPredict",
///     })
///     .count_path("/publishers/anthropic/models/count-tokens:rawPredict");
/// # let _ = CLAUDE_ON_VERTEX;
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Dialect {
    /// The provider's id.
    pub provider: &'static str,
    /// What it can do; what it cannot is left out of the request.
    pub capabilities: Capabilities,
    /// Whose options are merged into the body, by their provider's id, in this order.
    pub options: &'static [&'static str],
    /// Where the model's name stands.
    pub model: ModelPlace,
    /// The version of the API, where it stands in the body. One in a header is the provider's own.
    pub version: Option<&'static str>,
    /// Where tokens are counted; the model's name is in the body there, wherever else it stands.
    pub count_path: &'static str,
    /// Whether instructions may stand amidst the conversation, for models that know it.
    pub mid_system: bool,
    /// What its own errors mean.
    pub classify: fn(&ErrorDetail) -> Option<ErrorKind>,
}

/// Where the model's name stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ModelPlace {
    /// In the body; requests go to this path.
    Body(&'static str),
    /// In the path, between these.
    Path {
        /// Before the name.
        prefix: &'static str,
        /// After the name, for a whole answer.
        whole: &'static str,
        /// After the name, for a stream.
        stream: &'static str,
    },
}

impl Dialect {
    /// Anthropic's own, with the id and the capabilities of `provider`.
    pub const fn of(provider: &ProviderDef) -> Self {
        Self::named(provider.id, provider.capabilities)
    }

    /// Anthropic's own, for the provider of this id, which can do this.
    pub const fn named(provider: &'static str, capabilities: Capabilities) -> Self {
        Self {
            provider,
            capabilities,
            options: &[crate::ORIGIN],
            model: ModelPlace::Body("/messages"),
            version: None,
            count_path: "/messages/count_tokens",
            mid_system: false,
            classify: |_| None,
        }
    }

    /// Sets what it can do.
    #[must_use]
    pub const fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Sets whose options are merged into the body, by their provider's id, in this order. Those of
    /// `anthropic` are, unless this says otherwise.
    #[must_use]
    pub const fn options(mut self, ids: &'static [&'static str]) -> Self {
        self.options = ids;
        self
    }

    /// Sets where the model's name stands.
    #[must_use]
    pub const fn model(mut self, place: ModelPlace) -> Self {
        self.model = place;
        self
    }

    /// Sets the version of the API that stands in the body.
    #[must_use]
    pub const fn version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// Sets where tokens are counted.
    #[must_use]
    pub const fn count_path(mut self, path: &'static str) -> Self {
        self.count_path = path;
        self
    }

    /// Says that instructions may stand amidst the conversation.
    ///
    /// <https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages>: on
    /// Anthropic's own platform, not on others.
    #[must_use]
    pub const fn mid_system(mut self) -> Self {
        self.mid_system = true;
        self
    }

    /// Sets what its own errors mean, over what is known of all.
    #[must_use]
    pub const fn classify(mut self, classify: fn(&ErrorDetail) -> Option<ErrorKind>) -> Self {
        self.classify = classify;
        self
    }

    /// Whether the model's name stands in the body.
    pub(crate) fn names_model(&self, purpose: Purpose) -> bool {
        purpose == Purpose::Count || matches!(self.model, ModelPlace::Body(_))
    }

    /// Where a request for `model` goes.
    pub(crate) fn path(&self, model: &str, purpose: Purpose) -> Result<String> {
        Ok(match (purpose, self.model) {
            (Purpose::Count, _) => self.count_path.to_owned(),
            (_, ModelPlace::Body(path)) => path.to_owned(),
            (
                purpose,
                ModelPlace::Path {
                    prefix,
                    whole,
                    stream,
                },
            ) => {
                let verb = match purpose {
                    Purpose::Stream => stream,
                    _ => whole,
                };
                format!("{prefix}{}{verb}", segment(model)?)
            }
        })
    }
}
