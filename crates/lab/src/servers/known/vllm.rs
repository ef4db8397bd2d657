//! vLLM (Apache-2.0): the engine, on any device that it was installed for.

use std::{process::Command, time::Duration};

use super::{Found, MAY_THINK, NO_SCRIPT, Place, Server};
use crate::servers::{
    checks::Check::{self, Embed, EmbedOrder, Reasoning},
    conversation::KEY,
    home::Home,
    install::Recipe,
    load::Work,
    row::{Models, Row},
};

const NAME: &str = "vllm";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "the engine vLLM",
    recipe: Recipe::ByHand("venv with vllm, and the folder model with a model in safetensors"),
    find,
    ready: "/health",
    startup: Duration::from_secs(180),
    // Its first answer compiles.
    patience: Duration::from_secs(90),
    upstream: None,
    rows,
};

fn rows() -> Vec<Row> {
    let row = |row: Row| {
        let row = row.models(Models::all("tiny")).anything();
        row.lacks(Check::OF_SCRIPT, NO_SCRIPT)
            .lacks(&[Reasoning], MAY_THINK)
            .lacks(
                &[Embed, EmbedOrder],
                "a model that chats embeds nothing here",
            )
    };
    vec![
        row(Row::of("openai", "/v1").setting("api", "chat-completions")).load(Work::Chat),
        row(Row::of("openai", "/v1").named("responses")),
        row(Row::of("anthropic", "/v1")),
    ]
}

fn find(home: &Home) -> Option<Found> {
    let program = home.program(NAME, "vllm")?;
    let model = Some(home.folder(NAME).join("model")).filter(|path| path.is_dir())?;
    let start = move |place: &Place<'_>| {
        let mut command = Command::new(&program);
        command.arg("serve").arg(&model);
        command.args(["--served-model-name", "tiny", "--host", "127.0.0.1"]);
        command.args(["--api-key", KEY]);
        command.arg("--port").arg(place.port.to_string());
        command.args(["--dtype", "float32", "--max-model-len", "1024"]);
        command.args(["--enforce-eager", "--enable-auto-tool-choice"]);
        command.args(["--tool-call-parser", "hermes"]);
        super::offline(&mut command);
        for (name, value) in [
            ("VLLM_NO_USAGE_STATS", "1"),
            ("VLLM_HOST_IP", "127.0.0.1"),
            ("VLLM_CPU_KVCACHE_SPACE", "1"),
            ("VLLM_CPU_OMP_THREADS_BIND", "nobind"),
        ] {
            command.env(name, value);
        }
        Ok(command)
    };
    Some(Found {
        version: home.python_version(NAME, "vllm"),
        start: Box::new(start),
    })
}
