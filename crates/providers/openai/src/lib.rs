#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ProviderDef, Result,
    account::{Provider, Settings},
};
use trunkline_openai_compat::{Dialect, OpenAiCompat};

mod options;

pub use options::{Options, Verbosity};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// OpenAI, as data.
///
/// <https://platform.openai.com/docs/api-reference>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("openai", "OPENAI")
    .base_url("https://api.openai.com/v1")
    .default_model("gpt-4.1-mini")
    .models(&[
        "gpt-*",
        "chatgpt-*",
        "o1*",
        "o3*",
        "o4*",
        "text-embedding-*",
    ])
    // <https://platform.openai.com/docs/guides/reasoning>; `gpt-5-chat-*` does not think, so the others
    // of its family are named one by one.
    .reasoning_models(&[
        "o1*",
        "o3*",
        "o4*",
        "gpt-5",
        "gpt-5-20*",
        "gpt-5-mini*",
        "gpt-5-nano*",
        "gpt-5-pro*",
        "gpt-5-codex*",
        "gpt-5.*",
    ])
    .capabilities(DIALECT.capabilities);

/// Chat completions at their origin.
///
/// <https://platform.openai.com/docs/api-reference/chat/create>
pub const DIALECT: Dialect = Dialect::OPENAI;

/// An OpenAI account.
pub type OpenAi = Account<Api>;

/// OpenAI, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
