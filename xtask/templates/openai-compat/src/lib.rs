#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
};
// [no-chat]
//= use trunkline_core::Capabilities;
// [/no-chat]
// [chat]
use trunkline_openai_compat::COMMON;
// [/chat]
use trunkline_openai_compat::{Dialect, ErrorDetail, OpenAiCompat};

// [chat]
mod options;

pub use options::Options;
// [/chat]
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Parley, as data.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("parley", "PARLEY")
    .base_url("https://api.parley.example/v1")
    .default_model("parley-1")
    .models(&["parley-*"])
    .capabilities(
        COMMON
            .schema()
            .embed()
            .dimensions()
            .max_inputs(100)
            .list_models(),
    );

/// What Parley does its own way.
pub const DIALECT: Dialect = Dialect::of(&PROVIDER).classify(classify);

/// The codes that only Parley has; those that many have are known.
fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    match &*error.code {
        "parley_is_full" => Some(ErrorKind::Overloaded),
        _ => None,
    }
}

/// An account with Parley.
pub type Parley = Account<Api>;

/// Parley, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
