//! Cohere: a question, and the answer as it comes.
//!
//! `COHERE_API_KEY=… cargo run --example cohere`

use trunkline_cohere::{Cohere, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Cohere::from_env()?.default_model()?;

    let mut words = model.chat("Why is the sky blue?").stream().await?.text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();
    let model = Cohere::from_env()?.model("cohere-embed-1");

    let embedded = model.embed(["a cat", "a dog"]).await?;
    for vector in &embedded.vectors {
        println!("{} numbers", vector.as_slice().len());
    }
    Ok(())
}
