//! OpenAI: a question about a picture, with a typed answer, and the cost of it.
//!
//! `OPENAI_API_KEY=… cargo run --example openai -- https://example.com/picture.jpg`

use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_core::prelude::*;
use trunkline_openai::{OpenAi, Options, Verbosity};

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
    let model = OpenAi::from_env()?.default_model()?;

    let question = ChatRequest::from(vec![
        Part::text("What is on this picture?"),
        Part::image_url(address),
    ])
    .option(Options::new().verbosity(Verbosity::Low));
    let picture: Picture = model.chat(question).extract().await?;

    println!("{}", picture.caption);
    for object in picture.objects {
        println!("- {object}");
    }
    for endpoint in model.backend().stats().endpoints {
        println!(
            "{} tokens in, {} out",
            endpoint.input_tokens, endpoint.output_tokens
        );
    }
    Ok(())
}
