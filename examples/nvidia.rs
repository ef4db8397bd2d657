//! NVIDIA: a query among passages, by embeddings that know which is which.
//!
//! `NVIDIA_API_KEY=… cargo run --example nvidia`

use trunkline_core::embed::Purpose;
use trunkline_nvidia::{Nvidia, Options, prelude::*};

#[tokio::main]
async fn main() -> Result<()> {
    let model = Nvidia::from_env()?.model("nvidia/llama-nemotron-embed-1b-v2");

    let query = EmbedRequest::new(["Where do gulls nest?"]).purpose(Purpose::Query);
    let query = model.embed_request(query).await?;
    let texts = ["Gulls nest on cliffs.", "The tide turns twice a day."];
    let passages = EmbedRequest::new(texts)
        .purpose(Purpose::Document)
        .option(Options::new().truncate("END"));
    let passages = model.embed_request(passages).await?;

    let asked = query.vectors.iter().cycle();
    for ((text, passage), asked) in texts.iter().zip(&passages.vectors).zip(asked) {
        let pairs = passage.as_slice().iter().zip(asked.as_slice());
        let likeness: f32 = pairs.map(|(a, b)| a * b).sum();
        println!("{likeness:.3} {text}");
    }
    Ok(())
}
