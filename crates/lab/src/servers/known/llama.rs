//! llama-server, the server of llama.cpp (MIT): real tokens of a model that need not know anything.
//! It speaks chat completions, responses, Anthropic's messages, embeddings and rerank by itself.

use std::{path::PathBuf, process::Command, time::Duration};

use super::{Found, MAY_THINK, NO_SCRIPT, Place, Ready, Server};
use crate::servers::{
    checks::Check::{self, Reasoning, Rerank, Schema, StreamTools, ToolLoop, Tools, UnknownModel},
    conversation::KEY,
    home::Home,
    load::Work,
    recipe::Recipe,
    row::{Models, Row},
};

const NAME: &str = "llama-server";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "the server of llama.cpp",
    recipe: Recipe::Script {
        script: include_str!("../scripts/llama_install.py"),
        files: &[("tiny_gguf.py", include_str!("../scripts/tiny_gguf.py"))],
        package: "llama-cpp-python",
        version: "0.3.36",
        after: &[],
    },
    find,
    ready: Ready::Success("/health"),
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
            .lacks(
                &[Tools, StreamTools, ToolLoop],
                "a model that was never trained does not end what it says in a call",
            )
    };
    let no_schema = "it holds answers to a schema in chat completions only";
    vec![
        row(Row::of("openai", "/v1").setting("api", "chat-completions")),
        row(Row::of("openai", "/v1").named("responses")).lacks(&[Schema], no_schema),
        row(Row::of("anthropic", "/v1")).lacks(&[Schema], no_schema),
        // It hangs up after a stream without a word, which this crate alone knows: others lose a call to it
        // now and then.
        row(Row::of("llamacpp", ""))
            .lacks(&[Rerank], "it ranks only where it was started for that")
            .load(Work::Chat)
            .load(Work::Embed),
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
        // With a cache for each slot, a text gets another vector in the second slot than in the first.
        command.arg("--kv-unified");
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
        version: home
            .noted_version(NAME)
            .map(|of| format!("of llama-cpp-python {of}")),
        reference: None,
        start: Box::new(start),
    })
}
