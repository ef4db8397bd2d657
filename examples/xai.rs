//! xAI: a conversation that finds its beginning in the cache, a degree of thinking, and what it took.
//!
//! `XAI_API_KEY=… cargo run --example xai`

use trunkline_xai::{Xai, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Xai::from_env()?.default_model()?;

    let request = ChatRequest::from("How many primes are there below 30?").effort(Effort::Low);
    let answer = model
        .chat(request)
        .header("x-grok-conv-id", "an-example")
        .await?;

    println!("{}", answer.text());
    let usage = &answer.usage;
    println!(
        "{:?} tokens, of which {:?} to think; {:?} of the prompt from the cache.",
        usage.output.total, usage.output.reasoning, usage.input.cache_read
    );
    Ok(())
}
