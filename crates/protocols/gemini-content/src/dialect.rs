//! What Gemini and Vertex AI do differently, as data.

use trunkline_core::{Capabilities, ProviderDef, Result, protocol::segment};

/// What both of Google's services can do.
///
/// <https://ai.google.dev/api/generate-content>,
/// <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>
pub const CAPABILITIES: Capabilities = Capabilities::NONE
    .chat()
    .stream()
    .tools()
    .tool_choice()
    .json()
    .schema()
    .image_in()
    .audio_in()
    .video_in()
    .document_in()
    .image_out()
    .audio_out()
    .temperature()
    .top_p()
    .top_k()
    .frequency_penalty()
    .presence_penalty()
    .seed()
    .stop()
    .candidates()
    .logprobs()
    .reasoning()
    .embed()
    .dimensions()
    .count_tokens();

/// What one of Google's two services does its own way.
///
/// Unless changed it is the Gemini API: <https://ai.google.dev/api/generate-content>.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    /// The provider's id: of its options, and of the state that goes back to nobody else.
    pub(crate) provider: &'static str,
    pub(crate) capabilities: Capabilities,
    /// What stands before `/models` in a path.
    pub(crate) publisher: &'static str,
    /// Embeddings are predictions.
    pub(crate) predict: bool,
    /// The class of service is a field of the body.
    pub(crate) service_tier: bool,
    /// Tools may answer with the addresses of files.
    pub(crate) result_files: bool,
}

impl Dialect {
    /// The Gemini API under the id and with the capabilities of `provider`.
    pub const fn of(provider: &ProviderDef) -> Self {
        Self {
            provider: provider.id,
            capabilities: provider.capabilities,
            publisher: "",
            predict: false,
            service_tier: true,
            result_files: false,
        }
    }

    /// Vertex AI: models belong to a publisher, embeddings are predictions.
    ///
    /// <https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference>
    #[must_use]
    pub const fn vertex(mut self) -> Self {
        self.publisher = "/publishers/google";
        self.predict = true;
        self.service_tier = false;
        self.result_files = true;
        self
    }

    /// The path of `verb` for `model`, whose name may stand with its folder or without.
    pub(crate) fn path(&self, model: &str, verb: &str) -> Result<String> {
        let (folder, name) = match model.split_once('/') {
            Some(("models", name)) => ("models", name),
            Some(("tunedModels", name)) if self.publisher.is_empty() => ("tunedModels", name),
            _ => ("models", model),
        };
        let (publisher, name) = (self.publisher, segment(name)?);
        Ok(format!("{publisher}/{folder}/{name}:{verb}"))
    }

    /// A model's name with its folder.
    pub(crate) fn full_name(&self, model: &str) -> String {
        match model.contains('/') {
            true => model.to_owned(),
            false => format!("models/{model}"),
        }
    }

    /// A name of this provider's for state and opaque parts: `gemini.thought_signature`.
    pub(crate) fn named(&self, item: &str) -> String {
        format!("{}.{item}", self.provider)
    }
}

/// Whether a model takes degrees of thinking, and wants the signatures of its calls back: all since
/// the third generation.
///
/// <https://ai.google.dev/gemini-api/docs/gemini-3>
pub(crate) fn has_levels(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    !["gemini-1", "gemini-2", "gemma"]
        .iter()
        .any(|old| name.starts_with(old))
}
