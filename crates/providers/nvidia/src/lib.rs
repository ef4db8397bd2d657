#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ErrorKind, Json, ProviderDef, Result,
    account::{Provider, Settings},
    chat::Effort::{High, Low, Medium, None as Off},
    embed::Purpose::{Document, Query},
};
use trunkline_openai_compat::{COMMON, Dialect, OpenAiCompat};

mod options;

pub use options::Options;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// NVIDIA, as data.
///
/// <https://docs.api.nvidia.com/nim/reference/llm-apis>,
/// <https://build.nvidia.com/llms.txt>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("nvidia", "NVIDIA")
    .base_url("https://integrate.api.nvidia.com/v1")
    .default_model("nvidia/nemotron-3-super-120b-a12b")
    .models(&[
        "nvidia/*",
        "meta/*",
        "openai/gpt-oss-*",
        "deepseek-ai/*",
        "qwen/*",
        "mistralai/*",
        "moonshotai/*",
        "minimaxai/*",
        "z-ai/*",
    ])
    .reasoning_models(&[
        "nvidia/*nemotron-*",
        "openai/gpt-oss-*",
        "deepseek-ai/*",
        "qwen/qwen3*",
        "moonshotai/kimi-k*",
        "minimaxai/*",
        "z-ai/*",
    ])
    // What no model's page promises is not declared: an unknown parameter is refused with 422.
    .capabilities(
        COMMON
            .schema()
            .image_in()
            .frequency_penalty()
            .presence_penalty()
            .seed()
            .reasoning()
            .embed()
            .dimensions()
            .list_models(),
    );

/// What NVIDIA does its own way.
///
/// <https://docs.api.nvidia.com/nim/reference/llm-apis>,
/// <https://build.nvidia.com/nvidia/nemotron-3-ultra-550b-a55b>,
/// <https://docs.api.nvidia.com/nim/reference/nvidia-nv-embedqa-e5-v5-infer>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .efforts(&[Off, Low, Medium, High])
    .reasoning_budget("reasoning_budget")
    .reasoning_replay("reasoning_content")
    .think_tags()
    .purpose("input_type", &[(Query, "query"), (Document, "passage")])
    // Most models refuse texts of which they are not told what they are for.
    .embed_patch(|request| match request.purpose {
        Some(Query | Document) => None,
        _ => Json::parse(r#"{"input_type":"passage"}"#).ok(),
    })
    .classify(|error| match error.status {
        // A wrong key; there is no other code for it.
        Some(403) if error.message == "Authorization failed" => Some(ErrorKind::Auth),
        _ => None,
    });

/// An NVIDIA account.
pub type Nvidia = Account<Api>;

/// NVIDIA, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
