//! The proxy of litellm (MIT), from PyPI, as a translator: it takes a call in one dialect, passes it to
//! aimock in OpenAI's, and translates the answer back, whole and streamed. Code that nobody here wrote
//! reads what the crates send and writes what they read.

use std::{process::Command, time::Duration};

use anyhow::Context;
use serde_json::json;

use super::{Found, Place, Ready, Server};
use crate::servers::{
    checks::Check::{Dropped, Embed, EmbedOrder, Garbage, Models, TooLong},
    conversation::{KEY, MODEL},
    home::Home,
    recipe::Recipe,
    row::Row,
};

const NAME: &str = "litellm";

pub(crate) const SERVER: Server = Server {
    name: NAME,
    what: "a proxy that translates between dialects, before aimock",
    recipe: Recipe::Pip {
        package: "litellm",
        extra: "[proxy]",
        version: "1.106.2",
        pythons: &["python3"],
        proof: "",
    },
    find,
    ready: Ready::Success("/health/liveliness"),
    // It reads 300 MB of Python first.
    startup: Duration::from_secs(120),
    patience: Duration::from_secs(30),
    upstream: Some("aimock"),
    rows,
};

fn rows() -> Vec<Row> {
    let taken = "the proxy takes what aimock does to the connection upon itself";
    let row = |row: Row| row.lacks(&[Dropped, Garbage], taken);
    vec![
        row(Row::of("openai", "/v1").setting("api", "chat-completions")),
        row(Row::of("openai", "/v1").named("responses")),
        row(Row::of("anthropic", "/v1").lacks(&[TooLong], OPENAIS_WORDS)),
        row(Row::of("gemini", "/v1beta")
            .lacks(&[TooLong], OPENAIS_WORDS)
            .lacks(&[Models, Embed, EmbedOrder], "it has no such path")),
    ]
}

const OPENAIS_WORDS: &str = "it hands on aimock's words, which are OpenAI's";

fn find(home: &Home) -> Option<Found> {
    let program = home.program(NAME, "litellm")?;
    let start = move |place: &Place<'_>| {
        let upstream = place
            .upstream
            .context("it passes calls on to aimock, which does not run")?;
        let config = place.write("config.yaml", &config(upstream))?;
        let mut command = Command::new(&program);
        command.args(["--host", "127.0.0.1", "--telemetry", "False", "--port"]);
        command
            .arg(place.port.to_string())
            .arg("--config")
            .arg(config);
        super::offline(&mut command);
        // Prices come from the package and not from the network.
        command.env("LITELLM_LOCAL_MODEL_COST_MAP", "True");
        Ok(command)
    };
    Some(Found {
        version: home.python_version(NAME, "litellm"),
        reference: None,
        start: Box::new(start),
    })
}

/// JSON is YAML.
fn config(upstream: &str) -> String {
    // The dialect that stays with chat completions; `openai/` would ask for responses.
    let model = json!({
        "model": format!("hosted_vllm/{MODEL}"),
        "api_base": format!("{upstream}/v1"),
        "api_key": KEY,
    });
    let config = json!({
        "model_list": [{"model_name": MODEL, "litellm_params": model}],
        // The checks tell aimock by a header whose turn it is.
        "general_settings": {"master_key": KEY, "forward_client_headers_to_llm_api": true},
        // An error is one call's, and not the model's for some seconds.
        "router_settings": {"disable_cooldowns": true, "num_retries": 0},
        "litellm_settings": {"num_retries": 0, "telemetry": false},
    });
    config.to_string()
}
