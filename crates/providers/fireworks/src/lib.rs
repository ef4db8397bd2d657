#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
    chat::Effort::{High, Low, Max, Medium, None as Off, XHigh},
};
use trunkline_openai_compat::{COMMON, Dialect, OpenAiCompat};

mod options;

pub use options::Options;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Fireworks, as data.
///
/// <https://docs.fireworks.ai/tools-sdks/openai-compatibility>,
/// <https://docs.fireworks.ai/guides/querying-embeddings-models>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("fireworks", "FIREWORKS")
    .base_url("https://api.fireworks.ai/inference/v1")
    .default_model("accounts/fireworks/models/gpt-oss-120b")
    .models(&["accounts/*", "fireworks/*", "nomic-ai/*"])
    // <https://docs.fireworks.ai/guides/reasoning>
    .reasoning_models(&[
        "accounts/fireworks/models/gpt-oss-*",
        "accounts/fireworks/models/glm-*",
        "accounts/fireworks/models/kimi-k*",
        "accounts/fireworks/models/deepseek-*",
        "accounts/fireworks/models/minimax-m*",
        "accounts/fireworks/models/qwen3*",
        "accounts/fireworks/routers/*",
    ])
    // Sound goes in by `audio_url`, which is not the common form: not declared.
    .capabilities(
        COMMON
            .parallel_tools()
            .schema()
            .image_in()
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
            .service_tier()
            .user()
            .metadata()
            .embed()
            .dimensions()
            .max_inputs(2_048)
            .list_models(),
    );

/// What Fireworks does its own way.
///
/// <https://docs.fireworks.ai/api-reference/post-chatcompletions>,
/// <https://docs.fireworks.ai/guides/reasoning>,
/// <https://docs.fireworks.ai/guides/inference-error-codes>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .efforts(&[Off, Low, Medium, High, XHigh, Max])
    .reasoning_budget("reasoning_effort")
    .reasoning_replay("reasoning_content")
    .classify(|error| match (&*error.code, error.status) {
        // Unpaid, or over its limit on spending; else an adapter could not be loaded.
        (_, Some(412)) if error.message.contains("suspended") => Some(ErrorKind::QuotaExhausted),
        ("SERVICE_UNAVAILABLE", _) | (_, Some(503)) => Some(ErrorKind::Overloaded),
        _ => None,
    });

/// A Fireworks account.
pub type Fireworks = Account<Api>;

/// Fireworks, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
