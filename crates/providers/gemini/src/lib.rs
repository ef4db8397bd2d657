#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ProviderDef, Result,
    account::{Provider, Settings},
    protocol::AuthScheme,
};
use trunkline_gemini_content::{CAPABILITIES, Dialect, GeminiContent};

mod options;

pub use options::Options;
#[doc(no_inline)]
pub use trunkline_core::prelude;
pub use trunkline_gemini_content::{
    Harm, ImageSettings, Retrieval, SafetySetting, Settings as Generation, Thinking, Threshold,
    ToolSettings,
};

/// Gemini, as data.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("gemini", "GEMINI")
    .base_url("https://generativelanguage.googleapis.com/v1beta")
    .auth(AuthScheme::Header("x-goog-api-key"))
    .variables(&[("API_KEY", "GOOGLE_API_KEY")])
    .default_model("gemini-3.8-flash")
    .models(&["gemini-*", "gemma-*"])
    .reasoning_models(&["gemini-2.5-*", "gemini-3*"])
    .capabilities(CAPABILITIES.service_tier().max_inputs(100).list_models());

/// An account with Gemini.
pub type Gemini = Account<Api>;

/// Gemini, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = GeminiContent;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<GeminiContent> {
        Ok(GeminiContent(Dialect::of(&PROVIDER)))
    }
}
