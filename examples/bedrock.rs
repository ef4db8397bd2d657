//! Bedrock: a question, and the answer as it comes.
//!
//! `AWS_BEARER_TOKEN_BEDROCK=… cargo run --example bedrock`

use trunkline_bedrock::{Bedrock, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Bedrock::from_env()?.default_model()?;

    let mut words = model.chat("Why is the sky blue?").stream().await?.text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();
    let model = Bedrock::from_env()?.model("bedrock-embed-1");

    let embedded = model.embed(["a cat", "a dog"]).await?;
    for vector in &embedded.vectors {
        println!("{} numbers", vector.as_slice().len());
    }
    Ok(())
}
