//! Text Embeddings Inference: what the server is, pages found by their meaning, and the best of them
//! where the server is a reranker.
//!
//! `TEI_BASE_URL=http://127.0.0.1:8080 cargo run --example tei`

use trunkline_tei::{EmbedOptions, Info, ModelType, Similarity, Tei, TokenizeMany, prelude::*};

const NOTES: [&str; 4] = [
    "Otters hold hands while they sleep, so that they do not drift apart.",
    "High water is at six in the evening today.",
    "The lighthouse shows two flashes every ten seconds.",
    "Otters eat fish, crabs and sea urchins.",
];

#[tokio::main]
async fn main() -> Result<()> {
    let tei = Tei::from_env()?;
    let backend = tei.backend();
    backend.check(Check::Ready).await?;
    let server = backend.ask(Info).await?;
    println!(
        "{}, a model for {}; {:?} inputs in one request",
        server.model_id,
        server.model_type.name(),
        server.max_client_batch_size
    );

    let model = tei.default_model()?;
    let question = "What do otters eat?";
    match server.model_type {
        ModelType::Embedding { .. } => {
            // As many as there are: the account splits them at the server's limit.
            let pages: Vec<String> = (0..200)
                .zip(NOTES.iter().cycle())
                .map(|(page, note)| format!("Page {page}. {note}"))
                .collect();
            let cut = EmbedOptions::new().truncate(true);
            let answer = model.embed(&pages).option(cut).await?;
            println!(
                "{} vectors of {} numbers, from {:?} tokens",
                answer.vectors.len(),
                answer.vectors.first().map_or(0, embed::Embedding::len),
                answer.usage.input.total
            );
            let alike = backend.ask(Similarity::new(question, NOTES)).await?;
            for (cosine, note) in alike.iter().zip(NOTES) {
                println!("{cosine:.3}  {note}");
            }
        }
        ModelType::Reranker(_) => {
            for place in model.rerank(question, NOTES).await?.results {
                let note = NOTES.get(place.index).copied().unwrap_or_default();
                println!("{:.3}  {note}", place.score);
            }
        }
        other => println!("nothing is shown of a {}", other.name()),
    }

    for (tokens, note) in backend
        .ask(TokenizeMany::new(NOTES))
        .await?
        .iter()
        .zip(NOTES)
    {
        println!("{:>3} tokens  {note}", tokens.len());
    }
    let load = backend
        .call(Call::new(Op::Load(std::sync::Arc::default())))
        .await?
        .into_load()?;
    println!("{:?} inputs wait for their turn", load.waiting);
    Ok(())
}
