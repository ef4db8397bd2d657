#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, ErrorKind, ProviderDef, Result,
    account::{Provider, Settings},
    protocol::AuthScheme,
};
use trunkline_openai_compat::{Dialect, ErrorDetail};

mod options;
mod surface;

pub use options::Options;
pub use surface::Surface;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Azure OpenAI, as data. Its base URL is the resource's, and the model is the name of a deployment.
///
/// <https://learn.microsoft.com/azure/foundry/openai/latest>
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("azure", "AZURE_OPENAI")
    .auth(AuthScheme::Header("api-key"))
    // <https://github.com/MicrosoftDocs/azure-ai-docs/blob/main/articles/foundry/openai/includes/environment-variables.md>
    .variables(&[
        ("BASE_URL", "AZURE_OPENAI_ENDPOINT"),
        ("API_VERSION", "OPENAI_API_VERSION"),
    ])
    .settings(&["api_version"])
    // Deployments that are named after their model:
    // <https://learn.microsoft.com/azure/foundry/openai/how-to/reasoning>
    .reasoning_models(&[
        "o1*",
        "o3*",
        "o4*",
        "gpt-5*",
        "gpt-6*",
        "DeepSeek-R1*",
        "MAI-DS-R1*",
    ])
    .capabilities(CAPABILITIES);

/// All that OpenAI has but documents: those are refused with `invalid_value`.
///
/// <https://github.com/openai/openai-python/issues/2826>
const CAPABILITIES: Capabilities = {
    let mut can = Dialect::OPENAI.capabilities;
    can.document_in = false;
    can
};

/// What Azure OpenAI does its own way.
///
/// <https://learn.microsoft.com/azure/foundry/openai/how-to/reasoning>
pub const DIALECT: Dialect = Dialect::of(&PROVIDER)
    .max_tokens("max_completion_tokens")
    .developer_role()
    .allowed_tools()
    .base64_embeddings()
    .classify(classify);

/// <https://github.com/MicrosoftDocs/azure-ai-docs/blob/main/articles/foundry/openai/includes/quota-2.md>
fn classify(error: &ErrorDetail) -> Option<ErrorKind> {
    let full = ["high demand", "temporarily unable to process"];
    match (error.status, &*error.code) {
        // A role is missing, under 401: <https://github.com/davrous/AzureAgentToM365/issues/3>.
        (_, "PermissionDenied") => Some(ErrorKind::Permission),
        // Azure is full, and not the deployment's quota used up.
        (Some(429), _) if full.iter().any(|words| error.message.contains(words)) => {
            Some(ErrorKind::Overloaded)
        }
        _ => None,
    }
}

/// An account with Azure OpenAI: one resource.
pub type Azure = Account<Api>;

/// Azure OpenAI, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Surface;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(settings: &Settings) -> Result<Surface> {
        Surface::of(settings.get("api_version"))
    }
}
