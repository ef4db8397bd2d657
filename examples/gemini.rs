//! Gemini: an answer that was thought over and looked up, with what it stands on.
//!
//! `GEMINI_API_KEY=… cargo run --example gemini`

use trunkline_core::{Tool, chat::Effort};
use trunkline_gemini::{Gemini, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Gemini::from_env()?.default_model()?;

    let request = ChatRequest::from("Who won the last Tour de France, and by how much?")
        .tool(Tool::hosted("google_search"))
        .effort(Effort::Low);
    let answer = model.chat(request).await?;
    println!("{}", answer.text());

    for part in &answer.message.parts {
        match &part.content {
            Content::Text(text) => {
                for citation in &text.annotations {
                    let title = citation.source.title.as_deref();
                    println!("  from {}", title.unwrap_or("an unnamed page"));
                }
            }
            Content::Reasoning(thought) => {
                println!(
                    "  after {} bytes of thoughts",
                    thought.text.iter().map(String::len).sum::<usize>()
                );
            }
            _ => {}
        }
    }
    Ok(())
}
