//! Azure OpenAI: an answer of a deployment, and what the content filter said of it.
//!
//! `AZURE_OPENAI_API_KEY=… AZURE_OPENAI_ENDPOINT=https://….openai.azure.com cargo run --example azure -- my-deployment`
//!
//! With `AZURE_OPENAI_API_VERSION=2024-10-21` it takes the dated surface.

use trunkline_azure::{Azure, prelude::*};
use trunkline_core::chat::FinishKind;

#[tokio::main]
async fn main() -> Result<()> {
    let azure = Azure::from_env()?;
    let model = match std::env::args().nth(1) {
        Some(deployment) => azure.model(deployment),
        None => azure.default_model()?,
    };

    match model.chat("Tell me of a battle at sea.").await {
        Ok(answer) => {
            println!("{}", answer.text());
            if let FinishKind::ContentFilter(category) = &answer.finish.kind {
                println!("(cut for {category:?})");
            }
            if let Some(found) = answer.ext.get("azure") {
                println!("The filter: {}", found.get());
            }
        }
        Err(error) if error.kind() == ErrorKind::ContentFilter => {
            println!("The question was refused: {error}");
        }
        Err(error) => return Err(error),
    }
    Ok(())
}
