#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, Error, HttpClient, ProviderDef, Result, Secret,
    account::{Provider, Settings},
    chat::Effort,
};
use trunkline_openai_compat::{Dialect, OpenAiCompat};
use trunkline_openai_responses::Responses;

mod options;
mod protocol;
mod stored;

pub use options::{Conversation, Options, Summary, Thinking, Verbosity};
pub use protocol::Protocols;
pub use stored::{Cancel, Forget, Retrieve};
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// OpenAI, as data.
///
/// <https://platform.openai.com/docs/api-reference>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("openai", "OPENAI")
    .base_url("https://api.openai.com/v1")
    .default_model("gpt-4.1-mini")
    .models(&[
        "gpt-*",
        "chatgpt-*",
        "o1*",
        "o3*",
        "o4*",
        "text-embedding-*",
    ])
    .reasoning_models(REASONING)
    .settings(&["api"])
    .capabilities(
        RESPONSES
            .capabilities
            .embed()
            .dimensions()
            .list_models()
            .max_inputs(2_048),
    );

/// The models that think, <https://platform.openai.com/docs/guides/reasoning>; `gpt-5-chat-*` does not,
/// so the others of its family are named one by one.
const REASONING: &[&str] = &[
    "o1*",
    "o3*",
    "o4*",
    "gpt-5",
    "gpt-5-20*",
    "gpt-5-mini*",
    "gpt-5-nano*",
    "gpt-5-pro*",
    "gpt-5-codex*",
    "gpt-5.*",
];

/// How much models can be told to think: any other degree is refused.
///
/// <https://platform.openai.com/docs/api-reference/responses/create>, `reasoning.effort`
const EFFORTS: &[(&[&str], &[Effort])] = {
    use Effort::{High, Low, Medium, Minimal, None, XHigh};
    &[
        (&["gpt-5-pro*"], &[High]),
        (&["gpt-5-codex*", "o1*", "o3*", "o4*"], &[Low, Medium, High]),
        (
            &["gpt-5", "gpt-5-20*", "gpt-5-mini*", "gpt-5-nano*"],
            &[Minimal, Low, Medium, High],
        ),
        (
            &["gpt-5.1-codex-max*", "gpt-5.2-codex*", "gpt-5.3-codex*"],
            &[Low, Medium, High, XHigh],
        ),
        (&["gpt-5.1-codex*"], &[Low, Medium, High]),
        (&["gpt-5.1*"], &[None, Low, Medium, High]),
        (
            &["gpt-5.2*", "gpt-5.3*", "gpt-5.4*", "gpt-5.5*"],
            &[None, Low, Medium, High, XHigh],
        ),
        // These do not think.
        (
            &[
                "gpt-3.5*",
                "gpt-4*",
                "chatgpt-4o*",
                "gpt-5-chat*",
                "ft:gpt-*",
            ],
            &[],
        ),
    ]
};

/// The Responses API at its origin.
///
/// <https://platform.openai.com/docs/api-reference/responses>
pub const RESPONSES: trunkline_openai_responses::Dialect =
    trunkline_openai_responses::Dialect::OPENAI
        .reasoning_models(REASONING)
        .model_efforts(EFFORTS)
        // Later ones may be told not to think at all, and then take `temperature`.
        .fixed_sampling(&[
            "o1*",
            "o3*",
            "o4*",
            "gpt-5",
            "gpt-5-20*",
            "gpt-5-mini*",
            "gpt-5-nano*",
            "gpt-5-pro*",
            "gpt-5-codex*",
        ])
        .cache_points(&["gpt-5.6*"]);

/// Chat completions at their origin.
///
/// <https://platform.openai.com/docs/api-reference/chat/create>
pub const DIALECT: Dialect = Dialect::OPENAI;

/// The setting `api` for chat completions: what most other servers speak.
pub const CHAT_COMPLETIONS: &str = "chat-completions";

/// An OpenAI account.
pub type OpenAi = Account<Api>;

/// An account with a server that speaks OpenAI's chat completions: a gateway, a server at home. It is
/// [`OpenAi::with`] with the setting `api` for [`CHAT_COMPLETIONS`].
///
/// # Errors
///
/// [`Config`](trunkline_core::ErrorKind::Config): the key cannot be sent, or the base URL is none.
pub fn compatible(
    key: impl Into<Secret>,
    base_url: impl Into<String>,
    client: HttpClient,
) -> Result<OpenAi> {
    let builder = OpenAi::builder().key(key).endpoint(base_url);
    builder
        .client(client)
        .setting("api", CHAT_COMPLETIONS)
        .build()
}

/// OpenAI, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Protocols;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(settings: &Settings) -> Result<Protocols> {
        match settings.get("api") {
            None | Some("responses") => Ok(Protocols::responses(
                Responses(RESPONSES),
                OpenAiCompat(DIALECT),
            )),
            Some(CHAT_COMPLETIONS) => Ok(Protocols::chat_completions(OpenAiCompat(DIALECT))),
            Some(_) => Err(Error::config(
                "the setting `api` is neither `responses` nor `chat-completions`",
            )),
        }
    }

    fn capabilities(settings: &Settings) -> Capabilities {
        match settings.get("api") {
            Some(CHAT_COMPLETIONS) => DIALECT.capabilities,
            _ => PROVIDER.capabilities,
        }
    }
}
