#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ChatRequest, ErrorKind, Json, ProviderDef, Result,
    account::{Provider, Settings},
    chat::{Effort, ReasoningSetting},
};
use trunkline_openai_compat::{COMMON, Dialect, ErrorDetail, OpenAiCompat};

mod options;

pub use options::Options;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Moonshot AI, as data.
///
/// <https://platform.kimi.ai/docs/api/chat>, <https://platform.kimi.ai/docs/api/models-overview>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("moonshot", "MOONSHOT")
    .base_url("https://api.moonshot.ai/v1")
    .default_model("kimi-k3")
    .models(&["kimi-*", "moonshot-v1-*"])
    // <https://platform.kimi.ai/docs/guide/use-thinking-effort>
    .reasoning_models(&["kimi-k2.5*", "kimi-k2.6*", "kimi-k2.7*", "kimi-k3*"])
    .capabilities(CAPABILITIES);

/// Without temperature and `top_p`: Kimi models have them fixed, and refuse others.
///
/// <https://platform.kimi.ai/docs/api/chat>
const CAPABILITIES: Capabilities = {
    let mut can = COMMON.schema().image_in().video_in().reasoning().prefill();
    (can.temperature, can.top_p) = (false, false);
    can.user().list_models()
};

/// What Moonshot AI does its own way.
///
/// The fields: <https://platform.kimi.ai/docs/api/chat>; thoughts, there and back:
/// <https://platform.kimi.ai/docs/guide/use-thinking-effort>; images:
/// <https://platform.kimi.ai/docs/guide/use-kimi-vision-model>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .max_tokens("max_completion_tokens")
    .user_field("safety_identifier")
    .prefill("partial")
    .image_urls("ms://")
    .no_thinking(r#"{"thinking":{"type":"disabled"}}"#)
    .efforts(&[Effort::None, Effort::Low, Effort::High, Effort::Max])
    .reasoning_replay("reasoning_content")
    .reasoning_replay_always()
    .patch(patch)
    .classify(classify);

/// K2 models know no degrees: they think or they do not.
///
/// <https://platform.kimi.ai/docs/guide/use-thinking-effort>
fn patch(request: &ChatRequest) -> Option<Json> {
    let none = ReasoningSetting::Effort(Effort::None);
    let thinks = request.reasoning.is_some_and(|setting| setting != none);
    if !thinks || !request.model.starts_with("kimi-k2") {
        return None;
    }
    Json::parse(r#"{"thinking":{"type":"enabled"},"reasoning_effort":null}"#).ok()
}

/// Types tell all else: <https://platform.kimi.ai/docs/api/errors>
fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    let words = ["exceeded model token limit", "token length too long"];
    let long = words.iter().any(|words| error.message.contains(words));
    (long && error.status == Some(400)).then_some(ErrorKind::ContextLength)
}

/// A Moonshot AI account.
pub type Moonshot = Account<Api>;

/// Moonshot AI, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = OpenAiCompat;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<OpenAiCompat> {
        Ok(OpenAiCompat(DIALECT))
    }
}
