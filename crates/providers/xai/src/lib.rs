#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
    chat::Effort,
};
use trunkline_openai_compat::{COMMON, Dialect, ErrorDetail, OpenAiCompat};

#[doc(no_inline)]
pub use trunkline_core::prelude;

/// xAI, as data.
///
/// <https://docs.x.ai/developers/rest-api-reference/inference/chat>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("xai", "XAI")
    .base_url("https://api.x.ai/v1")
    .default_model("grok-4.7")
    .models(&["grok-*"])
    // A pattern for those that end in `-reasoning` would fit `-non-reasoning` as well.
    .reasoning_models(&[
        "grok-4.3*",
        "grok-4.5*",
        "grok-4.6*",
        "grok-4.7*",
        "grok-4.20-0309-reasoning",
        "grok-4.20-multi-agent*",
        "grok-latest",
    ])
    .capabilities(CAPABILITIES);

/// Without stops, penalties and log probabilities: current models refuse them or pass over them.
///
/// <https://docs.x.ai/developers/rest-api-reference/inference/chat>
const CAPABILITIES: Capabilities = {
    let mut can = COMMON.parallel_tools().schema().image_in().seed();
    can.stop = false;
    (can.candidates().reasoning().service_tier().user()).list_models()
};

/// What xAI does its own way.
///
/// <https://docs.x.ai/developers/rest-api-reference/inference/chat>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .max_tokens("max_completion_tokens")
    .efforts(EFFORTS)
    .classify(classify);

/// All degrees that any of its models knows; none knows all of them.
const EFFORTS: &[Effort] = {
    use Effort::{High, Low, Medium, None, XHigh};
    &[None, Low, Medium, High, XHigh]
};

/// One status and one code stand for many things, so the words have to tell.
///
/// <https://docs.x.ai/developers/debugging>
fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    const WORDS: [(&str, ErrorKind); 5] = [
        ("Incorrect API key", ErrorKind::Auth),
        ("used all available credits", ErrorKind::QuotaExhausted),
        ("violates usage guidelines", ErrorKind::ContentFilter),
        ("Model not found", ErrorKind::NotFound),
        ("maximum prompt length", ErrorKind::ContextLength),
    ];
    let mut kinds = WORDS
        .iter()
        .filter(|(words, _)| error.message.contains(words));
    let retired = || (error.status == Some(410)).then_some(ErrorKind::InvalidRequest);
    kinds.next().map(|(_, kind)| *kind).or_else(retired)
}

/// An xAI account.
pub type Xai = Account<Api>;

/// xAI, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
