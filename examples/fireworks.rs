//! Fireworks: thoughts within a number of tokens, and how long the server took.
//!
//! `FIREWORKS_API_KEY=… cargo run --example fireworks`

use trunkline_core::{Content, chat::ReasoningSetting, prelude::*};
use trunkline_fireworks::{Fireworks, Options};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Fireworks::from_env()?.model("accounts/fireworks/models/glm-5p3");

    let request = ChatRequest::from("How many primes are there below 30?")
        .reasoning(ReasoningSetting::Budget(1_024))
        .option(Options::new().perf_metrics_in_response(true));
    let answer = model.chat(request).await?;

    for part in &answer.message.parts {
        if let Content::Reasoning(thoughts) = &part.content {
            println!("Thought: {}", thoughts.text.as_deref().unwrap_or_default());
        }
    }
    println!("Answer: {}", answer.text());
    if let Some(timing) = &answer.usage.timing {
        println!("The server took {:?}.", timing.total);
    }
    Ok(())
}
