//! SambaNova: DeepSeek told to think, and how long that took.
//!
//! `SAMBANOVA_API_KEY=… cargo run --example sambanova`

use trunkline_core::{Content, chat::Effort, prelude::*};
use trunkline_sambanova::SambaNova;

#[tokio::main]
async fn main() -> Result<()> {
    let model = SambaNova::from_env()?.model("DeepSeek-V3.1");

    let request = ChatRequest::from("Is 91 prime?").effort(Effort::High);
    let answer = model.chat(request).await?;

    for part in &answer.message.parts {
        if let Content::Reasoning(thoughts) = &part.content {
            println!("Thought: {}", thoughts.text.as_deref().unwrap_or_default());
        }
    }
    println!("Answer: {}", answer.text());
    if let Some(timing) = &answer.usage.timing {
        println!("SambaNova took {:?}.", timing.total);
    }
    Ok(())
}
