#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

use trunkline_core::{
    Account, Capabilities, Error, ProviderDef, Result,
    account::{Provider, Settings},
};
#[cfg(feature = "sigv4")]
use trunkline_core::{HttpClient, account::Credentials};

mod blocks;
mod citation;
mod decode;
mod embed;
mod encode;
mod error;
mod event;
mod model;
mod options;
mod parts;
mod protocol;
mod said;
mod think;
mod usage;
mod wire;

pub use options::{EmbedOptions, Guardrail, Options, Performance};
pub use protocol::Converse;
#[cfg(feature = "sigv4")]
#[doc(no_inline)]
pub use trunkline_aws as aws;
#[doc(no_inline)]
pub use trunkline_core::prelude;

/// Bedrock, as data.
pub const PROVIDER: ProviderDef = ProviderDef::of::<Api>("bedrock", "BEDROCK")
    .variables(&[
        ("API_KEY", "AWS_BEARER_TOKEN_BEDROCK"),
        ("REGION", "AWS_REGION"),
        ("REGION", "AWS_DEFAULT_REGION"),
        ("PROFILE", "AWS_PROFILE"),
        ("ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"),
        ("SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"),
        ("SESSION_TOKEN", "AWS_SESSION_TOKEN"),
    ])
    .settings(&[
        "region",
        "profile",
        "access_key_id",
        "secret_access_key",
        "session_token",
    ])
    .default_model("global.anthropic.claude-sonnet-4-6")
    .models(&[
        "anthropic.*",
        "amazon.*",
        "ai21.*",
        "cohere.*",
        "deepseek.*",
        "google.gemma-*",
        "meta.*",
        "minimax.*",
        "mistral.*",
        "moonshot.*",
        "nvidia.*",
        "openai.gpt-oss-*",
        "qwen.*",
        "us.*",
        "eu.*",
        "apac.*",
        "global.*",
        "arn:aws*:bedrock:*",
    ])
    .reasoning_models(&[
        "anthropic.claude-*",
        "us.anthropic.claude-*",
        "eu.anthropic.claude-*",
        "apac.anthropic.claude-*",
        "global.anthropic.claude-*",
        "deepseek.*",
        "us.deepseek.*",
        "us.amazon.nova-2-*",
        "eu.amazon.nova-2-*",
        "global.amazon.nova-2-*",
        "moonshot.*",
        "openai.gpt-oss-*",
        "qwen.*",
    ])
    .capabilities(
        Capabilities::NONE
            .chat()
            .stream()
            .tools()
            .tool_choice()
            .schema()
            .image_in()
            .audio_in()
            .video_in()
            .document_in()
            .temperature()
            .top_p()
            .top_k()
            .stop()
            .reasoning()
            .service_tier()
            .metadata()
            .prefill()
            .count_tokens()
            .embed()
            .dimensions()
            .max_inputs(96),
    );

/// An account with Bedrock.
pub type Bedrock = Account<Api>;

/// Bedrock, as a type: what tells its [`Account`] from others.
#[derive(Debug)]
pub enum Api {}

impl Provider for Api {
    type Protocol = Converse;
    const DEF: &'static ProviderDef = &PROVIDER;

    fn protocol(_: &Settings) -> Result<Converse> {
        Ok(Converse)
    }

    /// `https://bedrock-runtime.eu-central-1.amazonaws.com`, of the setting `region`.
    ///
    /// <https://docs.aws.amazon.com/general/latest/gr/bedrock.html>
    fn base_url(settings: &Settings) -> Result<Option<String>> {
        let region = region(settings)?;
        let domain = match region.split('-').next() {
            Some("cn") => "amazonaws.com.cn",
            Some("eusc") => "amazonaws.eu",
            _ => "amazonaws.com",
        };
        Ok(Some(format!("https://bedrock-runtime.{region}.{domain}")))
    }

    #[cfg(feature = "sigv4")]
    fn credentials(settings: &Settings, client: &HttpClient) -> Result<Option<Credentials>> {
        let region = region(settings)?;
        let from = aws::Credentials::of_settings(settings, client)?;
        let signer = aws::SigV4::new("bedrock", region, from);
        Ok(Some(Credentials::signed(signer)))
    }
}

/// The region, which becomes a part of a host's name.
fn region(settings: &Settings) -> Result<&str> {
    let Some(region) = settings.get("region") else {
        return Err(Error::config(
            "no region, which makes up the base URL and goes into signatures; set BEDROCK_REGION, AWS_REGION or AWS_DEFAULT_REGION, or call `.setting(\"region\", …)`",
        ));
    };
    let is_usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if region.is_empty() || !region.bytes().all(is_usual) {
        return Err(Error::config(
            "the region is none; write it as AWS does: `eu-central-1`",
        ));
    }
    Ok(region)
}
