#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
};
use trunkline_openai_compat::{COMMON, Dialect, ErrorDetail, OpenAiCompat};

mod options;

pub use options::{Options, ReasoningFormat};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Groq, as data.
///
/// <https://console.groq.com/docs/openai>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("groq", "GROQ")
    .base_url("https://api.groq.com/openai/v1")
    .default_model("llama-3.3-70b-versatile")
    .models(&[
        "llama-*",
        "meta-llama/*",
        "openai/gpt-oss-*",
        "moonshotai/kimi-*",
        "qwen/*",
        "groq/compound*",
    ])
    // <https://console.groq.com/docs/reasoning>; compound systems think and search with the first.
    .reasoning_models(&["openai/gpt-oss-*", "qwen/qwen3*", "groq/compound*"])
    .capabilities(
        COMMON
            .parallel_tools()
            .schema()
            .image_in()
            .seed()
            .reasoning()
            .service_tier()
            .user()
            .list_models(),
    );

/// What Groq does its own way.
///
/// <https://console.groq.com/docs/api-reference#chat-create>,
/// <https://console.groq.com/docs/errors>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .max_tokens("max_completion_tokens")
    .reasoning_replay("reasoning")
    .classify(classify);

fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    match &*error.code {
        // The model wrote a tool call that is none; another attempt may succeed.
        "tool_use_failed" => Some(ErrorKind::Server),
        "request_too_large" => Some(ErrorKind::ContextLength),
        "model_terms_required" => Some(ErrorKind::Permission),
        _ => None,
    }
}

/// A Groq account.
pub type Groq = Account<Api>;

/// Groq, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
