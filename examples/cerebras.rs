//! Cerebras: thoughts beside the answer, and where its time went.
//!
//! `CEREBRAS_API_KEY=… cargo run --example cerebras`

use trunkline_cerebras::{Cerebras, Options};
use trunkline_core::{Content, chat::Effort, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Cerebras::from_env()?.default_model()?;

    let request = ChatRequest::from("How many primes are there below 30?")
        .effort(Effort::Low)
        .option(Options::new().reasoning_format("parsed"));
    let answer = model.chat(request).await?;

    for part in &answer.message.parts {
        if let Content::Reasoning(thoughts) = &part.content {
            println!("Thought: {}", thoughts.text.as_deref().unwrap_or_default());
        }
    }
    println!("Answer: {}", answer.text());
    if let Some(timing) = &answer.usage.timing {
        println!(
            "Waited {:?}, read for {:?}, wrote for {:?}.",
            timing.queue, timing.prompt, timing.completion
        );
    }
    Ok(())
}
