//! Mistral: a document by its address, a thinking model, and its thoughts beside the answer.
//!
//! `MISTRAL_API_KEY=… cargo run --example mistral -- https://example.com/report.pdf`

use trunkline_core::{
    Content, Part,
    chat::{Effort, Media, MediaType, Source},
    prelude::*,
};
use trunkline_mistral::{Mistral, Options};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Mistral::from_env()?.default_model()?;

    let mut question = Message::user("What is this about? Three sentences.");
    if let Some(url) = std::env::args().nth(1) {
        let document = Media::new(MediaType::PDF, Source::Url(url));
        question.parts.push(Part::new(document));
    }
    let request = ChatRequest::default()
        .message(question)
        .effort(Effort::High)
        .option(Options::new().prompt_cache_key("reports"));
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
    Ok(())
}
