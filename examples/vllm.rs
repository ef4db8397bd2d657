//! A vLLM server of your own: what it serves, an answer that is held to a choice, how surprising its
//! prompt was, and how busy the server is.
//!
//! `VLLM_BASE_URL=http://127.0.0.1:8000 cargo run --example vllm`

use std::sync::Arc;

use trunkline_vllm::{Extras, Options, StructuredOutputs, Version, Vllm, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let vllm = Vllm::from_env()?;
    let backend = vllm.backend();
    println!("vLLM {}", backend.ask(Version).await?);
    let models = backend.models().await?;
    for model in &models {
        println!("{} takes {:?} tokens", model.id, model.context_limit);
    }
    let Some(first) = models.first() else {
        return Ok(());
    };
    let model = vllm.model(&first.id);

    let words = "Is the sky blue?";
    let tokens = model.tokenize(words).await?;
    println!("{words} {:?}", tokens.ids());

    let asked = Options::new()
        .structured_outputs(StructuredOutputs::choice(["yes", "no"]))
        .prompt_logprobs(0);
    let answer = model.chat(ChatRequest::from(words).option(asked)).await?;
    println!("{}", answer.text());
    let prompt = Extras::of(&answer).and_then(|extras| extras.prompt_logprobs);
    let logprobs = prompt.iter().flatten().flatten().flat_map(|at| at.values());
    let surprise: f64 = logprobs.map(|token| -token.logprob).sum();
    println!("the prompt was a surprise of {surprise:.1}");

    let load = backend.call(Call::new(Op::Load(Arc::default()))).await?;
    let load = load.into_load()?;
    println!("{:?} requests run, {:?} wait", load.running, load.waiting);
    Ok(())
}
