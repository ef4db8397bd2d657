#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod providers;

pub use providers::providers;
#[doc(inline)]
pub use trunkline_core::*;

// backends:begin
#[cfg(feature = "anthropic")]
pub use trunkline_anthropic as anthropic;
#[cfg(feature = "azure")]
pub use trunkline_azure as azure;
#[cfg(feature = "bedrock")]
pub use trunkline_bedrock as bedrock;
#[cfg(feature = "cerebras")]
pub use trunkline_cerebras as cerebras;
#[cfg(feature = "cohere")]
pub use trunkline_cohere as cohere;
#[cfg(feature = "deepseek")]
pub use trunkline_deepseek as deepseek;
#[cfg(feature = "fireworks")]
pub use trunkline_fireworks as fireworks;
#[cfg(feature = "gemini")]
pub use trunkline_gemini as gemini;
#[cfg(feature = "groq")]
pub use trunkline_groq as groq;
#[cfg(feature = "huggingface")]
pub use trunkline_huggingface as huggingface;
#[cfg(feature = "kserve")]
pub use trunkline_kserve as kserve;
#[cfg(feature = "llamacpp")]
pub use trunkline_llamacpp as llamacpp;
#[cfg(feature = "mistral")]
pub use trunkline_mistral as mistral;
#[cfg(feature = "moonshot")]
pub use trunkline_moonshot as moonshot;
#[cfg(feature = "nvidia")]
pub use trunkline_nvidia as nvidia;
#[cfg(feature = "ollama")]
pub use trunkline_ollama as ollama;
#[cfg(feature = "opea")]
pub use trunkline_opea as opea;
#[cfg(feature = "openai")]
pub use trunkline_openai as openai;
#[cfg(feature = "openrouter")]
pub use trunkline_openrouter as openrouter;
#[cfg(feature = "ovms")]
pub use trunkline_ovms as ovms;
#[cfg(feature = "perplexity")]
pub use trunkline_perplexity as perplexity;
#[cfg(feature = "s3")]
pub use trunkline_s3 as s3;
#[cfg(feature = "sambanova")]
pub use trunkline_sambanova as sambanova;
#[cfg(feature = "tei")]
pub use trunkline_tei as tei;
#[cfg(feature = "tgi")]
pub use trunkline_tgi as tgi;
#[cfg(feature = "together")]
pub use trunkline_together as together;
#[cfg(feature = "vertex")]
pub use trunkline_vertex as vertex;
#[cfg(feature = "vllm")]
pub use trunkline_vllm as vllm;
#[cfg(feature = "xai")]
pub use trunkline_xai as xai;
// backends:end
