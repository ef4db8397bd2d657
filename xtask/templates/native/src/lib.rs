#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ProviderDef, Result,
    account::{Provider, Settings},
    protocol::AuthScheme,
};

// [chat]
mod decode;
// [/chat]
// [embed]
mod embed;
// [/embed]
// [chat]
mod encode;
// [/chat]
mod error;
// [models]
mod models;
// [/models]
mod protocol;
// [chat]
mod wire;
// [/chat]

pub use protocol::Replies;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Babel, as data.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("babel", "BABEL")
    .base_url("https://api.babel.example/v1")
    .auth(AuthScheme::Header("x-babel-key"))
    .default_model("babel-1")
    .models(&["babel-*"])
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

/// An account with Babel.
pub type Babel = Account<Api>;

/// Babel, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Replies;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<Replies> {
        Ok(Replies)
    }
}
