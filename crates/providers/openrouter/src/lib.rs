#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
    embed::Purpose,
};
use trunkline_openai_compat::{Dialect, ErrorDetail, OpenAiCompat, ReasoningParam};

mod options;

pub use options::{Options, Routing};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// OpenRouter, as data.
///
/// <https://openrouter.ai/docs/api_reference/overview>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("openrouter", "OPENROUTER")
    .base_url("https://openrouter.ai/api/v1")
    .default_model("openrouter/auto")
    .models(&["*/*"])
    // Which of them think changes by the week, and upstreams are tried in turn: any may be late.
    .reasoning_models(&["*/*"])
    .capabilities(CAPABILITIES);

/// Nearly all that there is: OpenRouter passes over what a model does not know. No two answers to
/// one request, and no known limit on texts to embed.
///
/// <https://openrouter.ai/docs/api/api-reference/chat/create-a-chat-completion>,
/// <https://openrouter.ai/docs/api_reference/embeddings>
const CAPABILITIES: Capabilities = {
    let mut can = Dialect::OPENAI.capabilities;
    (can.candidates, can.max_inputs) = (false, None);
    can.video_in().image_out().top_k().min_p().prefill()
};

/// What OpenRouter does its own way.
///
/// Usage always comes: <https://openrouter.ai/docs/api/api-reference/chat/create-a-chat-completion>;
/// thoughts, there and back: <https://openrouter.ai/docs/guides/best-practices/reasoning-tokens>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .max_tokens("max_completion_tokens")
    .developer_role()
    .no_stream_usage()
    .reasoning(ReasoningParam::Object)
    .reasoning_replay("reasoning")
    .document_urls()
    .base64_embeddings()
    .purpose("input_type", PURPOSES)
    .classify(classify);

/// <https://openrouter.ai/docs/api_reference/embeddings>
const PURPOSES: &[(Purpose, &str)] = &[
    (Purpose::Query, "search_query"),
    (Purpose::Document, "search_document"),
];

/// A 403 is a missing permission, or a filter's of OpenRouter, a guardrail or an upstream.
///
/// <https://openrouter.ai/docs/api_reference/errors-and-debugging>
fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    let filters = ["flagged", "Request blocked", "violates"];
    let filtered = filters.iter().any(|word| error.message.contains(word));
    match error.status {
        Some(403) if filtered => Some(ErrorKind::ContentFilter),
        Some(503) => Some(ErrorKind::Overloaded),
        _ => None,
    }
}

/// An OpenRouter account.
pub type OpenRouter = Account<Api>;

/// OpenRouter, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
