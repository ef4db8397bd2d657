#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ProviderDef, Result,
    account::{Provider, Settings},
};

mod decode;
mod embed;
mod encode;
mod error;
mod generate;
mod host;
mod manage;
mod models;
mod options;
mod protocol;
mod pull;
mod wire;

pub use generate::{Generate, GenerateOptions, Generated};
pub use host::base_url;
pub use manage::{Details, Loaded, Ps, Show, Shown, Version};
pub use options::{KeepAlive, ModelOptions, Options, Think};
pub use protocol::Ndjson;
pub use pull::{Progress, Pull};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Ollama, as data.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("ollama", "OLLAMA")
    .base_url("http://127.0.0.1:11434/api")
    .key_optional()
    .settings(&["host"])
    .default_model("llama3.2")
    .reasoning_models(&[
        "deepseek-r1*",
        "deepseek-v3.1*",
        "gpt-oss*",
        "magistral*",
        "qwen3*",
        "qwq*",
    ])
    .local_ports(&[11434])
    .capabilities(
        Capabilities::NONE
            .chat()
            .stream()
            .tools()
            .json()
            .schema()
            .image_in()
            .temperature()
            .top_p()
            .top_k()
            .min_p()
            .frequency_penalty()
            .presence_penalty()
            .seed()
            .stop()
            .logprobs()
            .reasoning()
            .embed()
            .dimensions()
            .list_models(),
    );

/// An account with Ollama: a server of your own, or its cloud.
pub type Ollama = Account<Api>;

/// Ollama, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Ndjson;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<Ndjson> {
        Ok(Ndjson)
    }

    fn base_url(settings: &Settings) -> Result<Option<String>> {
        settings.get("host").map(base_url).transpose()
    }
}
