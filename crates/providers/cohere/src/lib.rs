#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ProviderDef, Result,
    account::{Provider, Settings},
    protocol::AuthScheme,
};

mod decode;
mod embed;
mod encode;
mod error;
mod models;
mod protocol;
mod wire;

pub use protocol::Replies;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Cohere, as data.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("cohere", "COHERE")
    .base_url("https://api.cohere.com")
    .auth(AuthScheme::Header("x-cohere-key"))
    .default_model("command-a-03-2025")
    .models(&["cohere-*", "command-a-03-2025"])
    .capabilities(
        Capabilities::NONE
            .chat()
            .stream()
            .tools()
            .tool_choice()
            .temperature()
            .stop()
            .embed()
            .dimensions()
            .max_inputs(100)
            .list_models(),
    );

/// An account with Cohere.
pub type Cohere = Account<Api>;

/// Cohere, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Replies;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<Replies> {
        Ok(Replies)
    }
}
