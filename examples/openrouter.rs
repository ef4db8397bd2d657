//! OpenRouter: an answer by whoever serves it best, who that was, and what it cost.
//!
//! `OPENROUTER_API_KEY=… cargo run --example openrouter`

use trunkline_openrouter::{OpenRouter, Options, Routing, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = OpenRouter::from_env()?.default_model()?;

    let quick = Routing::new().sort("throughput").data_collection("deny");
    let request =
        ChatRequest::from("Name a river in Norway.").option(Options::new().provider(quick));
    let answer = model.chat(request).await?;

    println!("{}", answer.text());
    let upstream = answer.ext.get("openrouter").map_or("", Json::get);
    println!("By {} of {upstream}", answer.model);
    println!("For {}", answer.usage.raw.as_ref().map_or("", Json::get));
    Ok(())
}
