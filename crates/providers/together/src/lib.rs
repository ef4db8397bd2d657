#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
    chat::Effort::{High, Low, Max, Medium},
};
use trunkline_openai_compat::{COMMON, Dialect, OpenAiCompat};

mod options;

pub use options::Options;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Together, as data.
///
/// <https://docs.together.ai/reference/chat-completions>,
/// <https://docs.together.ai/docs/inference/openai-compatibility>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("together", "TOGETHER")
    .base_url("https://api.together.xyz/v1")
    .default_model("openai/gpt-oss-120b")
    .models(&[
        "openai/gpt-oss-*",
        "meta-llama/*",
        "moonshotai/*",
        "deepseek-ai/*",
        "zai-org/*",
        "Qwen/*",
        "MiniMaxAI/*",
        "google/gemma-*",
        "intfloat/*",
    ])
    // <https://docs.together.ai/docs/inference/chat/reasoning>
    .reasoning_models(&[
        "openai/gpt-oss-*",
        "moonshotai/Kimi-K*",
        "deepseek-ai/*",
        "zai-org/GLM-5*",
        "Qwen/Qwen3.*",
        "MiniMaxAI/MiniMax-M*",
    ])
    // Its `logprobs` is a number, and its answer to it a list of its own: not declared.
    .capabilities(
        COMMON
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
            .logit_bias()
            .reasoning()
            .embed()
            .list_models(),
    );

/// What Together does its own way.
///
/// <https://docs.together.ai/reference/chat-completions>,
/// <https://docs.together.ai/docs/inference/chat/reasoning>,
/// <https://docs.together.ai/docs/deepseek-v4-quickstart>,
/// <https://docs.together.ai/docs/error-codes>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .efforts(&[Low, Medium, High, Max])
    .no_thinking(r#"{"reasoning":{"enabled":false}}"#)
    .reasoning_replay("reasoning")
    .classify(|error| match error.status {
        // Prompt and limit on output are too long together; a lack of rights is not among its errors.
        Some(403) if error.code.is_empty() => Some(ErrorKind::ContextLength),
        Some(503) => Some(ErrorKind::Overloaded),
        _ => None,
    });

/// A Together account.
pub type Together = Account<Api>;

/// Together, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
