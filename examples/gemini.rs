//! Gemini: a question, and the answer as it comes.
//!
//! `GEMINI_API_KEY=… cargo run --example gemini`

use trunkline_gemini::{Gemini, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Gemini::from_env()?.default_model()?;

    let mut words = model.chat("Why is the sky blue?").stream().await?.text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();
    let model = Gemini::from_env()?.model("gemini-embed-1");

    let embedded = model.embed(["a cat", "a dog"]).await?;
    for vector in &embedded.vectors {
        println!("{} numbers", vector.as_slice().len());
    }
    Ok(())
}
