//! Vertex AI: the same question to a model of Google and to Claude, in one project.
//!
//! `VERTEX_API_KEY=$(gcloud auth print-access-token) GOOGLE_CLOUD_PROJECT=… cargo run --example vertex`

use trunkline_vertex::{Vertex, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let vertex = Vertex::from_env()?;

    for name in ["gemini-3.8-flash", "claude-sonnet-4-5@20250929"] {
        println!("{name}:");
        let mut words = vertex
            .model(name)
            .chat("Why is the sky blue?")
            .stream()
            .await?
            .text();
        while let Some(word) = words.try_next().await? {
            print!("{word}");
        }
        println!();
    }
    Ok(())
}
