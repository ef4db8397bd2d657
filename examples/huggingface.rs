//! Hugging Face: who serves a model and for how much, and an answer of the cheapest.
//!
//! `HF_TOKEN=… cargo run --example huggingface`

use trunkline_core::Backend;
use trunkline_huggingface::{HuggingFace, prelude::*};

const MODEL: &str = "openai/gpt-oss-120b";

#[tokio::main]
async fn main() -> Result<()> {
    let hub = HuggingFace::from_env()?;

    let models = Backend::from(hub.clone()).models().await?;
    if let Some(model) = models.iter().find(|model| model.id == MODEL)
        && let Some(all) = model.ext.get("huggingface")
    {
        println!("{}", all.get());
    }

    // Another suffix asks for another one: `:fastest`, or `:groq`.
    let model = hub.model(format!("{MODEL}:cheapest"));
    let mut words = model.chat("Name a colour.").stream().await?.text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();
    Ok(())
}
