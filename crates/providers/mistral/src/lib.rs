#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
    chat::Effort,
};
use trunkline_openai_compat::{
    COMMON, Dialect, DocumentParam, ErrorDetail, OpenAiCompat, nine_letters, renamed,
};

mod options;

pub use options::Options;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Mistral, as data.
///
/// <https://docs.mistral.ai/api>, <https://docs.mistral.ai/models/overview>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("mistral", "MISTRAL")
    .base_url("https://api.mistral.ai/v1")
    .default_model("mistral-medium-latest")
    .models(&[
        "mistral-*",
        "ministral-*",
        "codestral-*",
        "devstral-*",
        "magistral-*",
        "voxtral-*",
    ])
    // Those whose `capabilities.reasoning` is true in <https://docs.mistral.ai/api/endpoint/models>.
    .reasoning_models(&["mistral-small-*", "mistral-medium-*", "magistral-*"])
    .capabilities(
        COMMON
            .parallel_tools()
            .schema()
            .image_in()
            .audio_in()
            .document_in()
            .frequency_penalty()
            .presence_penalty()
            .seed()
            .candidates()
            .reasoning()
            .service_tier()
            .metadata()
            .prefill()
            .embed()
            .dimensions()
            .list_models(),
    );

/// What Mistral does its own way.
///
/// Unknown fields are refused: <https://docs.mistral.ai/api>. `stream_options` is one, and streams
/// tell their usage without it. A model thinks or does not:
/// <https://docs.mistral.ai/studio/conversations/reasoning>. Ids of calls:
/// <https://github.com/editor-code-assistant/eca/issues/233>.
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .no_stream_usage()
    .no_names()
    .efforts(&[Effort::None, Effort::High])
    .reasoning_pieces()
    .prefill("prefix")
    .documents(DocumentParam::DocumentUrl)
    .plain_audio()
    .call_id(nine_letters)
    .patch(|chat| renamed("seed", "random_seed", chat.seed?))
    .embed_patch(|embed| renamed("dimensions", "output_dimension", embed.dimensions?))
    .classify(classify);

/// <https://docs.mistral.ai/resources/error-glossary>,
/// <https://docs.mistral.ai/studio/safety-moderation>
fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    let told = |words: &str, kind| error.message.contains(words).then_some(kind);
    // The service is full, not the account's limit: <https://github.com/BerriAI/litellm/pull/25078>.
    told("capacity exceeded", ErrorKind::Overloaded)
        .or_else(|| told("blocked by guardrail", ErrorKind::ContentFilter))
        // The guardrail itself failed.
        .or_else(|| (error.code == "3201").then_some(ErrorKind::Server))
}

/// An account with Mistral.
pub type Mistral = Account<Api>;

/// Mistral, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
