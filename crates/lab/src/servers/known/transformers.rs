//! `transformers serve` (Apache-2.0): Hugging Face's own small server.

use std::{process::Command, time::Duration};

use super::{Found, MAY_THINK, NO_SCRIPT, Place, Ready, Server};
use crate::servers::{
    checks::Check::{self, BadKey, Embed, EmbedOrder, Reasoning},
    home::Home,
    recipe::Recipe,
    row::{Models, Row},
};

const NAME: &str = "transformers";
/// It wants the path of the model as its name, and is started in the folder where this is one.
const MODEL: &str = "./model";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "transformers serve",
    recipe: Recipe::ByHand("venv with transformers[serving], and the folder model with a model"),
    find,
    ready: Ready::Success("/health"),
    startup: Duration::from_secs(90),
    patience: Duration::from_secs(60),
    upstream: None,
    rows,
};

fn rows() -> Vec<Row> {
    vec![
        Row::of("openai", "/v1")
            .setting("api", "chat-completions")
            .models(Models::all(MODEL))
            .anything()
            .lacks(Check::OF_SCRIPT, NO_SCRIPT)
            .lacks(&[Reasoning], MAY_THINK)
            .lacks(&[BadKey], "it asks for no key")
            .lacks(&[Embed, EmbedOrder], "it serves no embeddings"),
    ]
}

fn find(home: &Home) -> Option<Found> {
    let program = home.program(NAME, "transformers")?;
    let folder = home.folder(NAME);
    folder.join("model").is_dir().then_some(())?;
    let start = move |place: &Place<'_>| {
        let mut command = Command::new(&program);
        command.current_dir(&folder);
        command.args(["serve", MODEL, "--host", "127.0.0.1", "--device", "cpu"]);
        command.arg("--port").arg(place.port.to_string());
        super::offline(&mut command);
        Ok(command)
    };
    Some(Found {
        version: home.python_version(NAME, "transformers"),
        reference: None,
        start: Box::new(start),
    })
}
