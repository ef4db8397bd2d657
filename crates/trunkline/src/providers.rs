//! The providers that are on, as data.

use crate::ProviderDef;

/// The providers whose features are on, by name: for
/// [`Registry::from_config`](crate::Registry::from_config),
/// [`from_env`](crate::Registry::from_env) and [`discover`](crate::Registry::discover).
pub fn providers() -> &'static [ProviderDef] {
    &[
        // backends:begin
        #[cfg(feature = "anthropic")]
        crate::anthropic::PROVIDER,
        #[cfg(feature = "azure")]
        crate::azure::PROVIDER,
        #[cfg(feature = "bedrock")]
        crate::bedrock::PROVIDER,
        #[cfg(feature = "cerebras")]
        crate::cerebras::PROVIDER,
        #[cfg(feature = "cohere")]
        crate::cohere::PROVIDER,
        #[cfg(feature = "deepseek")]
        crate::deepseek::PROVIDER,
        #[cfg(feature = "fireworks")]
        crate::fireworks::PROVIDER,
        #[cfg(feature = "gemini")]
        crate::gemini::PROVIDER,
        #[cfg(feature = "groq")]
        crate::groq::PROVIDER,
        #[cfg(feature = "huggingface")]
        crate::huggingface::PROVIDER,
        #[cfg(feature = "kserve")]
        crate::kserve::PROVIDER,
        #[cfg(feature = "llamacpp")]
        crate::llamacpp::PROVIDER,
        #[cfg(feature = "mistral")]
        crate::mistral::PROVIDER,
        #[cfg(feature = "moonshot")]
        crate::moonshot::PROVIDER,
        #[cfg(feature = "nvidia")]
        crate::nvidia::PROVIDER,
        #[cfg(feature = "ollama")]
        crate::ollama::PROVIDER,
        #[cfg(feature = "opea")]
        crate::opea::PROVIDER,
        #[cfg(feature = "openai")]
        crate::openai::PROVIDER,
        #[cfg(feature = "openrouter")]
        crate::openrouter::PROVIDER,
        #[cfg(feature = "ovms")]
        crate::ovms::PROVIDER,
        #[cfg(feature = "perplexity")]
        crate::perplexity::PROVIDER,
        #[cfg(feature = "s3")]
        crate::s3::PROVIDER,
        #[cfg(feature = "sambanova")]
        crate::sambanova::PROVIDER,
        #[cfg(feature = "tei")]
        crate::tei::PROVIDER,
        #[cfg(feature = "tgi")]
        crate::tgi::PROVIDER,
        #[cfg(feature = "together")]
        crate::together::PROVIDER,
        #[cfg(feature = "vertex")]
        crate::vertex::PROVIDER,
        #[cfg(feature = "vllm")]
        crate::vllm::PROVIDER,
        #[cfg(feature = "xai")]
        crate::xai::PROVIDER,
        // backends:end
    ]
}
