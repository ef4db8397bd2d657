//! DeepSeek: its thoughts and its answer as they come, and what the cache saved.
//!
//! `DEEPSEEK_API_KEY=… cargo run --example deepseek`

use trunkline_deepseek::{DeepSeek, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = DeepSeek::from_env()?.default_model()?;

    let request = ChatRequest::from("How many primes are there below 30?").effort(Effort::High);
    let mut chunks = model.chat(request).stream().await?;
    while let Some(chunk) = chunks.next().await {
        match chunk? {
            StreamChunk::Delta {
                delta: Delta::Reasoning(thought),
                ..
            } => eprint!("{thought}"),
            StreamChunk::Delta {
                delta: Delta::Text(words),
                ..
            } => print!("{words}"),
            _ => {}
        }
    }
    println!();

    let usage = chunks.partial().usage;
    println!(
        "{:?} tokens of thoughts; {:?} of the prompt from the cache.",
        usage.output.reasoning, usage.input.cache_read
    );
    Ok(())
}
