#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ProviderDef, Result,
    account::{Provider, Settings},
    protocol::AuthScheme,
};
use trunkline_gemini_content::{Dialect, GeminiContent};

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
    .capabilities(
        Capabilities::NONE
            .chat()
            .stream()
            .tools()
            .tool_choice()
            .json()
            .schema()
            .image_in()
            .audio_in()
            .video_in()
            .document_in()
            .image_out()
            .audio_out()
            .temperature()
            .top_p()
            .top_k()
            .frequency_penalty()
            .presence_penalty()
            .seed()
            .stop()
            .candidates()
            .logprobs()
            .reasoning()
            .service_tier()
            .embed()
            .dimensions()
            .max_inputs(100)
            .count_tokens()
            .list_models(),
    );

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
