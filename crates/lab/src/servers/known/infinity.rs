//! infinity (MIT): embeddings of real weights, in OpenAI's form.

use std::{process::Command, time::Duration};

use super::{Found, Place, Ready, Server};
use crate::servers::{
    checks::Check,
    home::Home,
    recipe::Recipe,
    row::{Models, Row},
};

const NAME: &str = "infinity";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "a server of embeddings",
    recipe: Recipe::ByHand(
        "venv with infinity-emb[torch,server], and the folder model with a model",
    ),
    find,
    ready: Ready::Success("/health"),
    startup: Duration::from_secs(90),
    patience: Duration::from_secs(30),
    upstream: None,
    rows,
};

fn rows() -> Vec<Row> {
    vec![
        Row::of("openai", "/v1")
            .setting("api", "chat-completions")
            .models(Models::all("tiny"))
            .anything()
            .lacks(Check::OF_CHAT, "it serves embeddings only"),
    ]
}

fn find(home: &Home) -> Option<Found> {
    let program = home.program(NAME, "infinity_emb")?;
    let model = Some(home.folder(NAME).join("model")).filter(|path| path.is_dir())?;
    let start = move |place: &Place<'_>| {
        let mut command = Command::new(&program);
        command.arg("v2").arg("--model-id").arg(&model);
        command.args(["--served-model-name", "tiny", "--host", "127.0.0.1"]);
        command.arg("--port").arg(place.port.to_string());
        command.args(["--device", "cpu", "--engine", "torch"]);
        command.args(["--no-bettertransformer", "--no-model-warmup"]);
        command.args(["--url-prefix", "/v1"]);
        super::offline(&mut command);
        command.env("INFINITY_ANONYMOUS_USAGE_STATS", "0");
        Ok(command)
    };
    Some(Found {
        version: home.python_version(NAME, "infinity-emb"),
        reference: None,
        start: Box::new(start),
    })
}
