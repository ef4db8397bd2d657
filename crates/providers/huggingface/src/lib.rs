#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
};
use trunkline_openai_compat::{COMMON, Dialect, ErrorDetail, OpenAiCompat};

#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Hugging Face's Inference Providers, as data.
///
/// <https://huggingface.co/docs/inference-providers/tasks/chat-completion>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("huggingface", "HF")
    .base_url("https://router.huggingface.co/v1")
    .variables(&[("API_KEY", "HF_TOKEN")])
    .default_model("openai/gpt-oss-120b")
    // Of the Hub's names those of the best-known owners; any other may be asked for as well.
    .models(&[
        "openai/gpt-oss-*",
        "deepseek-ai/*",
        "Qwen/*",
        "zai-org/*",
        "moonshotai/*",
        "MiniMaxAI/*",
        "meta-llama/*",
        "google/gemma-*",
    ])
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
            .schema()
            .image_in()
            .frequency_penalty()
            .presence_penalty()
            .seed()
            .logprobs()
            .reasoning()
            .list_models(),
    );

/// What the router does its own way. Thoughts come as the provider behind it sends them: in a field,
/// or in the text.
///
/// <https://huggingface.co/docs/inference-providers/tasks/chat-completion>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER).think_tags().classify(classify);

fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    // The former by code, <https://github.com/huggingface/smolagents/issues/2584>; the latter in
    // words only, <https://github.com/huggingface/huggingface.js/issues/2225>.
    let unserved = error.code == "model_not_supported"
        || error.message.starts_with("Model not supported by provider");
    unserved.then_some(ErrorKind::NotFound)
}

/// An account with Hugging Face.
pub type HuggingFace = Account<Api>;

/// Hugging Face, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
