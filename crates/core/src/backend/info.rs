//! What a backend says of itself.

use std::sync::Arc;

/// What a backend is and what it can do.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BackendInfo {
    /// The provider's id: `groq`.
    pub provider: &'static str,
    /// What this backend is called; the provider's id unless somebody named it.
    pub name: Arc<str>,
    /// The model that is used when none is named.
    pub default_model: Option<Arc<str>>,
    /// The names of models that the provider serves, as patterns with `*`.
    pub models: &'static [&'static str],
    /// Those models that think before they speak, as patterns with `*`.
    pub reasoning_models: &'static [&'static str],
    /// What the provider can do.
    pub capabilities: Capabilities,
    /// It asks several models in turn, which may take unlike numbers of inputs, and give vectors that
    /// cannot be compared: each of them splits a call for itself.
    pub(crate) asks_several: bool,
}

impl BackendInfo {
    /// A backend of this provider, of which nothing else is known.
    pub fn new(provider: &'static str) -> Self {
        Self {
            provider,
            name: provider.into(),
            default_model: None,
            models: &[],
            reasoning_models: &[],
            capabilities: Capabilities::default(),
            asks_several: false,
        }
    }

    /// Sets the default model.
    #[must_use]
    pub fn default_model(mut self, model: impl Into<Arc<str>>) -> Self {
        self.default_model = Some(model.into());
        self
    }

    /// Sets the patterns of the models that are served.
    #[must_use]
    pub fn models(mut self, patterns: &'static [&'static str]) -> Self {
        self.models = patterns;
        self
    }

    /// Sets the patterns of the models that think before they speak.
    #[must_use]
    pub fn reasoning_models(mut self, patterns: &'static [&'static str]) -> Self {
        self.reasoning_models = patterns;
        self
    }

    /// Sets what it can do.
    #[must_use]
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Whether one of the patterns matches `model`.
    pub fn serves(&self, model: &str) -> bool {
        self.models.iter().any(|pattern| matches(pattern, model))
    }

    /// Whether `model` thinks before it speaks, by the patterns that the provider declares.
    pub fn reasons(&self, model: &str) -> bool {
        let mut patterns = self.reasoning_models.iter();
        patterns.any(|pattern| matches(pattern, model))
    }
}

/// Whether `name` matches `pattern`, in which `*` stands for any characters. Linear in both.
fn matches(pattern: &str, name: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(head) else {
        return false;
    };
    let mut pieces = rest.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return name.ends_with(piece);
        }
        let Some(at) = name.find(piece) else {
            return false;
        };
        name = name.get(at + piece.len()..).unwrap_or_default();
    }
    true
}

macro_rules! capabilities {
    ($($(#[$doc:meta])+ $flag:ident,)+) => {
        /// What a provider can do. What is not declared is not sent: it becomes a
        /// [`Warning`](crate::Warning), or an error under
        /// [`strict`](crate::ChatRequest::strict).
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Capabilities {
            $($(#[$doc])+ pub $flag: bool,)+
            /// How many inputs one request for embeddings may have. A call that has more is sent as
            /// [several](crate::EmbedCall::at_once).
            pub max_inputs: Option<usize>,
            /// How many documents one request for a ranking may have. A call that has more is sent as
            /// [several](crate::RerankCall::at_once).
            pub max_documents: Option<usize>,
        }

        impl Capabilities {
            /// Nothing at all.
            pub const NONE: Self = Self { $($flag: false,)+ max_inputs: None, max_documents: None };

            $(#[doc = concat!("Declares `", stringify!($flag), "`.")]
            #[must_use]
            pub const fn $flag(mut self) -> Self {
                self.$flag = true;
                self
            })+

            /// Every flag with its name, for tables and tests.
            pub fn flags(&self) -> impl Iterator<Item = (&'static str, bool)> {
                [$((stringify!($flag), self.$flag),)+].into_iter()
            }

            /// Takes back a declaration, by the flag's name. Unknown names change nothing.
            #[must_use]
            pub fn without(mut self, flag: &str) -> Self {
                $(if flag == stringify!($flag) {
                    self.$flag = false;
                })+
                self
            }
        }
    };
}

capabilities! {
    /// Answers to conversations.
    chat,
    /// The same as they are generated.
    stream,
    /// Tools.
    tools,
    /// Whether and which tool must be called.
    tool_choice,
    /// Several calls at once, and a way to forbid it.
    parallel_tools,
    /// JSON without a schema.
    json,
    /// JSON held to a schema.
    schema,
    /// Images in.
    image_in,
    /// Sound in.
    audio_in,
    /// Video in.
    video_in,
    /// Documents in.
    document_in,
    /// Images out.
    image_out,
    /// Sound out.
    audio_out,
    /// `temperature`.
    temperature,
    /// `top_p`.
    top_p,
    /// `top_k`.
    top_k,
    /// `min_p`.
    min_p,
    /// `frequency_penalty`.
    frequency_penalty,
    /// `presence_penalty`.
    presence_penalty,
    /// `seed`.
    seed,
    /// `stop`.
    stop,
    /// Several answers.
    candidates,
    /// The likelihood of tokens.
    logprobs,
    /// `logit_bias`.
    logit_bias,
    /// How much to think.
    reasoning,
    /// The class of service.
    service_tier,
    /// The end user's pseudonym.
    user,
    /// Labels.
    metadata,
    /// A last message of the assistant is gone on with.
    prefill,
    /// Embeddings.
    embed,
    /// Embeddings of a length that is asked for.
    dimensions,
    /// Embeddings in numbers that are asked for.
    precision,
    /// The order of documents by what they say about a query.
    rerank,
    /// How many tokens a request is, by the provider's own count.
    count_tokens,
    /// The tokens of a text.
    tokenize,
    /// The text of tokens.
    detokenize,
    /// Tensors out of tensors.
    infer,
    /// Objects in a store.
    object,
    /// A list of models.
    list_models,
    /// Whether it can serve, by its own word.
    ready,
    /// How busy it is, by its own word.
    load,
}

impl Capabilities {
    /// Sets how many inputs one request for embeddings may have.
    #[must_use]
    pub const fn max_inputs(mut self, inputs: usize) -> Self {
        self.max_inputs = Some(inputs);
        self
    }

    /// Sets how many documents one request for a ranking may have.
    #[must_use]
    pub const fn max_documents(mut self, documents: usize) -> Self {
        self.max_documents = Some(documents);
        self
    }

    /// Whether all that `needs` declares is declared here too. Where no bound on inputs or
    /// documents is declared, any number will do.
    ///
    /// ```
    /// use trunkline_core::Capabilities;
    ///
    /// let can = Capabilities::NONE.chat().stream().tools();
    /// assert!(can.includes(Capabilities::NONE.chat().tools()));
    /// assert!(!can.includes(Capabilities::NONE.chat().schema()));
    /// ```
    pub fn includes(&self, needs: Self) -> bool {
        let mut flags = self.flags().zip(needs.flags());
        let enough = |most: Option<usize>, needed: Option<usize>| match (most, needed) {
            (Some(most), Some(needed)) => most >= needed,
            _ => true,
        };
        enough(self.max_inputs, needs.max_inputs)
            && enough(self.max_documents, needs.max_documents)
            && flags.all(|((_, has), (_, needed))| has || !needed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("gpt-*", "gpt-5", true),
            ("gpt-*", "my-gpt-5", false),
            ("*", "anything", true),
            ("o1", "o1", true),
            ("o1", "o1-mini", false),
            ("*/llama-*-instruct", "meta/llama-3-instruct", true),
            ("*/llama-*-instruct", "meta/llama-3", false),
            ("a*a", "a", false),
            ("a*b*", "axxbyy", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
