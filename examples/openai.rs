//! OpenAI: a question about a picture, with a typed answer; a question to the web, with its sources;
//! and an answer that is made in the background.
//!
//! `OPENAI_API_KEY=… cargo run --example openai -- https://example.com/picture.jpg`

use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_core::{Pace, prelude::*};
use trunkline_openai::{OpenAi, Options, Retrieve, Summary, Thinking, Verbosity};

#[derive(Debug, Deserialize, JsonSchema)]
struct Picture {
    /// What is on it, in one sentence.
    caption: String,
    /// The things on it, the most prominent first.
    objects: Vec<String>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "https://example.com/cat.jpg".to_owned());
    let openai = OpenAi::from_env()?;
    look(&openai.default_model()?, address).await?;
    search(&openai.default_model()?).await?;
    wait(&openai).await
}

async fn look(model: &Model, address: String) -> Result<()> {
    let question = ChatRequest::from(vec![
        Part::text("What is on this picture?"),
        Part::image_url(address),
    ])
    .option(Options::new().verbosity(Verbosity::Medium));
    let picture: Picture = model.chat(question).extract().await?;
    println!("{}", picture.caption);
    for object in picture.objects {
        println!("- {object}");
    }
    Ok(())
}

/// OpenAI searches by itself; what it did stands in the answer.
async fn search(model: &Model) -> Result<()> {
    let question = ChatRequest::from("What is new in Rust?").tool(Tool::hosted("web_search"));
    let answer = model.chat(question).await?;
    println!("{}", answer.text());
    for part in &answer.message.parts {
        match &part.content {
            Content::ToolCall(call) => println!("{}: {}", call.name, call.arguments()),
            Content::Text(text) => {
                let sources = text
                    .annotations
                    .iter()
                    .filter_map(|cited| cited.source.url.as_ref());
                sources.for_each(|url| println!("- {url}"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Answers at once, and is asked for until it is over.
async fn wait(openai: &OpenAi) -> Result<()> {
    let options = Options::new()
        .background(true)
        .reasoning(Thinking::new().summary(Summary::Auto));
    let request = ChatRequest::from("How many primes are there below 100?").option(options);
    let begun = openai.model("gpt-5-mini").chat(request).await?;
    let retrieve = Retrieve::new(begun.id.unwrap_or_default());
    let answer = openai
        .backend()
        .ask_until(retrieve, Pace::default(), Retrieve::is_over)
        .await?;
    for part in &answer.message.parts {
        if let Content::Reasoning(thought) = &part.content {
            println!("({})", thought.summary.join(" "));
        }
    }
    println!("{}", answer.text());
    Ok(())
}
