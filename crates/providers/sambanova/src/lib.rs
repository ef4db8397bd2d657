#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ChatRequest, ErrorKind, Json, ProviderDef, Result,
    account::{Provider, Settings},
    chat::{Effort, ReasoningSetting},
};
use trunkline_openai_compat::{COMMON, Dialect, OpenAiCompat};

mod options;

pub use options::Options;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// SambaNova, as data.
///
/// <https://docs.sambanova.ai/docs/en/features/openai-compatibility.md>,
/// <https://docs.sambanova.ai/docs/en/models/sambacloud-models.md>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("sambanova", "SAMBANOVA")
    .base_url("https://api.sambanova.ai/v1")
    .default_model("Meta-Llama-3.3-70B-Instruct")
    .models(&[
        "Meta-Llama-*",
        "Llama-*",
        "gpt-oss-*",
        "DeepSeek-*",
        "MiniMax-*",
        "gemma-*",
        "Qwen3-*",
        "Mistral-*",
    ])
    .reasoning_models(&["gpt-oss-*", "DeepSeek-*", "MiniMax-M*"])
    // Penalties and biases are taken and do nothing: not declared.
    .capabilities(
        COMMON
            .parallel_tools()
            .schema()
            .image_in()
            .top_k()
            .seed()
            .candidates()
            .logprobs()
            .reasoning()
            .list_models(),
    );

/// What SambaNova does its own way.
///
/// <https://docs.sambanova.ai/docs/en/models/sambacloud-models.md>,
/// <https://docs.sambanova.ai/docs/en/api-reference/using-the-api/api-error-codes.md>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .efforts(&[Effort::Low, Effort::Medium, Effort::High])
    .no_thinking(r#"{"chat_template_kwargs":{"enable_thinking":false}}"#)
    .reasoning_replay("reasoning")
    .think_tags()
    .patch(patch)
    .classify(|error| match (&*error.code, error.status) {
        // Too many requests, whatever the name: no account is empty.
        ("insufficient_quota", _) => Some(ErrorKind::RateLimited),
        ("queue_full", _) | (_, Some(503)) => Some(ErrorKind::Overloaded),
        _ => None,
    });

/// DeepSeek does not think unless its template is told to.
///
/// <https://docs.sambanova.ai/docs/en/models/sambacloud-models.md>
fn patch(request: &ChatRequest) -> Option<Json> {
    const ON: &str = r#"{"chat_template_kwargs":{"enable_thinking":true}}"#;
    let thinks = request.reasoning? != ReasoningSetting::Effort(Effort::None);
    let is_told = thinks && request.model.starts_with("DeepSeek-");
    Json::parse(ON).ok().filter(|_| is_told)
}

/// A SambaNova account.
pub type SambaNova = Account<Api>;

/// SambaNova, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
