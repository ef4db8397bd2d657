#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Error, ProviderDef, Result,
    account::{Provider, Settings},
};
use trunkline_gemini_content::CAPABILITIES;

mod options;
mod platform;

pub use options::Options;
pub use platform::Platform;
#[doc(no_inline)]
pub use trunkline_core::prelude;
pub use trunkline_gemini_content::{
    Harm, ImageSettings, Retrieval, SafetySetting, Settings as Generation, Thinking, Threshold,
    ToolSettings,
};

/// Vertex AI, as data. Its base URL is made of a project and a location.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("vertex", "VERTEX")
    .settings(&["project", "location"])
    .variables(&[
        ("API_KEY", "VERTEX_ACCESS_TOKEN"),
        ("PROJECT", "GOOGLE_CLOUD_PROJECT"),
        ("LOCATION", "GOOGLE_CLOUD_LOCATION"),
    ])
    .default_model("gemini-3.8-flash")
    .models(&["gemini-*", "claude-*"])
    .reasoning_models(&["gemini-2.5-*", "gemini-3*"])
    .capabilities(CAPABILITIES.metadata().max_inputs(250));

/// An account with Vertex AI: one project, in one location.
pub type Vertex = Account<Api>;

/// Vertex AI, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Platform;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<Platform> {
        Ok(Platform)
    }

    fn base_url(settings: &Settings) -> Result<Option<String>> {
        let Some(project) = settings.get("project") else {
            let what = "no project, of which the base URL is made; set GOOGLE_CLOUD_PROJECT, or call \
                        `.setting(\"project\", …)`; or give a base URL with `.endpoint(…)`";
            return Err(Error::config(what));
        };
        let location = settings.get("location").unwrap_or("global");
        for (name, value) in [("project", project), ("location", location)] {
            // Projects of a domain have its name before theirs: `example.com:project`.
            let more: &[u8] = if name == "project" { b"-:." } else { b"-" };
            let usual = |byte: u8| byte.is_ascii_alphanumeric() || more.contains(&byte);
            if value.is_empty() || value.starts_with('.') || !value.bytes().all(usual) {
                let what = format!("the setting `{name}` cannot be part of a URL");
                return Err(Error::config(what));
            }
        }
        // <https://cloud.google.com/vertex-ai/generative-ai/docs/learn/locations>
        let host = match location {
            "global" => "aiplatform.googleapis.com".to_owned(),
            "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
            region => format!("{region}-aiplatform.googleapis.com"),
        };
        let url = format!("https://{host}/v1/projects/{project}/locations/{location}");
        Ok(Some(url))
    }
}
