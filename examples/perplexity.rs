//! Perplexity: which of some sentences is nearest to a question.
//!
//! `PERPLEXITY_API_KEY=… cargo run --example perplexity`

use trunkline_perplexity::{Perplexity, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Perplexity::from_env()?.model("pplx-embed-v1-0.6b");

    let texts = [
        "When is high water?",
        "The tide is in at noon.",
        "The harbour has two cranes.",
        "Bread is baked at six.",
    ];
    let embedded = model.embed(texts).await?;
    let Some((question, answers)) = embedded.vectors.split_first() else {
        return Ok(());
    };
    for (text, answer) in texts.iter().skip(1).zip(answers) {
        println!("{:.3} {text}", cosine(question, answer));
    }
    Ok(())
}

/// The numbers are whole, from -128 to 127, and the vectors are of no common length.
fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    product(a, b) / (product(a, a) * product(b, b)).sqrt()
}
