//! How one provider differs from the common format. Data, so that it can be read at a glance.

use std::borrow::Cow;

use trunkline_core::{
    Capabilities, ChatRequest, EmbedRequest, ErrorKind, Json, ProviderDef, chat::Effort,
    embed::Purpose,
};

use crate::ErrorDetail;

/// How one provider speaks chat completions.
///
/// Start from a provider's definition and say what differs; a new field here breaks nobody.
///
/// ```
/// use trunkline_core::{Capabilities, ProviderDef};
/// use trunkline_openai_compat::Dialect;
///
/// const PROVIDER: ProviderDef = ProviderDef::new("example", "EXAMPLE", |_, _| unreachable!())
///     .base_url("https://api.example.com/v1")
///     .capabilities(Capabilities::NONE.chat().stream().temperature());
///
/// const DIALECT: Dialect = Dialect::of(&PROVIDER).max_tokens("max_tokens").think_tags();
/// # let _ = DIALECT;
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Dialect {
    /// The provider's id.
    pub provider: &'static str,
    /// What it can do; what it cannot is left out of the request.
    pub capabilities: Capabilities,
    /// What the limit on output tokens is called.
    pub max_tokens: &'static str,
    /// What the end user's pseudonym is called.
    pub user_field: &'static str,
    /// Whether instructions may come with the role `developer`; else they become `system`.
    pub developer_role: bool,
    /// Whether a stream tells its usage when asked to by `stream_options`.
    pub stream_usage: bool,
    /// How it is told how much to think.
    pub reasoning: ReasoningParam,
    /// The field that takes a number of tokens to think with, where it has one.
    pub reasoning_budget: Option<&'static str>,
    /// What says that it shall not think at all, where that is no degree: a merge patch as JSON.
    pub no_thinking: Option<&'static str>,
    /// The degrees of thinking that it knows; empty where it knows all.
    pub efforts: &'static [Effort],
    /// Where it wants the model's earlier thoughts back, if it does.
    pub reasoning_replay: Option<ReasoningReplay>,
    /// Whether that field is there on each turn that calls tools, empty where there are no thoughts.
    pub reasoning_replay_always: bool,
    /// Whether thoughts come inside the text, between `<think>` and `</think>`.
    pub think_tags: bool,
    /// The field that marks a last message of the assistant as the beginning of the answer.
    pub prefill: Option<&'static str>,
    /// Whether it knows `allowed_tools`; else the other tools are left out.
    pub allowed_tools: bool,
    /// How the addresses of images and films begin that it fetches; empty where it fetches all.
    pub image_urls: &'static str,
    /// Whether it fetches documents by their addresses, which stand where their bytes would.
    pub document_urls: bool,
    /// Whether embeddings come as base64 when asked to, which is a fifth of the work.
    pub base64_embeddings: bool,
    /// Whether embeddings come as one signed byte for each number, in base64.
    pub int8_embeddings: bool,
    /// How it takes documents.
    pub documents: DocumentParam,
    /// Whether it takes a sound as its base64 or its address, without a word on its format.
    pub plain_audio: bool,
    /// Whether a speaker may have a name.
    pub names: bool,
    /// What its own error codes mean.
    pub classify: fn(&ErrorDetail) -> Option<ErrorKind>,
    /// The id under which a tool call and its result go.
    pub call_id: fn(&str) -> Cow<'_, str>,
    /// What no field here can say: a merge patch over the body of a request.
    pub patch: fn(&ChatRequest) -> Option<Json>,
    /// The same for embeddings.
    pub embed_patch: fn(&EmbedRequest) -> Option<Json>,
    /// The field that says what vectors are for, and its words for the purposes that it knows.
    pub purpose: Option<(&'static str, &'static [(Purpose, &'static str)])>,
}

/// How a provider is told how much to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasoningParam {
    /// `"reasoning_effort": "low"`.
    Effort,
    /// `"reasoning": { "effort": "low" }`, or `{ "max_tokens": 1024 }`.
    Object,
}

/// How a provider takes documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DocumentParam {
    /// `{"type":"file","file":{"filename":…,"file_data":"data:…"}}`; no addresses.
    File,
    /// `{"type":"document_url","document_url":"data:…","document_name":…}`; addresses too.
    DocumentUrl,
    /// `{"type":"file_url","file_url":{"url":…},"file_name":…}`, bare base64 or an address.
    FileUrl,
}

/// Where a provider wants the model's earlier thoughts back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReasoningReplay {
    /// In a field of the message, as text.
    Field(&'static str),
    /// Among the pieces of its content, with their signature:
    /// `{"type":"thinking","thinking":[{"type":"text","text":"…"}]}`.
    Piece,
}

/// An id of a tool call as Mistral's models want it, wherever they run: nine letters or digits. Another
/// one becomes digits, the same each time.
///
/// <https://github.com/editor-code-assistant/eca/issues/233>
///
/// ```
/// use trunkline_openai_compat::nine_letters;
///
/// assert_eq!(nine_letters("kQ7mZp2Lx"), "kQ7mZp2Lx");
/// assert_eq!(nine_letters("call_1").len(), 9);
/// ```
pub fn nine_letters(id: &str) -> Cow<'_, str> {
    if id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Cow::Borrowed(id);
    }
    // FNV-1a, of which the upper bits are the better ones.
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Cow::Owned(format!("{:09x}", hash >> 28))
}

/// A patch that sends a number under another name.
///
/// ```
/// use trunkline_openai_compat::renamed;
///
/// let patch = renamed("seed", "random_seed", 7).unwrap();
/// assert_eq!(patch.get(), r#"{"seed":null,"random_seed":7}"#);
/// ```
pub fn renamed(ours: &str, theirs: &str, value: impl Into<i64>) -> Option<Json> {
    let value = value.into();
    Json::parse(format!(r#"{{"{ours}":null,"{theirs}":{value}}}"#)).ok()
}

/// What nearly every server of chat completions takes. A provider starts from it and adds what its
/// documentation names.
///
/// ```
/// use trunkline_openai_compat::COMMON;
///
/// assert!(COMMON.chat && COMMON.tools && !COMMON.image_in);
/// ```
pub const COMMON: Capabilities = Capabilities::NONE
    .chat()
    .stream()
    .tools()
    .tool_choice()
    .json()
    .temperature()
    .top_p()
    .stop();

/// All that chat completions have at their origin.
const OPENAI_CAPABILITIES: Capabilities = COMMON
    .parallel_tools()
    .schema()
    .image_in()
    .audio_in()
    .document_in()
    .audio_out()
    .frequency_penalty()
    .presence_penalty()
    .seed()
    .candidates()
    .logprobs()
    .logit_bias()
    .reasoning()
    .service_tier()
    .user()
    .metadata()
    .embed()
    .dimensions()
    .list_models()
    .max_inputs(2_048);

impl Dialect {
    /// OpenAI's own.
    ///
    /// <https://platform.openai.com/docs/api-reference/chat/create>
    pub const OPENAI: Self = Self {
        provider: "openai",
        capabilities: OPENAI_CAPABILITIES,
        max_tokens: "max_completion_tokens",
        user_field: "user",
        developer_role: true,
        stream_usage: true,
        reasoning: ReasoningParam::Effort,
        reasoning_budget: None,
        no_thinking: None,
        efforts: &[],
        reasoning_replay: None,
        reasoning_replay_always: false,
        think_tags: false,
        prefill: None,
        allowed_tools: true,
        image_urls: "",
        document_urls: false,
        base64_embeddings: true,
        int8_embeddings: false,
        documents: DocumentParam::File,
        plain_audio: false,
        names: true,
        classify: |_| None,
        call_id: |id| Cow::Borrowed(id),
        patch: |_| None,
        embed_patch: |_| None,
        purpose: None,
    };

    /// What most compatible servers take, with the id and the capabilities of `provider`.
    pub const fn of(provider: &ProviderDef) -> Self {
        Self {
            provider: provider.id,
            capabilities: provider.capabilities,
            max_tokens: "max_tokens",
            developer_role: false,
            allowed_tools: false,
            base64_embeddings: false,
            ..Self::OPENAI
        }
    }

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

    /// Sets what the limit on output tokens is called.
    #[must_use]
    pub const fn max_tokens(mut self, field: &'static str) -> Self {
        self.max_tokens = field;
        self
    }

    /// Says that it knows the role `developer`.
    #[must_use]
    pub const fn developer_role(mut self) -> Self {
        self.developer_role = true;
        self
    }

    /// Says that it refuses `stream_options`.
    #[must_use]
    pub const fn no_stream_usage(mut self) -> Self {
        self.stream_usage = false;
        self
    }

    /// Sets how it is told how much to think.
    #[must_use]
    pub const fn reasoning(mut self, param: ReasoningParam) -> Self {
        self.reasoning = param;
        self
    }

    /// Sets the field that takes a number of tokens to think with; it may be the one for degrees.
    /// Without it a number becomes a degree, with a warning.
    ///
    /// Fireworks' `reasoning_effort`: <https://docs.fireworks.ai/guides/reasoning>; NVIDIA's
    /// `reasoning_budget`: <https://build.nvidia.com/nvidia/nemotron-3-ultra-550b-a55b>.
    #[must_use]
    pub const fn reasoning_budget(mut self, field: &'static str) -> Self {
        self.reasoning_budget = Some(field);
        self
    }

    /// Sets what stands for [`Effort::None`] where that is a switch and no degree: a merge patch over
    /// the body of a request, as JSON.
    ///
    /// Together: <https://docs.together.ai/docs/inference/chat/reasoning>; SambaNova:
    /// <https://docs.sambanova.ai/docs/en/models/sambacloud-models.md>.
    #[must_use]
    pub const fn no_thinking(mut self, patch: &'static str) -> Self {
        self.no_thinking = Some(patch);
        self
    }

    /// Sets the field in which it wants earlier thoughts back.
    #[must_use]
    pub const fn reasoning_replay(mut self, field: &'static str) -> Self {
        self.reasoning_replay = Some(ReasoningReplay::Field(field));
        self
    }

    /// Says that thoughts come inside the text, between `<think>` and `</think>`.
    #[must_use]
    pub const fn think_tags(mut self) -> Self {
        self.think_tags = true;
        self
    }

    /// Says that it knows `allowed_tools`.
    #[must_use]
    pub const fn allowed_tools(mut self) -> Self {
        self.allowed_tools = true;
        self
    }

    /// Sets how the addresses of images and films begin that it fetches: its own `ms://`, or `data:`
    /// where it fetches none. Others are left out, with a warning; bytes are not concerned.
    ///
    /// Moonshot: <https://platform.kimi.ai/docs/guide/use-kimi-vision-model>.
    #[must_use]
    pub const fn image_urls(mut self, begin: &'static str) -> Self {
        self.image_urls = begin;
        self
    }

    /// Says that it fetches documents by their addresses, in `file_data`.
    ///
    /// OpenRouter: <https://openrouter.ai/docs/guides/overview/multimodal/pdfs>.
    #[must_use]
    pub const fn document_urls(mut self) -> Self {
        self.document_urls = true;
        self
    }

    /// Says that embeddings come as base64 when asked to.
    #[must_use]
    pub const fn base64_embeddings(mut self) -> Self {
        self.base64_embeddings = true;
        self
    }

    /// Says that embeddings come as one signed byte for each number, in base64, and asks for that.
    ///
    /// Perplexity: <https://docs.perplexity.ai/docs/embeddings/quickstart>.
    #[must_use]
    pub const fn int8_embeddings(mut self) -> Self {
        self.int8_embeddings = true;
        self
    }

    /// Sets how it takes documents.
    ///
    /// Mistral's `document_url`: <https://docs.mistral.ai/api>; Perplexity's `file_url`:
    /// <https://docs.perplexity.ai/docs/sonar/openai-compatibility>.
    #[must_use]
    pub const fn documents(mut self, param: DocumentParam) -> Self {
        self.documents = param;
        self
    }

    /// Says that it takes a sound as its base64 or its address, without a word on its format.
    ///
    /// Mistral: <https://docs.mistral.ai/studio/audio/speech_to_text/offline_transcription>.
    #[must_use]
    pub const fn plain_audio(mut self) -> Self {
        self.plain_audio = true;
        self
    }

    /// Says that it refuses messages whose speaker has a name.
    ///
    /// Mistral: <https://docs.mistral.ai/api>.
    #[must_use]
    pub const fn no_names(mut self) -> Self {
        self.names = false;
        self
    }

    /// Sets the degrees of thinking that it knows. Another one is sent as the nearest of them, the
    /// higher of two, with a warning. [`Effort::None`] stands for itself only: nothing else becomes
    /// it, and where it is not known it is left out, with a warning.
    #[must_use]
    pub const fn efforts(mut self, known: &'static [Effort]) -> Self {
        self.efforts = known;
        self
    }

    /// Says that the field of [`reasoning_replay`](Self::reasoning_replay) is wanted on each turn that
    /// calls tools, also where no thoughts of its own are known; it is empty there.
    ///
    /// DeepSeek: <https://api-docs.deepseek.com/guides/thinking_mode>; Moonshot:
    /// <https://platform.kimi.ai/docs/guide/use-thinking-effort>.
    #[must_use]
    pub const fn reasoning_replay_always(mut self) -> Self {
        self.reasoning_replay_always = true;
        self
    }

    /// Sets what the end user's pseudonym is called: `user_id`.
    #[must_use]
    pub const fn user_field(mut self, field: &'static str) -> Self {
        self.user_field = field;
        self
    }

    /// Sets the field that marks a last message of the assistant as the beginning of the answer; it
    /// is `true` there, if the capability `prefill` is declared.
    ///
    /// Mistral's `prefix`: <https://docs.mistral.ai/api>; Moonshot's `partial`:
    /// <https://platform.kimi.ai/docs/api/chat>.
    #[must_use]
    pub const fn prefill(mut self, field: &'static str) -> Self {
        self.prefill = Some(field);
        self
    }

    /// Sets a merge patch over the body of a request for embeddings, for what no field here can say.
    #[must_use]
    pub const fn embed_patch(mut self, patch: fn(&EmbedRequest) -> Option<Json>) -> Self {
        self.embed_patch = patch;
        self
    }

    /// Sets the field that says what vectors are for, and its words for the purposes that it knows.
    /// Another purpose is left out, with a warning.
    ///
    /// NVIDIA's `input_type`: <https://docs.api.nvidia.com/nim/reference/nvidia-nv-embedqa-e5-v5>;
    /// OpenRouter's: <https://openrouter.ai/docs/api_reference/embeddings>.
    #[must_use]
    pub const fn purpose(
        mut self,
        field: &'static str,
        words: &'static [(Purpose, &'static str)],
    ) -> Self {
        self.purpose = Some((field, words));
        self
    }

    /// Sets what becomes of the id of a tool call, in the call and in its result alike: for a provider
    /// that refuses the ids of others. The same id has to become the same one each time.
    #[must_use]
    pub const fn call_id(mut self, call_id: fn(&str) -> Cow<'_, str>) -> Self {
        self.call_id = call_id;
        self
    }

    /// Says that it wants earlier thoughts back as the pieces of content that they were.
    ///
    /// Mistral: <https://docs.mistral.ai/studio/conversations/reasoning>.
    #[must_use]
    pub const fn reasoning_pieces(mut self) -> Self {
        self.reasoning_replay = Some(ReasoningReplay::Piece);
        self
    }

    /// Sets what its own error codes mean.
    #[must_use]
    pub const fn classify(mut self, classify: fn(&ErrorDetail) -> Option<ErrorKind>) -> Self {
        self.classify = classify;
        self
    }

    /// Sets a merge patch over the body of a request, for what no field here can say.
    #[must_use]
    pub const fn patch(mut self, patch: fn(&ChatRequest) -> Option<Json>) -> Self {
        self.patch = patch;
        self
    }
}
