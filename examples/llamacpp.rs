//! llama.cpp: waits until the model is there, holds an answer to a grammar, and goes on from a prompt
//! token by token.
//!
//! `cargo run --example llamacpp`, with a llama-server on port 8080; `LLAMACPP_BASE_URL` names another.

use std::time::Duration;

use trunkline_llamacpp::{
    Completion, CompletionOptions, LlamaCpp, Options, Props, Timings, prelude::*,
};

#[tokio::main]
async fn main() -> Result<()> {
    let account = LlamaCpp::from_env()?;
    let backend = Backend::from(account.clone());
    loop {
        match backend.check(Check::Ready).await {
            Err(error) if error.kind() == ErrorKind::NotReady => {
                println!("{error}");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            checked => break drop(checked?),
        }
    }
    let props = backend.ask(Props::new()).await?;
    println!(
        "{:?}: {:?} slots of {:?} tokens",
        props.model_alias, props.total_slots, props.n_ctx
    );

    let only = Options::new().grammar(r#"root ::= "yes" | "no""#);
    let request = ChatRequest::from("Is an otter a fish?").option(only);
    let answer = account.default_model()?.chat(request).await?;
    println!("{}, in {:?}", answer.text(), Timings::of(&answer));

    let options = CompletionOptions::new().n_predict(24).n_probs(1_u32);
    let completion = Completion::new("Otters sleep afloat, and").with(options);
    let mut pieces = backend.follow(completion).await?;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        for token in &piece.probabilities {
            print!("{}[{:.1}] ", token.token, token.logprob.unwrap_or_default());
        }
        if let Some(finish) = piece.finish {
            println!("\n{:?} after {:?}", finish.kind, piece.usage.output.total);
        }
    }
    Ok(())
}
