//! Together: thoughts beside an answer, and the same model told not to think.
//!
//! `TOGETHER_API_KEY=… cargo run --example together`

use trunkline_core::{Content, chat::Effort, prelude::*};
use trunkline_together::Together;

#[tokio::main]
async fn main() -> Result<()> {
    // A model that can do both.
    let model = Together::from_env()?.model("zai-org/GLM-5.2");

    for effort in [Effort::High, Effort::None] {
        let request = ChatRequest::from("How many primes are there below 30?").effort(effort);
        let answer = model.chat(request).await?;
        for part in &answer.message.parts {
            if let Content::Reasoning(thoughts) = &part.content {
                println!("Thought: {}", thoughts.text.as_deref().unwrap_or_default());
            }
        }
        println!("Answer: {}", answer.text());
    }
    Ok(())
}
