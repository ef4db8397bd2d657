//! Groq: a question with Groq's own options, and the thoughts beside the answer.
//!
//! `GROQ_API_KEY=… cargo run --example groq`

use trunkline_core::{Content, chat::Effort, prelude::*};
use trunkline_groq::{Groq, Options, ReasoningFormat};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Groq::from_env()?.model("openai/gpt-oss-120b");

    let request = ChatRequest::from("How many primes are there below 30?")
        .effort(Effort::Low)
        .option(
            Options::new()
                .reasoning_format(ReasoningFormat::Parsed)
                .service_tier("auto"),
        );
    let answer = model.chat(request).await?;

    for part in &answer.message.parts {
        match &part.content {
            Content::Reasoning(thoughts) => println!(
                "Thought: {}",
                thoughts.text.as_deref().unwrap_or("(hidden)")
            ),
            Content::Text(text) => println!("Answer: {}", text.text),
            other => println!("{other:?}"),
        }
    }
    if let Some(timing) = &answer.usage.timing {
        println!(
            "Groq says that it took {:?}, of which {:?} in its queue.",
            timing.total, timing.queue
        );
    }
    Ok(())
}
