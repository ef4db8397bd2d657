#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod providers;

pub use providers::providers;
#[doc(inline)]
pub use trunkline_core::*;

// backends:begin
#[cfg(feature = "azure")]
pub use trunkline_azure as azure;
#[cfg(feature = "groq")]
pub use trunkline_groq as groq;
#[cfg(feature = "huggingface")]
pub use trunkline_huggingface as huggingface;
#[cfg(feature = "mistral")]
pub use trunkline_mistral as mistral;
#[cfg(feature = "openai")]
pub use trunkline_openai as openai;
#[cfg(feature = "perplexity")]
pub use trunkline_perplexity as perplexity;
// backends:end
