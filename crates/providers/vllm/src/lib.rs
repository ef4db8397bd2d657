#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ChatRequest, Delivery, Error, ErrorKind, Json, ProviderDef, Result, Role,
    account::{Provider, Settings},
};
use trunkline_openai_compat::{COMMON, Dialect, ErrorDetail, OpenAiCompat};

mod beside;
mod classify;
mod count;
mod decode;
mod extras;
mod health;
mod lora;
mod models;
mod options;
mod pool;
mod pooling;
mod protocol;
mod rerank;
mod score;
mod server;
mod structured;
mod tokenize;

pub use classify::{Classified, Classify, Verdict};
pub use count::{ChatTokens, TokenizeChat};
pub use decode::StreamDecoder;
pub use extras::{ChoiceExtras, Extras, TokenLogprob};
pub use lora::{LoadLora, UnloadLora};
pub use options::{EmbedOptions, Options, RepetitionDetection, RerankOptions, TruncationSide};
pub use pool::{Pool, Pooled, PoolingTask, Vectors};
pub use protocol::Server;
pub use score::{Score, Scores};
pub use server::{IsSleeping, PauseMode, ResetPrefixCache, Sleep, SleepLevel, Version, WakeUp};
pub use structured::StructuredOutputs;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// vLLM, as data.
///
/// <https://docs.vllm.ai/en/latest/serving/openai_compatible_server/>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("vllm", "VLLM")
    .base_url("http://127.0.0.1:8000")
    .optional_path("/v1")
    .key_optional()
    .settings(&["ready"])
    .local_ports(&[8000])
    .local_mark("/version", "\"version\"")
    // What a server is called by its operator is no model's name; these are those of the Hub.
    .reasoning_models(&[
        "openai/gpt-oss-*",
        "deepseek-ai/DeepSeek-R1*",
        "deepseek-ai/DeepSeek-V4*",
        "Qwen/Qwen3*",
        "Qwen/QwQ*",
        "zai-org/GLM-*",
        "moonshotai/Kimi-K*",
        "MiniMaxAI/MiniMax-M*",
    ])
    .capabilities(
        COMMON
            .parallel_tools()
            .schema()
            .image_in()
            .audio_in()
            .video_in()
            .top_k()
            .min_p()
            .frequency_penalty()
            .presence_penalty()
            .seed()
            .candidates()
            .logprobs()
            .logit_bias()
            .reasoning()
            .prefill()
            .embed()
            .dimensions()
            .rerank()
            .count_tokens()
            .tokenize()
            .detokenize()
            .list_models()
            .ready()
            .load(),
    );

/// What vLLM does its own way, of what is chat completions. Thoughts come in `reasoning`, or in
/// `reasoning_content` from older servers, where the server parses them, and otherwise in the text.
///
/// Embeddings are asked for as numbers: what servers of 2024 give as base64 are doubles, in the
/// order of bytes of their processor, and nothing says so.
///
/// <https://docs.vllm.ai/en/latest/features/reasoning_outputs/>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .max_tokens("max_completion_tokens")
    .reasoning_budget("thinking_token_budget")
    .reasoning_replay("reasoning")
    .think_tags()
    .patch(prefilled)
    .classify(classify);

/// A last message of the assistant is gone on with by two switches, which belong together.
fn prefilled(request: &ChatRequest) -> Option<Json> {
    const GO_ON: &str = r#"{"add_generation_prompt":false,"continue_final_message":true}"#;
    let last = request.messages.last()?;
    let is_begun = last.role == Role::Assistant;
    is_begun.then(|| Json::parse(GO_ON).ok()).flatten()
}

/// vLLM's errors have the status for a code; type and words say the rest.
fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    match error.status {
        Some(503) if error.message.contains("currently scaling") => Some(ErrorKind::NotReady),
        // The first by its own limits on queues, the second a request that failed and may be repeated.
        Some(503)
            if matches!(
                &*error.kind,
                "Service Unavailable" | "ServiceUnavailableError"
            ) =>
        {
            Some(ErrorKind::Overloaded)
        }
        // As a failure of its own.
        Some(500) if error.message.contains("LoRA is not enabled") => Some(ErrorKind::Unsupported),
        _ => None,
    }
}

/// It was told before anything was done.
fn told(error: Error) -> Error {
    match error.kind() {
        ErrorKind::NotReady => error.with_delivery(Delivery::Rejected),
        _ => error,
    }
}

const COMPAT: OpenAiCompat = OpenAiCompat(DIALECT);

/// An account with a vLLM server, or with several that serve the same.
pub type Vllm = Account<Api>;

/// vLLM, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Server;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(settings: &Settings) -> Result<Server> {
        Server::of(settings.get("ready"))
    }
}
