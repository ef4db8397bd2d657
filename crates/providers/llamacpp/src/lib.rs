#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ProviderDef, Result,
    account::{Provider, Settings},
};
use trunkline_openai_compat::{COMMON, Dialect};

// Before those that use its macro.
#[macro_use]
mod sampling;

mod completed;
mod completion;
mod control;
mod embedding;
mod error;
mod health;
mod infill;
mod lora;
mod models;
mod options;
mod prefill;
mod probabilities;
mod prompt;
mod props;
mod protocol;
mod rerank;
mod router;
mod slot_files;
mod slots;
mod stream;
mod template;
mod timings;
mod tokenize;

pub use completed::{Completed, Progress};
pub use completion::{Completion, CompletionOptions};
pub use control::EndReasoning;
pub use embedding::{EmbedTokens, TokenVectors};
pub use infill::{Infill, InfillFile};
pub use lora::{LoraAdapter, LoraAdapters, LoraScale, SetLoraScales};
pub use options::{Continue, EmbedOptions, Options, ReasoningFormat, TokenizeOptions};
pub use probabilities::TokenProb;
pub use prompt::{Prompt, PromptPiece};
pub use props::{Modalities, Props, ServerProps, SetProps};
pub use protocol::Server;
pub use router::{LoadModel, UnloadModel};
pub use slot_files::{EraseSlot, Erased, RestoreSlot, Restored, SaveSlot, Saved};
pub use slots::{Slot, Slots};
pub use stream::TimedDecoder;
pub use template::ApplyTemplate;
pub use timings::Timings;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// The llama.cpp server, as data.
///
/// A server of one model answers to any name with the model that it has.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("llamacpp", "LLAMACPP")
    .base_url("http://127.0.0.1:8080")
    .optional_path("/v1")
    .key_optional()
    .default_model("default")
    .local_ports(&[8080])
    .local_mark("/props", "\"default_generation_settings\"")
    .capabilities(
        COMMON
            .parallel_tools()
            .schema()
            .image_in()
            .audio_in()
            .video_in()
            .top_k()
            .min_p()
            .frequency_penalty()
            .presence_penalty()
            .seed()
            .candidates()
            .logprobs()
            .logit_bias()
            .reasoning()
            .prefill()
            .embed()
            .rerank()
            .count_tokens()
            .tokenize()
            .detokenize()
            .list_models()
            .ready()
            .load(),
    );

/// What the llama.cpp server does its own way in chat completions.
///
/// Its source, `tools/server/server-common.cpp`: <https://github.com/ggml-org/llama.cpp>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .base64_embeddings()
    .reasoning_budget("thinking_budget_tokens")
    .reasoning_replay("reasoning_content")
    .patch(options::patch)
    .classify(error::classify);

/// An account with llama.cpp servers.
pub type LlamaCpp = Account<Api>;

/// The llama.cpp server, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Server;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<Server> {
        Ok(Server)
    }
}
