//! Amazon Bedrock: thoughts and words as they come, what a guardrail found, and what it cost.
//!
//! `AWS_REGION=eu-central-1 AWS_BEARER_TOKEN_BEDROCK=… cargo run --example bedrock`, or with any
//! credentials that the AWS command line finds.

use trunkline_bedrock::{Bedrock, Guardrail, Options, prelude::*};
use trunkline_core::chat::Effort;

#[tokio::main]
async fn main() -> Result<()> {
    let model = Bedrock::from_env()?.default_model()?;

    let mut request = ChatRequest::from("Is 3,599 a prime number?").effort(Effort::Low);
    if let Ok(guardrail) = std::env::var("GUARDRAIL_ID") {
        let guardrail = Guardrail::new(guardrail, "DRAFT").trace("enabled");
        request = request.option(Options::new().guardrail_config(guardrail));
    }
    let answer = model.chat(request).await?;
    println!("{}", answer.text());
    println!(
        "{:?} of {:?} tokens",
        answer.finish.kind,
        answer.usage.total()
    );
    if let Some(more) = answer.ext.get("bedrock") {
        println!("{more}");
    }

    let mut words = model
        .chat("Tell me a story in three sentences.")
        .stream()
        .await?
        .text();
    while let Some(word) = words.try_next().await? {
        print!("{word}");
    }
    println!();
    Ok(())
}
