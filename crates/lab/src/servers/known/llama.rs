//! llama-server, the server of llama.cpp (MIT): real tokens of a model that need not know anything.
//! It speaks chat completions, responses, Anthropic's messages, embeddings and rerank by itself.

use std::{path::PathBuf, process::Command, time::Duration};

use super::{Found, MAY_THINK, NO_SCRIPT, Place, Server};
use crate::servers::{
    checks::Check::{self, Reasoning, UnknownModel},
    conversation::KEY,
    home::Home,
    install::Recipe,
    load::Work,
    row::{Models, Row},
};

const NAME: &str = "llama-server";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "the server of llama.cpp",
    recipe: Recipe::ByHand(
        "bin/llama-server, model.gguf, and template.jinja if the model has no template with tools",
    ),
    find,
    ready: "/health",
    startup: Duration::from_secs(30),
    patience: Duration::from_secs(30),
    upstream: None,
    rows,
};

fn rows() -> Vec<Row> {
    let row = |row: Row| {
        let row = row.models(Models::all("tiny")).anything();
        row.lacks(Check::OF_SCRIPT, NO_SCRIPT)
            .lacks(&[Reasoning], MAY_THINK)
            .lacks(
                &[UnknownModel],
                "it answers to any name with the model that it has",
            )
    };
    vec![
        row(Row::of("openai", "/v1").setting("api", "chat-completions"))
            .load(Work::Chat)
            .load(Work::Embed),
        row(Row::of("openai", "/v1").named("responses")),
        row(Row::of("anthropic", "/v1")),
        row(Row::of("llamacpp", "")).lacks(
            &[Check::Rerank],
            "it ranks where it was started for that, and does nothing else then",
        ),
    ]
}

fn find(home: &Home) -> Option<Found> {
    let program = home.program(NAME, "llama-server")?;
    let file = |name: &str| Some(home.folder(NAME).join(name)).filter(|path| path.is_file());
    let model: PathBuf = file("model.gguf")?;
    let template = file("template.jinja");
    let start = move |place: &Place<'_>| {
        let mut command = Command::new(&program);
        command.arg("--model").arg(&model);
        command.args(["--alias", "tiny", "--host", "127.0.0.1", "--api-key", KEY]);
        command.arg("--port").arg(place.port.to_string());
        command.args(["--ctx-size", "8192", "--parallel", "2", "--threads", "1"]);
        // A connection keeps one of its threads until it has been idle for five seconds: with fewer of
        // them than callers, those that came too late wait so long.
        command.args(["--threads-http", "64"]);
        command.args(["--jinja", "--no-webui", "--embeddings", "--pooling", "mean"]);
        if let Some(template) = &template {
            command.arg("--chat-template-file").arg(template);
        }
        super::offline(&mut command);
        Ok(command)
    };
    Some(Found {
        version: None,
        start: Box::new(start),
    })
}
