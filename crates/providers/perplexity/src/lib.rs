#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ProviderDef, Result,
    account::{Provider, Settings},
    chat::Effort,
};
use trunkline_openai_compat::{Dialect, DocumentParam, OpenAiCompat};

mod options;

pub use options::Options;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Perplexity, as data. Its own host ended chat completions on 2026-09-27; embeddings go on.
///
/// <https://docs.perplexity.ai/docs/sonar/openai-compatibility>,
/// <https://docs.perplexity.ai/docs/embeddings/quickstart>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("perplexity", "PERPLEXITY")
    .base_url("https://api.perplexity.ai/v1")
    .default_model("sonar")
    .models(&["sonar*", "pplx-embed-*"])
    .reasoning_models(&["sonar-reasoning*", "sonar-deep-research*"])
    // Less than other servers: no tools, and no JSON without a schema.
    .capabilities(
        Capabilities::NONE
            .chat()
            .stream()
            .schema()
            .temperature()
            .top_p()
            .stop()
            .image_in()
            .document_in()
            .video_in()
            .reasoning()
            .embed()
            .dimensions()
            .max_inputs(512)
            .list_models(),
    );

/// What Perplexity does its own way. Usage comes in each chunk without being asked for.
///
/// <https://docs.perplexity.ai/docs/sonar/openai-compatibility>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .no_stream_usage()
    .think_tags()
    .efforts(&[Effort::Minimal, Effort::Low, Effort::Medium, Effort::High])
    .documents(DocumentParam::FileUrl)
    .int8_embeddings();

/// An account with Perplexity.
pub type Perplexity = Account<Api>;

/// Perplexity, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
