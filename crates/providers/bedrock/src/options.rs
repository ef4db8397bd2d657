//! What only Bedrock takes.

use serde::Serialize;
use trunkline_core::{Json, chat::ProviderOptions};

macro_rules! setters {
    ($($(#[$doc:meta])+ $name:ident: $type:ty,)+) => {
        $($(#[$doc])+
        #[must_use]
        pub fn $name(mut self, $name: impl Into<$type>) -> Self {
            self.$name = Some($name.into());
            self
        })+
    };
}

/// What only Bedrock takes with a conversation, beside the settings that all providers share.
///
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html>
///
/// ```
/// use trunkline_bedrock::{Guardrail, Options};
/// use trunkline_core::ChatRequest;
///
/// let guardrail = Guardrail::new("gr1a2b3c", "2").trace("enabled");
/// let request = ChatRequest::from("Hi").option(Options::new().guardrail_config(guardrail));
/// assert_eq!(
///     request.options["bedrock"].get(),
///     r#"{"guardrailConfig":{"guardrailIdentifier":"gr1a2b3c","guardrailVersion":"2","trace":"enabled"}}"#
/// );
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Options {
    /// The guardrail to look over what is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guardrail_config: Option<Guardrail>,
    /// Whether to answer faster, for more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub performance_config: Option<Performance>,
    /// Fields for the model itself, as its own API has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_model_request_fields: Option<Json>,
    /// JSON pointers to fields of the model's own answer; they come in the answer's `ext`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional_model_response_field_paths: Option<Vec<String>>,
    /// What stands for the variables of a prompt, where the model is the ARN of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_variables: Option<Json>,
    /// The project that the call counts for: its id or ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_identifier: Option<String>,
}

impl Options {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// Sets the guardrail to look over what is said.
        guardrail_config: Guardrail,
        /// Sets whether to answer faster, for more.
        performance_config: Performance,
        /// Sets fields for the model itself, as its own API has them. They are merged with what
        /// other settings of the request become there.
        additional_model_request_fields: Json,
        /// Sets which fields of the model's own answer are wanted: JSON pointers, at most ten.
        additional_model_response_field_paths: Vec<String>,
        /// Sets what stands for the variables of a prompt: `{"name":{"text":"…"}}`.
        prompt_variables: Json,
        /// Sets the project that the call counts for: its id or ARN.
        project_identifier: String,
    }
}

impl ProviderOptions for Options {
    const PROVIDER: &'static str = "bedrock";
}

/// A guardrail, by its id and version.
///
/// <https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails-use-converse-api.html>
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Guardrail {
    /// Its id or ARN.
    pub guardrail_identifier: String,
    /// Its version: a number, or `DRAFT`.
    pub guardrail_version: String,
    /// Whether the answer's `ext` tells what it found: `enabled`, `disabled` or `enabled_full`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Of a stream, whether it is looked over before (`sync`) or after (`async`) it is given out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream_processing_mode: Option<String>,
}

impl Guardrail {
    /// A guardrail of this id, in this version.
    pub fn new(identifier: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            guardrail_identifier: identifier.into(),
            guardrail_version: version.into(),
            trace: None,
            stream_processing_mode: None,
        }
    }

    setters! {
        /// Sets whether the answer tells what it found.
        trace: String,
        /// Sets, for streams only, whether it is looked over before it is given out.
        stream_processing_mode: String,
    }
}

/// How fast the answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Performance {
    latency: &'static str,
}

impl Performance {
    /// As usual.
    pub const STANDARD: Self = Self {
        latency: "standard",
    };
    /// Faster than usual, where model and region have it.
    pub const OPTIMIZED: Self = Self {
        latency: "optimized",
    };
}

trunkline_core::options! {
    /// What only Bedrock's models for embeddings take.
    ///
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-embed-text.html>,
    /// <https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-embed-v4.html>
    pub struct EmbedOptions for "bedrock" {
        /// Titan: whether vectors have the length 1.
        normalize: bool,
        /// Cohere: what is done with too long a text: `NONE`, `LEFT` or `RIGHT`; of the version 3
        /// `START` or `END`.
        truncate: String,
    }
}
