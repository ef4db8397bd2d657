//! Babel: a question, and the answer as it comes.
//!
//! `BABEL_API_KEY=… cargo run --example babel`

use trunkline_babel::{Babel, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    // [chat]
    let model = Babel::from_env()?.default_model()?;

    let mut words = model.chat("Why is the sky blue?").stream().await?.text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();
    // [/chat]
    // [embed]
    let model = Babel::from_env()?.model("babel-embed-1");

    let embedded = model.embed(["a cat", "a dog"]).await?;
    for vector in &embedded.vectors {
        println!("{} numbers", vector.as_slice().len());
    }
    // [/embed]
    Ok(())
}
