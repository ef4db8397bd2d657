#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_anthropic_messages::{CLAUDE, Dialect};
use trunkline_core::{
    Account, ProviderDef, Result,
    account::{Provider, Settings},
    protocol::AuthScheme,
};

pub use trunkline_anthropic_messages::{
    Beta, CodeExecution, Messages, Options, OutputConfig, Thinking, UserLocation, WebFetch,
    WebSearch, cited,
};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Anthropic, as data.
///
/// <https://platform.claude.com/docs/en/api/overview>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("anthropic", "ANTHROPIC")
    .base_url("https://api.anthropic.com/v1")
    .auth(AuthScheme::Header("x-api-key"))
    .headers(&[("anthropic-version", "2023-06-01")])
    .default_model("claude-sonnet-5-5")
    .models(&["claude-*"])
    .reasoning_models(&[
        "claude-3-7-*",
        "claude-opus-*",
        "claude-sonnet-*",
        "claude-haiku-4-5*",
        "claude-haiku-5*",
        "claude-fable-*",
        "claude-mythos-*",
    ])
    .capabilities(CLAUDE.service_tier().list_models());

/// How Anthropic serves its own API.
pub const DIALECT: Dialect = Dialect::of(&PROVIDER).mid_system();

/// An account with Anthropic.
pub type Anthropic = Account<Api>;

/// Anthropic, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Messages;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<Messages> {
        Ok(Messages(DIALECT))
    }
}
