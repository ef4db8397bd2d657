//! The providers that are on, as data.

use crate::ProviderDef;

/// The providers whose features are on, by name: for
/// [`Registry::from_config`](crate::Registry::from_config),
/// [`from_env`](crate::Registry::from_env) and [`discover`](crate::Registry::discover).
pub fn providers() -> &'static [ProviderDef] {
    &[
        // backends:begin
        #[cfg(feature = "azure")]
        crate::azure::PROVIDER,
        #[cfg(feature = "groq")]
        crate::groq::PROVIDER,
        #[cfg(feature = "huggingface")]
        crate::huggingface::PROVIDER,
        #[cfg(feature = "mistral")]
        crate::mistral::PROVIDER,
        #[cfg(feature = "openai")]
        crate::openai::PROVIDER,
        #[cfg(feature = "perplexity")]
        crate::perplexity::PROVIDER,
        // backends:end
    ]
}
