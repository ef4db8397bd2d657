//! Vertex: a question, and the answer as it comes.
//!
//! `VERTEX_API_KEY=… cargo run --example vertex`

use trunkline_vertex::{Vertex, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Vertex::from_env()?.default_model()?;

    let mut words = model.chat("Why is the sky blue?").stream().await?.text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();
    let model = Vertex::from_env()?.model("vertex-embed-1");

    let embedded = model.embed(["a cat", "a dog"]).await?;
    for vector in &embedded.vectors {
        println!("{} numbers", vector.as_slice().len());
    }
    Ok(())
}
