//! Parley: a question, and the answer as it comes.
//!
//! `PARLEY_API_KEY=… cargo run --example parley`

use trunkline_parley::{Parley, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    // [chat]
    let model = Parley::from_env()?.default_model()?;

    let mut words = model.chat("Why is the sky blue?").stream().await?.text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();
    // [/chat]
    // [embed]
    let model = Parley::from_env()?.model("parley-embed-1");

    let embedded = model.embed(["a cat", "a dog"]).await?;
    for vector in &embedded.vectors {
        println!("{} numbers", vector.as_slice().len());
    }
    // [/embed]
    Ok(())
}
