//! Anthropic: a question, and the answer as it comes.
//!
//! `ANTHROPIC_API_KEY=… cargo run --example anthropic`

use trunkline_anthropic::{Anthropic, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Anthropic::from_env()?.default_model()?;

    let mut words = model.chat("Why is the sky blue?").stream().await?.text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();
    Ok(())
}
