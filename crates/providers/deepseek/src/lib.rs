#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
    chat::Effort,
};
use trunkline_openai_compat::{COMMON, Dialect, ErrorDetail, OpenAiCompat};

#[doc(no_inline)]
pub use trunkline_core::prelude;

/// DeepSeek, as data.
///
/// <https://api-docs.deepseek.com/>, <https://api-docs.deepseek.com/quick_start/pricing>; all models
/// think unless told not to: <https://api-docs.deepseek.com/guides/thinking_mode>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("deepseek", "DEEPSEEK")
    .base_url("https://api.deepseek.com")
    .default_model("deepseek-flash")
    .models(&["deepseek-*"])
    .reasoning_models(&["deepseek-*"])
    .capabilities(
        // <https://api-docs.deepseek.com/api/create-chat-completion>; images:
        // <https://api-docs.deepseek.com/guides/vision>
        COMMON
            .image_in()
            .logprobs()
            .reasoning()
            .user()
            .list_models(),
    );

/// What DeepSeek does its own way.
///
/// Thinking, its degrees, and thoughts that have to come back with each call of a tool:
/// <https://api-docs.deepseek.com/guides/thinking_mode>; end users:
/// <https://api-docs.deepseek.com/quick_start/rate_limit>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .no_thinking(r#"{"thinking":{"type":"disabled"}}"#)
    .efforts(&[Effort::None, Effort::Low, Effort::High, Effort::Max])
    .reasoning_replay("reasoning_content")
    .reasoning_replay_always()
    .user_field("user_id")
    .classify(classify);

/// Its codes say `invalid_request_error` whatever happened, so statuses and words have to tell.
///
/// <https://api-docs.deepseek.com/quick_start/error_codes>
fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    match (error.status, &*error.message) {
        (Some(400), "Content Exists Risk") => Some(ErrorKind::ContentFilter),
        (Some(400), "Model Not Exist") => Some(ErrorKind::NotFound),
        (Some(503), _) => Some(ErrorKind::Overloaded),
        _ => None,
    }
}

/// A DeepSeek account.
pub type DeepSeek = Account<Api>;

/// DeepSeek, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
