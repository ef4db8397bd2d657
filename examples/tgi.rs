//! Text Generation Inference: what the server is, an answer held to a pattern, and a story token by
//! token, with how sure the model was of each.
//!
//! `cargo run --example tgi`, with a server at port 3000 of this machine; `TGI_BASE_URL` names
//! another, and `TGI_API_KEY` holds its key, if it has one.

use trunkline_tgi::{GenerateStream, Grammar, Info, Options, Parameters, Tgi, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let tgi = Tgi::from_env()?;
    let backend = tgi.backend();
    backend.check(Check::Ready).await?;
    let served = backend.ask(Info).await?;
    println!(
        "{} by TGI {}, {:?} tokens",
        served.model_id,
        served.version.unwrap_or_default(),
        served.max_total_tokens
    );

    let year = ChatRequest::from("In which year did Nansen ski over Greenland?")
        .option(Options::new().response_format(Grammar::regex("1[0-9]{3}")));
    println!("{}", tgi.default_model()?.chat(year).await?.text());

    let story = GenerateStream::new("The otter let go of the paw, and").with(
        Parameters::new()
            .max_new_tokens(40_u64)
            .temperature(0.8)
            .repetition_penalty(1.1),
    );
    let mut pieces = backend.follow(story).await?;
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        let likelihood = piece.token.logprob.unwrap_or_default().exp();
        println!("{:>4.0} % {:?}", likelihood * 100.0, piece.text());
        if let Some(details) = piece.details {
            println!("it ended by {:?}", details.finish.raw);
        }
    }
    Ok(())
}
