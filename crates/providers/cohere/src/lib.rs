#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ProviderDef, Result,
    account::{Provider, Settings},
};

mod beside;
mod cite;
mod decode;
mod embed;
mod encode;
mod error;
mod models;
mod options;
mod protocol;
mod rerank;
mod tokenize;
mod usage;
mod wire;

pub use options::{
    CitationMode, Document, Documents, EmbedOptions, Options, RerankOptions, SafetyMode, Truncate,
};
pub use protocol::V2;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Cohere, as data.
///
/// Texts go as documents, other files do not, so `document_in` is not declared: it stands for pages.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("cohere", "COHERE")
    .base_url("https://api.cohere.com")
    .default_model("command-a-03-2025")
    .models(&["command-*", "c4ai-*", "embed-*", "rerank-*"])
    .reasoning_models(&["command-a-reasoning-*", "command-a-plus-*"])
    // What Cohere's own libraries read.
    .variables(&[("API_KEY", "CO_API_KEY"), ("BASE_URL", "CO_API_URL")])
    .response_headers(&[
        ("x-trial-endpoint-call-limit", "x-ratelimit-limit-requests"),
        (
            "x-trial-endpoint-call-remaining",
            "x-ratelimit-remaining-requests",
        ),
    ])
    .capabilities(
        Capabilities::NONE
            .chat()
            .stream()
            .tools()
            .tool_choice()
            .json()
            .schema()
            .image_in()
            .temperature()
            .top_p()
            .top_k()
            .frequency_penalty()
            .presence_penalty()
            .seed()
            .stop()
            .logprobs()
            .reasoning()
            .embed()
            .dimensions()
            .precision()
            .max_inputs(96)
            .rerank()
            .max_documents(10_000)
            .tokenize()
            .detokenize()
            .list_models(),
    );

/// An account with Cohere.
pub type Cohere = Account<Api>;

/// Cohere, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = V2;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<V2> {
        Ok(V2)
    }
}
