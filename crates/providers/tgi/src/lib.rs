#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ProviderDef, Result,
    account::{Provider, Settings},
};
use trunkline_openai_compat::Dialect;

mod error;
mod fit;
mod generate;
mod generated;
mod info;
mod load;
mod options;
mod protocol;
mod tokenize;

pub use generate::{Generate, GenerateStream, Parameters};
pub use generated::{Details, Generated, Piece, PrefillToken, Sequence, Token};
pub use info::{Info, Served};
pub use options::{Grammar, NamedSchema, Options};
pub use protocol::Server;
pub use tokenize::{ChatTokenize, ChatTokens};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Text Generation Inference, as data.
///
/// A server has one model, which requests call `tgi`; another name is that of an adapter. Of formats
/// it knows those with a schema: "any JSON" has no word on its wire.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("tgi", "TGI")
    .base_url("http://127.0.0.1:3000")
    .optional_path("/v1")
    .key_optional()
    .local_ports(&[3000, 8080])
    .local_mark("/info", "\"max_best_of\"")
    .default_model("tgi")
    .models(&["tgi"])
    .capabilities(
        Capabilities::NONE
            .chat()
            .stream()
            .tools()
            .tool_choice()
            .schema()
            .image_in()
            .temperature()
            .top_p()
            .frequency_penalty()
            .presence_penalty()
            .seed()
            .stop()
            .logprobs()
            .prefill()
            .count_tokens()
            .tokenize()
            .list_models()
            .ready()
            .load(),
    );

/// How it speaks chat completions.
///
/// <https://huggingface.co/docs/text-generation-inference/messages_api>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER).classify(error::classify);

/// An account with a server of Text Generation Inference, or several that serve the same.
pub type Tgi = Account<Api>;

/// Text Generation Inference, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Server;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<Server> {
        Ok(Server)
    }
}
