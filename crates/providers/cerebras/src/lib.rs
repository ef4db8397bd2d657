#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ProviderDef, Result,
    account::{Provider, Settings},
    chat::Effort,
};
use trunkline_openai_compat::{COMMON, Dialect, OpenAiCompat};

mod options;

pub use options::Options;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Cerebras, as data.
///
/// <https://inference-docs.cerebras.ai/resources/openai>,
/// <https://inference-docs.cerebras.ai/models/overview>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("cerebras", "CEREBRAS")
    .base_url("https://api.cerebras.ai/v1")
    .default_model("gpt-oss-120b")
    .models(&["gpt-oss-*", "qwen-3*", "gemma-4-*", "zai-glm-*", "llama*"])
    .reasoning_models(&["gpt-oss-*", "qwen-3.8-*", "zai-glm-*"])
    // Images are a private preview, and taken as bytes only: not declared.
    .capabilities(
        COMMON
            .parallel_tools()
            .schema()
            .seed()
            .candidates()
            .logprobs()
            .reasoning()
            .service_tier()
            .user()
            .list_models(),
    );

/// What Cerebras does its own way.
///
/// <https://inference-docs.cerebras.ai/api-reference/chat-completions>,
/// <https://inference-docs.cerebras.ai/capabilities/reasoning>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .max_tokens("max_completion_tokens")
    .efforts(&[Effort::None, Effort::Low, Effort::Medium, Effort::High])
    .reasoning_replay("reasoning");

/// A Cerebras account.
pub type Cerebras = Account<Api>;

/// Cerebras, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
