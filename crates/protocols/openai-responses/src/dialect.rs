//! How one provider's Responses API differs from OpenAI's. Data, so that it can be read at a glance.

use trunkline_core::{BackendInfo, Capabilities, ErrorKind, chat::Effort};

/// How one provider speaks the Responses API.
///
/// ```
/// use trunkline_openai_responses::Dialect;
///
/// const DIALECT: Dialect = Dialect::OPENAI
///     .provider("example")
///     .reasoning_models(&["thinker-*"])
///     .user_field("user");
/// # let _ = DIALECT;
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Dialect {
    /// The provider's id. Its state and its opaque items are known by it.
    pub provider: &'static str,
    /// What it can do; what it cannot is left out of the request.
    pub capabilities: Capabilities,
    /// Those models that think, as patterns with `*`: their thoughts are asked for in encrypted form,
    /// which other models refuse.
    pub reasoning_models: &'static [&'static str],
    /// Those models that refuse `temperature`, `top_p` and `top_logprobs` whatever their effort.
    pub fixed_sampling: &'static [&'static str],
    /// Those models that take explicit cache breakpoints.
    pub cache_points: &'static [&'static str],
    /// The degrees of thinking that it knows; empty where it knows all.
    pub efforts: &'static [Effort],
    /// The same for some models, as patterns with `*`; empty for those that do not think. The first
    /// that fits counts.
    pub model_efforts: &'static [(&'static [&'static str], &'static [Effort])],
    /// What is said about storing where the request's options do not say; `None` says nothing.
    pub store: Option<bool>,
    /// What the end user's pseudonym is called.
    pub user_field: &'static str,
    /// What its own error codes mean.
    pub classify: fn(code: &str) -> Option<ErrorKind>,
}

impl Dialect {
    /// OpenAI's own. Nothing is stored unless the request's options say so.
    ///
    /// <https://platform.openai.com/docs/api-reference/responses/create>
    pub const OPENAI: Self = Self {
        provider: "openai",
        capabilities: Capabilities::NONE
            .chat()
            .stream()
            .tools()
            .tool_choice()
            .parallel_tools()
            .json()
            .schema()
            .image_in()
            .document_in()
            .temperature()
            .top_p()
            .logprobs()
            .reasoning()
            .service_tier()
            .user()
            .metadata()
            .count_tokens(),
        reasoning_models: &[],
        fixed_sampling: &[],
        cache_points: &[],
        efforts: &[],
        model_efforts: &[],
        store: Some(false),
        user_field: "safety_identifier",
        classify: |_| None,
    };

    /// Sets the provider's id.
    #[must_use]
    pub const fn provider(mut self, id: &'static str) -> Self {
        self.provider = id;
        self
    }

    /// Sets what it can do.
    #[must_use]
    pub const fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Sets which models think.
    #[must_use]
    pub const fn reasoning_models(mut self, patterns: &'static [&'static str]) -> Self {
        self.reasoning_models = patterns;
        self
    }

    /// Sets which models refuse `temperature` and its like, however little they think.
    ///
    /// <https://platform.openai.com/docs/guides/latest-model>
    #[must_use]
    pub const fn fixed_sampling(mut self, patterns: &'static [&'static str]) -> Self {
        self.fixed_sampling = patterns;
        self
    }

    /// Sets which models take explicit cache breakpoints. With others they leave a warning.
    ///
    /// <https://platform.openai.com/docs/guides/prompt-caching>
    #[must_use]
    pub const fn cache_points(mut self, patterns: &'static [&'static str]) -> Self {
        self.cache_points = patterns;
        self
    }

    /// Sets the degrees of thinking that it knows. Another one is sent as the nearest, the higher of
    /// two, with a warning.
    #[must_use]
    pub const fn efforts(mut self, known: &'static [Effort]) -> Self {
        self.efforts = known;
        self
    }

    /// Sets the same for some models: those that do not think have none. The first that fits counts.
    #[must_use]
    pub const fn model_efforts(
        mut self,
        known: &'static [(&'static [&'static str], &'static [Effort])],
    ) -> Self {
        self.model_efforts = known;
        self
    }

    /// Sets what is said about storing where a request's options do not say.
    #[must_use]
    pub const fn store(mut self, store: Option<bool>) -> Self {
        self.store = store;
        self
    }

    /// Sets what the end user's pseudonym is called: `user` with servers that do not know
    /// `safety_identifier`.
    #[must_use]
    pub const fn user_field(mut self, field: &'static str) -> Self {
        self.user_field = field;
        self
    }

    /// Sets what its own error codes mean.
    #[must_use]
    pub const fn classify(mut self, classify: fn(code: &str) -> Option<ErrorKind>) -> Self {
        self.classify = classify;
        self
    }
}

/// Whether one of the patterns matches `model`.
pub(crate) fn fits(patterns: &'static [&'static str], model: &str) -> bool {
    !patterns.is_empty() && BackendInfo::new("").models(patterns).serves(model)
}
