//! Real weights again, served by vLLM: it computes as the model's own package does, to the last digits.

use std::time::Duration;

use super::{Found, Ready, Server, vllm};
use crate::servers::{
    checks::Check,
    home::Home,
    recipe::Recipe,
    row::{Models, Row},
};

const NAME: &str = "minilm-vllm";
/// Where the weights and the reference lie.
const WEIGHTS: &str = "minilm";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "embeddings of real weights, by vLLM",
    recipe: Recipe::ByHand("nothing of its own; it comes with minilm and vllm"),
    find,
    ready: Ready::Success("/health"),
    startup: Duration::from_secs(400),
    patience: Duration::from_secs(90),
    upstream: None,
    rows,
};

fn rows() -> Vec<Row> {
    let row = |row: Row| {
        row.models(Models::all("tiny"))
            .anything()
            .lacks(Check::OF_CHAT, "it embeds only")
            .lacks(&[Check::Rerank], "it ranks nothing")
            .lacks(
                &[Check::Tokenize],
                "its tokens have no capitals and no accents",
            )
    };
    vec![
        row(Row::of("openai", "/v1").setting("api", "chat-completions")),
        row(Row::of("vllm", "")),
    ]
}

fn find(home: &Home) -> Option<Found> {
    let file = |name: &str| Some(home.folder(WEIGHTS).join(name)).filter(|path| path.exists());
    let (model, reference) = (file("model")?, file("reference.json")?);
    const FLAGS: &[&str] = &["--runner", "pooling", "--max-model-len", "256"];
    let found = vllm::serving(home, model, FLAGS)?;
    Some(Found {
        reference: Some(reference),
        ..found
    })
}
