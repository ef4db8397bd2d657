//! Ollama: fetches a model if it is not there, lets it think, and tells how long it took.
//!
//! `cargo run --example ollama`, with a server on this machine; `OLLAMA_HOST` names another.

use trunkline_ollama::{KeepAlive, ModelOptions, Ollama, Options, Pull, Show, Version, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let account = Ollama::from_env()?;
    let backend = Backend::from(account.clone());
    println!("Ollama {}", backend.ask(Version).await?);

    let name = std::env::var("OLLAMA_MODEL").unwrap_or_else(|_| "qwen3:0.6b".to_owned());
    let shown = match backend.ask(Show::new(&name)).await {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fetch(&backend, &name).await?;
            backend.ask(Show::new(&name)).await?
        }
        shown => shown?,
    };
    println!("{name} can {:?}", shown.capabilities.unwrap_or_default());

    let options = Options::new()
        .keep_alive(KeepAlive::Forever)
        .options(ModelOptions::new().num_ctx(8_192_u32));
    let request = ChatRequest::from("How many primes are there below 30?").option(options);
    let mut stream = account.model(&name).chat(request).stream().await?;
    while let Some(chunk) = stream.next().await {
        if let StreamChunk::Delta {
            delta: Delta::Text(words) | Delta::Reasoning(words),
            ..
        } = chunk?
        {
            print!("{words}");
        }
    }
    println!();
    if let Some(timing) = &stream.partial().usage.timing {
        println!("loading {:?}, writing {:?}", timing.load, timing.completion);
    }
    Ok(())
}

async fn fetch(backend: &Backend, name: &str) -> Result<()> {
    let mut progress = backend.follow(Pull::new(name)).await?;
    while let Some(step) = progress.next().await {
        let step = step?;
        match step.share() {
            Some(share) => println!("{}: {:.0} %", step.status, share * 100.0),
            None => println!("{}", step.status),
        }
    }
    Ok(())
}
